//! Ports: what the outbox asks of the outside, in its own words.
//!
//! `capstan-plugin` implements them with sandboxed components, the process with its native stores,
//! tests with plain Rust. Nothing here names a vendor, a plugin system or an HTTP library.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use capstan_archive::tail::Tail;
pub use capstan_archive::target::StorageTarget;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A future behind a pointer, so that ports can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

// --- plugins --------------------------------------------------------------------------------

/// A plugin broke its contract: never the end of a recording.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("plugin {plugin} faulted ({kind}): {detail}")]
pub struct Fault {
    /// The plugin's name.
    pub plugin: String,
    /// Its class.
    pub kind: FaultKind,
    /// For the operator's eyes; holds no secret.
    pub detail: String,
}

/// Classes of faults, as metrics and events name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It trapped (a panic, an illegal access).
    Trapped,
    /// It used up its time.
    OutOfTime,
    /// It asked for more memory than its budget.
    OutOfMemory,
    /// It answered something malformed, over-size or out of range.
    BadAnswer,
    /// It asked for something it wasn't granted.
    Refused,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trapped => "trapped",
            Self::OutOfTime => "out_of_time",
            Self::OutOfMemory => "out_of_memory",
            Self::BadAnswer => "bad_answer",
            Self::Refused => "refused",
        })
    }
}

// --- storage --------------------------------------------------------------------------------

/// Opens storages by target.
pub trait Storages: Send + Sync {
    /// Checks the configuration and readies the storage. No request leaves yet.
    ///
    /// # Errors
    /// Unknown storage or a configuration that it refuses.
    fn open(&self, target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError>;
}

/// Puts files into one bucket. Many uploads run at once.
pub trait Storage: Send + Sync {
    /// Uploads one file and verifies that it arrived whole. May be repeated with the same key.
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>>;

    /// Undoes what earlier attempts of an upload that is given up left behind (parts of a multipart
    /// upload). A storage that leaves nothing behind has nothing to do.
    fn abandon<'a>(
        &'a self,
        _upload: &'a Upload,
        _progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<(), UploadError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether the object is still what was put there. Most storages may only put.
    fn holds<'a>(&'a self, _upload: &'a Upload) -> BoxFuture<'a, Result<Holding, UploadError>> {
        Box::pin(std::future::ready(Ok(Holding::Unknown)))
    }

    /// Removes an object that was put there. Most storages may only put.
    fn remove<'a>(&'a self, _key: &'a str) -> BoxFuture<'a, Result<Removal, UploadError>> {
        Box::pin(std::future::ready(Ok(Removal::Unsupported)))
    }
}

/// What came of [`Storage::remove`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The object is gone.
    Removed,
    /// This storage can't remove anything: the object stays.
    Unsupported,
}

/// One file that must reach a bucket.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Unique and the same at every attempt.
    pub id: String,
    /// The object's key: `prefix/name`.
    pub key: String,
    /// The file; it doesn't change during the attempt.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// Its media type.
    pub content_type: String,
    /// What an earlier attempt saved, to go on from there.
    pub saved: Option<Vec<u8>>,
}

/// Keeps an attempt's state so that a later one can go on.
pub trait UploadProgress: Send + Sync {
    /// Durable when it returns; a failure is logged and costs only a repeated upload.
    fn save(&self, state: Vec<u8>);
}

/// All that is wrong with a configuration. It repeats no value: one may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// A JSON pointer into it (RFC 6901), empty for the whole.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Mistake { pointer, message }) in self.0.iter().enumerate() {
            let between = if at == 0 { "" } else { "; " };
            let pointer = if pointer.is_empty() { "configuration" } else { pointer };
            write!(f, "{between}{pointer}: {message}")?;
        }
        if self.0.is_empty() { f.write_str("refused without a word") } else { Ok(()) }
    }
}

/// The object is in the bucket, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where, without credentials.
    pub url: String,
    /// What may come after it.
    pub late: Late,
}

/// Whether a store may still carry out an earlier request, over what it has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// Every request was answered.
    Nothing,
    /// One was sent that got no answer, or nobody can tell.
    Possible,
}

/// What came of [`Storage::holds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Byte for byte what was put.
    Same,
    /// Something else, or nothing.
    Other,
    /// This storage can't be asked.
    Unknown,
}

impl UploadError {
    /// The failure's class, as logs and metrics name it.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Transient { .. } => "transient",
            Self::Rejected { .. } | Self::BadConfig { .. } => "rejected",
            Self::Fault(_) => "fault",
            Self::File { .. } => "file",
        }
    }
}

