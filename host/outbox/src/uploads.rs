//! One attempt to bring a file away, and what its end means.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::listing;
use capstan_archive::target::StorageTarget;
use capstan_media::time::RoomTime;

use super::books::{Books, Ledger, Owing, Rest};
use super::change::Change;
use super::conceal::concealed;
use super::files::SNAPSHOT_TYPE;
use super::worker::{Verdict, on_disk};
use super::{Inner, OutboxPorts, backup, leftovers};
use crate::event::{Code, Event, Module, Problem};
use crate::ports::{Storages, Upload, UploadError, UploadProgress};

/// What is brought away in this attempt.
pub(super) struct Cargo {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    /// Whether nothing of the file is left out.
    pub(super) whole: bool,
    checksum: u32,
}

/// Tries once. What comes of it is on disk before this returns.
pub(super) async fn attempt(
    inner: Arc<Inner>,
    ports: OutboxPorts,
    owing: Owing,
    ledger: Ledger,
    sent: Option<u32>,
) -> Verdict {
    let cargo = {
        let owing = owing.clone();
        on_disk(&inner, move |inner| Ok(load(inner, &owing, Owing::is_file))).await
    };
    let cargo = match cargo.and_then(|loaded| loaded) {
        Ok(Some(cargo)) if !cargo.whole && Some(cargo.checksum) == sent => {
            return waits(&inner, &ports, owing, cargo.checksum).await;
        }
        Ok(Some(cargo)) => cargo,
        Ok(None) => return waits(&inner, &ports, owing, 0).await,
        Err(reason) => {
            let error = UploadError::File { key: owing.key.clone(), reason };
            return failed(&inner, &ports, owing, &ledger, error).await;
        }
    };
    let storage = ledger.target.storage.clone();
    metrics::counter!("capstan_upload_attempts_total", "storage" => storage.clone()).increment(1);
    match put(&inner, ports.storages.as_ref(), &owing, &ledger.target, &cargo).await {
        Ok(url) => {
            metrics::counter!("capstan_uploads_total", "storage" => storage.clone()).increment(1);
            metrics::counter!("capstan_upload_bytes_total", "storage" => storage)
                .increment(cargo.size);
            tracing::debug!(sid = %owing.sid, key = %owing.key, %url, "uploaded");
            left(&inner, &ports, owing, cargo).await
        }
        Err(error) => failed(&inner, &ports, owing, &ledger, error).await,
    }
}

/// Looks at the file. A playlist is copied up to where it is true, since it is rewritten meanwhile:
/// up to the first file that is `missing` where it goes. `None` if no part of it is true yet.
pub(super) fn load(
    inner: &Inner,
    owing: &Owing,
    missing: fn(&Owing) -> bool,
) -> Result<Option<Cargo>, String> {
    let words = |error: std::io::Error| error.to_string();
    if !owing.is_playlist {
        let size = std::fs::metadata(&owing.path).map_err(words)?.len();
        if size != owing.size {
            return Err(format!("it has {size} bytes instead of {}", owing.size));
        }
        return Ok(Some(Cargo { path: owing.path.clone(), size, whole: true, checksum: 0 }));
    }
    // The text first: whatever is owed or uploaded later can only make more of it true.
    let text = std::fs::read_to_string(&owing.path).map_err(words)?;
    let absent: BTreeSet<String> = {
        let books = inner.books();
        let Some(ledger) = books.ledgers.get(&owing.sid) else { return Ok(None) };
        let owed = books.uploads_of(&owing.sid).filter(|other| missing(other));
        let owed = owed.map(|other| ledger.name(&other.key).to_owned());
        let filed = ledger.list(&owing.key).map_or(0, |list| list.filed);
        let not_yet_owed = listing::files(&text).into_iter().skip(filed);
        owed.chain(not_yet_owed).collect()
    };
    let Some((part, whole)) = listing::true_part(&text, &absent) else { return Ok(None) };
    let mut path = owing.path.as_os_str().to_owned();
    path.push(".out");
    let path = PathBuf::from(path);
    std::fs::write(&path, &part).map_err(words)?;
    let checksum = crc32fast::hash(part.as_bytes());
    Ok(Some(Cargo { path, size: part.len() as u64, whole, checksum }))
}

