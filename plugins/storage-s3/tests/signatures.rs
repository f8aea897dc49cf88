//! Signatures equal those of the vendor's own SDK, request by request.

use std::collections::BTreeSet;

use capstan_store_kit::encode::encode_path;
use capstan_store_trial::vector::{Vector, read};
use storage_s3::S3;

fn vectors() -> Vec<Vector> {
    read(include_str!("vectors.json"))
}

#[test]
fn every_signature_is_the_sdks() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 26);
    for vector in &vectors {
        let authorization = vector.header("authorization").unwrap();
        let (_, rest) = authorization.split_once("SignedHeaders=").unwrap();
        let mut names: BTreeSet<&str> = rest.split_once(',').unwrap().0.split(';').collect();
        for ours in ["host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"] {
            names.remove(ours);
        }
        let signed = vector.signed::<S3>("", |name| names.contains(name));
        assert_eq!(signed, authorization, "{}", vector.name);
    }
}

#[test]
fn keys_are_encoded_as_the_sdk_does() {
    for Vector { value, path, .. } in &vectors() {
        let encoded = encode_path(value["key"].as_str().unwrap());
        assert!(path.ends_with(&format!("/{encoded}")), "{path} should end with {encoded}");
    }
}
