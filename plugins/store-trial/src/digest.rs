//! The digests that a host computes, for tests: slow and plain.

use capstan_store_kit::uploader::Algorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// A digest's bytes, as the contract has them.
#[must_use]
pub fn digest(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        Algorithm::Sha1 => Sha1::digest(bytes).to_vec(),
        Algorithm::Md5 => Md5::digest(bytes).to_vec(),
        Algorithm::Crc32 => crc(0xedb8_8320, 32, bytes)[4..].to_vec(),
        Algorithm::Crc32c => crc(0x82f6_3b78, 32, bytes)[4..].to_vec(),
        Algorithm::Crc64Xz => crc(0xc96c_5795_d787_0f42, 64, bytes).to_vec(),
        Algorithm::Crc64Nvme => crc(0x9a6c_9329_ac4b_c9b5, 64, bytes).to_vec(),
    }
}

/// A reflected CRC with initial value and final XOR of all ones.
fn crc(polynomial: u64, width: u32, bytes: &[u8]) -> [u8; 8] {
    let ones = u64::MAX >> (64 - width);
    let entry = |byte: u64| {
        (0..8).fold(byte, |crc, _| if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 })
    };
    let table: Vec<u64> = (0..256).map(entry).collect();
    let step = |crc: u64, byte: &u8| table[((crc ^ u64::from(*byte)) & 0xff) as usize] ^ crc >> 8;
    (bytes.iter().fold(ones, step) ^ ones).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the CRC catalogue.
    #[test]
    fn crcs_are_those_of_the_catalogue() {
        let hex = |algorithm| hex::encode(digest(algorithm, b"123456789"));
        assert_eq!(hex(Algorithm::Crc32), "cbf43926");
        assert_eq!(hex(Algorithm::Crc32c), "e3069283");
        assert_eq!(hex(Algorithm::Crc64Xz), "995dc9bbdf1939fa");
        assert_eq!(hex(Algorithm::Crc64Nvme), "ae8b14860a799888");
    }
}
