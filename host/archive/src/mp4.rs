//! MP4 files of segments that are on disk: the index first, then the samples, copied.
//!
//! A file is whole and synced before it has its name. Nothing but the index is held in memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use capstan_media::container::mp4::{Mp4Error, Mp4Index, Plan};
use thiserror::Error;

/// The most bytes of a segment's index: a minute of 60 pictures a second with sound has under 1 MB.
const MAX_MOOF: u64 = 16 << 20;
/// The most bytes of an init segment.
const MAX_INIT: u64 = 1 << 20;

/// Why a file can't be made.
#[derive(Debug, Error)]
pub enum AssemblyError {
    /// A file can't be read or written; later it may.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The segments aren't such as were written: trying again doesn't help.
    #[error(transparent)]
    Segments(#[from] Mp4Error),
}

/// Makes the file `to`. Returns its length.
pub fn assemble(init: &Path, segments: &[PathBuf], to: &Path) -> Result<u64, AssemblyError> {
    let mut index = Mp4Index::new(&read_init(init).map_err(failed(init))?)?;
    for path in segments {
        let (at, moof) = read_moof(path).map_err(failed(path))?;
        index.add(at, &moof)?;
    }
    let plan = index.finish()?;
    let mut aside = to.as_os_str().to_owned();
    aside.push(".tmp");
    let aside = PathBuf::from(aside);
    let written = write(&plan, segments, &aside, to);
    if written.is_err() {
        // A full disk gets its space back; the error that is returned matters more than this one.
        let _ = std::fs::remove_file(&aside);
    }
    written
}

fn failed(path: &Path) -> impl Fn(io::Error) -> AssemblyError {
    move |source| AssemblyError::Io { path: path.to_owned(), source }
}

fn write(plan: &Plan, segments: &[PathBuf], aside: &Path, to: &Path) -> Result<u64, AssemblyError> {
    let refused = failed(to);
    let mut file = File::create(aside).map_err(&refused)?;
    file.write_all(&plan.head).map_err(&refused)?;
    let mut len = plan.head.len() as u64;
    let mut open: Option<(usize, File)> = None;
    for stretch in &plan.stretches {
        let Some(path) = segments.get(stretch.segment) else { continue };
        let source = match &mut open {
            Some((segment, file)) if *segment == stretch.segment => file,
            other => {
                &mut other.insert((stretch.segment, File::open(path).map_err(failed(path))?)).1
            }
        };
        source.seek(SeekFrom::Start(stretch.offset)).map_err(failed(path))?;
        let copied = io::copy(&mut source.take(stretch.len), &mut file).map_err(&refused)?;
        if copied != stretch.len {
            return Err(failed(path)(io::ErrorKind::UnexpectedEof.into()));
        }
        len += copied;
    }
    file.sync_all().map_err(&refused)?;
    std::fs::rename(aside, to).map_err(&refused)?;
    let folder = to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all());
    folder.map_err(&refused)?;
    Ok(len)
}

fn read_init(path: &Path) -> io::Result<Vec<u8>> {
    let mut init = Vec::new();
    File::open(path)?.take(MAX_INIT).read_to_end(&mut init)?;
    Ok(init)
}

/// A segment's `moof` and where it begins: the second box, behind `styp`.
fn read_moof(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "no fMP4 segment");
    let mut file = File::open(path)?;
    let (styp, _) = read_header(&mut file)?;
    file.seek(SeekFrom::Start(styp))?;
    let (len, kind) = read_header(&mut file)?;
    if &kind != b"moof" || len > MAX_MOOF {
        return Err(damaged());
    }
    file.seek(SeekFrom::Start(styp))?;
    let mut moof = Vec::new();
    file.take(len).read_to_end(&mut moof)?;
    if moof.len() as u64 == len { Ok((styp, moof)) } else { Err(damaged()) }
}

/// The length and type of the box that begins here.
fn read_header(file: &mut File) -> io::Result<(u64, [u8; 4])> {
    let (mut len, mut kind) = ([0; 4], [0; 4]);
    file.read_exact(&mut len)?;
    file.read_exact(&mut kind)?;
    Ok((u32::from_be_bytes(len).into(), kind))
}

/// How long and how large an MP4 file becomes before the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mp4Limits {
    /// The longest one. A slice that is longer by itself is a file by itself.
    pub longest: Duration,
    /// The most bytes of the slices in one.
    pub largest: u64,
}

/// Counts what goes into the present file.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    limits: Mp4Limits,
    micros: u64,
    bytes: u64,
}

impl Fill {
    /// Nothing yet.
    #[must_use]
    pub const fn new(limits: Mp4Limits) -> Self {
        Self { limits, micros: 0, bytes: 0 }
    }

    /// Takes the next segment. True if it is the first of a new file, since the one before would become
    /// too long or too large with it.
    pub fn take(&mut self, micros: u64, bytes: u64) -> bool {
        let full = self.bytes > 0
            && (u128::from(self.micros + micros) > self.limits.longest.as_micros()
                || self.bytes + bytes > self.limits.largest);
        if full {
            *self = Self::new(self.limits);
        }
        self.micros += micros;
        self.bytes += bytes;
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_full_by_length_or_by_size() {
        let limits = Mp4Limits { longest: Duration::from_secs(10), largest: 1_000 };
        let begins = |segments: &[(u64, u64)]| -> Vec<bool> {
            let mut fill = Fill::new(limits);
            segments.iter().map(|(seconds, bytes)| fill.take(seconds * 1_000_000, *bytes)).collect()
        };
        assert_eq!(begins(&[(4, 1), (4, 1), (2, 1), (4, 1)]), [false, false, false, true]);
        assert_eq!(begins(&[(1, 600), (1, 600), (1, 400), (1, 1)]), [false, true, false, true]);
        // A segment that is too large by itself is a file by itself.
        assert_eq!(begins(&[(1, 9_000), (60, 1), (1, 1)]), [false, true, true]);
    }

    #[test]
    fn what_is_no_segment_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let missing = assemble(&path("init"), &[], &path("x.mp4")).unwrap_err();
        assert!(matches!(missing, AssemblyError::Io { .. }));
        std::fs::write(path("init"), b"what").unwrap();
        assert!(assemble(&path("init"), &[], &path("x.mp4")).is_err());
        std::fs::write(path("short"), b"\0\0\0\x08styp").unwrap();
        assert!(read_moof(&path("short")).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
