//! Starts a recording's threads and brings them to their end: the only spawner here.
//!
//! Whatever happens to a thread, a panic included, the recording is ended in the outbox and whoever
//! waits for it hears of it.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use capstan_archive::facts::StopReason;
use capstan_archive::folder::tape_folder;
use capstan_archive::report::Report;
use capstan_archive::settings::{IndividualSettings, MixSettings, Snapshots};
use capstan_archive::tape::Tapes;
use capstan_media::time::RoomTime;
use capstan_media::timeline::LossPlace;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_pipeline::composite::{Image, Typeface};
use capstan_render::composition::OutputError;

use crate::director::Director;
use crate::live::composite_thread::CompositeThread;
use crate::live::individual::IndividualThread;
use crate::live::shared::{Shared, SubscriptionRequest};
use crate::live::snapshot_thread::SnapshotThread;
use crate::live::tape_thread::{TapeThread, describe};
use crate::source::{KeyFrames, RoomEvents};

/// How often the end of a recording is tried to be owed while the disk refuses.
const AGAIN: Duration = Duration::from_secs(1);

/// What both threads work with.
pub(crate) struct Crew {
    pub(crate) work: Work,
    pub(crate) requests: Receiver<SubscriptionRequest>,
    pub(crate) events: Box<dyn RoomEvents>,
    pub(crate) keyframes: Arc<dyn KeyFrames>,
}

/// What is made of the room.
pub(crate) enum Work {
    /// One picture and sound of everybody.
    Mix(Box<MixWork>),
    /// Files of each track.
    Individual(IndividualSettings),
    /// Screenshots alone.
    Snapshots,
}

/// What a mix is made with.
pub(crate) struct MixWork {
    pub(crate) mix: MixSettings,
    pub(crate) director: Director,
    pub(crate) images: BTreeMap<String, Image>,
    pub(crate) typeface: Typeface,
}

/// What the second thread runs.
type Job = Box<dyn FnOnce() -> Result<(), OutputError> + Send>;

/// Starts both threads.
pub(crate) fn start(shared: &Arc<Shared>, crew: Crew) -> io::Result<()> {
    let Crew { work, requests, events, keyframes } = crew;
    let snapshots = start_snapshots(shared, &keyframes)?;
    let tapes = Tapes::new(&tape_folder(&shared.folder), &shared.settings.sid);
    let asker = Arc::clone(&keyframes);
    let tape = TapeThread::new(Arc::clone(shared), events, asker, requests, tapes);
    let (job, part): (Job, _) = match work {
        Work::Mix(work) => {
            let thread = CompositeThread::new(Arc::clone(shared), *work, keyframes);
            (Box::new(move || thread.run()), "composite")
        }
        Work::Individual(settings) => {
            let thread = IndividualThread::new(Arc::clone(shared), settings, keyframes);
            (
                Box::new(move || {
                    thread.run();
                    Ok(())
                }),
                "individual",
            )
        }
        Work::Snapshots => (Box::new(|| Ok(())), "end"),
    };
    let name = |part: &str| format!("{part}-{}", shared.settings.sid.get(..6).unwrap_or("sid"));
    let for_job = Arc::clone(shared);
    thread::Builder::new()
        .name(name(part))
        .spawn(move || run_job(&for_job, job, snapshots))
        .inspect_err(|_| {
            stop_queues(shared, shared.clock.now());
        })?;
    let for_tape = Arc::clone(shared);
    let spawned =
        thread::Builder::new().name(name("tape")).spawn(move || run_tape(&for_tape, tape));
    if spawned.is_err() {
        shared.stop(StopReason::Failed);
        stop_queues(shared, shared.clock.now());
    }
    spawned.map(|_| ())
}

/// Starts the thread that takes screenshots, if there are to be any.
fn start_snapshots(
    shared: &Arc<Shared>,
    keyframes: &Arc<dyn KeyFrames>,
) -> io::Result<Option<JoinHandle<()>>> {
    let Some(Snapshots { interval }) = shared.settings.snapshots else { return Ok(None) };
    let thread = SnapshotThread::new(Arc::clone(shared), interval, Arc::clone(keyframes));
    let shared = Arc::clone(shared);
    let name = format!("shots-{}", shared.settings.sid.get(..6).unwrap_or("sid"));
    let run = move || {
        if let Some(queue) = &shared.snapshots {
            thread.run(queue);
        }
    };
    thread::Builder::new().name(name).spawn(run).map(Some)
}

/// Tells the threads that work behind the tape thread that nothing more comes. Returns how many frames
/// the recording's files lack.
fn stop_queues(shared: &Shared, at: RoomTime) -> u64 {
    if let Some(queue) = &shared.snapshots {
        queue.stop(at);
    }
    shared.queue.stop(at)
}

fn run_tape(shared: &Arc<Shared>, tape: TapeThread) {
    let end = catch_unwind(AssertUnwindSafe(|| tape.run())).unwrap_or_else(|_| {
        tracing::error!(sid = %shared.settings.sid, "the tape thread panicked");
        shared.stop(StopReason::Failed);
        shared.clock.now()
    });
    let dropped = stop_queues(shared, end);
    if dropped > 0 {
        let why = "what makes the files was too slow to take them before the end".to_owned();
        shared.lost(LossPlace::Composite, dropped, why);
        shared.sync_timeline();
    }
}

fn run_job(shared: &Arc<Shared>, job: Job, snapshots: Option<JoinHandle<()>>) {
    let ended = catch_unwind(AssertUnwindSafe(job));
    let failure = match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(describe(&error)),
        Err(_) => Some("the thread that makes the files panicked".to_owned()),
    };
    if failure.is_some() {
        shared.stop(StopReason::Failed);
    }
    // A thread that failed early must not let the tapes be removed under the tape thread's hands.
    shared.queue.wait_for_stop();
    shared.queue.close();
    // What it took must be owed before the recording is ended in the outbox.
    if snapshots.is_some_and(|snapshots| snapshots.join().is_err()) {
        tracing::error!(sid = %shared.settings.sid, "the snapshot thread panicked");
    }
    close(shared, failure);
    shared.session().cut();
    shared.cut.send_replace(true);
}

/// A failure with the problem that tells of it.
pub(crate) fn failure(message: String) -> (String, Problem) {
    let (module, code) = (Module::Recorder, Code::CompositeFailed);
    (message.clone(), Problem { module, level: 5, code, message })
}

/// Ends the recording in the outbox. While the disk refuses there is nothing better to do than to
/// try again; if the process ends first, its next one ends the recording.
fn close(shared: &Shared, failure: Option<String>) {
    let (reason, at) = {
        let session = shared.session();
        session.stopped().unwrap_or((StopReason::Failed, shared.clock.now()))
    };
    let failure = failure.map(self::failure);
    let reason = if failure.is_some() { StopReason::Failed } else { reason };
    let sid = &shared.settings.sid;
    // What it sums up is on the timeline anyway, which stays while something is amiss.
    if let Err(error) = shared.outbox.keep_report(sid, Report::read(&shared.folder)) {
        tracing::warn!(%sid, %error, "the report of a recording can't be kept");
    }
    while let Err(error) = shared.outbox.close(sid, reason, failure.clone(), at) {
        tracing::error!(%sid, %error, "the end of a recording can't be owed yet");
        shared.queue.pop(AGAIN);
    }
}

#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
