//! A signature equals that of an SDK that speaks S3's protocol to this vendor.

use capstan_store_trial::vector::read;
use storage_google::Google;

#[test]
fn the_signature_is_the_sdks() {
    for vector in read(include_str!("vectors.json")) {
        let signed = vector.signed::<Google>("", |name| name == "content-type");
        assert_eq!(Some(signed.as_str()), vector.header("authorization"), "{}", vector.name);
    }
}
