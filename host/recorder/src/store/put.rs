//! Puts a file into a store, whole or in parts, and looks before anything is believed: a yes must be true,
//! and what a lost answer meant is found out.

use capstan_outbox::ports::{Holding, Late, Stored, Upload, UploadError};
use md5::{Digest, Md5};
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, Error, ObjectMeta, ObjectStoreExt, PutMultipartOptions, PutOptions,
    WriteMultipart,
};
use tokio::io::AsyncReadExt;

use super::NativeStore;

/// Larger files go up in parts.
pub(super) const WHOLE: u64 = 8 << 20;
/// The size of a part; stores want at least 5 MiB.
const PART: usize = 8 << 20;
/// Parts under way at once: with their size, the memory that one upload takes.
const PARTS_AT_ONCE: usize = 2;

/// For how long a file may be kept that never changes: its name has the recording's id in it.
const FOR_EVER: &str = "max-age=31536000, immutable";
/// The media type of what is put again under the same key.
const PLAYLIST: &str = "application/vnd.apple.mpegurl";

impl NativeStore {
    /// Uploads a file. The store lists it with the right length when this succeeds.
    pub(super) async fn upload(&self, upload: &Upload) -> Result<Stored, UploadError> {
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
            return Err(for_now(upload, reason));
        }
        Ok(Stored { url: format!("{}{}", self.shown, upload.key), late: self.late(upload) })
    }

    /// The library repeats requests by itself and doesn't tell. A folder carries nothing out later, and no
    /// other file is put twice.
    fn late(&self, upload: &Upload) -> Late {
        let again = self.folder.is_none() && upload.content_type == PLAYLIST;
        if again { Late::Possible } else { Late::Nothing }
    }

    /// Reads back what is there and compares it.
    pub(super) async fn compare(&self, upload: &Upload) -> Result<Holding, UploadError> {
        let failed = |error: Error| self.failed(&upload.key, &error);
        let key = self.key(&upload.key).map_err(failed)?;
        let wanted = tokio::fs::read(&upload.path).await.map_err(|error| file(upload, &error))?;
        let there = match self.store.get(&key).await {
            Ok(there) => there,
            Err(Error::NotFound { .. }) => return Ok(Holding::Other),
            Err(error) => return Err(failed(error)),
        };
        if there.meta.size != wanted.len() as u64 {
            return Ok(Holding::Other);
        }
        let there = there.bytes().await.map_err(failed)?;
        Ok(if there == wanted { Holding::Same } else { Holding::Other })
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
        // What was there before isn't what arrives now, unless its tag says so.
        let before = match self.store.head(key).await {
            Ok(before) => Some(before),
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(self.failed(&upload.key, &error)),
        };
        let started = self.store.put_multipart_opts(key, options).await;
        let started = started.map_err(|error| self.failed(&upload.key, &error))?;
        let mut parts = WriteMultipart::new_with_chunk_size(started, PART);
        let tag = match self.send_parts(upload, &mut parts).await {
            Ok(tag) => tag,
            Err(error) => {
                // Best effort: what is left behind costs space, not the recording.
                if let Err(error) = parts.abort().await {
                    tracing::warn!(key = upload.key, %error, "parts of a failed upload remain");
                }
                return Err(error);
            }
        };
        let Err(error) = parts.finish().await else { return Ok(()) };
        // The answer to an end that worked may be lost, and a second one finds no such upload.
        if self.arrived(upload, key, before.as_ref(), &tag).await {
            tracing::info!(key = upload.key, %error, "the store said no to what it has");
            return Ok(());
        }
        Err(self.interrupted(upload, &error))
    }

    /// Whether the object is there as it was sent, whatever the store answered to the end of its upload.
    async fn arrived(
        &self,
        upload: &Upload,
        key: &Key,
        before: Option<&ObjectMeta>,
        tag: &str,
    ) -> bool {
        let Ok(there) = self.store.head(key).await else { return false };
        let new = before.is_none_or(|before| {
            (&before.e_tag, &before.version, before.last_modified)
                != (&there.e_tag, &there.version, there.last_modified)
        });
        let ours = there.e_tag.as_deref().is_some_and(|there| there.trim_matches('"') == tag);
        there.size == upload.size && (new || ours)
    }

    /// Sends the parts. Answers the tag that stores of S3's kind give to an object of them.
    async fn send_parts(
        &self,
        upload: &Upload,
        parts: &mut WriteMultipart,
    ) -> Result<String, UploadError> {
        let opened = tokio::fs::File::open(&upload.path).await;
        let mut source = opened.map_err(|error| file(upload, &error))?;
        let (mut digests, mut count) = (Md5::new(), 0);
        loop {
            parts
                .wait_for_capacity(PARTS_AT_ONCE)
                .await
                .map_err(|error| self.interrupted(upload, &error))?;
            let mut part = bytes::BytesMut::with_capacity(PART);
            while part.len() < PART {
                let read =
                    source.read_buf(&mut part).await.map_err(|error| file(upload, &error))?;
                if read == 0 {
                    break;
                }
            }
            if part.is_empty() {
                return Ok(format!("{}-{count}", hex::encode(digests.finalize())));
            }
            digests.update(Md5::digest(&part));
            count += 1;
            parts.put(part.freeze());
        }
    }

    /// The error of an upload in parts that had begun: a store that knows nothing of it has forgotten the
    /// upload, not the bucket.
    fn interrupted(&self, upload: &Upload, error: &Error) -> UploadError {
        match error {
            Error::NotFound { .. } => {
                for_now(upload, format!("the store has forgotten the upload: {error}"))
            }
            error => self.failed(&upload.key, error),
        }
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
}

fn for_now(upload: &Upload, reason: String) -> UploadError {
    UploadError::Transient { key: upload.key.clone(), reason, retry_after_ms: None }
}

fn file(upload: &Upload, error: &std::io::Error) -> UploadError {
    UploadError::File { key: upload.key.clone(), reason: error.to_string() }
}
