//! Clears away the working folders of recordings that are wholly in their store, and forgets what is too old.
//!
//! A folder goes only when every file of its recording was delivered and tapes need not be kept. A
//! recording in a folder of this machine is played from there afterwards; one in a distant bucket
//! stays playable here for an hour.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use capstan_media::time::{RoomClock, RoomTime};
use capstan_outbox::Outbox;
use capstan_outbox::outcome::{Delivered, Outcome};

use crate::recorder::Recorder;
use crate::session::Found;
use crate::store::NativeStore;

/// How often it looks.
const ROUND: Duration = Duration::from_secs(60);
/// How long a recording in a distant bucket stays playable from here.
const PLAYABLE: Duration = Duration::from_secs(3_600);

/// Looks after working folders.
#[derive(Clone)]
pub struct Janitor {
    /// Knows which recordings are over.
    pub recorder: Arc<Recorder>,
    /// Knows what has left.
    pub outbox: Outbox,
    /// Where recordings are played from afterwards.
    pub store: Arc<NativeStore>,
    /// The process's clock.
    pub clock: Arc<dyn RoomClock>,
    /// One folder a recording.
    pub work_dir: PathBuf,
    /// Whether folders stay for their tapes.
    pub keep_tapes: bool,
}

impl Janitor {
    /// Looks after the working folders until it is dropped.
    pub async fn run(self) {
        let mut rounds = tokio::time::interval(ROUND);
        loop {
            rounds.tick().await;
            let round = self.clone();
            let swept = tokio::task::spawn_blocking(move || round.sweep()).await;
            if let Ok(Err(error)) = swept {
                tracing::warn!(%error, "working folders can't be cleared away");
            }
            let outbox = self.outbox.clone();
            let tidied = tokio::task::spawn_blocking(move || outbox.tidy()).await;
            if let Ok(Err(error)) = tidied {
                tracing::warn!(%error, "what is too old can't be forgotten");
            }
        }
    }

    /// One round; blocks on the disk.
    fn sweep(&self) -> std::io::Result<()> {
        if self.keep_tapes {
            return Ok(());
        }
        for entry in std::fs::read_dir(&self.work_dir)? {
            let entry = entry?;
            let Ok(sid) = entry.file_name().into_string() else { continue };
            if !matches!(self.recorder.find(&sid), Found::Over(_)) {
                continue;
            }
            let Some(outcome) = self.outbox.outcome(&sid) else { continue };
            let changed = entry.metadata()?.modified()?;
            let changed = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
            let changed = i64::try_from(changed.as_micros()).unwrap_or(i64::MAX);
            let changed = RoomTime::from_micros(changed);
            if may_go(&outcome, self.is_here(&outcome), changed, &self.clock) {
                std::fs::remove_dir_all(entry.path())?;
                tracing::debug!(sid, "working folder cleared away");
            }
        }
        Ok(())
    }

    /// Whether the recording can be played from the own store's folder.
    fn is_here(&self, outcome: &Outcome) -> bool {
        let place = |key: &String| -> Option<PathBuf> { Some(self.store.folder()?.join(key)) };
        let keys = outcome.files.iter().map(|file| &file.key);
        keys.map(place).all(|path| path.is_some_and(|path| path.exists()))
    }
}

fn may_go(outcome: &Outcome, is_here: bool, changed: RoomTime, clock: &Arc<dyn RoomClock>) -> bool {
    if outcome.failure.is_some() {
        return false;
    }
    match outcome.delivered {
        // What is only in the backup store is moved from here.
        Delivered::Parked | Delivered::BackedUp => false,
        Delivered::Nothing => true,
        Delivered::Uploaded => is_here || clock.now().since(changed) > PLAYABLE,
    }
}

#[cfg(test)]
mod tests {
    use capstan_archive::facts::StopReason;

    use super::*;

    struct At(i64);

    impl RoomClock for At {
        fn now(&self) -> RoomTime {
            RoomTime::from_millis(self.0)
        }
    }

    #[test]
    fn nothing_goes_that_may_still_be_needed() {
        let outcome = |delivered, failure: Option<&str>| Outcome {
            stopped: StopReason::Asked,
            files: Vec::new(),
            delivered,
            failure: failure.map(str::to_owned),
        };
        let uploaded = outcome(Delivered::Uploaded, None);
        let zero = RoomTime::from_millis(0);
        let at = |millis| -> Arc<dyn RoomClock> { Arc::new(At(millis)) };
        assert!(may_go(&uploaded, true, zero, &at(1)));
        assert!(!may_go(&uploaded, false, zero, &at(3_600_000)));
        assert!(may_go(&uploaded, false, zero, &at(3_600_001)));
        assert!(may_go(&outcome(Delivered::Nothing, None), false, zero, &at(1)));
        assert!(!may_go(&outcome(Delivered::Parked, None), true, zero, &at(9_000_000)));
        let failed = outcome(Delivered::Uploaded, Some("disk full"));
        assert!(!may_go(&failed, true, zero, &at(9_000_000)));
    }
}
