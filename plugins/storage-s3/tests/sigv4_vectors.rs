//! Signatures equal those of the vendor's own SDK, request by request.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::collections::BTreeSet;

use serde_json::Value;
use storage_s3::sigv4::{Signature, UNSIGNED_PAYLOAD, Unsigned, canonical, encode_path};

/// What the SDK signed, taken apart.
struct Vector {
    method: String,
    host: String,
    path: String,
    /// Decoded, in the order of the URL.
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Vector {
    fn read(vector: &Value) -> Self {
        let url = text(&vector["url"]);
        let (_, rest) = url.split_once("://").unwrap();
        let (host, target) = rest.split_at(rest.find('/').unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let headers = vector["headers"].as_array().cloned().unwrap_or_default();
        Self {
            method: text(&vector["method"]).into(),
            host: host.into(),
            path: path.into(),
            query: query.map(|(name, value)| (decode(name), decode(value))).collect(),
            headers: headers
                .iter()
                .map(|pair| (text(&pair[0]).to_ascii_lowercase(), text(&pair[1]).into()))
                .collect(),
        }
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or_else(|| panic!("no {name}"), |(_, value)| value)
    }
}

#[test]
fn every_header_signature_is_the_sdks() {
    let mut compared = 0;
    for vector in vectors().iter().filter(|vector| vector["kind"] != "presigned") {
        let name = text(&vector["name"]);
        let request = Vector::read(vector);
        let authorization = request.header("authorization");
        let (_, rest) = authorization.split_once("SignedHeaders=").unwrap();
        let signed: BTreeSet<&str> = rest.split_once(',').unwrap().0.split(';').collect();
        let mut headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .filter(|(name, _)| signed.contains(name.as_str()) && name != "host")
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        headers.push(("host", &request.host));
        let query = borrowed(&request.query);
        let unsigned = Unsigned {
            method: &request.method,
            path: &request.path,
            query: &query,
            headers: &headers,
            payload_hash: request.header("x-amz-content-sha256"),
        };
        let signature = signature(vector, request.header("x-amz-date"));
        let canonical = canonical(&unsigned);
        assert_eq!(canonical, text(&vector["canonical_request"]), "{name}");
        let string_to_sign = signature.string_to_sign(&canonical);
        assert_eq!(string_to_sign, text(&vector["string_to_sign"]), "{name}");
        assert_eq!(signature.authorization(&unsigned), authorization, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 26);
}

#[test]
fn a_signature_in_the_query_is_the_sdks() {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector["kind"] == "presigned").unwrap();
    let mut request = Vector::read(vector);
    let signed_at = request.query.iter().position(|(name, _)| name == "X-Amz-Signature").unwrap();
    let (_, expected) = request.query.remove(signed_at);
    let query = borrowed(&request.query);
    let unsigned = Unsigned {
        method: &request.method,
        path: &request.path,
        query: &query,
        headers: &[("host", &request.host)],
        payload_hash: UNSIGNED_PAYLOAD,
    };
    let date = request.query.iter().find(|(name, _)| name == "X-Amz-Date").unwrap().1.clone();
    assert_eq!(signature(vector, &date).sign(&canonical(&unsigned)), expected);
}

#[test]
fn keys_are_encoded_as_the_sdk_does() {
    for vector in &vectors() {
        let encoded = encode_path(text(&vector["key"]));
        let path = Vector::read(vector).path;
        assert!(path.ends_with(&format!("/{encoded}")), "{path} should end with {encoded}");
    }
}

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("sigv4-vectors.json")).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn signature<'a>(vector: &'a Value, amz_date: &'a str) -> Signature<'a> {
    Signature {
        access_key: text(&vector["credentials"]["access_key"]),
        secret_key: text(&vector["credentials"]["secret_key"]),
        region: text(&vector["region"]),
        amz_date,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn borrowed(query: &[(String, String)]) -> Vec<(&str, &str)> {
    query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
