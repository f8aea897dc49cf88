//! Plugin folders: which files there are, read with bounds.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::budget::MAX_FILE;
use crate::classify::Refusal;

/// The most files of one folder that are looked at.
const MAX_FILES: usize = 256;

/// A file, or a folder, that gives no plugin.
#[derive(Debug, Clone)]
pub struct RefusedFile {
    /// Where.
    pub file: PathBuf,
    /// Why.
    pub reason: Refusal,
}

/// The `.wasm` files of a folder, sorted by name so that every start is the same.
pub(crate) fn scan(folder: &Path) -> Result<Vec<PathBuf>, RefusedFile> {
    let refused = |error: std::io::Error| RefusedFile {
        file: folder.to_owned(),
        reason: Refusal::Unreadable { reason: error.to_string() },
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        let path = entry.map_err(refused)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    if files.len() > MAX_FILES {
        let left_out = files.len() - MAX_FILES;
        tracing::warn!(folder = %folder.display(), left_out, "folder has too many plugins");
        files.truncate(MAX_FILES);
    }
    Ok(files)
}

/// Reads a file that may be of any size.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Refusal> {
    let unreadable = |error: std::io::Error| Refusal::Unreadable { reason: error.to_string() };
    let opened = File::open(file).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Refusal::Unreadable { reason: "not a regular file".into() });
    }
    if metadata.len() > MAX_FILE {
        return Err(Refusal::TooLarge { size: metadata.len() });
    }
    let mut bytes = Vec::new();
    opened.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let size = bytes.len() as u64;
    if size > MAX_FILE { Err(Refusal::TooLarge { size }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wasm_files_of_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.wasm", "a.wasm", "notes.txt"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let files = scan(folder.path()).unwrap();
        assert_eq!(files, [folder.path().join("a.wasm"), folder.path().join("b.wasm")]);
        assert_eq!(read(&files[0]).unwrap(), b"a.wasm");

        let huge = folder.path().join("huge.wasm");
        File::create(&huge).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert!(matches!(read(&huge), Err(Refusal::TooLarge { .. })));
        assert!(matches!(read(folder.path()), Err(Refusal::Unreadable { .. })));
        assert!(scan(&folder.path().join("none")).is_err());
    }
}
