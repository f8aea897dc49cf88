//! One attempt to bring a file away, and what its end means.

use std::sync::Arc;
use std::time::Duration;

use capstan_media::time::RoomTime;

use super::cargo::{Cargo, LoadError, Routes, load, put};
use super::{Verdict, on_disk};
use super::{backup, leftovers};
use crate::books::Books;
use crate::books::change::Change;
use crate::books::ledger::Ledger;
use crate::books::owing::{Owing, Rest};
use crate::event::{Code, Event, Module, Problem};
use crate::files::SNAPSHOT_TYPE;
use crate::keeper::Keeper;
use crate::ports::{Late, Stored, UploadError};

/// Tries once. What comes of it is on disk before this returns.
pub(crate) async fn attempt(
    keeper: Arc<Keeper>,
    routes: Routes,
    patience: Option<Duration>,
    owing: Owing,
    ledger: Ledger,
    sent: Option<u32>,
) -> Verdict {
    let cargo = {
        let owing = owing.clone();
        on_disk(&keeper, move |keeper| Ok(load(keeper, &owing, Owing::is_file))).await
    };
    let cargo = match cargo.unwrap_or_else(|reason| Err(LoadError::NoCopy(reason))) {
        Ok(Some(cargo)) if !cargo.whole && Some(cargo.checksum) == sent => {
            return waits(&keeper, &routes, owing, cargo.checksum).await;
        }
        Ok(Some(cargo)) => cargo,
        Ok(None) => return waits(&keeper, &routes, owing, 0).await,
        Err(error) => {
            let error = error.of_upload(owing.key.clone());
            return failed(&keeper, &routes, patience, owing, &ledger, error).await;
        }
    };
    let storage = ledger.target.storage.clone();
    metrics::counter!("capstan_upload_attempts_total", "storage" => storage.clone()).increment(1);
    match put(&keeper, routes.storages.as_ref(), &owing, &ledger.target, &cargo).await {
        Ok(Stored { url, late }) => {
            metrics::counter!("capstan_uploads_total", "storage" => storage.clone()).increment(1);
            metrics::counter!("capstan_upload_bytes_total", "storage" => storage)
                .increment(cargo.size);
            tracing::debug!(sid = %owing.sid, key = %owing.key, %url, "uploaded");
            left(&keeper, &routes, owing, cargo, late).await
        }
        Err(error) => failed(&keeper, &routes, patience, owing, &ledger, error).await,
    }
}

/// Notes that the file is in the bucket.
async fn left(
    keeper: &Arc<Keeper>,
    routes: &Routes,
    owing: Owing,
    cargo: Cargo,
    late: Late,
) -> Verdict {
    let whole = cargo.whole;
    let playlist = owing.clone();
    let settled = on_disk(keeper, move |keeper| {
        let mut settled = false;
        keeper.change(&owing.sid.clone(), |change, books, now| {
            let current = books.uploads.get(&(owing.sid.clone(), owing.key.clone()));
            settled = whole && current.is_some_and(|now| now.version == owing.version);
            if settled {
                change.settle.push(owing.key.clone());
                if current.is_some_and(|now| now.backup.is_some()) {
                    tracing::info!(sid = %owing.sid, key = %owing.key, "moved out of the backup store");
                    leftovers::leave(change, &owing.key, Rest::Copy, now);
                }
            } else if let Some(current) = current {
                let current = current.clone();
                change.owe.push(Owing { failures: 0, failing_since: None, trouble: None, ..current });
            }
            if late == Late::Possible {
                unanswered(change, &owing);
            }
            if settled || owing.is_playlist {
                arrived(change, &owing, now);
            }
            // A store that took one file may take those that it refused before: it was set right.
            change.unpark(books);
        })?;
        Ok(settled)
    });
    match settled.await {
        Ok(true) => Verdict::Settled,
        Ok(false) if whole => Verdict::Again { asked: Some(Duration::ZERO) },
        Ok(false) => waits(keeper, routes, playlist, cargo.checksum).await,
        Err(reason) => {
            tracing::error!(%reason, "an upload can't be noted; it will be repeated");
            Verdict::Again { asked: None }
        }
    }
}

/// The rest of the playlist has to wait for files that it names. If those are in the backup store, it
/// goes there as well; if they are refused for good, it is parked with them.
async fn waits(keeper: &Arc<Keeper>, routes: &Routes, owing: Owing, sent: u32) -> Verdict {
    if backup::playlist_follows(&keeper.books(), &owing) {
        backup::bring(keeper, routes, &owing).await;
    }
    let stuck = |books: &Books| {
        let mut files = books.uploads_of(&owing.sid).filter(|other| !other.is_playlist).peekable();
        files.peek().is_some() && files.all(|file| file.parked.is_some())
    };
    if !stuck(&keeper.books()) {
        return Verdict::WaitsForFiles { sent };
    }
    let parked = on_disk(keeper, move |keeper| {
        keeper.change(&owing.sid.clone(), |change, books, _| {
            let current = books.uploads.get(&(owing.sid.clone(), owing.key.clone()));
            if let Some(current) = current {
                let parked = Some("it names files that were refused".to_owned());
                change.owe.push(Owing { parked, ..current.clone() });
            }
        })
    });
    match parked.await {
        Ok(()) => Verdict::Settled,
        Err(reason) => {
            tracing::error!(%reason, "a playlist can't be parked");
            Verdict::Again { asked: None }
        }
    }
}

