//! What is to be removed at stores: parts of uploads that were given up, copies in the backup store that
//! aren't needed any more.
//!
//! A leftover is on disk before anybody tries to remove it, and is tried until it is gone, refused for
//! good or a week old; what remains after that is named in the log.

use std::sync::Arc;
use std::time::Duration;

use capstan_archive::target::StorageTarget;
use capstan_media::time::RoomTime;

use super::cargo::Routes;
use super::conceal::concealed;
use super::{Verdict, on_disk};
use crate::books::change::Change;
use crate::books::ledger::Ledger;
use crate::books::owing::{Leftover, Owing, Rest};
use crate::keeper::Keeper;
use crate::ports::{Removal, Upload, UploadError, UploadProgress};

/// Vendors drop half-done uploads themselves after about this long, if they are told to at all.
const PATIENCE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Owes the removal of something.
pub(crate) fn leave(change: &mut Change, key: &str, rest: Rest, now: RoomTime) {
    let ledger = &mut change.ledger;
    let (sid, order) = (ledger.sid.clone(), ledger.next_order);
    ledger.next_order += 1;
    change.leave.push(Leftover { sid, order, key: key.to_owned(), rest, since: now });
}

/// Gives up an owed file: it isn't tried any more, and what its attempts left is to be removed. A copy
/// in the backup store stays there: it is the only one at any store.
pub(crate) fn give_up(change: &mut Change, owing: &Owing, now: RoomTime) {
    change.settle.push(owing.key.clone());
    change.ledger.given_up += 1;
    change.ledger.ended_early = false;
    leave_parts(change, owing, None, now);
}

/// Owes the removal of what attempts left at a storage: that of `at`, or else the recording's own.
pub(crate) fn leave_parts(
    change: &mut Change,
    owing: &Owing,
    at: Option<StorageTarget>,
    now: RoomTime,
) {
    if let Some(saved) = owing.saved.clone().filter(|saved| !saved.is_empty()) {
        let (id, size, content_type) = (owing.id(), owing.size, owing.content_type.clone());
        leave(change, &owing.key, Rest::Parts { id, size, content_type, saved, at }, now);
    }
}

/// Tries once to remove it.
pub(crate) async fn attempt(
    keeper: Arc<Keeper>,
    routes: Routes,
    leftover: Leftover,
    ledger: Ledger,
) -> Verdict {
    let (sid, key) = (leftover.sid.clone(), leftover.key.clone());
    match remove(&routes, &leftover, &ledger).await {
        Ok(Removal::Removed) => tracing::debug!(sid, key, "removed what was left behind"),
        Ok(Removal::Unsupported) => tracing::warn!(sid, key, "a copy remains in the backup store"),
        Err(error) => {
            let hopeless = !matches!(error, UploadError::Transient { .. } | UploadError::Fault(_));
            if !hopeless && keeper.now_of(&sid).since(leftover.since) < PATIENCE {
                return Verdict::Again { asked: None };
            }
            tracing::warn!(sid, key, %error, "what an upload left behind remains at the store");
        }
    }
    let noted = on_disk(&keeper, move |keeper| {
        keeper.change(&leftover.sid, |change, _, _| change.cleared.push(leftover.order))
    });
    match noted.await {
        Ok(()) => Verdict::Settled,
        Err(reason) => {
            tracing::error!(reason, "a removal can't be noted; it will be repeated");
            Verdict::Again { asked: None }
        }
    }
}

async fn remove(
    routes: &Routes,
    leftover: &Leftover,
    ledger: &Ledger,
) -> Result<Removal, UploadError> {
    match &leftover.rest {
        // It is looked at elsewhere.
        Rest::Look(_) => Ok(Removal::Unsupported),
        Rest::Copy => {
            // Without a backup store in the configuration there is nobody to ask.
            let Some(target) = &routes.backup else { return Ok(Removal::Unsupported) };
            routes.storages.open(target)?.remove(&leftover.key).await
        }
        Rest::Parts { id, size, content_type, saved, at } => {
            let upload = Upload {
                id: id.clone(),
                key: leftover.key.clone(),
                // Nothing of it is read: the file may be gone.
                path: ledger.folder.clone(),
                size: *size,
                content_type: content_type.clone(),
                saved: hex::decode(saved).ok(),
            };
            let target = at.as_ref().unwrap_or(&ledger.target);
            let storage = routes.storages.open(target)?;
            let undone = storage.abandon(&upload, &NothingToKeep).await;
            undone.map(|()| Removal::Removed).map_err(|error| concealed(error, target))
        }
    }
}

/// An upload that is undone keeps nothing to go on from.
pub(super) struct NothingToKeep;

impl UploadProgress for NothingToKeep {
    fn save(&self, _state: Vec<u8>) {}
}
