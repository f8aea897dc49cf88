//! How an outbox works, and through what.

use std::sync::Arc;
use std::time::Duration;

use crate::ports::{Callbacks, StorageTarget, Storages};

/// How the outbox works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxSettings {
    /// Uploads that may run at once to one bucket: one that hangs doesn't hold up the others.
    pub concurrency: usize,
    /// Uploads that may run at once in all.
    pub most_uploads: usize,
    /// The first pause after a failure; it doubles with each further one.
    pub retry_first: Duration,
    /// The longest pause between attempts.
    pub retry_longest: Duration,
    /// An upload that failed for this long goes to the backup store, or is parked if there is none.
    /// `None`: never.
    pub uploads_give_up_after: Option<Duration>,
    /// An event that nobody took for this long is dropped. `None`: never.
    pub events_give_up_after: Option<Duration>,
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            most_uploads: 32,
            retry_first: Duration::from_millis(500),
            retry_longest: Duration::from_secs(60),
            uploads_give_up_after: None,
            events_give_up_after: None,
        }
    }
}

/// Through what uploads and events leave.
#[derive(Clone)]
pub struct OutboxPorts {
    /// Opens storages.
    pub storages: Arc<dyn Storages>,
    /// Opens callbacks.
    pub callbacks: Arc<dyn Callbacks>,
    /// Where goes what its own storage doesn't take for too long.
    pub backup: Option<StorageTarget>,
}
