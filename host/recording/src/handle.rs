//! A recording as its owner holds it: start, look, change the layout, stop.

use std::path::PathBuf;
use std::sync::Arc;

use capstan_media::time::RoomClock;
use thiserror::Error;

use crate::outbox::{Outbox, OutboxError};
use crate::ports::{Layout, LayoutError};
use crate::settings::{BadSetting, LayoutChoice, RecordingSettings};
use crate::source::{KeyFrames, RoomEvents};
use crate::status::{Outcome, RecordingStatus, StopReason};

/// Starts recordings.
#[derive(Debug)]
pub struct Recording;

/// What a recording works with.
pub struct Equipment {
    /// The process's room clock.
    pub clock: Arc<dyn RoomClock>,
    /// The room.
    pub events: Box<dyn RoomEvents>,
    /// Asks the room for key frames.
    pub keyframes: Arc<dyn KeyFrames>,
    /// Answers scenes; `settings.layout` names it.
    pub layout: Box<dyn Layout>,
    /// Takes over files and events.
    pub outbox: Outbox,
    /// Holds one folder per recording; the recording's own is made in it.
    pub work_dir: PathBuf,
}

/// Why a recording can't start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting is out of range.
    #[error("recording can't start: {0}")]
    Setting(#[from] BadSetting),
    /// A folder, file or thread can't be made.
    #[error("recording {sid} can't start")]
    Io {
        /// The recording.
        sid: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The outbox can't take it over.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

/// Another layout, or other options for the same one.
pub struct LayoutChange {
    /// Which layout, and its options.
    pub choice: LayoutChoice,
    /// The layout itself if it is another one than now.
    pub layout: Option<Box<dyn Layout>>,
}

/// Why a layout change had no effect; the recording goes on as it was.
#[derive(Debug, Error)]
pub enum UpdateLayoutError {
    /// The recording is over.
    #[error("recording {sid} is over")]
    Over {
        /// The recording.
        sid: String,
    },
    /// The layout didn't take the options.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// A running or ended recording. Clones are the same recording; dropping them doesn't stop it.
#[derive(Clone)]
pub struct RecordingHandle {
    settings: Arc<RecordingSettings>,
}

impl Recording {
    /// Makes the recording's folder, owes its first event and starts its threads. Blocks for a few
    /// milliseconds of disk.
    ///
    /// # Errors
    /// Nothing was started.
    pub fn start(
        settings: RecordingSettings,
        equipment: Equipment,
    ) -> Result<RecordingHandle, StartError> {
        let _ = (settings, equipment);
        todo!()
    }
}

impl RecordingHandle {
    /// What it was asked to do.
    #[must_use]
    pub fn settings(&self) -> &RecordingSettings {
        &self.settings
    }

    /// How it is doing now. Never blocks.
    #[must_use]
    pub fn status(&self) -> RecordingStatus {
        todo!()
    }

    /// Asks the new layout for a scene; on success the next picture shows it.
    ///
    /// # Errors
    /// The recording is over or the layout refused; nothing has changed then.
    pub async fn update_layout(&self, change: LayoutChange) -> Result<(), UpdateLayoutError> {
        let _ = change;
        todo!()
    }

    /// Tells it to end, without waiting. The first reason counts.
    pub fn request_stop(&self, reason: StopReason) {
        let _ = reason;
        todo!()
    }

    /// Waits until the last segment is cut and owed: nothing is recorded any more.
    pub async fn stopped(&self) {
        todo!()
    }

    /// Waits until everything has left: files uploaded (or parked), last event owed.
    pub async fn finished(&self) -> Outcome {
        todo!()
    }
}
