//! One file that is owed, and what is to be removed at stores.

use std::path::PathBuf;
use std::time::Duration;

use capstan_archive::target::StorageTarget;
use capstan_media::time::RoomTime;
use serde::{Deserialize, Serialize};

/// One file that is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owing {
    pub(crate) sid: String,
    pub(crate) key: String,
    pub(crate) path: PathBuf,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    pub(crate) order: u64,
    /// Grows when a file is owed again before it left.
    pub(crate) version: u64,
    /// The file is rewritten while it is owed; what leaves is a copy of its true part.
    pub(crate) is_playlist: bool,
    pub(crate) failures: u32,
    pub(crate) failing_since: Option<RoomTime>,
    /// What an attempt saved, in hex.
    pub(crate) saved: Option<String>,
    /// Why nobody tries any more.
    pub(crate) parked: Option<String>,
    /// What the storage said last, if it hasn't taken the file.
    #[serde(default)]
    pub(crate) trouble: Option<String>,
    /// The version that the backup store has.
    #[serde(default)]
    pub(crate) backup: Option<u64>,
}

impl Owing {
    pub(crate) const fn new(
        sid: String,
        key: String,
        path: PathBuf,
        content_type: String,
        size: u64,
    ) -> Self {
        Self {
            sid,
            key,
            path,
            content_type,
            size,
            order: 0,
            version: 0,
            is_playlist: false,
            failures: 0,
            failing_since: None,
            saved: None,
            parked: None,
            trouble: None,
            backup: None,
        }
    }

    /// The new form of a file that is owed already. What was saved is of the old one.
    pub(crate) fn instead_of(self, before: &Self) -> Self {
        Self {
            version: before.version + 1,
            failures: before.failures,
            failing_since: before.failing_since,
            parked: before.parked.clone(),
            trouble: before.trouble.clone(),
            backup: before.backup,
            ..self
        }
    }

    /// The upload's id: unique, and the same at every attempt.
    pub(crate) fn id(&self) -> String {
        format!("{}:{}:{}", self.sid, self.key, self.version)
    }

    /// Whether it is no playlist.
    pub(crate) const fn is_file(&self) -> bool {
        !self.is_playlist
    }

    /// Whether the backup store has it as it is now.
    pub(crate) fn in_backup(&self) -> bool {
        self.backup == Some(self.version)
    }
}

/// Something at a store that is to be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leftover {
    pub(crate) sid: String,
    pub(crate) order: u64,
    pub(crate) key: String,
    pub(crate) rest: Rest,
    /// When it became one.
    pub(crate) since: RoomTime,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rest {
    /// Parts of an upload that was given up, or went on at another storage.
    Parts {
        /// The upload's id.
        id: String,
        size: u64,
        content_type: String,
        /// What an attempt saved, in hex.
        saved: String,
        /// Where they are, if that isn't the recording's own storage.
        #[serde(default)]
        at: Option<StorageTarget>,
    },
    /// An object in the backup store that isn't needed any more.
    Copy,
    /// Nothing yet: an older playlist may still come over the last one.
    Look(Look),
}

/// A playlist that is looked back at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    /// The playlist on this machine.
    pub(crate) path: PathBuf,
    /// Where it was put.
    pub(crate) bucket: String,
    /// How often it was looked at.
    pub(crate) done: usize,
}

impl Leftover {
    /// Whether it is a playlist that is looked back at.
    pub(crate) const fn is_look(&self) -> bool {
        matches!(self.rest, Rest::Look(_))
    }

    /// From when on something is to be done about it. A playlist is looked at so long after its end.
    pub(crate) fn due(&self, look_back: &[Duration]) -> RoomTime {
        match &self.rest {
            Rest::Look(look) => self.since + look_back.get(look.done).copied().unwrap_or_default(),
            Rest::Parts { .. } | Rest::Copy => self.since,
        }
    }
}
