//! A recording's folder: where what lies in it, and files that are put there whole.

use std::io;
use std::path::{Path, PathBuf};

/// Where a recording's tapes lie in its folder.
pub fn tape_folder(folder: &Path) -> PathBuf {
    folder.join("tape")
}

/// Where the fMP4 twins of a transport stream's segments lie in a recording's folder.
pub fn parts_folder(folder: &Path) -> PathBuf {
    folder.join("parts")
}

/// Where a recording's segments and playlist lie in its folder.
pub fn hls_folder(folder: &Path) -> PathBuf {
    folder.join("hls")
}

/// Puts a file in place whole and durably: written aside, synced, renamed, its folder synced.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".tmp");
    let aside = PathBuf::from(aside);
    let written = (|| {
        let mut file = std::fs::File::create(&aside)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)?;
        path.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
    })();
    if written.is_err() {
        // A full disk gets its space back; the error that is returned matters more than this one.
        let _ = std::fs::remove_file(&aside);
    }
    written
}

/// Removes a folder with all that is in it. One that isn't there is no trouble; one that can't be removed is
/// told of in the log.
pub fn remove_folder(folder: &Path) {
    match std::fs::remove_dir_all(folder) {
        Ok(()) => tracing::debug!(folder = %folder.display(), "removed local files"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "local files can't be removed");
        }
    }
}
