//! The worker: picks what may leave now, within its bounds, and lets it.
//!
//! At most one event of a recording is on its way; uploads leave in the order in which they were
//! owed, a few at once. What fails waits by its back-off while the rest goes on.

mod due;
mod memory;
mod shares;

use std::sync::Arc;
use std::time::Duration;

use capstan_media::time::RoomTime;
use tokio::task::JoinSet;

use self::due::{due, making_due};
use self::memory::{Job, Memory};
use crate::bell::Bell;
use crate::books::ledger::{Ledger, Stage};
use crate::books::owing::Rest;
use crate::event::{Event, WHOLE};
use crate::keeper::Keeper;
use crate::ports::Notice;
use crate::settings::{OutboxPorts, OutboxSettings};
use crate::steps::cargo::Routes;
use crate::steps::{Verdict, assembly, events, leftovers, look_back, on_disk, tail, uploads};

/// How often it is tried whether the disk takes anything again.
const MEND_EVERY: Duration = Duration::from_secs(1);
/// How often a live recording tells how far its uploads are.
const PROGRESS_EVERY: Duration = Duration::from_secs(60);
/// The longest sleep: a guard against a clock that stands still in a test, not a poll.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Uploads and delivers for ever.
pub(crate) async fn run(
    keeper: Arc<Keeper>,
    bell: Arc<Bell>,
    settings: OutboxSettings,
    ports: OutboxPorts,
) {
    let mut jobs: JoinSet<Verdict> = JoinSet::new();
    let mut memory = Memory::default();
    loop {
        let now = keeper.now();
        memory.hurry(&bell.hurried());
        let sleep = if mended(&keeper).await {
            tell_progress(&keeper, &mut memory, now).await;
            start_due(&keeper, settings, &ports, &mut jobs, &mut memory, now)
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
                    memory.note(&keeper, settings, job, verdict);
                }
            }
            () = bell.heard() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// Whether the outbox takes changes, if need be after it was opened again.
async fn mended(keeper: &Arc<Keeper>) -> bool {
    if keeper.health().is_ok() {
        return true;
    }
    match on_disk(keeper, Keeper::mend).await {
        Ok(()) => true,
        Err(reason) => {
            tracing::warn!(%reason, "the outbox can't be opened again yet");
            false
        }
    }
}

/// Starts what may leave now. Returns how long nothing more will be due by time alone.
fn start_due(
    keeper: &Arc<Keeper>,
    settings: OutboxSettings,
    ports: &OutboxPorts,
    jobs: &mut JoinSet<Verdict>,
    memory: &mut Memory,
    now: RoomTime,
) -> Duration {
    let due = due(keeper, settings, memory, now);
    let routes = || Routes { storages: Arc::clone(&ports.storages), backup: ports.backup.clone() };
    for (owing, ledger) in due.uploads {
        let job = Job::Upload { sid: owing.sid.clone(), key: owing.key.clone() };
        let sent = memory.sent.get(&job).copied();
        let patience = settings.uploads_give_up_after;
        let keeper = Arc::clone(keeper);
        let upload = uploads::attempt(keeper, routes(), patience, owing, ledger, sent);
        memory.on_the_way.insert(jobs.spawn(upload).id(), job);
    }
    for (leftover, ledger) in due.leftovers {
        let job = Job::Leftover { sid: leftover.sid.clone(), order: leftover.order };
        let (keeper, looks) = (Arc::clone(keeper), settings.look_back.len());
        let task = match leftover.rest {
            Rest::Look(_) => {
                jobs.spawn(look_back::attempt(keeper, routes(), looks, leftover, ledger))
            }
            Rest::Parts { .. } | Rest::Copy => {
                jobs.spawn(leftovers::attempt(keeper, routes(), leftover, ledger))
            }
        };
        memory.on_the_way.insert(task.id(), job);
    }
    for notice in due.events {
        let job = Job::Event { sid: notice.sid.clone() };
        let attempt = memory.failures.get(&job).copied().unwrap_or(0);
        let callbacks = Arc::clone(&ports.callbacks);
        let notice = Notice { attempt, ..notice };
        let patience = settings.events.give_up_after;
        let delivery = events::attempt(Arc::clone(keeper), callbacks, patience, notice);
        memory.on_the_way.insert(jobs.spawn(delivery).id(), job);
    }
    let assembly = |sid| Job::Assembly { sid };
    if let Some((job, ledger)) = making_due(keeper, memory, now, assembly, Ledger::has_assembly) {
        let made = assembly::attempt(Arc::clone(keeper), Arc::clone(&ports.maker), ledger);
        memory.on_the_way.insert(jobs.spawn(made).id(), job);
    }
    let tail = |sid| Job::Tail { sid };
    let has_tail = |ledger: &Ledger| ledger.tail.is_some();
    if let Some((job, ledger)) = making_due(keeper, memory, now, tail, has_tail) {
        let made = tail::attempt(Arc::clone(keeper), Arc::clone(&ports.maker), ledger);
        memory.on_the_way.insert(jobs.spawn(made).id(), job);
    }
    let next = memory.not_before.values().filter(|at| **at > now).min();
    next.map_or(LONGEST_SLEEP, |at| at.since(now).min(LONGEST_SLEEP))
}

/// Tells of every live recording, once a minute, how much of it is uploaded.
async fn tell_progress(keeper: &Arc<Keeper>, memory: &mut Memory, now: RoomTime) {
    let live: Vec<(String, u64)> = {
        let books = keeper.books();
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
        let told = on_disk(keeper, move |keeper| {
            keeper.change(&sid, |change, _, now| change.tell(&Event::Progress { share }, now))
        });
        if let Err(reason) = told.await {
            tracing::warn!(%reason, "upload progress can't be told");
        }
    }
}
