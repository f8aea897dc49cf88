//! Signatures equal those of the vendor's own SDK, request by request.

use capstan_store_trial::vector::read;
use storage_tencent::Tencent;

#[test]
fn every_signature_is_the_sdks() {
    let vectors = read(include_str!("vectors.json"));
    // The plugin always signs the host, and asks nothing of the bucket itself.
    let others = ["put_nosign_host", "head_bucket"];
    let vectors = vectors.iter().filter(|vector| !others.contains(&vector.name.as_str()));
    let mut compared = 0;
    for vector in vectors {
        let ours = ["authorization", "host", "x-cos-security-token"];
        let signed = vector.signed::<Tencent>("", |name| !ours.contains(&name));
        assert_eq!(Some(signed.as_str()), vector.header("authorization"), "{}", vector.name);
        compared += 1;
    }
    assert_eq!(compared, 12);
}
