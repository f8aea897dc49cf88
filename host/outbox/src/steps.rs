//! One attempt each at what may leave or be made now, and what its end means for the books.

pub(crate) mod assembly;
mod backup;
pub(crate) mod cargo;
mod conceal;
pub(crate) mod events;
pub(crate) mod leftovers;
pub(crate) mod look_back;
pub(crate) mod tail;
pub(crate) mod uploads;

use std::sync::Arc;
use std::time::Duration;

use crate::books::store::OutboxError;
use crate::keeper::Keeper;
/// How a job went; what it means for the books is already on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It left, or nothing will be tried any more.
    Settled,
    /// A playlist left in part or has nothing new: other files must leave first.
    WaitsForFiles {
        /// The checksum of what is in the bucket.
        sent: u32,
    },
    /// It counts for nothing and may be tried at once.
    AtOnce,
    /// It failed and is to be tried again.
    Again { asked: Option<Duration> },
    /// The same, and the backup store has it meanwhile.
    InBackup { asked: Option<Duration> },
}

/// Runs a change, which waits for the disk, where waiting is allowed.
pub(crate) async fn on_disk<T: Send + 'static>(
    keeper: &Arc<Keeper>,
    work: impl FnOnce(&Keeper) -> Result<T, OutboxError> + Send + 'static,
) -> Result<T, String> {
    let keeper = Arc::clone(keeper);
    match tokio::task::spawn_blocking(move || work(&keeper)).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Makes files where waiting is allowed, and notes what came of it: `work` answers whether they are to be
/// made again, as they are if it can't be noted.
pub(crate) async fn making(
    keeper: &Arc<Keeper>,
    what: &str,
    work: impl FnOnce(&Keeper) -> Result<bool, OutboxError> + Send + 'static,
) -> Verdict {
    match on_disk(keeper, work).await {
        Ok(false) => Verdict::Settled,
        Ok(true) => Verdict::Again { asked: None },
        Err(reason) => {
            tracing::error!(%reason, "{what} can't be noted; it is made again");
            Verdict::Again { asked: None }
        }
    }
}
