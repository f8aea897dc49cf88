//! One file on its way: looked at, put into a storage, and what an attempt of it keeps for the next.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use capstan_archive::listing;
use capstan_archive::target::StorageTarget;
use thiserror::Error;

use super::conceal::concealed;
use crate::books::owing::Owing;
use crate::keeper::Keeper;
use crate::ports::{Storages, Stored, Upload, UploadError, UploadProgress};

/// Where files may go.
#[derive(Clone)]
pub(crate) struct Routes {
    /// Opens storages.
    pub(crate) storages: Arc<dyn Storages>,
    /// Where goes what its own storage doesn't take for too long.
    pub(crate) backup: Option<StorageTarget>,
}

/// What is brought away in this attempt.
pub(crate) struct Cargo {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    /// Whether nothing of the file is left out.
    pub(crate) whole: bool,
    pub(crate) checksum: u32,
}

/// Why a file can't leave.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// It can't be read, or isn't what was owed: trying again doesn't help.
    #[error("{0}")]
    Unreadable(String),
    /// The copy of a playlist that is to leave can't be made: a full disk takes it later.
    #[error("a copy of it can't be made yet: {0}")]
    NoCopy(String),
}

impl LoadError {
    /// What it means for the upload of this key.
    pub(crate) fn of_upload(self, key: String) -> UploadError {
        let reason = self.to_string();
        match self {
            Self::Unreadable(_) => UploadError::File { key, reason },
            Self::NoCopy(_) => UploadError::Transient { key, reason, retry_after_ms: None },
        }
    }
}

/// Looks at the file. A playlist is copied up to where it is true, since it is rewritten meanwhile:
/// up to the first file that is `missing` where it goes. `None` if no part of it is true yet.
pub(crate) fn load(
    keeper: &Keeper,
    owing: &Owing,
    missing: fn(&Owing) -> bool,
) -> Result<Option<Cargo>, LoadError> {
    let words = |error: std::io::Error| LoadError::Unreadable(error.to_string());
    if !owing.is_playlist {
        let size = std::fs::metadata(&owing.path).map_err(words)?.len();
        if size != owing.size {
            let what = format!("it has {size} bytes instead of {}", owing.size);
            return Err(LoadError::Unreadable(what));
        }
        return Ok(Some(Cargo { path: owing.path.clone(), size, whole: true, checksum: 0 }));
    }
    // The text first: whatever is owed or uploaded later can only make more of it true.
    let text = std::fs::read_to_string(&owing.path).map_err(words)?;
    let absent: BTreeSet<String> = {
        let books = keeper.books();
        let Some(ledger) = books.ledgers.get(&owing.sid) else { return Ok(None) };
        let owed = books.uploads_of(&owing.sid).filter(|other| missing(other));
        let owed = owed.map(|other| ledger.name(&other.key).to_owned());
        let filed = ledger.list(&owing.key).map_or(0, |list| list.filed);
        let not_yet_owed = listing::files(&text).into_iter().skip(filed);
        owed.chain(not_yet_owed).collect()
    };
    let Some((part, whole)) = listing::true_part(&text, &absent) else { return Ok(None) };
    let mut path = owing.path.as_os_str().to_owned();
    path.push(".out");
    let path = PathBuf::from(path);
    std::fs::write(&path, &part).map_err(|error| LoadError::NoCopy(error.to_string()))?;
    let checksum = crc32fast::hash(part.as_bytes());
    Ok(Some(Cargo { path, size: part.len() as u64, whole, checksum }))
}

/// Puts the file into a storage. No failure tells of its keys.
pub(crate) async fn put(
    keeper: &Arc<Keeper>,
    storages: &dyn Storages,
    owing: &Owing,
    target: &StorageTarget,
    cargo: &Cargo,
) -> Result<Stored, UploadError> {
    let saved = owing.saved.as_deref().and_then(|saved| hex::decode(saved).ok());
    let upload = Upload {
        id: owing.id(),
        key: owing.key.clone(),
        path: cargo.path.clone(),
        size: cargo.size,
        content_type: owing.content_type.clone(),
        saved: saved.filter(|_| !owing.is_playlist),
    };
    let progress = Progress { keeper: Arc::clone(keeper), owing: owing.clone() };
    let stored = match storages.open(target) {
        Ok(storage) => storage.put(&upload, &progress).await,
        Err(error) => Err(error),
    };
    stored.map_err(|error| concealed(error, target))
}

/// Keeps what an attempt wants to go on from.
struct Progress {
    keeper: Arc<Keeper>,
    owing: Owing,
}

impl UploadProgress for Progress {
    fn save(&self, state: Vec<u8>) {
        let Owing { sid, key, version, .. } = &self.owing;
        let saved = self.keeper.change(sid, |change, books, _| {
            let current = books.uploads.get(&(sid.clone(), key.clone()));
            if let Some(current) = current.filter(|current| current.version == *version) {
                change.owe.push(Owing { saved: Some(hex::encode(&state)), ..current.clone() });
            }
        });
        if let Err(error) = saved {
            tracing::warn!(%sid, %key, %error, "upload progress can't be kept");
        }
    }
}
