//! What every thread of a recording may read, and none may change.

use std::path::PathBuf;
use std::sync::Arc;

use capstan_archive::settings::RecordingSettings;
use capstan_media::time::{RoomClock, RoomTime};

/// One recording's settings, folder and clock.
pub(crate) struct Basics {
    pub(crate) settings: RecordingSettings,
    /// `<work_dir>/<sid>`.
    pub(crate) folder: PathBuf,
    pub(crate) clock: Arc<dyn RoomClock>,
}

impl Basics {
    /// The recording.
    pub(crate) fn sid(&self) -> &str {
        &self.settings.sid
    }

    /// The time now.
    pub(crate) fn now(&self) -> RoomTime {
        self.clock.now()
    }
}
