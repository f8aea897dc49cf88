//! Whether the disks have room for another recording.
//!
//! A recording that runs goes on until the disk takes nothing more; one that has not begun can still be
//! refused with a reason, while there is room to end those that run.

use std::path::{Path, PathBuf};

use thiserror::Error;

const MIB: u64 = 1 << 20;
/// Files that a folder's disk must still take: a recording makes thousands.
const LEAST_FILES: u64 = 1_000;

/// The folders that recordings are made in, and what must be free there.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    folders: Vec<PathBuf>,
    least: u64,
}

/// Why no other recording begins.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NoSpace {
    /// There are too few bytes left.
    #[error(
        "{folder} has {free} MiB left on its disk, less than recording.min_free_mib = {least}: free \
         some before another recording begins"
    )]
    Bytes {
        /// The folder.
        folder: String,
        /// What is left, in MiB.
        free: u64,
        /// What must be.
        least: u64,
    },
    /// There are too few files left.
    #[error(
        "the disk of {folder} takes only {free} more files, and a recording makes thousands: remove \
         some before another begins"
    )]
    Files {
        /// The folder.
        folder: String,
        /// How many.
        free: u64,
    },
    /// Nobody can tell.
    #[error("it can't be told how much room {folder} has: {reason}")]
    Unknown {
        /// The folder.
        folder: String,
        /// The system's words.
        reason: String,
    },
}

impl Space {
    /// At least so many MiB must be free in each of these folders.
    #[must_use]
    pub(crate) fn new(folders: &[&Path], least_mib: u64) -> Self {
        let folders = folders.iter().map(|folder| (*folder).to_owned()).collect();
        Self { folders, least: least_mib }
    }

    /// Whether another recording has room.
    ///
    /// # Errors
    /// It has not; the first folder that lacks it is named.
    pub(crate) fn check(&self) -> Result<(), NoSpace> {
        self.folders.iter().try_for_each(|folder| self.check_one(folder))
    }

    /// The folders, and the bytes that are free for this process on their disks.
    pub(crate) fn free(&self) -> impl Iterator<Item = (&Path, u64)> {
        self.folders.iter().filter_map(|folder| Some((folder.as_path(), look(folder).ok()?.bytes)))
    }

    fn check_one(&self, path: &Path) -> Result<(), NoSpace> {
        let folder = path.display().to_string();
        let free = match look(path) {
            Ok(free) => free,
            Err(error) => return Err(NoSpace::Unknown { folder, reason: error.to_string() }),
        };
        if free.bytes < self.least.saturating_mul(MIB) {
            return Err(NoSpace::Bytes { folder, free: free.bytes / MIB, least: self.least });
        }
        match free.files {
            Some(files) if files < LEAST_FILES => Err(NoSpace::Files { folder, free: files }),
            _ => Ok(()),
        }
    }
}

/// What is left on a disk for this process.
struct Free {
    bytes: u64,
    /// Not every file system counts its files.
    files: Option<u64>,
}

fn look(folder: &Path) -> std::io::Result<Free> {
    let disk = rustix::fs::statvfs(folder)?;
    let files = (disk.f_files > 0).then_some(disk.f_favail);
    Ok(Free { bytes: disk.f_bavail.saturating_mul(disk.f_frsize), files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_that_lacks_room_is_named_with_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        Space::new(&[folder.path()], 0).check().unwrap();
        let space = Space::new(&[folder.path()], u64::MAX / MIB);
        let (_, free) = space.free().next().unwrap();
        let refused = space.check().unwrap_err();
        let NoSpace::Bytes { folder: named, free: told, .. } = &refused else {
            panic!("{refused}")
        };
        assert_eq!(named, &folder.path().display().to_string());
        // Others use the same disk.
        assert!(told.abs_diff(free / MIB) < 1_024, "{refused}");
        assert!(refused.to_string().contains("recording.min_free_mib"), "{refused}");
    }

    #[test]
    fn a_folder_that_is_gone_is_no_room() {
        let gone = Path::new("/nowhere/at/all");
        let refused = Space::new(&[gone], 0).check().unwrap_err();
        assert!(matches!(refused, NoSpace::Unknown { .. }), "{refused}");
    }
}
