//! Signatures equal those of the vendor's own SDK, request by request.

use capstan_store_kit::Family;
use capstan_store_trial::vector::read;
use storage_kingsoft::Kingsoft;

#[test]
fn every_signature_is_the_sdks() {
    let vectors = read(include_str!("vectors.json"));
    assert_eq!(vectors.len(), 14);
    for vector in &vectors {
        let ours = ["authorization", "host", "date", "x-kss-security-token"];
        let signed = vector.signed::<Kingsoft>("", |name| !ours.contains(&name));
        assert_eq!(Some(signed.as_str()), vector.header("authorization"), "{}", vector.name);
        let path = format!("/{}", Kingsoft::encode_key(vector.text("key")));
        assert_eq!(vector.path, path, "{}", vector.name);
    }
}

#[test]
fn the_second_of_two_slashes_is_encoded() {
    assert_eq!(Kingsoft::encode_key("a//b/c"), "a/%2Fb/c");
}
