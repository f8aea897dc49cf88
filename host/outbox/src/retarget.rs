//! New keys, or another place, for the files of a recording that haven't left, whether it runs or has
//! ended.

use capstan_archive::target::StorageTarget;
use capstan_media::time::RoomTime;
use thiserror::Error;

use crate::books::Books;
use crate::books::change::Change;
use crate::books::ledger::Stage;
use crate::books::owing::Owing;
use crate::books::store::OutboxError;
use crate::outbox::Outbox;
use crate::steps::leftovers;

/// Whether a target is where the files went before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The same by other keys: half-done uploads go on there.
    Same,
    /// Another one: every upload begins anew.
    Other,
}

/// Why a recording's files go where they went before.
#[derive(Debug, Error)]
pub enum RetargetError {
    /// Nobody knows it.
    #[error("recording {sid} neither runs nor is remembered")]
    Unknown {
        /// The recording.
        sid: String,
    },
    /// Nothing of it would go anywhere.
    #[error("recording {sid} has ended and owes no file to any storage")]
    NothingOwed {
        /// The recording.
        sid: String,
    },
    /// It can't be kept.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

impl Outbox {
    /// Where a recording's files go, while it runs or is remembered. It holds keys.
    #[must_use]
    pub fn target(&self, sid: &str) -> Option<StorageTarget> {
        self.keeper.books().ledgers.get(sid).map(|ledger| ledger.target.clone())
    }

    /// Sends a recording's files there from now on, and tries at once whatever hasn't left. A refusal
    /// there is told anew. Blocks for a disk's sync.
    ///
    /// # Errors
    /// Its files go where they went before.
    pub fn retarget(
        &self,
        sid: &str,
        target: &StorageTarget,
        place: Place,
    ) -> Result<(), RetargetError> {
        let mut done = Err(RetargetError::Unknown { sid: sid.to_owned() });
        self.keeper.change(sid, |change, books, now| {
            if change.ledger.stage != Stage::Live && !books.owed(sid).files() {
                done = Err(RetargetError::NothingOwed { sid: sid.to_owned() });
                return;
            }
            redirect(change, books, target, place, now);
            done = Ok(());
        })?;
        done?;
        self.bell.hurry(sid);
        Ok(())
    }
}

/// Sends every file that is owed there, as if it had never failed.
fn redirect(
    change: &mut Change,
    books: &Books,
    target: &StorageTarget,
    place: Place,
    now: RoomTime,
) {
    let before = std::mem::replace(&mut change.ledger.target, target.clone());
    change.ledger.told.refusal = false;
    let owed: Vec<Owing> = books.uploads_of(&change.ledger.sid).cloned().collect();
    for owing in owed {
        if place == Place::Other {
            leftovers::leave_parts(change, &owing, Some(before.clone()), now);
        }
        let fresh =
            Owing { parked: None, failing_since: None, failures: 0, trouble: None, ..owing };
        change.owe.push(match place {
            Place::Same => fresh,
            Place::Other => elsewhere(fresh),
        });
    }
}

/// A file that goes to another place: whatever an attempt at the one before still saves isn't of this
/// version. A copy in the backup store is as good as it was.
fn elsewhere(owing: Owing) -> Owing {
    let version = owing.version + 1;
    let backup = if owing.in_backup() { Some(version) } else { owing.backup };
    Owing { version, saved: None, backup, ..owing }
}
