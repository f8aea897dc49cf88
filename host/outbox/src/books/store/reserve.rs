//! The outbox's file with space of its own behind its end, so that a disk that is full for everybody
//! else isn't for the outbox.
//!
//! The system allocates the space to the file without making it longer: nobody else can take it, and
//! what the file grows into is there already. Most file systems can; where one can't, a full disk is met
//! as any other failure to write is.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use rustix::fs::FallocateFlags;

/// Bytes in reserve: events and owed files of hours.
pub(super) const RESERVE: u64 = 16 << 20;
/// What isn't worth asking the system for.
const SLACK: u64 = 1 << 20;
/// The unit in which the system counts what is allocated.
const BLOCK: u64 = 512;

/// A database's file, and what it keeps in reserve.
#[derive(Debug)]
pub(super) struct Reserved {
    inner: FileBackend,
    file: File,
}

impl Reserved {
    /// Takes a file and reserves space for it, as far as the disk has any.
    pub(super) fn new(file: File) -> Result<Self, redb::DatabaseError> {
        let reserved = Self { file: file.try_clone()?, inner: FileBackend::new(file)? };
        top_up(&reserved.file);
        Ok(reserved)
    }
}

/// Fills up the reserve behind the end of a file. What can't be had is missing in the reserve and nowhere
/// else.
pub(super) fn top_up(file: &File) {
    if let Err(error) = try_top_up(file) {
        tracing::debug!(%error, "no space can be reserved for the outbox");
    }
}

fn try_top_up(file: &File) -> io::Result<()> {
    let facts = file.metadata()?;
    let wanted = facts.len() + RESERVE;
    let missing = wanted.saturating_sub(facts.blocks() * BLOCK);
    if missing <= SLACK {
        return Ok(());
    }
    let disk = rustix::fs::fstatvfs(file)?;
    if disk.f_bavail.saturating_mul(disk.f_frsize) < missing {
        // Trying would take the last of it from whoever writes now.
        return Err(io::ErrorKind::StorageFull.into());
    }
    take(file, wanted)
}

/// Has the system allocate so many bytes to a file, which stays as long as it is.
fn take(file: &File, bytes: u64) -> io::Result<()> {
    Ok(rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes)?)
}

impl StorageBackend for Reserved {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    /// A longer file grows into its reserve. A shorter one lets go of it, and takes back at once what it had: on a
    /// full disk that is all there is.
    fn set_len(&self, len: u64) -> io::Result<()> {
        let had = self.file.metadata()?.blocks() * BLOCK;
        self.inner.set_len(len)?;
        if let Err(error) = take(&self.file, had.min(len + RESERVE)) {
            tracing::debug!(%error, "the outbox's reserve can't be taken back");
        }
        top_up(&self.file);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_reserve_belongs_to_the_file_and_is_not_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(folder.path().join("x"))
            .unwrap();
        file.write_all(&[1; 5_000]).unwrap();
        top_up(&file);
        let facts = file.metadata().unwrap();
        assert_eq!(facts.len(), 5_000, "it isn't longer");
        assert!(facts.blocks() * BLOCK >= RESERVE, "{} blocks", facts.blocks());
        // What it grows into was its own already.
        file.set_len(1 << 20).unwrap();
        assert_eq!(file.metadata().unwrap().blocks(), facts.blocks());
    }

    #[test]
    fn a_file_that_shrinks_keeps_its_reserve() {
        let file = tempfile::tempfile().unwrap();
        let reserved = Reserved::new(file.try_clone().unwrap()).unwrap();
        reserved.set_len(4 << 20).unwrap();
        let long = file.metadata().unwrap().blocks() * BLOCK;
        reserved.set_len(1 << 20).unwrap();
        let short = file.metadata().unwrap().blocks() * BLOCK;
        assert!(long >= RESERVE && short >= RESERVE, "{long} and {short} bytes are allocated");
    }
}
