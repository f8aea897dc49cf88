//! The process's own storage: a local folder by default, or any URL that `object_store` opens.
//!
//! A file counts as stored when the store lists it with the right length. Big files go up in parts
//! so that none is ever in memory whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use capstan_config::{BACKUP, Backup, STORE, Secret, Storage as StorageConfig};
use capstan_outbox::ports::{
    BoxFuture, Holding, Removal, Storage, StorageTarget, Storages, Stored, Upload, UploadError,
    UploadProgress,
};
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use thiserror::Error as ThisError;
use url::Url;

mod put;
#[cfg(test)]
mod tests;

/// The store can't be opened.
#[derive(Debug, ThisError)]
#[error("{key} {place:?} can't be opened: {reason}")]
pub struct StoreError {
    /// The configuration's key.
    pub key: &'static str,
    /// As it is configured.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// The process's own store, or its backup store.
#[derive(Debug)]
pub struct NativeStore {
    name: &'static str,
    store: Box<dyn ObjectStore>,
    base: Key,
    /// The URL of `base`, without credentials.
    shown: String,
    folder: Option<PathBuf>,
    /// For how long a playlist may be kept.
    playlists: String,
}

impl NativeStore {
    /// Opens the process's own store, a folder or a URL; makes the folder if it isn't there.
    ///
    /// # Errors
    /// The folder can't be made, or the URL or an option isn't known.
    pub fn open(config: &StorageConfig) -> Result<Self, StoreError> {
        let store = Self::open_as(STORE, "storage.store", &config.store, &config.options)?;
        let playlists = match config.playlist_max_age {
            0 => store.playlists,
            seconds => format!("max-age={seconds}"),
        };
        Ok(Self { playlists, ..store })
    }

    /// Opens the backup store, if there is one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn backup(config: &Backup) -> Result<Option<Self>, StoreError> {
        let open = |place: &String| Self::open_as(BACKUP, "backup.url", place, &config.options);
        config.url.as_ref().map(open).transpose()
    }

    fn open_as(
        name: &'static str,
        key: &'static str,
        place: &str,
        options: &BTreeMap<String, Secret>,
    ) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError { key, place: place.to_owned(), reason };
        let playlists = "no-cache".to_owned();
        let url = Url::parse(place).ok().filter(|url| url.scheme().len() > 1);
        let folder = match &url {
            None => Some(PathBuf::from(place)),
            Some(url) if url.scheme() == "file" => {
                let path = url.to_file_path();
                Some(path.map_err(|()| failed("a file URL needs an absolute path".into()))?)
            }
            Some(_) => None,
        };
        if let Some(folder) = folder {
            std::fs::create_dir_all(&folder).map_err(|error| failed(error.to_string()))?;
            let folder = folder.canonicalize().map_err(|error| failed(error.to_string()))?;
            let store = object_store::local::LocalFileSystem::new_with_prefix(&folder)
                .map_err(|error| failed(error.to_string()))?;
            let shown = Url::from_directory_path(&folder)
                .map_or_else(|()| folder.display().to_string(), |url| url.to_string());
            let base = Key::default();
            let (store, folder) = (Box::new(store), Some(folder));
            return Ok(Self { name, store, base, shown, folder, playlists });
        }
        let mut url = url.ok_or_else(|| failed("neither a folder nor a URL".into()))?;
        let options = options.iter().map(|(key, value)| (key.as_str(), value.reveal()));
        let (store, base) = object_store::parse_url_opts(&url, options)
            .map_err(|error| failed(error.to_string()))?;
        url.set_query(None);
        // A URL that can't carry credentials had none to hide.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        let shown = format!("{}/", url.as_str().trim_end_matches('/'));
        Ok(Self { name, store, base, shown, folder: None, playlists })
    }

    /// The folder, if the store is one on this machine.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Where files go, without credentials.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn key(&self, key: &str) -> Result<Key, Error> {
        let path = Key::parse(key)?;
        Ok(self.base.parts().chain(path.parts()).collect())
    }

    fn failed(&self, key: &str, error: &Error) -> UploadError {
        let code = match error {
            Error::Unauthenticated { .. } => "bad-credentials",
            Error::PermissionDenied { .. } => "denied",
            Error::NotFound { .. } => "no-bucket",
            Error::InvalidPath { .. }
            | Error::NotImplemented { .. }
            | Error::NotSupported { .. } => "rejected",
            _ => {
                let (key, reason) = (key.to_owned(), error.to_string());
                return UploadError::Transient { key, reason, retry_after_ms: None };
            }
        };
        UploadError::Rejected {
            storage: self.name.into(),
            code: code.into(),
            reason: error.to_string(),
        }
    }
}

impl Storage for NativeStore {
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        _progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>> {
        Box::pin(self.upload(upload))
    }

    fn holds<'a>(&'a self, upload: &'a Upload) -> BoxFuture<'a, Result<Holding, UploadError>> {
        Box::pin(self.compare(upload))
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removal, UploadError>> {
        Box::pin(async move {
            let removed = match self.key(key) {
                Ok(path) => self.store.delete(&path).await,
                Err(error) => Err(error),
            };
            match removed {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(Removal::Removed),
                Err(error) => Err(self.failed(key, &error)),
            }
        })
    }
}

/// Opens the process's stores by their names and everything else by plugin.
pub struct AllStorages {
    /// The process's own.
    pub native: Arc<NativeStore>,
    /// Where goes what its own storage doesn't take.
    pub backup: Option<Arc<NativeStore>>,
    /// The storage plugins.
    pub plugins: Arc<dyn Storages>,
}

impl Storages for AllStorages {
    fn open(&self, target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError> {
        if target.storage == STORE {
            return Ok(Arc::<NativeStore>::clone(&self.native));
        }
        if let Some(backup) = self.backup.as_ref().filter(|_| target.storage == BACKUP) {
            return Ok(Arc::<NativeStore>::clone(backup));
        }
        self.plugins.open(target)
    }
}
