//! The worker: picks what may leave now, within its bounds, and lets it.
//!
//! At most one event of a recording is on its way; uploads leave in the order in which they were
//! owed, a few at once. What fails waits by its back-off while the rest goes on.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use capstan_archive::target::StorageTarget;
use capstan_media::time::RoomTime;
use tokio::task::{Id, JoinSet};

use super::books::{Books, Ledger, Leftover, Owing, Stage};
use super::{Inner, OutboxPorts, OutboxSettings, assembly, events, leftovers, tail, uploads};
use crate::event::{Event, WHOLE};
use crate::ports::Notice;
use crate::retry::BackOff;

/// Events that may be on their way at once: recordings whose receivers are slow don't hold up others.
const EVENTS_AT_ONCE: usize = 16;
/// Removals at once: nobody waits for them.
const REMOVALS_AT_ONCE: usize = 4;
/// How often it is tried whether the disk takes anything again.
const MEND_EVERY: Duration = Duration::from_secs(1);
/// How often a live recording tells how far its uploads are.
const PROGRESS_EVERY: Duration = Duration::from_secs(60);
/// How long a playlist waits for what is on disk but not owed yet: some syncs of a disk.
const SOON: Duration = Duration::from_millis(100);
/// The longest sleep: a guard against a clock that stands still in a test, not a poll.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Something that leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Job {
    Upload {
        sid: String,
        key: String,
    },
    Leftover {
        sid: String,
        order: u64,
    },
    Event {
        sid: String,
    },
    /// Makes a recording's next MP4 file.
    Assembly {
        sid: String,
    },
    /// Makes files of what an interrupted recording's tapes hold behind its last segments.
    Tail {
        sid: String,
    },
}

/// How a job went; what it means for the books is already on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
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

/// What the worker remembers between attempts; losing it costs a repetition.
#[derive(Default)]
struct Memory {
    on_the_way: HashMap<Id, Job>,
    not_before: HashMap<Job, RoomTime>,
    failures: HashMap<Job, u32>,
    waits_for_files: HashSet<Job>,
    sent: HashMap<Job, u32>,
    progress: HashMap<String, RoomTime>,
}

