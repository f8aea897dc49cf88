//! Plugin folders: which files there are, read with bounds.
//!
//! The invariant: only regular files are read, never more of them than may be, and never one that
//! changed while it was read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::classify::Refusal;
use crate::fault::cut;
use crate::owner;

/// The most files of one folder that are looked at.
const MAX_FILES: usize = 256;

/// A file, or a folder, that gives no plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedFile {
    /// Where.
    pub file: PathBuf,
    /// Why.
    #[serde(serialize_with = "words")]
    pub reason: Refusal,
}

fn words<S: Serializer>(reason: &Refusal, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(reason)
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    file: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Of the file that a path leads to now.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The `.wasm` files of a folder, sorted by name so that every start is the same, and how many more
/// there are than are looked at.
pub(crate) fn scan(folder: &Path) -> Result<(Vec<PathBuf>, usize), Refusal> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    let left_out = files.len().saturating_sub(MAX_FILES);
    files.truncate(MAX_FILES);
    Ok((files, left_out))
}

/// Says once if a folder's plugins can be replaced by anybody on the machine.
pub(crate) fn warn_of_writers(folder: &Path) {
    if std::fs::metadata(folder).is_ok_and(|metadata| owner::others_write(&metadata)) {
        tracing::warn!(folder = shown(folder), "everybody on this machine may put plugins here");
    }
}

/// Reads a file that may be of any size and any kind, at most `most` bytes of it.
pub(crate) fn read(file: &Path, most: u64) -> Result<(Vec<u8>, Stamp), Refusal> {
    // A pipe or a device must not keep us waiting as it is opened.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened: File =
        OpenOptions::new().read(true).custom_flags(flags).open(file).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Refusal::Unreadable { reason: "not a regular file".into() });
    }
    if metadata.len() > most {
        return Err(Refusal::TooLarge { size: metadata.len(), most });
    }
    let mut bytes = Vec::new();
    (&opened).take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let stamp = Stamp::from(&metadata);
    let after = opened.metadata().map_err(unreadable)?;
    let size = bytes.len() as u64;
    if Stamp::from(&after) != stamp || size != stamp.size {
        return Err(Refusal::Unreadable { reason: "it is being written".into() });
    }
    Ok((bytes, stamp))
}

/// A path for a log: others may have chosen its letters.
pub(crate) fn shown(path: &Path) -> String {
    cut(&path.display().to_string(), 300)
}

fn unreadable(error: io::Error) -> Refusal {
    Refusal::Unreadable { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 1 << 20;

    #[test]
    fn only_wasm_files_of_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.wasm", "a.wasm", "notes.txt"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let (files, left_out) = scan(folder.path()).unwrap();
        assert_eq!(left_out, 0);
        assert_eq!(files, [folder.path().join("a.wasm"), folder.path().join("b.wasm")]);
        assert_eq!(read(&files[0], MOST).unwrap().0, b"a.wasm");

        let huge = folder.path().join("huge.wasm");
        File::create(&huge).unwrap().set_len(MOST + 1).unwrap();
        assert!(matches!(read(&huge, MOST), Err(Refusal::TooLarge { .. })));
        assert!(matches!(read(folder.path(), MOST), Err(Refusal::Unreadable { .. })));
        assert!(scan(&folder.path().join("none")).is_err());
    }

    #[test]
    fn more_files_than_anybody_needs_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MAX_FILES + 2 {
            File::create(folder.path().join(format!("{number:04}.wasm"))).unwrap();
        }
        let (files, left_out) = scan(folder.path()).unwrap();
        assert_eq!((files.len(), left_out), (MAX_FILES, 2));
        assert!(files[MAX_FILES - 1].ends_with("0255.wasm"));
    }

    #[test]
    fn links_are_followed_to_regular_files_only() {
        let folder = tempfile::tempdir().unwrap();
        let link = |to: &Path, name: &str| {
            let path = folder.path().join(name);
            std::os::unix::fs::symlink(to, &path).unwrap();
            path
        };
        std::fs::write(folder.path().join("real"), "bytes").unwrap();
        assert_eq!(read(&link(Path::new("real"), "a.wasm"), MOST).unwrap().0, b"bytes");
        let mine = link(Path::new("loop.wasm"), "loop.wasm");
        for path in [link(Path::new("/dev/zero"), "zero.wasm"), mine] {
            assert!(matches!(read(&path, MOST), Err(Refusal::Unreadable { .. })), "{path:?}");
        }
        let pipe = folder.path().join("pipe.wasm");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(matches!(read(&pipe, MOST), Err(Refusal::Unreadable { .. })), "and no waiting");
    }

    #[test]
    fn a_name_cant_forge_a_line_of_the_log() {
        assert_eq!(shown(Path::new("a\n2026 ERROR\u{1b}[31m.wasm")), "a 2026 ERROR [31m.wasm");
    }
}
