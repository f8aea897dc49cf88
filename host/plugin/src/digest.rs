//! Digests of bodies, computed by the host so that files never enter the sandbox.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::http::{Piece, SourceFile};
use crate::v1::bindings::exports::capstan::plugin::uploader::Algorithm;

const CHUNK: usize = 64 << 10;

/// The digest of the pieces one after the other. Blocks while it reads the file.
pub(crate) fn digest(
    algorithm: Algorithm,
    pieces: &[Piece],
    file: &SourceFile,
) -> std::io::Result<Vec<u8>> {
    let mut state = State::new(algorithm);
    let mut open = None;
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => state.update(bytes),
            Piece::File(range) => {
                let reader = match &mut open {
                    Some(reader) => reader,
                    none => none.insert(File::open(&file.path)?),
                };
                reader.seek(SeekFrom::Start(range.offset))?;
                feed(reader, range.length, &mut state)?;
            }
        }
    }
    Ok(state.finish())
}

fn feed(reader: &mut File, mut left: u64, state: &mut State) -> std::io::Result<()> {
    let mut buffer = vec![0_u8; CHUNK];
    while left > 0 {
        let want = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let chunk = buffer.get_mut(..want).unwrap_or_default();
        reader.read_exact(chunk)?;
        state.update(chunk);
        left -= u64::try_from(want).unwrap_or(left);
    }
    Ok(())
}

enum State {
    Sha256(Sha256),
    Sha1(Sha1),
    Md5(Md5),
    /// With the number of the result's bytes.
    Crc(crc_fast::Digest, usize),
}

impl State {
    fn new(algorithm: Algorithm) -> Self {
        let crc = |algorithm, bytes| Self::Crc(crc_fast::Digest::new(algorithm), bytes);
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc, 4),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi, 4),
            Algorithm::Crc64Xz => crc(CrcAlgorithm::Crc64Xz, 8),
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme, 8),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => Digest::update(state, bytes),
            Self::Sha1(state) => Digest::update(state, bytes),
            Self::Md5(state) => Digest::update(state, bytes),
            Self::Crc(state, _) => state.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(state) => state.finalize().to_vec(),
            Self::Sha1(state) => state.finalize().to_vec(),
            Self::Md5(state) => state.finalize().to_vec(),
            Self::Crc(state, bytes) => {
                let value = state.finalize().to_be_bytes();
                value.get(value.len() - bytes..).unwrap_or_default().to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::bindings::capstan::plugin::io::FileRange;

    /// Check values of the catalogue of parametrised CRC algorithms, and RFC test vectors.
    #[test]
    fn digests_are_those_of_the_standards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "xx123456xx").unwrap();
        let file = SourceFile { path, size: 10 };
        let pieces = [
            Piece::File(FileRange { offset: 2, length: 6 }),
            Piece::Bytes(bytes::Bytes::from_static(b"789")),
        ];
        let of = |algorithm| hex::encode(digest(algorithm, &pieces, &file).unwrap());
        assert_eq!(of(Algorithm::Crc32), "cbf43926");
        assert_eq!(of(Algorithm::Crc32c), "e3069283");
        assert_eq!(of(Algorithm::Crc64Xz), "995dc9bbdf1939fa");
        assert_eq!(of(Algorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(of(Algorithm::Md5), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(of(Algorithm::Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        let sha256 = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
        assert_eq!(of(Algorithm::Sha256), sha256);
        let beyond = [Piece::File(FileRange { offset: 5, length: 6 })];
        assert!(digest(Algorithm::Md5, &beyond, &file).is_err());
    }
}