/// Puts the file into a storage. No failure tells of its keys.
pub(super) async fn put(
    inner: &Arc<Inner>,
    storages: &dyn Storages,
    owing: &Owing,
    target: &StorageTarget,
    cargo: &Cargo,
) -> Result<String, UploadError> {
    let saved = owing.saved.as_deref().and_then(|saved| hex::decode(saved).ok());
    let upload = Upload {
        id: owing.id(),
        key: owing.key.clone(),
        path: cargo.path.clone(),
        size: cargo.size,
        content_type: owing.content_type.clone(),
        saved: saved.filter(|_| !owing.is_playlist),
    };
    let progress = Progress { inner: Arc::clone(inner), owing: owing.clone() };
    let stored = match storages.open(target) {
        Ok(storage) => storage.put(&upload, &progress).await,
        Err(error) => Err(error),
    };
    stored.map(|stored| stored.url).map_err(|error| concealed(error, target))
}

/// Notes that the file is in the bucket.
async fn left(inner: &Arc<Inner>, ports: &OutboxPorts, owing: Owing, cargo: Cargo) -> Verdict {
    let whole = cargo.whole;
    let playlist = owing.clone();
    let settled = on_disk(inner, move |inner| {
        let mut settled = false;
        inner.change(&owing.sid.clone(), |change, books, now| {
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
        Ok(false) => waits(inner, ports, playlist, cargo.checksum).await,
        Err(reason) => {
            tracing::error!(%reason, "an upload can't be noted; it will be repeated");
            Verdict::Again { asked: None }
        }
    }
}

/// The rest of the playlist has to wait for files that it names. If those are in the backup store, it
/// goes there as well; if they are refused for good, it is parked with them.
async fn waits(inner: &Arc<Inner>, ports: &OutboxPorts, owing: Owing, sent: u32) -> Verdict {
    if backup::playlist_follows(&inner.books(), &owing) {
        backup::bring(inner, ports, &owing).await;
    }
    let stuck = |books: &Books| {
        let mut files = books.uploads_of(&owing.sid).filter(|other| !other.is_playlist).peekable();
        files.peek().is_some() && files.all(|file| file.parked.is_some())
    };
    if !stuck(&inner.books()) {
        return Verdict::WaitsForFiles { sent };
    }
    let parked = on_disk(inner, move |inner| {
        inner.change(&owing.sid.clone(), |change, books, _| {
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
    inner: &Arc<Inner>,
    ports: &OutboxPorts,
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
    let has_backup = ports.backup.is_some();
    let (failing, target) = (owing.clone(), ledger.target.clone());
    let noted = on_disk(inner, move |inner| {
        let mut after = After::Again;
        inner.change(&failing.sid.clone(), |change, books, now| {
            let current = books.uploads.get(&(failing.sid.clone(), failing.key.clone()));
            let Some(current) = current.cloned() else { return };
            if change.ledger.target != target {
                after = After::Overtaken;
                return;
            }
            let patience = inner.settings.uploads_give_up_after;
            after = note_failure(change, current, &error, has_backup, patience, now);
        })?;
        Ok(after)
    });
    match noted.await {
        Ok(After::Parked) => Verdict::Settled,
        Ok(After::Overtaken) => Verdict::AtOnce,
        Ok(After::TooOld) if backup::bring(inner, ports, &owing).await => {
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

/// Keeps what an attempt wants to go on from.
struct Progress {
    inner: Arc<Inner>,
    owing: Owing,
}

impl UploadProgress for Progress {
    fn save(&self, state: Vec<u8>) {
        let Owing { sid, key, version, .. } = &self.owing;
        let saved = self.inner.change(sid, |change, books, _| {
            let current = books.uploads.get(&(sid.clone(), key.clone()));
            if let Some(current) = current.filter(|current| current.version == *version) {
                change.owe.push(Owing { saved: Some(hex::encode(&state)), ..current.clone() });
            }
        });
        if let Err(error) = saved {
            tracing::warn!(%sid, %key, %error, "upload progress can't be kept");
        }
    }
}
