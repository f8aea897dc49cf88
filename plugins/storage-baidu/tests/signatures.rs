//! Signatures equal those of the vendor's own SDK, request by request.

use capstan_store_trial::vector::read;

/// Scope and signature, without the list of names between them, which the SDK leaves out.
fn ends(authorization: &str) -> (Vec<&str>, Option<&str>) {
    let parts: Vec<&str> = authorization.split('/').collect();
    (parts.iter().take(4).copied().collect(), parts.last().copied())
}

#[test]
fn every_signature_is_the_sdks() {
    let mut vectors = read(include_str!("vectors.json"));
    assert_eq!(vectors.len(), 5);
    for vector in &mut vectors {
        let length = vector.value["length"].to_string();
        vector.headers.push(("content-length".into(), length));
        // The SDK signs the host with the port, although 443 is the usual one.
        vector.headers.retain(|(name, _)| name != "host");
        vector.headers.push(("host".into(), format!("{}:443", vector.host)));
        let draft = vector.draft(|name| name != "authorization");
        let signed = storage_baidu::authorization(
            &draft,
            vector.value["credentials"]["access_key"].as_str().unwrap_or_default(),
            vector.value["credentials"]["secret_key"].as_str().unwrap_or_default(),
            &vector.path,
            "2024-03-15T08:30:45Z",
        );
        let theirs = vector.header("authorization").unwrap_or_default();
        assert_eq!(ends(&signed), ends(theirs), "{}", vector.name);
    }
}
