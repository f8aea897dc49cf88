//! The tape: one append-only, checksummed file per track, written before anything else is done with
//! a frame.
//!
//! Records are written and synced together at [`Tapes::sync`], which the tape thread calls at least
//! every half second; a process or machine that dies loses at most what came since. A disk that
//! refuses loses records, never the recording: every loss is counted and told.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use capstan_media::frame::Frame;
use capstan_media::room::SenderReport;
use capstan_media::track::TrackId;
use thiserror::Error;

pub mod reader;
pub mod record;

use self::record::Header;

/// The most tapes of one recording that are open at once. A room of 17 with cameras and screens
/// needs 51; more are refused so that a flood of uids can't use up the process's files.
const MAX_OPEN: usize = 256;
/// The most bytes that wait for a sync on one tape: over a second of the highest bitrate a room
/// takes. What exceeds it is written at once.
const MAX_UNWRITTEN: usize = 512 * 1024;

/// Why a record isn't on tape.
#[derive(Debug, Error)]
pub enum TapeError {
    /// The file can't be made, written or synced.
    #[error("tape of track {track} can't be written")]
    Io {
        /// The track.
        track: TrackId,
        /// Records that are lost by it.
        records: u64,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The frame is larger than any record may be.
    #[error("frame of {len} bytes on track {track} is too long for a tape")]
    TooLong {
        /// The track.
        track: TrackId,
        /// The frame's length.
        len: usize,
    },
    /// Too many tapes are open.
    #[error("no tape for track {track}: {MAX_OPEN} are open already")]
    TooMany {
        /// The track.
        track: TrackId,
    },
}

impl TapeError {
    /// How many records this failure lost.
    #[must_use]
    pub const fn records(&self) -> u64 {
        match self {
            Self::Io { records, .. } => *records,
            Self::TooLong { .. } | Self::TooMany { .. } => 1,
        }
    }
}

/// The tapes of one recording.
#[derive(Debug)]
pub struct Tapes {
    folder: PathBuf,
    sid: String,
    open: HashMap<TrackId, Tape>,
}

/// A track's tape file in a recording's tape folder.
#[must_use]
pub fn file_name(track: TrackId) -> String {
    format!("{track}.tape")
}

impl Tapes {
    /// Tapes in a folder that exists.
    #[must_use]
    pub fn new(folder: &Path, sid: &str) -> Self {
        Self { folder: folder.to_owned(), sid: sid.to_owned(), open: HashMap::new() }
    }

    /// Appends a frame to its track's tape.
    ///
    /// # Errors
    /// The frame, and perhaps others since the last sync, are lost to the tape.
    pub fn frame(&mut self, frame: &Frame) -> Result<(), TapeError> {
        let len = frame.data.len();
        if len > record::MAX_DATA {
            return Err(TapeError::TooLong { track: frame.track, len });
        }
        self.append(frame.track, |out| record::write_frame(out, frame))
    }

    /// Appends a sender report to its track's tape.
    ///
    /// # Errors
    /// As [`Self::frame`].
    pub fn report(&mut self, report: &SenderReport) -> Result<(), TapeError> {
        self.append(report.track, |out| record::write_report(out, report))
    }

    /// Writes and syncs everything appended so far. Returns what failed; the other tapes are safe.
    pub fn sync(&mut self) -> Vec<TapeError> {
        let mut failed = Vec::new();
        for (track, tape) in &mut self.open {
            if let Err(source) = tape.sync() {
                failed.push(TapeError::Io { track: *track, records: tape.lose(), source });
            }
        }
        failed
    }

    /// Syncs and closes a track's tape. It is opened again if the track goes on.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub fn close(&mut self, track: TrackId) -> Result<(), TapeError> {
        let Some(mut tape) = self.open.remove(&track) else { return Ok(()) };
        tape.sync().map_err(|source| TapeError::Io { track, records: tape.lose(), source })
    }

    fn append(
        &mut self,
        track: TrackId,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), TapeError> {
        let fail = |records, source| TapeError::Io { track, records, source };
        if !self.open.contains_key(&track) && self.open.len() >= MAX_OPEN {
            return Err(TapeError::TooMany { track });
        }
        let tape = match self.open.entry(track) {
            Entry::Occupied(tape) => tape.into_mut(),
            Entry::Vacant(vacant) => {
                let path = self.folder.join(file_name(track));
                let header = Header { sid: self.sid.clone(), track };
                vacant.insert(Tape::open(&path, &header).map_err(|source| fail(1, source))?)
            }
        };
        write(&mut tape.waiting);
        tape.records += 1;
        if tape.waiting.len() > MAX_UNWRITTEN {
            tape.write().map_err(|source| fail(tape.lose(), source))?;
        }
        Ok(())
    }
}

/// One open tape. `good` bytes of the file are whole records; `waiting` comes after them.
#[derive(Debug)]
struct Tape {
    file: File,
    good: u64,
    waiting: Vec<u8>,
    records: u64,
    dirty: bool,
}

impl Tape {
    /// Opens a tape to go on at its last whole record, or begins one.
    fn open(path: &Path, header: &Header) -> io::Result<Self> {
        let found = reader::whole_length(path, header)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        let mut tape =
            Self { file, good: found.unwrap_or(0), waiting: Vec::new(), records: 0, dirty: false };
        if found.is_none() {
            header.write(&mut tape.waiting);
            // A file is only as durable as its name.
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
        }
        tape.rewind()?;
        Ok(tape)
    }

    /// Cuts off what a failed write may have left behind the last whole record.
    fn rewind(&mut self) -> io::Result<()> {
        self.file.set_len(self.good)?;
        self.file.seek(SeekFrom::Start(self.good)).map(|_| ())
    }

    fn write(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.file.write_all(&self.waiting)?;
        let written = self.waiting.len() as u64;
        metrics::counter!("capstan_tape_bytes_total").increment(written);
        self.good += written;
        self.waiting.clear();
        self.records = 0;
        self.dirty = true;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.write()?;
        if self.dirty {
            self.file.sync_data()?;
            self.dirty = false;
        }
        Ok(())
    }

    /// Gives up what waits, so that memory stays bounded, and readies the file for later records.
    /// Returns how many records are gone. A header that never reached the disk stays waiting.
    fn lose(&mut self) -> u64 {
        let header = if self.good == 0 { record::header_len(&self.waiting) } else { 0 };
        self.waiting.truncate(header);
        if let Err(error) = self.rewind() {
            tracing::warn!(%error, "tape can't be cut back to its last whole record");
        }
        std::mem::take(&mut self.records)
    }
}

#[cfg(test)]
mod tests;
