//! AWS Signature Version 4, as S3 has it (the path is encoded once and never normalised), and the
//! chain of keys that other vendors took over from it.
//!
//! Reference: "Signature Calculations for the Authorization Header" in the S3 API reference. The
//! tests of the plugins compare with requests that the vendors' own SDKs made.

use crate::encode::sorted_query;
use crate::family::Settings;
use crate::mac::{hmac_sha256, sha256_hex};
use crate::request::Draft;
use capstan_kit::date::basic;

/// The payload hash of a body that isn't signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The words of a family of signatures.
pub struct Scheme {
    /// Before the credential in the `Authorization` header.
    pub algorithm: &'static str,
    /// Before the secret in the first key.
    pub secret_prefix: &'static str,
    /// The service, in the scope.
    pub service: &'static str,
    /// The scope's end.
    pub terminator: &'static str,
}

/// Amazon's words.
pub const AWS4: Scheme = Scheme {
    algorithm: "AWS4-HMAC-SHA256",
    secret_prefix: "AWS4",
    service: "s3",
    terminator: "aws4_request",
};

/// Whose signature, where and when.
pub struct Signature<'a> {
    /// The words.
    pub scheme: &'static Scheme,
    /// The access key's id.
    pub access_key: &'a str,
    /// Its secret.
    pub secret_key: &'a str,
    /// The region's name.
    pub region: &'a str,
    /// `YYYYMMDDTHHMMSSZ`.
    pub date: &'a str,
}

impl Signature<'_> {
    /// Lower-case hex of a canonical request's signature.
    #[must_use]
    pub fn sign(&self, canonical_request: &str) -> String {
        let text = self.string_to_sign(canonical_request);
        let secret = format!("{}{}", self.scheme.secret_prefix, self.secret_key);
        let mut key = hmac_sha256(secret.as_bytes(), self.day().as_bytes());
        for part in [self.region, self.scheme.service, self.scheme.terminator] {
            key = hmac_sha256(&key, part.as_bytes());
        }
        hex::encode(hmac_sha256(&key, text.as_bytes()))
    }

    /// What the signing key is applied to.
    #[must_use]
    pub fn string_to_sign(&self, canonical_request: &str) -> String {
        let digest = sha256_hex(canonical_request.as_bytes());
        format!("{}\n{}\n{}\n{digest}", self.scheme.algorithm, self.date, self.scope())
    }

    /// Access key and scope.
    #[must_use]
    pub fn credential(&self) -> String {
        format!("{}/{}", self.access_key, self.scope())
    }

    fn scope(&self) -> String {
        let Scheme { service, terminator, .. } = self.scheme;
        format!("{}/{}/{service}/{terminator}", self.day(), self.region)
    }

    fn day(&self) -> &str {
        self.date.get(..8).unwrap_or(self.date)
    }
}

/// What AWS signs.
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

impl Unsigned<'_> {
    /// The request in the one spelling that is signed.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { method, path, payload_hash, .. } = self;
        let mut headers = String::new();
        for (name, value) in sorted(self.headers) {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            headers += &format!("{name}:{value}\n");
        }
        let (query, names) = (sorted_query(self.query, false), self.signed_names());
        format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload_hash}")
    }

    /// The value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self, signature: &Signature<'_>) -> String {
        let (algorithm, names) = (signature.scheme.algorithm, self.signed_names());
        let (credential, signed) = (signature.credential(), signature.sign(&self.canonical()));
        format!("{algorithm} Credential={credential}, SignedHeaders={names}, Signature={signed}")
    }

    fn signed_names(&self) -> String {
        let names: Vec<String> = sorted(self.headers).into_iter().map(|(name, _)| name).collect();
        names.join(";")
    }
}

/// Signs a draft for S3 as AWS has it: adds date, payload hash, token and signature.
pub fn sign_for_s3(draft: &mut Draft, settings: &Settings, path: &str, now_ms: u64) {
    let Settings { credentials, region, place, .. } = settings;
    let date = basic(now_ms);
    let payload_hash = draft.body.sha256().unwrap_or_else(|| UNSIGNED_PAYLOAD.into());
    draft.add("x-amz-content-sha256", payload_hash.clone());
    draft.add("x-amz-date", date.clone());
    if let Some(token) = &credentials.token {
        draft.add("x-amz-security-token", token);
    }
    let authority = place.authority();
    let mut headers = draft.headers();
    headers.push(("host", &authority));
    let unsigned = Unsigned {
        method: draft.method_name(),
        path,
        query: &draft.query(),
        headers: &headers,
        payload_hash: &payload_hash,
    };
    let signature = Signature {
        scheme: &AWS4,
        access_key: &credentials.access_key,
        secret_key: &credentials.secret_key,
        region,
        date: &date,
    };
    let authorization = unsigned.authorization(&signature);
    draft.add("authorization", authorization);
}

/// Headers with their names in lower case, sorted.
#[must_use]
pub fn sorted<'a>(headers: &[(&'a str, &'a str)]) -> Vec<(String, &'a str)> {
    let mut sorted: Vec<_> =
        headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), *value)).collect();
    sorted.sort_unstable();
    sorted
}
