//! Compiled code on disk, so that a file is compiled once and not at every start.
//!
//! The invariant: nothing is read from a folder or a file that anybody but this process's user may
//! write, and nothing goes unchecked: whatever is wrong with an entry makes it a miss.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::Engine;

use crate::artefact::{self, Artefact, Verdict};
use crate::classify::Refusal;
use crate::compile::CompileLimits;
use crate::owner;

/// Only the owner may enter and list.
const FOLDER_MODE: u32 = 0o700;
/// Only the owner may read and write.
const FILE_MODE: u32 = 0o600;
/// The largest entry that is read, in bytes; nothing larger is ever written.
const MAX_ENTRY: u64 = 256 << 20;
/// Entries that stay beside those in use: other versions of the same plugins, mostly.
const SPARE: usize = 32;
const ENDING: &str = "capcode";

/// A folder of compiled code.
pub(crate) struct Cache {
    folder: PathBuf,
    /// What was looked up or written by this process.
    used: Mutex<BTreeSet<Key>>,
}

/// Why there is no cache; plugins are then compiled at every start.
#[derive(Debug, Error)]
pub(crate) enum CacheError {
    /// The folder can't be made or looked at.
    #[error("cache of compiled plugins in {folder}: {source}")]
    Folder {
        /// Which.
        folder: String,
        /// The system's words.
        source: io::Error,
    },
    /// Others could put code there.
    #[error("cache of compiled plugins in {folder} isn't used: {reason}")]
    Open {
        /// Which.
        folder: String,
        /// Who could do what.
        reason: String,
    },
}

/// Names an entry: the digest of a file and of the engine that compiles it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The key of a file's bytes for this engine (its version, its settings and the processor) within
    /// these limits, since a refusal may be for them.
    pub(crate) fn of(engine: &Engine, limits: &CompileLimits, bytes: &[u8]) -> Self {
        struct Feed(Sha256);

        impl Hasher for Feed {
            fn write(&mut self, bytes: &[u8]) {
                Digest::update(&mut self.0, bytes);
            }

            fn finish(&self) -> u64 {
                0
            }
        }

        let mut feed = Feed(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut feed);
        limits.hash(&mut feed);
        let engine = feed.0.finalize();
        let mut key = Sha256::new();
        Digest::update(&mut key, engine);
        Digest::update(&mut key, bytes);
        Self(key.finalize().into())
    }

    fn file_name(&self) -> String {
        let mut name: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        name.push('.');
        name.push_str(ENDING);
        name
    }
}

impl Cache {
    /// Makes the folder if it isn't there, and checks who may write it.
    ///
    /// # Errors
    /// It can't be made, or somebody else could put code into it.
    pub(crate) fn open(folder: &Path) -> Result<Self, CacheError> {
        let shown = || folder.display().to_string();
        let lost = |source| CacheError::Folder { folder: shown(), source };
        let open = |reason| CacheError::Open { folder: shown(), reason };
        let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
            return Err(lost(io::ErrorKind::InvalidInput.into()));
        };
        // The real path, so that a link on the way can't lead elsewhere later.
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        let above = above.canonicalize().map_err(lost)?;
        owner::kept_from_others(&above).map_err(open)?;
        let folder = above.join(name);
        match DirBuilder::new().mode(FOLDER_MODE).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(lost(error)),
            _ => {}
        }
        let itself = std::fs::symlink_metadata(&folder).map_err(lost)?;
        owner::private_folder(&itself).map_err(open)?;
        Ok(Self { folder, used: Mutex::default() })
    }

    /// Whether there is an entry, sound or not.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.folder.join(key.file_name()).symlink_metadata().is_ok()
    }

    /// What came of an earlier compilation. An entry that isn't sound is a miss; whoever compiles
    /// next replaces it.
    pub(crate) fn get(&self, key: &Key) -> Option<Result<Artefact, Refusal>> {
        let path = self.folder.join(key.file_name());
        let sealed = match read_private(&path) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "cached code isn't used");
                return None;
            }
        };
        match artefact::unseal(sealed) {
            Ok(verdict) => {
                self.note(key);
                Some(verdict)
            }
            Err(damaged) => {
                tracing::warn!(file = %path.display(), %damaged, "cached code isn't used");
                None
            }
        }
    }

    /// Keeps code. What can't be kept is compiled again at the next start, and says so in the log.
    pub(crate) fn put(&self, key: &Key, artefact: &Artefact) {
        self.put_sealed(key, artefact.sealed());
    }

    /// Keeps a refusal that would cost much to come to again.
    pub(crate) fn put_refusal(&self, key: &Key, refusal: &Refusal) {
        self.put_sealed(key, &artefact::seal(&Verdict::Refused(refusal.clone()), &[]));
    }

    fn put_sealed(&self, key: &Key, sealed: &[u8]) {
        self.note(key);
        if let Err(error) = self.try_put(key, sealed) {
            let folder = self.folder.display();
            tracing::warn!(%folder, %error, "compiled code can't be cached");
        }
    }

    fn try_put(&self, key: &Key, sealed: &[u8]) -> io::Result<()> {
        let random = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let fresh = self.folder.join(format!("{random:016x}.new"));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&fresh)
            .and_then(|mut file| file.write_all(sealed))
            .and_then(|()| std::fs::rename(&fresh, self.folder.join(key.file_name())));
        if written.is_err() {
            // It may not be there at all.
            let _gone = std::fs::remove_file(&fresh);
        }
        written
    }

    /// Removes what this process doesn't use, but for the newest few: another process may share the
    /// folder, and an older version of a plugin may come back.
    pub(crate) fn tidy(&self) {
        if let Err(error) = self.try_tidy() {
            tracing::warn!(folder = %self.folder.display(), %error, "cache can't be tidied");
        }
    }

    fn try_tidy(&self) -> io::Result<()> {
        let used: BTreeSet<String> = self.used().iter().map(Key::file_name).collect();
        let mut spare = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !used.contains(&name) {
                spare.push((entry.metadata()?.mtime(), entry.path()));
            }
        }
        spare.sort_unstable();
        let too_many = spare.len().saturating_sub(SPARE);
        spare.iter().take(too_many).try_for_each(|(_, path)| std::fs::remove_file(path))
    }

    fn note(&self, key: &Key) {
        self.used().insert(*key);
    }

    fn used(&self) -> std::sync::MutexGuard<'_, BTreeSet<Key>> {
        self.used.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Reads a file that must be a plain one of ours alone.
fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    owner::private_file(&file.metadata()?).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    file.take(MAX_ENTRY).read_to_end(&mut bytes)?;
    Ok(bytes)
}
