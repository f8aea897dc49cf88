//! What is still owed, and how a recording ended.

use capstan_archive::facts::{FileFacts, StopReason};
use serde::{Deserialize, Serialize};

/// What a recording, or a whole process, still owes to the outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Files that are to be uploaded.
    pub uploads: u64,
    /// Files whose upload was refused; they wait for the operator.
    pub parked: u64,
    /// Files that are in the backup store and wait for their own.
    #[serde(default)]
    pub backed_up: u64,
    /// Events that are to be delivered.
    pub events: u64,
}

impl Owed {
    /// Whether any file isn't where it belongs yet.
    #[must_use]
    pub const fn files(&self) -> bool {
        self.uploads + self.parked + self.backed_up > 0
    }
}

/// What became of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivered {
    /// Every file is in the bucket.
    Uploaded,
    /// Every file has left, at least one of them only to the backup store.
    BackedUp,
    /// At least one file was refused and is parked, or was given up.
    Parked,
    /// Nobody sent media, so nothing was produced.
    Nothing,
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why it stopped.
    pub stopped: StopReason,
    /// Its playlists; empty if nothing was produced.
    pub files: Vec<FileFacts>,
    /// What became of its files.
    pub delivered: Delivered,
    /// What made it end abnormally.
    pub failure: Option<String>,
}

/// What the outbox knows of one recording, for its handle.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What is still owed.
    pub owed: Owed,
    /// Whether a playlist was uploaded at least once.
    pub first_upload_done: bool,
    /// The playlists and files that there are.
    pub files: Vec<FileFacts>,
    /// Why a file is parked, in the storage's words.
    pub trouble: Option<String>,
    /// What the storage said last of a file that it hasn't taken.
    pub storage_trouble: Option<String>,
    /// How the recording ended, once all of it has left.
    pub outcome: Option<Outcome>,
}
