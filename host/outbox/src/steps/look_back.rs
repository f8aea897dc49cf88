//! Looks back at the playlist of a recording that is over, where an attempt to put it got no answer: a store
//! may still carry that out, over what came later. An older one that won is put right.

use std::sync::Arc;

use capstan_media::time::RoomTime;

use super::cargo::Routes;
use super::conceal::concealed;
use super::leftovers::NothingToKeep;
use super::{Verdict, on_disk};
use crate::books::ledger::Ledger;
use crate::books::owing::{Leftover, Look, Rest};
use crate::files::PLAYLIST_TYPE;
use crate::keeper::Keeper;
use crate::ports::{Holding, Late, Upload, UploadError};

/// What a look found.
enum Found {
    /// What belongs there, or it was put there and will stay.
    Right,
    /// It was put there, and even that may be overtaken.
    Doubtful,
    /// Files went elsewhere meanwhile, or this one is gone: there is nothing to look at.
    Nothing,
}

/// Looks once; `looks` of them are enough.
pub(crate) async fn attempt(
    keeper: Arc<Keeper>,
    routes: Routes,
    looks: usize,
    leftover: Leftover,
    ledger: Ledger,
) -> Verdict {
    let Rest::Look(look) = &leftover.rest else { return Verdict::Settled };
    let (sid, key) = (leftover.sid.as_str(), leftover.key.as_str());
    let next = match look_at(&routes, &leftover, look, &ledger).await {
        Ok(Found::Right) => Some((look.done + 1, leftover.since)),
        Ok(Found::Doubtful) => Some((0, keeper.now())),
        Ok(Found::Nothing) => None,
        Err(error @ (UploadError::Transient { .. } | UploadError::Fault(_))) => {
            tracing::warn!(sid, key, %error, "a playlist can't be looked at yet");
            return Verdict::Again { asked: None };
        }
        Err(error) => {
            tracing::error!(sid, key, %error, "an older playlist may have won: it can't be looked at");
            None
        }
    };
    let next = next.filter(|(done, _)| *done < looks).map(|(done, since): (usize, RoomTime)| {
        Leftover { rest: Rest::Look(Look { done, ..look.clone() }), since, ..leftover.clone() }
    });
    let (sid, order) = (leftover.sid, leftover.order);
    let noted = on_disk(&keeper, move |keeper| {
        keeper.change(&sid, |change, _, _| match next {
            Some(next) => change.leave.push(next),
            None => change.cleared.push(order),
        })
    });
    match noted.await {
        Ok(()) => Verdict::Settled,
        Err(reason) => {
            tracing::error!(reason, "a look at a playlist can't be noted; it will be repeated");
            Verdict::Again { asked: None }
        }
    }
}

async fn look_at(
    routes: &Routes,
    leftover: &Leftover,
    look: &Look,
    ledger: &Ledger,
) -> Result<Found, UploadError> {
    let target = &ledger.target;
    let Ok(file) = std::fs::metadata(&look.path) else { return Ok(Found::Nothing) };
    if target.bucket() != look.bucket {
        return Ok(Found::Nothing);
    }
    let (sid, key) = (&leftover.sid, &leftover.key);
    let upload = Upload {
        id: format!("{sid}:{key}:look:{}", look.done),
        key: key.clone(),
        path: look.path.clone(),
        size: file.len(),
        content_type: PLAYLIST_TYPE.to_owned(),
        saved: None,
    };
    let hidden = |error| concealed(error, target);
    let storage = routes.storages.open(target).map_err(hidden)?;
    match storage.holds(&upload).await.map_err(hidden)? {
        Holding::Same => return Ok(Found::Right),
        Holding::Other => {
            metrics::counter!("capstan_playlists_mended_total").increment(1);
            tracing::warn!(%sid, %key, "an older playlist had won; it is put right");
        }
        Holding::Unknown => tracing::debug!(%sid, %key, "put once more: an older one may have won"),
    }
    let stored = storage.put(&upload, &NothingToKeep).await.map_err(hidden)?;
    Ok(match stored.late {
        Late::Nothing => Found::Right,
        Late::Possible => Found::Doubtful,
    })
}
