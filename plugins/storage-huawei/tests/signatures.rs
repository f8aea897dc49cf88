//! Signatures equal those of the vendor's own SDK, request by request.

use capstan_store_trial::vector::read;
use storage_huawei::Huawei;

#[test]
fn every_signature_is_the_sdks() {
    let vectors = read(include_str!("vectors.json"));
    assert_eq!(vectors.len(), 5);
    for vector in &vectors {
        let ours = ["authorization", "host", "date"];
        let signed = vector.signed::<Huawei>("", |name| !ours.contains(&name));
        assert_eq!(Some(signed.as_str()), vector.header("authorization"), "{}", vector.name);
    }
}
