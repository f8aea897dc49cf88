//! How an outbox works, and through what.

use std::sync::Arc;
use std::time::Duration;

use capstan_archive::target::StorageTarget;

use crate::ports::{Callbacks, Maker, Storages};
use crate::retry::BackOff;

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
    /// What a storage refused is given up so long after its recording ended. `None`: never.
    pub refused_give_up_after: Option<Duration>,
    /// How events are sent again.
    pub events: EventSettings,
    /// For how long an ended recording is remembered after everything has left.
    pub remember: Duration,
    /// Ended recordings that are remembered at most.
    pub remember_most: usize,
    /// Events of a recording that can be replayed: the latest.
    pub history: u64,
    /// When it is looked, after a recording's end, whether its playlist is still the last one, if an
    /// attempt to put it got no answer.
    pub look_back: [Duration; 3],
}

/// How events are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSettings {
    /// The first pause after a failure; it doubles with each further one.
    pub retry_first: Duration,
    /// The longest pause between attempts.
    pub retry_longest: Duration,
    /// An event that nobody took for this long is given up. `None`: never.
    pub give_up_after: Option<Duration>,
}

impl EventSettings {
    pub(super) const fn back_off(self) -> BackOff {
        BackOff { first: self.retry_first, longest: self.retry_longest }
    }
}

impl Default for OutboxSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            most_uploads: 32,
            retry_first: Duration::from_millis(500),
            retry_longest: Duration::from_secs(60),
            uploads_give_up_after: None,
            refused_give_up_after: None,
            events: EventSettings {
                retry_first: Duration::from_millis(500),
                retry_longest: Duration::from_secs(300),
                give_up_after: None,
            },
            remember: Duration::from_secs(60 * 60),
            remember_most: 10_000,
            history: 10_000,
            look_back: [60, 300, 900].map(Duration::from_secs),
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
    /// Makes files that are owed before they are there.
    pub maker: Arc<dyn Maker>,
}
