//! Agora's two signatures: HMAC over the exact bytes of the body, in lower-case hex.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// The value of `Agora-Signature`: HMAC-SHA1.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
pub(crate) fn version_1(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any key length");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

/// The value of `Agora-Signature-V2`: HMAC-SHA256.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
pub(crate) fn version_2(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Agora's own sample with the values that its documentation gives.
    #[test]
    fn both_equal_the_documented_sample() {
        let body = concat!(
            r#"{"eventMs":1560408533119,"eventType":10,"#,
            r#""noticeId":"4eb720f0-8da7-11e9-a43e-53f411c2761f","notifyMs":1560408533119,"#,
            r#""payload":{"a":"1","b":2},"productId":1}"#
        );
        assert_eq!(
            version_1("secret", body.as_bytes()),
            "033c62f40f687675f17f0f41f91a40c71c0f134c"
        );
        assert_eq!(
            version_2("secret", body.as_bytes()),
            "6d3320c60b11101395b7fc8f9068748808a0aa1bfa064438e39d1bc2c7d74d99"
        );
    }
}
