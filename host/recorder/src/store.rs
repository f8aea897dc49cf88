//! The process's own storage: a local folder by default, or any URL that `object_store` opens.
//!
//! A file counts as stored when the store lists it with the right length. Big files go up in parts
//! so that none is ever in memory whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use capstan_config::{BACKUP, Backup, STORE, Secret, Storage as StorageConfig};
use capstan_outbox::ports::{
    BoxFuture, Removal, Storage, StorageTarget, Storages, Stored, Upload, UploadError,
    UploadProgress,
};
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, Error, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions,
    WriteMultipart,
};
use thiserror::Error as ThisError;
use tokio::io::AsyncReadExt;
use url::Url;

/// Larger files go up in parts.
const WHOLE: u64 = 8 << 20;
/// The size of a part; stores want at least 5 MiB.
const PART: usize = 8 << 20;
/// Parts under way at once: with their size, the memory that one upload takes.
const PARTS_AT_ONCE: usize = 2;

/// For how long a file may be kept that never changes: its name has the recording's id in it.
const FOR_EVER: &str = "max-age=31536000, immutable";
/// The media type of what is put again under the same key.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";

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

    async fn upload(&self, upload: &Upload) -> Result<Stored, UploadError> {
        let key = self.key(&upload.key).map_err(|error| self.failed(&upload.key, &error))?;
        if upload.size <= WHOLE {
            self.put_whole(upload, &key).await?;
        } else {
            self.put_parts(upload, &key).await?;
        }
        let there =
            self.store.head(&key).await.map_err(|error| self.failed(&upload.key, &error))?;
        if there.size != upload.size {
            let reason = format!("{} bytes arrived of {}", there.size, upload.size);
            let key = upload.key.clone();
            return Err(UploadError::Transient { key, reason, retry_after_ms: None });
        }
        Ok(Stored { url: format!("{}{}", self.shown, upload.key) })
    }

    async fn put_whole(&self, upload: &Upload, key: &Key) -> Result<(), UploadError> {
        let bytes = tokio::fs::read(&upload.path).await.map_err(|error| file(upload, &error))?;
        let options = PutOptions { attributes: self.attributes(upload), ..PutOptions::default() };
        let put = self.store.put_opts(key, bytes.into(), options).await;
        put.map(drop).map_err(|error| self.failed(&upload.key, &error))
    }

    async fn put_parts(&self, upload: &Upload, key: &Key) -> Result<(), UploadError> {
        let attributes = self.attributes(upload);
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let started = self.store.put_multipart_opts(key, options).await;
        let started = started.map_err(|error| self.failed(&upload.key, &error))?;
        let mut parts = WriteMultipart::new_with_chunk_size(started, PART);
        match self.send_parts(upload, &mut parts).await {
            Ok(()) => {
                let finished = parts.finish().await;
                finished.map(drop).map_err(|error| self.failed(&upload.key, &error))
            }
            Err(error) => {
                // Best effort: what is left behind costs space, not the recording.
                if let Err(error) = parts.abort().await {
                    tracing::warn!(key = upload.key, %error, "parts of a failed upload remain");
                }
                Err(error)
            }
        }
    }

    async fn send_parts(
        &self,
        upload: &Upload,
        parts: &mut WriteMultipart,
    ) -> Result<(), UploadError> {
        let opened = tokio::fs::File::open(&upload.path).await;
        let mut source = opened.map_err(|error| file(upload, &error))?;
        loop {
            parts
                .wait_for_capacity(PARTS_AT_ONCE)
                .await
                .map_err(|error| self.failed(&upload.key, &error))?;
            let mut part = bytes::BytesMut::with_capacity(PART);
            while part.len() < PART {
                let read =
                    source.read_buf(&mut part).await.map_err(|error| file(upload, &error))?;
                if read == 0 {
                    break;
                }
            }
            if part.is_empty() {
                return Ok(());
            }
            parts.put(part.freeze());
        }
    }

    fn key(&self, key: &str) -> Result<Key, Error> {
        let path = Key::parse(key)?;
        Ok(self.base.parts().chain(path.parts()).collect())
    }

    /// What the object is created with. A folder keeps neither media types nor how long to keep.
    fn attributes(&self, upload: &Upload) -> Attributes {
        let mut attributes = Attributes::new();
        if self.folder.is_none() {
            let kept = if upload.content_type == PLAYLIST { &self.playlists } else { FOR_EVER };
            attributes.insert(Attribute::ContentType, upload.content_type.clone().into());
            attributes.insert(Attribute::CacheControl, kept.to_owned().into());
        }
        attributes
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

fn file(upload: &Upload, error: &std::io::Error) -> UploadError {
    UploadError::File { key: upload.key.clone(), reason: error.to_string() }
}

impl Storage for NativeStore {
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        _progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>> {
        Box::pin(self.upload(upload))
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

#[cfg(test)]
mod tests {
    use super::*;

    struct NoProgress;

    impl UploadProgress for NoProgress {
        fn save(&self, _state: Vec<u8>) {}
    }

    fn at(place: &str) -> StorageConfig {
        StorageConfig { store: place.into(), ..StorageConfig::default() }
    }

    fn upload(dir: &Path, key: &str, size: usize) -> (Upload, Vec<u8>) {
        let bytes: Vec<u8> = (0..size).map(|i| (i * 31 % 251) as u8).collect();
        let path = dir.join("source");
        std::fs::write(&path, &bytes).unwrap();
        let upload = Upload {
            id: "1".into(),
            key: key.into(),
            path,
            size: size as u64,
            content_type: "video/mp4".into(),
            saved: None,
        };
        (upload, bytes)
    }

    #[tokio::test]
    async fn small_and_big_files_arrive_whole_under_their_keys() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("store");
        let store = NativeStore::open(&at(place.to_str().unwrap())).unwrap();
        for (key, size) in [("dir1/a b_{x}.m4s", 1_000), ("big.mp4", (WHOLE as usize) * 2 + 17)] {
            let (upload, bytes) = upload(dir.path(), key, size);
            let stored = store.put(&upload, &NoProgress).await.unwrap();
            assert!(stored.url.starts_with("file://"), "{}", stored.url);
            let there = std::fs::read(store.folder().unwrap().join(key)).unwrap();
            assert!(there == bytes, "{key}");
            assert_eq!(store.remove(key).await.unwrap(), Removal::Removed);
            assert_eq!(store.remove(key).await.unwrap(), Removal::Removed, "gone is gone");
            assert!(!store.folder().unwrap().join(key).exists());
        }
    }

    #[tokio::test]
    async fn a_wrong_length_and_a_missing_file_are_said() {
        let dir = tempfile::tempdir().unwrap();
        let store = NativeStore::open(&at(dir.path().to_str().unwrap())).unwrap();
        let (whole, _) = upload(dir.path(), "x", 10);
        let short = Upload { size: 11, ..whole.clone() };
        let error = store.put(&short, &NoProgress).await.unwrap_err();
        assert!(matches!(error, UploadError::Transient { .. }), "{error}");
        let gone = Upload { path: dir.path().join("gone"), ..whole };
        let error = store.put(&gone, &NoProgress).await.unwrap_err();
        assert!(matches!(error, UploadError::File { .. }), "{error}");
    }

    #[test]
    fn urls_are_opened_by_scheme_and_shown_without_credentials() {
        let options = BTreeMap::from([("aws_region".to_owned(), Secret::new("eu-west-1".into()))]);
        let config = StorageConfig { options, ..at("s3://bucket/prefix") };
        let store = NativeStore::open(&config).unwrap();
        assert_eq!(store.shown(), "s3://bucket/prefix/");
        assert!(store.folder().is_none());
        assert!(NativeStore::open(&at("nonsense://x")).is_err());
    }

    #[tokio::test]
    async fn a_bucket_learns_what_may_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        for (playlist_max_age, playlists) in [(0, "no-cache"), (3, "max-age=3")] {
            let config = StorageConfig { playlist_max_age, ..at("memory:///") };
            let store = NativeStore::open(&config).unwrap();
            for (key, kind, kept) in [
                ("a.m3u8", "application/vnd.apple.mpegurl", playlists),
                ("a.m4s", "video/mp4", "max-age=31536000, immutable"),
                ("a.jpg", "image/jpeg", "max-age=31536000, immutable"),
            ] {
                for size in [10, WHOLE as usize + 1] {
                    let (upload, _) = upload(dir.path(), key, size);
                    let upload = Upload { content_type: kind.into(), ..upload };
                    store.put(&upload, &NoProgress).await.unwrap();
                    let there = store.store.get(&Key::from(key)).await.unwrap();
                    let said = |attribute| there.attributes.get(&attribute).map(|said| &**said);
                    assert_eq!(said(Attribute::CacheControl), Some(kept), "{key} of {size}");
                    assert_eq!(said(Attribute::ContentType), Some(kind), "{key} of {size}");
                }
            }
        }
    }
}