/// Uploads and delivers for ever.
pub(super) async fn run(inner: Arc<Inner>, ports: OutboxPorts) {
    let mut jobs: JoinSet<Verdict> = JoinSet::new();
    let mut memory = Memory::default();
    loop {
        let now = inner.clock.now();
        memory.hurry(&inner);
        let sleep = if mended(&inner).await {
            tell_progress(&inner, &mut memory, now).await;
            start_due(&inner, &ports, &mut jobs, &mut memory, now)
        } else {
            // What can't be noted would only be repeated.
            MEND_EVERY
        };
        tokio::select! {
            Some(ended) = jobs.join_next_with_id() => {
                let (id, verdict) = match ended {
                    Ok((id, verdict)) => (id, verdict),
                    Err(error) => {
                        tracing::error!(%error, "an upload or delivery broke off");
                        (error.id(), Verdict::Again { asked: None })
                    }
                };
                if let Some(job) = memory.on_the_way.remove(&id) {
                    memory.note(&inner, job, verdict);
                }
            }
            () = inner.wake.notified() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// Whether the outbox takes changes, if need be after it was opened again.
async fn mended(inner: &Arc<Inner>) -> bool {
    if inner.store.health().is_ok() {
        return true;
    }
    let mended = on_disk(inner, |inner| {
        let turn = inner.turn();
        inner.mend(&turn)
    });
    match mended.await {
        Ok(()) => true,
        Err(reason) => {
            tracing::warn!(%reason, "the outbox can't be opened again yet");
            false
        }
    }
}

/// What may leave now and isn't on its way.
struct Due {
    uploads: Vec<(Owing, Ledger)>,
    leftovers: Vec<(Leftover, Ledger)>,
    events: Vec<Notice>,
}

/// Starts what may leave now. Returns how long nothing more will be due by time alone.
fn start_due(
    inner: &Arc<Inner>,
    ports: &OutboxPorts,
    jobs: &mut JoinSet<Verdict>,
    memory: &mut Memory,
    now: RoomTime,
) -> Duration {
    let due = due(inner, memory, now);
    for (owing, ledger) in due.uploads {
        let job = Job::Upload { sid: owing.sid.clone(), key: owing.key.clone() };
        let sent = memory.sent.get(&job).copied();
        let upload = uploads::attempt(Arc::clone(inner), ports.clone(), owing, ledger, sent);
        memory.on_the_way.insert(jobs.spawn(upload).id(), job);
    }
    for (leftover, ledger) in due.leftovers {
        let job = Job::Leftover { sid: leftover.sid.clone(), order: leftover.order };
        let removal = leftovers::attempt(Arc::clone(inner), ports.clone(), leftover, ledger);
        memory.on_the_way.insert(jobs.spawn(removal).id(), job);
    }
    for notice in due.events {
        let job = Job::Event { sid: notice.sid.clone() };
        let attempt = memory.failures.get(&job).copied().unwrap_or(0);
        let callbacks = Arc::clone(&ports.callbacks);
        let notice = Notice { attempt, ..notice };
        let delivery = events::attempt(Arc::clone(inner), callbacks, notice);
        memory.on_the_way.insert(jobs.spawn(delivery).id(), job);
    }
    let assembly = |sid| Job::Assembly { sid };
    if let Some((job, ledger)) = making_due(inner, memory, now, assembly, Ledger::has_assembly) {
        let made = assembly::attempt(Arc::clone(inner), Arc::clone(&ports.maker), ledger);
        memory.on_the_way.insert(jobs.spawn(made).id(), job);
    }
    let tail = |sid| Job::Tail { sid };
    let has_tail = |ledger: &Ledger| ledger.tail.is_some();
    if let Some((job, ledger)) = making_due(inner, memory, now, tail, has_tail) {
        let made = tail::attempt(Arc::clone(inner), Arc::clone(&ports.maker), ledger);
        memory.on_the_way.insert(jobs.spawn(made).id(), job);
    }
    let next = memory.not_before.values().filter(|at| **at > now).min();
    next.map_or(LONGEST_SLEEP, |at| at.since(now).min(LONGEST_SLEEP))
}

/// A recording for which files are to be made, if none of the kind are being made: that is work for the
/// disk or the processor.
fn making_due(
    inner: &Inner,
    memory: &Memory,
    now: RoomTime,
    job: impl Fn(String) -> Job,
    has: impl Fn(&Ledger) -> bool,
) -> Option<(Job, Ledger)> {
    let kind = std::mem::discriminant(&job(String::new()));
    if memory.on_the_way.values().any(|job| std::mem::discriminant(job) == kind) {
        return None;
    }
    let books = inner.books();
    let may = |ledger: &&Ledger| {
        let job = job(ledger.sid.clone());
        has(ledger) && memory.not_before.get(&job).is_none_or(|at| *at <= now)
    };
    let ledger = books.ledgers.values().find(may)?;
    Some((job(ledger.sid.clone()), ledger.clone()))
}

/// What may leave now and isn't on its way.
fn due(inner: &Inner, memory: &Memory, now: RoomTime) -> Due {
    let busy: HashSet<&Job> = memory.on_the_way.values().collect();
    let free = |job: &Job| {
        !busy.contains(job)
            && !memory.waits_for_files.contains(job)
            && memory.not_before.get(job).is_none_or(|at| *at <= now)
    };
    let books = inner.books();
    let leftovers = books
        .leftovers
        .values()
        .filter(|rest| free(&Job::Leftover { sid: rest.sid.clone(), order: rest.order }))
        .filter_map(|rest| Some((rest.clone(), books.ledgers.get(&rest.sid)?.clone())))
        .take(
            REMOVALS_AT_ONCE
                .saturating_sub(count(&busy, |job| matches!(job, Job::Leftover { .. }))),
        )
        .collect();
    let events = books
        .first_events()
        .filter(|notice| free(&Job::Event { sid: notice.sid.clone() }))
        .take(EVENTS_AT_ONCE.saturating_sub(count(&busy, |job| matches!(job, Job::Event { .. }))))
        .cloned()
        .collect();
    let uploads = due_uploads(&books, inner.settings, &busy, free);
    Due { uploads, leftovers, events }
}

fn count(busy: &HashSet<&Job>, of: impl Fn(&Job) -> bool) -> usize {
    busy.iter().filter(|job| of(job)).count()
}

/// Uploads in the order in which they were owed, a few at once to each bucket.
fn due_uploads(
    books: &Books,
    settings: OutboxSettings,
    busy: &HashSet<&Job>,
    free: impl Fn(&Job) -> bool,
) -> Vec<(Owing, Ledger)> {
    let mut under_way: HashMap<&StorageTarget, usize> = HashMap::new();
    let mut room = settings.most_uploads.max(1);
    for job in busy {
        if let Job::Upload { sid, .. } = job {
            room = room.saturating_sub(1);
            if let Some(ledger) = books.ledgers.get(sid) {
                *under_way.entry(&ledger.target).or_default() += 1;
            }
        }
    }
    let mut waiting: Vec<&Owing> = books
        .uploads
        .values()
        .filter(|owing| owing.parked.is_none())
        .filter(|owing| free(&Job::Upload { sid: owing.sid.clone(), key: owing.key.clone() }))
        .collect();
    // What the backup store has can wait for what nobody has.
    waiting.sort_by_key(|owing| (owing.in_backup(), owing.order));
    let mut due = Vec::new();
    for owing in waiting {
        let Some(ledger) = books.ledgers.get(&owing.sid) else { continue };
        let under_way = under_way.entry(&ledger.target).or_default();
        if due.len() < room && *under_way < settings.concurrency.max(1) {
            *under_way += 1;
            due.push((owing.clone(), ledger.clone()));
        }
    }
    due
}

/// Tells of every live recording, once a minute, how much of it is uploaded.
async fn tell_progress(inner: &Arc<Inner>, memory: &mut Memory, now: RoomTime) {
    let live: Vec<(String, u64)> = {
        let books = inner.books();
        let telling = |ledger: &&Ledger| {
            ledger.stage == Stage::Live && ledger.lists.iter().any(|list| list.uploaded)
        };
        let share = |ledger: &Ledger| {
            let share = ledger.bytes_uploaded.saturating_mul(WHOLE) / ledger.bytes_owed.max(1);
            (ledger.sid.clone(), share.min(WHOLE))
        };
        books.ledgers.values().filter(telling).map(share).collect()
    };
    memory.progress.retain(|sid, _| live.iter().any(|(live, _)| live == sid));
    for (sid, share) in live {
        let last = memory.progress.entry(sid.clone()).or_insert(now);
        if now.since(*last) < PROGRESS_EVERY {
            continue;
        }
        *last = now;
        let told = on_disk(inner, move |inner| {
            inner.change(&sid, |change, _, now| change.tell(&Event::Progress { share }, now))
        });
        if let Err(reason) = told.await {
            tracing::warn!(%reason, "upload progress can't be told");
        }
    }
}

/// Runs a change, which waits for the disk, where waiting is allowed.
pub(super) async fn on_disk<T: Send + 'static>(
    inner: &Arc<Inner>,
    work: impl FnOnce(&Inner) -> Result<T, super::OutboxError> + Send + 'static,
) -> Result<T, String> {
    let inner = Arc::clone(inner);
    match tokio::task::spawn_blocking(move || work(&inner)).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Makes files where waiting is allowed, and notes what came of it: `work` answers whether they are to be
/// made again, as they are if it can't be noted.
pub(super) async fn making(
    inner: &Arc<Inner>,
    what: &str,
    work: impl FnOnce(&Inner) -> Result<bool, super::OutboxError> + Send + 'static,
) -> Verdict {
    match on_disk(inner, work).await {
        Ok(false) => Verdict::Settled,
        Ok(true) => Verdict::Again { asked: None },
        Err(reason) => {
            tracing::error!(%reason, "{what} can't be noted; it is made again");
            Verdict::Again { asked: None }
        }
    }
}

impl Memory {
    fn note(&mut self, inner: &Inner, job: Job, verdict: Verdict) {
        let now = inner.clock.now();
        match verdict {
            Verdict::Settled => {
                self.forget(&job);
                self.wake_playlists(&job);
            }
            Verdict::AtOnce => self.forget(&job),
            Verdict::WaitsForFiles { sent } => {
                self.forget(&job);
                self.sent.insert(job.clone(), sent);
                let Job::Upload { sid, .. } = &job else { return };
                // Files may have left while the playlist was on its way: wait only for later ones.
                if inner.books().uploads_of(sid).any(|owing| !owing.is_playlist) {
                    self.waits_for_files.insert(job);
                } else {
                    // It names a segment that is about to be owed.
                    self.not_before.insert(job, now + SOON);
                }
            }
            Verdict::InBackup { asked } => {
                self.wake_playlists(&job);
                self.note(inner, job, Verdict::Again { asked });
            }
            Verdict::Again { asked } => {
                let settings = inner.settings;
                let back_off = match &job {
                    Job::Event { .. } => settings.events.back_off(),
                    Job::Upload { .. }
                    | Job::Leftover { .. }
                    | Job::Assembly { .. }
                    | Job::Tail { .. } => {
                        BackOff { first: settings.retry_first, longest: settings.retry_longest }
                    }
                };
                let failures = self.failures.entry(job.clone()).or_insert(0);
                *failures += 1;
                let pause = back_off.pause(*failures, asked, crate::retry::chance());
                self.not_before.insert(job, now + pause);
            }
        }
    }

    /// Forgets what held up files that are sent by other keys or elsewhere.
    fn hurry(&mut self, inner: &Inner) {
        let mut hurried = inner.hurried.lock().unwrap_or_else(PoisonError::into_inner);
        let sids = std::mem::take(&mut *hurried);
        drop(hurried);
        if sids.is_empty() {
            return;
        }
        let others = |job: &Job| match job {
            Job::Upload { sid, .. } | Job::Leftover { sid, .. } => !sids.contains(sid),
            Job::Event { .. } | Job::Assembly { .. } | Job::Tail { .. } => true,
        };
        self.not_before.retain(|job, _| others(job));
        self.failures.retain(|job, _| others(job));
        self.sent.retain(|job, _| others(job));
        self.waits_for_files.retain(others);
    }

    /// A file got somewhere: the playlists of its recording may say more.
    fn wake_playlists(&mut self, job: &Job) {
        if let Job::Upload { sid, .. } = job {
            self.waits_for_files
                .retain(|waits| !matches!(waits, Job::Upload { sid: of, .. } if of == sid));
        }
    }

    fn forget(&mut self, job: &Job) {
        self.not_before.remove(job);
        self.failures.remove(job);
        self.waits_for_files.remove(job);
    }
}
