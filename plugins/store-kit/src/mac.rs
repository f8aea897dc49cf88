//! The keyed digests that vendors sign with. The digests of files are the host's work.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// HMAC-SHA1.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
#[must_use]
pub fn hmac_sha1(key: &[u8], data: &[u8]) -> [u8; 20] {
    let mac = Hmac::<Sha1>::new_from_slice(key).expect("any key length");
    mac.chain_update(data).finalize().into_bytes().into()
}

/// HMAC-SHA256.
#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.chain_update(data).finalize().into_bytes().into()
}

/// SHA-1.
#[must_use]
pub fn sha1(data: &[u8]) -> [u8; 20] {
    Sha1::digest(data).into()
}

/// Lower-case hex of a SHA-256.
#[must_use]
pub fn sha256_hex(data: &[u8]) -> String {
    hex::encode(Sha256::digest(data))
}
