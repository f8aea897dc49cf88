//! The symmetric signature of Standard Webhooks: HMAC-SHA256 over id, time and the exact body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A signing key. It has no `Debug`: it is secret.
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// Reads a secret as it is handed to receivers.
    pub(crate) fn parse(secret: &str) -> Result<Self, &'static str> {
        let wrong = "must be whsec_ and 24 to 64 bytes in base64";
        let key = STANDARD.decode(secret.strip_prefix(PREFIX).ok_or(wrong)?);
        match key.map_err(|_| wrong)? {
            key if (24..=64).contains(&key.len()) => Ok(Self(key)),
            _ => Err(wrong),
        }
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    fn sign(&self, id: &str, seconds: u64, body: &[u8]) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any key length");
        let head = format!("{id}.{seconds}.");
        let signed = mac.chain_update(head).chain_update(body).finalize();
        format!("v1,{}", STANDARD.encode(signed.into_bytes()))
    }
}

/// The value of `webhook-signature`: one signature for each key.
pub(crate) fn signatures(keys: &[Key], id: &str, seconds: u64, body: &[u8]) -> String {
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(id, seconds, body)).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector with which the standard's own libraries test themselves.
    #[test]
    fn the_signature_equals_the_standards_own() {
        let key = Key::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").ok().unwrap();
        let other = Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").ok().unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
        let expected = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
        assert_eq!(signatures(&[key], id, 1_649_367_553, body), expected);
        let key = Key::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").ok().unwrap();
        let both = signatures(&[other, key], id, 1_649_367_553, body);
        let signatures: Vec<&str> = both.split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert_eq!(signatures[1], expected);
        assert!(signatures[0].starts_with("v1,") && signatures[0] != expected);
    }
}
