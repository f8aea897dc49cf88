//! AWS Signature Version 4, as S3 has it: the path is encoded once and never normalised.
//!
//! Reference: "Signature Calculations for the Authorization Header" in the S3 API reference. The
//! tests compare with requests that the vendor's own SDK made.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The payload hash of a body that isn't signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What is signed.
pub struct Unsigned<'a> {
    /// The method as it goes on the wire.
    pub method: &'a str,
    /// The path, encoded as it goes on the wire.
    pub path: &'a str,
    /// The query's names and values, not encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// The headers to sign, in any order; `host` and every `x-amz-*` that is sent among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// Lower-case hex of the body's SHA-256, or [`UNSIGNED_PAYLOAD`].
    pub payload_hash: &'a str,
}

/// Whose signature, where and when.
pub struct Signature<'a> {
    /// The access key's id.
    pub access_key: &'a str,
    /// Its secret.
    pub secret_key: &'a str,
    /// The region's name.
    pub region: &'a str,
    /// `YYYYMMDDTHHMMSSZ`, the value of the `x-amz-date` header.
    pub amz_date: &'a str,
}

impl Signature<'_> {
    /// The value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self, request: &Unsigned<'_>) -> String {
        let (access_key, scope) = (self.access_key, self.scope());
        let names = signed_names(request.headers);
        let signature = self.sign(&canonical(request));
        format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={names}, \
             Signature={signature}"
        )
    }

    /// Lower-case hex of a canonical request's signature.
    #[must_use]
    pub fn sign(&self, canonical_request: &str) -> String {
        let text = self.string_to_sign(canonical_request);
        let secret = format!("AWS4{}", self.secret_key);
        let mut key = hmac(secret.as_bytes(), self.day().as_bytes());
        for part in [self.region, "s3", "aws4_request"] {
            key = hmac(&key, part.as_bytes());
        }
        hex::encode(hmac(&key, text.as_bytes()))
    }

    /// What the signing key is applied to.
    #[must_use]
    pub fn string_to_sign(&self, canonical_request: &str) -> String {
        let digest = sha256_hex(canonical_request.as_bytes());
        format!("AWS4-HMAC-SHA256\n{}\n{}\n{digest}", self.amz_date, self.scope())
    }

    fn scope(&self) -> String {
        format!("{}/{}/s3/aws4_request", self.day(), self.region)
    }

    fn day(&self) -> &str {
        self.amz_date.get(..8).unwrap_or(self.amz_date)
    }
}

/// The request in the one spelling that is signed.
#[must_use]
pub fn canonical(request: &Unsigned<'_>) -> String {
    let Unsigned { method, path, payload_hash, .. } = request;
    let mut headers = String::new();
    for (name, value) in sorted(request.headers) {
        headers += &format!("{name}:{}\n", value.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let (query, names) = (canonical_query(request.query), signed_names(request.headers));
    format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload_hash}")
}

/// A query as it is signed: encoded, sorted, `=` also after a name without a value. It may go on the
/// wire just so.
#[must_use]
pub fn canonical_query(query: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> =
        query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.sort_unstable();
    pairs.join("&")
}

/// Percent-encodes everything but unreserved characters (RFC 3986, 2.3).
#[must_use]
pub fn encode(text: &str) -> String {
    percent_encode(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
}

/// The same for a path: `/` stays.
#[must_use]
pub fn encode_path(text: &str) -> String {
    percent_encode(text, |byte| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte))
}

/// Lower-case hex of a SHA-256.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn percent_encode(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

fn sorted<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(String, &'a str)> {
    let mut sorted: Vec<_> =
        headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), *value)).collect();
    sorted.sort_unstable();
    sorted
}

fn signed_names(headers: &[(&str, &str)]) -> String {
    let names: Vec<String> = sorted(headers).into_iter().map(|(name, _)| name).collect();
    names.join(";")
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}
