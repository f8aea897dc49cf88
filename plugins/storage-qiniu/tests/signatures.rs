//! Tokens, signatures, hashes and requests equal those of the vendor's own SDK.
#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test")]

use capstan_store_kit::io::FileRange;
use capstan_store_kit::uploader::Algorithm;
use capstan_store_trial::vector::{Vector, read};
use capstan_store_trial::{NOW_MS, digest};
use storage_qiniu::qetag;
use storage_qiniu::token::{management, policy, upload_token};

fn vectors(kind: &str) -> Vec<Vector> {
    let mut vectors = read(include_str!("vectors.json"));
    vectors.retain(|vector| vector.text("kind") == kind);
    vectors
}

fn keys(vector: &Vector) -> (&str, &str) {
    let who = &vector.value["credentials"];
    let text = |name: &str| who[name].as_str().unwrap_or_else(|| panic!("no {name}"));
    (text("access_key"), text("secret_key"))
}

#[test]
fn upload_tokens_are_the_sdks() {
    for vector in vectors("token") {
        let (access_key, secret_key) = keys(&vector);
        let token = upload_token(access_key, secret_key, vector.text("policy_json"));
        assert_eq!(token, vector.text("token"), "{}", vector.name);
    }
}

#[test]
fn a_policy_says_what_the_sdks_says() {
    let ours = policy("rec-bucket", "rec/2024/03/15/session-001.mp4", None, NOW_MS);
    let theirs = vectors("token");
    let theirs = theirs.iter().find(|vector| vector.name == "uptoken_key_plain");
    let theirs = theirs.map(|vector| vector.text("policy_json")).unwrap_or_default();
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    assert_eq!(read(&ours), read(theirs));
}

#[test]
fn management_signatures_are_the_sdks() {
    let vectors = vectors("signer");
    let get = vectors.iter().find(|vector| vector.name == "qiniu_mac_get");
    let get = get.unwrap_or_else(|| panic!("no such vector"));
    let (access_key, secret_key) = keys(get);
    let target = "/v4/query?ak=MY_ACCESS_KEY&bucket=rec-bucket";
    let signed = management(access_key, secret_key, target, "uc.qiniuapi.com");
    assert_eq!(signed, get.text("authorization"));
}

#[test]
fn hashes_are_the_sdks() {
    let run = |bytes: &[u8]| {
        let range = FileRange { offset: 0, length: bytes.len() as u64 };
        let block = |block: FileRange| {
            let (from, length) = (block.offset as usize, block.length as usize);
            (Algorithm::Sha1, digest(Algorithm::Sha1, &bytes[from..from + length]))
        };
        let digests: Vec<_> = qetag::blocks(range).map(block).collect();
        (range.length, qetag::of_digests(&digests))
    };
    for (name, sizes) in [
        ("qetag_empty", vec![0]),
        ("qetag_exactly_4MiB", vec![4 << 20]),
        ("qetag_4MiB_plus_1", vec![(4 << 20) + 1]),
        ("qetag_v2_1MiB_parts", vec![]),
        ("qetag_v2_6MiB_parts", vec![]),
    ] {
        let vectors = vectors("digest");
        let vector = vectors.iter().find(|vector| vector.name == name);
        let vector = vector.unwrap_or_else(|| panic!("no {name}"));
        let byte = vector.text("input").get(2..4).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let given = vector.value["part_sizes"].as_array().cloned().unwrap_or_default();
        let given = given.iter().filter_map(serde_json::Value::as_u64).map(|size| size as usize);
        let sizes: Vec<usize> = sizes.into_iter().chain(given).collect();
        let parts: Vec<_> =
            sizes.iter().map(|size| run(&vec![byte.unwrap_or_default(); *size])).collect();
        assert_eq!(qetag::written(&qetag::of_parts(&parts)), vector.text("value"), "{name}");
    }
}
