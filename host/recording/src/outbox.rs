//! What must still leave the process: uploads and events, durable.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use capstan_media::time::RoomClock;
use thiserror::Error;

use crate::ports::{Callbacks, Storages};
use crate::status::{Outcome, Owed};

/// The durable outbox of a process. Clones are the same outbox.
#[derive(Clone)]
pub struct Outbox {}

/// How the outbox works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxSettings {
    /// Uploads that may run at once.
    pub concurrency: usize,
    /// The first pause after a failure; it doubles with each further one.
    pub retry_first: Duration,
    /// The longest pause between attempts.
    pub retry_longest: Duration,
    /// An upload or event that failed for this long is parked. `None`: never.
    pub give_up_after: Option<Duration>,
}

/// Through what uploads and events leave.
#[derive(Clone)]
pub struct OutboxPorts {
    /// Opens storages.
    pub storages: Arc<dyn Storages>,
    /// Opens callbacks.
    pub callbacks: Arc<dyn Callbacks>,
}

/// The outbox's file can't be opened, read or written.
#[derive(Debug, Error)]
#[error("outbox {path}: {reason}")]
pub struct OutboxError {
    /// The file.
    pub path: String,
    /// The system's or the database's words.
    pub reason: String,
}

/// A file that is owed or parked, as an operator may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedUpload {
    /// The recording.
    pub sid: String,
    /// The object's key.
    pub key: String,
    /// Failed attempts so far.
    pub attempts: u32,
    /// Why it is parked, in the vendor's words.
    pub parked: Option<String>,
}

impl Outbox {
    /// Opens or makes the file (mode 0600: it holds credentials) and finishes, from what is on
    /// disk, every recording that was live when the last process died.
    ///
    /// # Errors
    /// The file can't be opened, read or written.
    pub fn open(
        path: &Path,
        settings: OutboxSettings,
        clock: Arc<dyn RoomClock>,
    ) -> Result<Self, OutboxError> {
        let _ = (path, settings, clock);
        todo!()
    }

    /// Recordings that the last process left unfinished, by sid.
    #[must_use]
    pub fn recovered(&self) -> Vec<String> {
        todo!()
    }

    /// Uploads and delivers until the future is dropped; what is owed stays owed. Run it once.
    pub async fn run(&self, ports: OutboxPorts) {
        let _ = ports;
        todo!()
    }

    /// What the whole process owes.
    #[must_use]
    pub fn owed(&self) -> Owed {
        todo!()
    }

    /// The owed files of a recording, or of all.
    #[must_use]
    pub fn uploads(&self, sid: Option<&str>) -> Vec<OwedUpload> {
        let _ = sid;
        todo!()
    }

    /// Tries parked uploads again.
    pub fn retry_parked(&self) {
        todo!()
    }

    /// How a recording ended, while it is remembered.
    #[must_use]
    pub fn outcome(&self, sid: &str) -> Option<Outcome> {
        let _ = sid;
        todo!()
    }
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            retry_first: Duration::from_millis(500),
            retry_longest: Duration::from_secs(60),
            give_up_after: None,
        }
    }
}
