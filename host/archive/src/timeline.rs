//! The timeline's file: one checksummed line of JSON per mark, beside the tapes.
//!
//! A line is `{"crc32":"xxxxxxxx","entry":{...}}`, the checksum that of the entry's bytes. Lines are
//! written as they come and synced with the tapes. Lines that a full disk refuses wait in memory,
//! within a bound, and are written in their order once it takes them.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use capstan_media::timeline::Mark;
use thiserror::Error;

/// The longest line: a scene of the most layers with the longest texts stays below half of it.
const MAX_LINE: u64 = 256 * 1024;
/// The most lines that wait for a disk: hours of a busy room.
const MAX_WAITING: usize = 4_096;
const BEFORE_CRC: &str = "{\"crc32\":\"";
const AFTER_CRC: &str = "\",\"entry\":";

/// Appends marks.
#[derive(Debug)]
pub struct Timeline {
    file: File,
    /// Bytes of whole lines in the file.
    good: u64,
    waiting: VecDeque<String>,
    /// Marks that were lost because too many waited.
    lost: u64,
    dirty: bool,
}

impl Timeline {
    /// Opens or begins a timeline. A last line without its end is closed first, so that it damages
    /// no other.
    ///
    /// # Errors
    /// The file can't be opened or written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let torn = match std::fs::read(path) {
            Ok(bytes) => bytes.last().is_some_and(|last| *last != b'\n'),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if torn {
            file.write_all(b"\n")?;
        }
        let good = file.metadata()?.len();
        Ok(Self { file, good, waiting: VecDeque::new(), lost: 0, dirty: torn })
    }

    /// Appends a mark.
    ///
    /// # Errors
    /// The file can't be written now. The mark waits; beyond a bound the oldest waiting one is lost.
    pub fn append(&mut self, mark: &Mark) -> io::Result<()> {
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
            self.lost += 1;
        } else if self.lost > 0 {
            let detail = format!("{} marks are missing: the disk refused them", self.lost);
            self.waiting.push_back(line_of(&Mark::Fault { at: mark.at(), detail })?);
            self.lost = 0;
        }
        self.waiting.push_back(line_of(mark)?);
        self.write()
    }

    /// The marks that wait for the disk, in order.
    #[must_use]
    pub fn waiting(&self) -> Vec<Mark> {
        self.waiting.iter().filter_map(|line| parse(line.as_bytes()).ok()).collect()
    }

    /// Makes everything appended durable.
    ///
    /// # Errors
    /// The file can't be written or synced now.
    pub fn sync(&mut self) -> io::Result<()> {
        self.write()?;
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        Ok(())
    }
}

impl Timeline {
    fn write(&mut self) -> io::Result<()> {
        while let Some(line) = self.waiting.front() {
            if let Err(error) = self.file.write_all(line.as_bytes()) {
                // Part of a line would damage the next one.
                self.file.set_len(self.good)?;
                return Err(error);
            }
            self.good += line.len() as u64;
            self.dirty = true;
            self.waiting.pop_front();
        }
        Ok(())
    }
}

/// A line of a timeline that isn't what was written.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("timeline line {line} is damaged: {what}")]
pub struct DamagedLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

/// Reads a timeline: its whole marks in order, and the lines that are damaged. One bad line costs
/// only itself.
///
/// # Errors
/// The file can't be read.
pub fn read(path: &Path) -> io::Result<(Vec<Mark>, Vec<DamagedLine>)> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut marks, mut damaged) = (Vec::new(), Vec::new());
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        match parse(&bytes) {
            Ok(mark) => marks.push(mark),
            Err(what) => damaged.push(DamagedLine { line, what }),
        }
    }
    Ok((marks, damaged))
}

fn line_of(mark: &Mark) -> io::Result<String> {
    let json = serde_json::to_string(mark).map_err(io::Error::other)?;
    let crc = crc32fast::hash(json.as_bytes());
    Ok(format!("{BEFORE_CRC}{crc:08x}{AFTER_CRC}{json}}}\n"))
}

fn parse(bytes: &[u8]) -> Result<Mark, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8")?;
    let text = text.strip_suffix("}\n").ok_or("cut short")?;
    let text = text.strip_prefix(BEFORE_CRC).ok_or("no checksum")?;
    let (crc, json) = text.split_once(AFTER_CRC).ok_or("no entry")?;
    let crc = u32::from_str_radix(crc, 16).map_err(|_| "malformed checksum")?;
    if crc != crc32fast::hash(json.as_bytes()) {
        return Err("checksum is wrong".into());
    }
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use capstan_media::time::RoomTime;
    use proptest::prelude::*;

    use super::*;

    fn started(micros: i64) -> Mark {
        Mark::Started { at: RoomTime::from_micros(micros) }
    }

    #[test]
    fn marks_come_back_over_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("timeline.jsonl");
        let mut timeline = Timeline::open(&path).unwrap();
        timeline.append(&started(1)).unwrap();
        timeline.append(&started(2)).unwrap();
        timeline.sync().unwrap();
        let whole = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(whole - 5).unwrap();
        Timeline::open(&path).unwrap().append(&started(3)).unwrap();

        let (marks, damaged) = read(&path).unwrap();
        assert_eq!(marks, [started(1), started(3)]);
        assert_eq!(damaged.len(), 1);
        assert_eq!((damaged[0].line, damaged[0].what.as_str()), (2, "cut short"));
    }

    #[test]
    fn marks_wait_for_a_disk_that_refuses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("timeline.jsonl");
        let mut timeline = Timeline::open(&path).unwrap();
        timeline.append(&started(1)).unwrap();
        // A descriptor that can't be written stands in for a full disk.
        let writable = std::mem::replace(&mut timeline.file, File::open(&path).unwrap());
        timeline.append(&started(2)).unwrap_err();
        timeline.append(&started(3)).unwrap_err();
        assert_eq!(timeline.waiting(), [started(2), started(3)]);
        timeline.file = writable;
        timeline.append(&started(4)).unwrap();
        timeline.sync().unwrap();
        let (marks, damaged) = read(&path).unwrap();
        assert_eq!(marks, [started(1), started(2), started(3), started(4)]);
        assert!(damaged.is_empty());
    }

    proptest! {
        #[test]
        fn damage_is_found_and_never_a_panic(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
            let mut bytes = line_of(&started(1_700_000_000_000_000)).unwrap().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= flip;
            // Upper and lower case of a checksum's digit are the same number.
            let same = bytes[place].eq_ignore_ascii_case(&(bytes[place] ^ flip));
            prop_assert!(same || parse(&bytes).is_err());
        }
    }
}
