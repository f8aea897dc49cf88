//! What the recording API takes, as it stands in JSON: every type, default, range and relation.
//!
//! Requests are read into these values; what they mean for a recording is decided in `convert`. Which
//! fields are known but not served is in `unserved`.

mod acquire;
mod layout;
mod start;
mod storage;
mod subscription;
mod transcoding;
mod update;

use capstan_archive::settings::RecordingSettings;
use capstan_media::time::RoomTime;

pub(crate) use self::acquire::AcquireRequest;
pub(crate) use self::layout::{LayoutKind, LayoutRequest};
pub(crate) use self::start::{IndividualRequest, MixRequest, SnapshotRequest, StartRequest, Work};
pub(crate) use self::storage::{Credentials, StorageChange, StorageRequest};
pub(crate) use self::transcoding::Transcoding;
pub(crate) use self::update::UpdateRequest;
use super::super::error::{ApiError, Code};
use super::read::{BadField, Object};

/// How a room is recorded, as the URL says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everybody apart.
    Individual,
    /// Everybody in one.
    Mix,
}

impl Mode {
    /// The modes by their names in the URL.
    pub(crate) const NAMES: [&'static str; 2] = ["individual", "mix"];

    /// Reads the part of the URL.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let refuse = |detail: &str| Err(ApiError::new(Code::InvalidParameter, detail));
        match text {
            "individual" => Ok(Self::Individual),
            "mix" => Ok(Self::Mix),
            "web" => refuse(
                "mode web: this server records rooms, it doesn't record web pages; use mode mix or \
                 individual in the URL",
            ),
            _ => refuse("the mode in the URL is unknown; use mix or individual, in lower case"),
        }
    }

    /// The mode of a recording.
    pub(crate) const fn of(settings: &RecordingSettings) -> Self {
        match settings.mode {
            capstan_archive::settings::Mode::Mix(_) => Self::Mix,
            capstan_archive::settings::Mode::Individual(_)
            | capstan_archive::settings::Mode::SnapshotsOnly => Self::Individual,
        }
    }

    /// Its name in the URL.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Mix => "mix",
        }
    }
}

/// `stop`'s `clientRequest`: whether the answer may come before the uploads are done.
pub(crate) fn read_stop(request: Object<'_>) -> Result<bool, BadField> {
    request.flag("async_stop")
}

/// The moment of a request, for fields that hold a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now(pub(crate) RoomTime);

#[cfg(test)]
mod tests;
