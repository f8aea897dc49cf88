//! Signatures equal those of the vendor's own SDK, request by request.

use capstan_store_kit::io::FileRange;
use capstan_store_kit::request::Body;
use capstan_store_trial::vector::read;
use storage_azure::shared_key::authorization;

/// The public key of the vendor's emulator.
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

#[test]
fn every_signature_is_the_sdks() {
    let vectors = read(include_str!("vectors.json"));
    assert_eq!(vectors.len(), 3);
    for vector in &vectors {
        let who = &vector.value["credentials"];
        assert_eq!(who["secret_key"], KEY);
        let mut draft = vector.draft(|name| name != "authorization");
        let length = vector.value["length"].as_u64().unwrap();
        draft.body = Body::File(FileRange { offset: 0, length }, None);
        let key = storage_azure::account_key(KEY).unwrap();
        let account = who["access_key"].as_str().unwrap();
        let signed = authorization(&draft, account, &key, &vector.path);
        assert_eq!(Some(signed.as_str()), vector.header("authorization"), "{}", vector.name);
    }
}
