//! Starts a recording's threads and brings them to their end: the only spawner here.
//!
//! Whatever happens to a thread, a panic included, the recording is ended in the outbox and whoever
//! waits for it hears of it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use capstan_archive::facts::StopReason;
use capstan_archive::folder::tape_folder;
use capstan_archive::settings::{RecordingSettings, Snapshots};
use capstan_archive::tape::Tapes;
use capstan_media::time::RoomTime;
use capstan_media::timeline::LossPlace;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_render::mix::OutputError;

use crate::describe::describe;
use crate::live::composite_thread::CompositeThread;
use crate::live::individual::IndividualThread;
use crate::live::parts::Parts;
use crate::live::snapshot_thread::SnapshotThread;
use crate::live::tape_thread::TapeThread;
use crate::live::work::{Crew, Work};
use crate::source::KeyFrames;

/// How often the end of a recording is tried to be owed while the disk refuses.
const AGAIN: Duration = Duration::from_secs(1);

/// What the second thread runs.
type Job = Box<dyn FnOnce() -> Result<(), OutputError> + Send>;

/// Starts both threads.
pub(crate) fn start(parts: &Parts, crew: Crew) -> io::Result<()> {
    let Crew { work, requests, events, keyframes } = crew;
    let snapshots = start_snapshots(parts, &keyframes)?;
    let settings = &parts.basics.settings;
    let tapes = Tapes::new(&tape_folder(&parts.basics.folder), &settings.sid);
    let tape = TapeThread::new(parts, events, Arc::clone(&keyframes), requests, tapes);
    let (tools, queue) = (parts.tools(), Arc::clone(&parts.queue));
    let (job, part): (Job, _) = match work {
        Work::Mix(work) => {
            let thread = CompositeThread::new(tools, queue, *work, keyframes);
            (Box::new(move || thread.run()), "composite")
        }
        Work::Individual(settings) => {
            let thread = IndividualThread::new(tools, queue, settings, keyframes);
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
    let for_job = parts.clone();
    thread::Builder::new()
        .name(name(part, settings))
        .spawn(move || run_job(&for_job, job, snapshots))
        .inspect_err(|_| {
            stop_queues(parts, parts.basics.now());
        })?;
    let for_tape = parts.clone();
    let spawned = thread::Builder::new()
        .name(name("tape", settings))
        .spawn(move || run_tape(&for_tape, tape));
    if spawned.is_err() {
        parts.course.stop(StopReason::Failed);
        stop_queues(parts, parts.basics.now());
    }
    spawned.map(|_| ())
}

/// Starts the thread that takes screenshots, if there are to be any.
fn start_snapshots(
    parts: &Parts,
    keyframes: &Arc<dyn KeyFrames>,
) -> io::Result<Option<JoinHandle<()>>> {
    let settings = &parts.basics.settings;
    let (Some(Snapshots { interval }), Some(queue)) = (settings.snapshots, &parts.snapshots) else {
        return Ok(None);
    };
    let (tools, queue) = (parts.tools(), Arc::clone(queue));
    let thread = SnapshotThread::new(tools, queue, interval, Arc::clone(keyframes));
    thread::Builder::new().name(name("shots", settings)).spawn(move || thread.run()).map(Some)
}

/// A thread's name, of which the system shows 15 bytes.
fn name(part: &str, settings: &RecordingSettings) -> String {
    format!("{part}-{}", settings.sid.get(..6).unwrap_or("sid"))
}

/// Tells the threads that work behind the tape thread that nothing more comes. Returns how many frames
/// the recording's files lack.
fn stop_queues(parts: &Parts, at: RoomTime) -> u64 {
    if let Some(queue) = &parts.snapshots {
        queue.stop(at);
    }
    parts.queue.stop(at)
}

fn run_tape(parts: &Parts, tape: TapeThread) {
    let end = catch_unwind(AssertUnwindSafe(|| tape.run())).unwrap_or_else(|_| {
        tracing::error!(sid = %parts.basics.settings.sid, "the tape thread panicked");
        parts.course.stop(StopReason::Failed);
        parts.basics.now()
    });
    let dropped = stop_queues(parts, end);
    if dropped > 0 {
        let why = "what makes the files was too slow to take them before the end".to_owned();
        parts.notes.lost(LossPlace::Composite, dropped, why);
        parts.notes.sync_timeline();
    }
}

fn run_job(parts: &Parts, job: Job, snapshots: Option<JoinHandle<()>>) {
    let ended = catch_unwind(AssertUnwindSafe(job));
    let failure = match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(describe(&error)),
        Err(_) => Some("the thread that makes the files panicked".to_owned()),
    };
    if failure.is_some() {
        parts.course.stop(StopReason::Failed);
    }
    // A thread that failed early must not let the tapes be removed under the tape thread's hands.
    parts.queue.wait_for_stop();
    parts.queue.close();
    // What it took must be owed before the recording is ended in the outbox.
    if snapshots.is_some_and(|snapshots| snapshots.join().is_err()) {
        tracing::error!(sid = %parts.basics.settings.sid, "the snapshot thread panicked");
    }
    close(parts, failure);
    parts.course.cut();
}

/// A failure with the problem that tells of it.
pub(crate) fn failure(message: String) -> (String, Problem) {
    let (module, code) = (Module::Recorder, Code::CompositeFailed);
    (message.clone(), Problem { module, level: 5, code, message })
}

/// Ends the recording in the outbox. While the disk refuses there is nothing better to do than to
/// try again; if the process ends first, its next one ends the recording.
fn close(parts: &Parts, failure: Option<String>) {
    let (reason, at) =
        parts.course.stopped().unwrap_or_else(|| (StopReason::Failed, parts.basics.now()));
    parts.notes.end_troubles(at);
    let failure = failure.map(self::failure);
    let reason = if failure.is_some() { StopReason::Failed } else { reason };
    let sid = &parts.basics.settings.sid;
    let report = parts.notes.report();
    let close = || {
        parts.outbox.keep_report(sid, report.clone())?;
        parts.outbox.close(sid, reason, failure.clone(), at)
    };
    while let Err(error) = close() {
        tracing::error!(%sid, %error, "the end of a recording can't be owed yet");
        parts.queue.pop(AGAIN);
    }
}

#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