/// Why an upload attempt failed.
#[derive(Debug, Error, Clone)]
pub enum UploadError {
    /// The same attempt may succeed later: throttled, server error, time-out, no network.
    #[error("upload of {key} failed for now: {reason}")]
    Transient {
        /// The object's key.
        key: String,
        /// The vendor's or the network's words.
        reason: String,
        /// The vendor asked to wait this many milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// Nothing will change until the operator does: wrong keys, no bucket, denied.
    #[error("storage {storage} refused: {code}: {reason}")]
    Rejected {
        /// Which storage.
        storage: String,
        /// A class from the storage contract, `bad-credentials` for example.
        code: String,
        /// The vendor's own code and words.
        reason: String,
    },
    /// The storage doesn't take its configuration; nothing was sent.
    #[error("storage {storage} refused: bad-config: {mistakes}")]
    BadConfig {
        /// Which storage.
        storage: String,
        /// What is wrong with it.
        mistakes: Mistakes,
    },
    /// The storage plugin broke its contract.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The file to upload can't be read.
    #[error("file of upload {key} can't be read: {reason}")]
    File {
        /// The object's key.
        key: String,
        /// The system's words.
        reason: String,
    },
}

// --- callback -------------------------------------------------------------------------------

/// Opens the callback of an app by its id.
pub trait Callbacks: Send + Sync {
    /// `None` if the app wants no events.
    ///
    /// # Errors
    /// The callback is configured wrongly; events stay owed.
    fn open(&self, app: &str) -> Result<Option<Arc<dyn Callback>>, DeliveryError>;
}

/// Tells an operator's server what happens.
pub trait Callback: Send + Sync {
    /// Delivers one event.
    fn deliver<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<Delivery, DeliveryError>>;
}

/// One event on its way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The same at every delivery of the event.
    pub id: String,
    /// The app it belongs to.
    pub app: String,
    /// The room's name.
    pub room: String,
    /// The recorder's uid.
    pub recorder_uid: u32,
    /// The recording.
    pub sid: String,
    /// 0, 1, 2, ... within the recording, without gaps.
    pub sequence: u64,
    /// When it happened, Unix milliseconds.
    pub at_ms: i64,
    /// What happened: the event's stable name, `recorder_started` for example.
    pub kind: String,
    /// Facts of that kind: a JSON object.
    pub details: serde_json::Value,
    /// 0 at the first delivery.
    pub attempt: u32,
}

/// How a delivery ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it.
    Delivered,
    /// The callback isn't interested in this kind.
    Ignored,
}

/// Why a delivery failed.
#[derive(Debug, Error, Clone)]
pub enum DeliveryError {
    /// Worth trying again.
    #[error("event {id} not delivered: {reason}")]
    Transient {
        /// The notice's id.
        id: String,
        /// What the server or the network said.
        reason: String,
    },
    /// Not worth it.
    #[error("event {id} can't be delivered: {reason}")]
    Rejected {
        /// The notice's id.
        id: String,
        /// Why.
        reason: String,
    },
    /// The callback plugin broke its contract.
    #[error(transparent)]
    Fault(#[from] Fault),
}

// --- maker ----------------------------------------------------------------------------------

/// Makes files of what lies in a recording's folder: those that are owed before they are there. Its
/// work may be broken off and done again any number of times.
pub trait Maker: Send + Sync {
    /// Makes segments of what the tapes of a recording whose process died hold behind its last ones, and
    /// ends its playlists. Blocks for as long as decoding all of it takes.
    ///
    /// # Errors
    /// Nothing is made, or not all; [`MakingError::Stopped`] once `wanted.stop` is set.
    fn tail(&self, wanted: WantedTail<'_>) -> Result<Tail, MakingError>;

    /// Makes one MP4 file of segments that are on disk. Returns its length. Blocks on the disk.
    ///
    /// # Errors
    /// The file isn't there then.
    fn mp4(&self, wanted: &WantedMp4) -> Result<u64, MakingError>;
}

/// The tail of a recording that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct WantedTail<'a> {
    /// The recording's folder.
    pub folder: &'a Path,
    /// Whether MP4 files are to be made of it.
    pub mp4: bool,
    /// Breaks it off.
    pub stop: &'a AtomicBool,
}

/// An MP4 file that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedMp4 {
    /// The init segment of all of its segments.
    pub init: PathBuf,
    /// Its segments, in fMP4.
    pub segments: Vec<PathBuf>,
    /// Where it is to be.
    pub path: PathBuf,
}

/// Why files weren't made.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum MakingError {
    /// A disk refused: the same may succeed later.
    #[error("{reason}")]
    ForNow {
        /// Which file, and the system's words.
        reason: String,
    },
    /// It is made of what no file can be made of: trying again doesn't help.
    #[error("{reason}")]
    ForGood {
        /// What is wrong with it.
        reason: String,
    },
    /// It was broken off.
    #[error("making files was broken off")]
    Stopped,
}
