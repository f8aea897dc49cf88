//! Reads a tape back, up to its end or to the first damage, and says where and why it ended.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use bytes::Bytes;
use thiserror::Error;

use super::record::{self, Header, Record};

/// Reads records in the order in which they were written. After the first error it yields nothing.
#[derive(Debug)]
pub struct TapeReader<R> {
    source: R,
    header: Header,
    offset: u64,
    ended: bool,
}

/// Where and why a tape ends before its end.
#[derive(Debug, Error)]
pub enum TapeDamage {
    /// The file ends within a header or record: what a process that died leaves behind.
    #[error("tape ends within the record at byte {offset}")]
    Torn {
        /// Where the incomplete record begins.
        offset: u64,
    },
    /// Bytes are not what was written.
    #[error("tape is corrupt at byte {offset}: {what}")]
    Corrupt {
        /// Where the damaged header or record begins.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The file can't be read.
    #[error("tape can't be read at byte {offset}")]
    Io {
        /// Where.
        offset: u64,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

/// Opens a tape file.
///
/// # Errors
/// The file can't be read or doesn't begin as a tape does.
pub fn open(path: &Path) -> Result<TapeReader<BufReader<File>>, TapeDamage> {
    let file = File::open(path).map_err(|source| TapeDamage::Io { offset: 0, source })?;
    TapeReader::new(BufReader::with_capacity(256 * 1024, file))
}

impl<R: Read> TapeReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// The source can't be read or doesn't begin as a tape does.
    pub fn new(mut source: R) -> Result<Self, TapeDamage> {
        let mut bytes = Vec::new();
        read_exactly(&mut source, &mut bytes, record::HEADER_FIXED, 0)?;
        let rest = record::header_len(&bytes) - record::HEADER_FIXED;
        read_exactly(&mut source, &mut bytes, rest, 0)?;
        let header =
            Header::read(&bytes).map_err(|what| TapeDamage::Corrupt { offset: 0, what })?;
        Ok(Self { source, header, offset: bytes.len() as u64, ended: false })
    }

    /// What the tape says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Where the next record begins: after the end, how many bytes were whole.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// `None` at the very end.
    fn record(&mut self) -> Result<Option<Record>, TapeDamage> {
        let offset = self.offset;
        let corrupt = |what| TapeDamage::Corrupt { offset, what };
        let mut preamble = Vec::with_capacity(record::PREAMBLE);
        match read_exactly(&mut self.source, &mut preamble, record::PREAMBLE, offset) {
            Err(TapeDamage::Torn { .. }) if preamble.is_empty() => return Ok(None),
            other => other?,
        }
        let (Some((length, rest)), body_crc) = (preamble.split_first_chunk::<4>(), &preamble)
        else {
            return Err(TapeDamage::Torn { offset });
        };
        let crc = rest.first_chunk::<4>().map(|crc| u32::from_le_bytes(*crc));
        let len = u32::from_le_bytes(*length) as usize;
        if len > record::MAX_BODY {
            return Err(corrupt("longer than a record may be"));
        }
        let mut body = Vec::new();
        read_exactly(&mut self.source, &mut body, len, offset)?;
        if crc != Some(record::checksum(*length, &body)) {
            return Err(corrupt("checksum is wrong"));
        }
        self.offset += (body_crc.len() + len) as u64;
        record::read_body(self.header.track, Bytes::from(body)).map(Some).map_err(corrupt)
    }
}

impl<R: Read> Iterator for TapeReader<R> {
    type Item = Result<Record, TapeDamage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.record().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// How many bytes of an existing tape are whole; `None` if it must be begun. A tape of another
/// track or recording, or one damaged in its midst, is refused: appending would hide what is there.
pub(crate) fn whole_length(path: &Path, wanted: &Header) -> io::Result<Option<u64>> {
    let refuse = |damage: TapeDamage| match damage {
        TapeDamage::Io { source, .. } => source,
        other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
    };
    let mut reader = match open(path) {
        Ok(reader) => reader,
        Err(TapeDamage::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(TapeDamage::Torn { .. }) => return Ok(None),
        Err(damage) => return Err(refuse(damage)),
    };
    if reader.header() != wanted {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "tape belongs to another track"));
    }
    for item in reader.by_ref() {
        match item {
            Ok(_) | Err(TapeDamage::Torn { .. }) => {}
            Err(damage) => return Err(refuse(damage)),
        }
    }
    Ok(Some(reader.offset()))
}

/// Appends `len` bytes of `source` to `bytes`. Grows with what really comes, not with what a
/// damaged length promises.
fn read_exactly(
    source: &mut impl Read,
    bytes: &mut Vec<u8>,
    len: usize,
    offset: u64,
) -> Result<(), TapeDamage> {
    match source.by_ref().take(len as u64).read_to_end(bytes) {
        Ok(read) if read == len => Ok(()),
        Ok(_) => Err(TapeDamage::Torn { offset }),
        Err(source) => Err(TapeDamage::Io { offset, source }),
    }
}