/// Remembers that the store may put an older playlist over a later one.
fn unanswered(change: &mut Change, owing: &Owing) {
    if let Some(list) = change.ledger.list_mut(&owing.key).filter(|_| owing.is_playlist) {
        list.unanswered = true;
    }
}

fn arrived(change: &mut Change, owing: &Owing, now: RoomTime) {
    if !owing.is_playlist {
        change.ledger.bytes_uploaded += owing.size;
        if owing.content_type == SNAPSHOT_TYPE {
            change.tell(&Event::SnapshotUploaded { key: owing.key.clone() }, now);
        }
        return;
    }
    if let Some(list) = change.ledger.list_mut(&owing.key)
        && !list.uploaded
    {
        list.uploaded = true;
        change.tell(&Event::FileInfos { playlist: owing.key.clone() }, now);
    }
}

/// What follows from a failure.
enum After {
    Again,
    /// Files go by other keys or elsewhere meanwhile: what this attempt met says nothing.
    Overtaken,
    Parked,
    /// It failed for as long as anybody waits.
    TooOld,
}

/// Notes a failure: to be tried again, sent to the backup store, or parked.
async fn failed(
    keeper: &Arc<Keeper>,
    routes: &Routes,
    patience: Option<Duration>,
    owing: Owing,
    ledger: &Ledger,
    error: UploadError,
) -> Verdict {
    let (class, storage) = (error.class(), ledger.target.storage.clone());
    tracing::warn!(sid = %owing.sid, key = %owing.key, storage, %error, class, "upload failed");
    metrics::counter!("capstan_upload_failures_total", "storage" => storage, "class" => class)
        .increment(1);
    let asked = match &error {
        UploadError::Transient { retry_after_ms: Some(ms), .. } => Some(Duration::from_millis(*ms)),
        _ => None,
    };
    let has_backup = routes.backup.is_some();
    let (failing, target) = (owing.clone(), ledger.target.clone());
    let noted = on_disk(keeper, move |keeper| {
        let mut after = After::Again;
        keeper.change(&failing.sid.clone(), |change, books, now| {
            let current = books.uploads.get(&(failing.sid.clone(), failing.key.clone()));
            let Some(current) = current.cloned() else { return };
            if change.ledger.target != target {
                after = After::Overtaken;
                return;
            }
            after = note_failure(change, current, &error, has_backup, patience, now);
        })?;
        Ok(after)
    });
    match noted.await {
        Ok(After::Parked) => Verdict::Settled,
        Ok(After::Overtaken) => Verdict::AtOnce,
        Ok(After::TooOld) if backup::bring(keeper, routes, &owing).await => {
            Verdict::InBackup { asked }
        }
        Ok(After::Again | After::TooOld) => Verdict::Again { asked },
        Err(reason) => {
            tracing::error!(%reason, "a failed upload can't be noted");
            Verdict::Again { asked }
        }
    }
}

fn note_failure(
    change: &mut Change,
    mut current: Owing,
    error: &UploadError,
    has_backup: bool,
    patience: Option<Duration>,
    now: RoomTime,
) -> After {
    let since = *current.failing_since.get_or_insert(now);
    current.failures = current.failures.saturating_add(1);
    current.trouble = Some(error.to_string());
    if let Some(list) = change.ledger.list_mut(&current.key) {
        list.failed = true;
    }
    if matches!(error, UploadError::Transient { .. } | UploadError::Fault(_)) {
        unanswered(change, &current);
    }
    let too_old = patience.is_some_and(|patience| now.since(since) >= patience);
    let problem = refusal(error, too_old && !has_backup);
    let after = match &problem {
        Some(problem) => {
            current.parked = Some(problem.message.clone());
            After::Parked
        }
        None if too_old && !current.in_backup() => After::TooOld,
        None => After::Again,
    };
    let told = &mut change.ledger.told;
    match problem {
        Some(problem) if !std::mem::replace(&mut told.refusal, true) => {
            change.tell(&Event::Error(problem), now);
        }
        None if !std::mem::replace(&mut told.again, true) => {
            let (module, code, message) = (Module::Uploader, Code::SentAgain, error.to_string());
            change.tell(&Event::Warning(Problem { module, level: 3, code, message }), now);
        }
        _ => {}
    }
    change.owe.push(current);
    after
}

/// The problem to tell if the upload isn't to be tried again.
fn refusal(error: &UploadError, too_old: bool) -> Option<Problem> {
    let code = match error {
        UploadError::Rejected { .. } | UploadError::BadConfig { .. } => Code::StorageRefused,
        UploadError::File { .. } => Code::FileOperation,
        UploadError::Transient { .. } | UploadError::Fault(_) if too_old => Code::UploadFailed,
        UploadError::Transient { .. } | UploadError::Fault(_) => return None,
    };
    Some(Problem { module: Module::Uploader, level: 5, code, message: error.to_string() })
}
