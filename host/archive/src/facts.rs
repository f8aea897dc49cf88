//! Facts about a recording that outlive it: why it stopped, and what its files hold.

use capstan_media::time::RoomTime;
use capstan_media::track::Uid;
use serde::{Deserialize, Serialize};

use crate::settings::TrackType;

/// Why a recording stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Somebody asked for it.
    Asked,
    /// Nobody sent media for the recording's idle time.
    Idle,
    /// The process shuts down.
    Shutdown,
    /// It couldn't go on.
    Failed,
}

/// One file of a recording, as events and answers list it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// The object's key, prefix included.
    pub key: String,
    /// What it holds.
    pub tracks: TrackType,
    /// Room time of its start.
    pub start: RoomTime,
    /// Whose it is; `None` for everybody's in one.
    #[serde(default)]
    pub uid: Option<Uid>,
    /// Whether a browser's player can be expected to play it.
    #[serde(default = "yes")]
    pub playable: bool,
}

impl FileFacts {
    /// A file of everybody in one, as every player takes it.
    #[must_use]
    pub const fn mixed(key: String, tracks: TrackType, start: RoomTime) -> Self {
        Self { key, tracks, start, uid: None, playable: true }
    }
}

const fn yes() -> bool {
    true
}
