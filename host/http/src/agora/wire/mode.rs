//! The part of the URL that says how a room is recorded.

use capstan_archive::settings::RecordingSettings;
use capstan_outbox::ModeName;

use crate::agora::error::{ApiError, Code};

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

    /// The mode of what was made of a room.
    pub(crate) const fn made(mode: ModeName) -> Self {
        match mode {
            ModeName::Mix => Self::Mix,
            ModeName::Individual | ModeName::Snapshots => Self::Individual,
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
