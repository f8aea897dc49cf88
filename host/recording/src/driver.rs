//! Starts a recording's threads and brings them to their end: the only spawner here.
//!
//! Whatever happens to a thread, a panic included, the recording is ended in the outbox and whoever
//! waits for it hears of it.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use capstan_media::timeline::LossPlace;
use capstan_pipeline::composite::Image;

use crate::composite_thread::CompositeThread;
use crate::director::Director;
use crate::event::{Code, Module, Problem};
use crate::outbox::tape_folder;
use crate::settings::MixSettings;
use crate::shared::{Shared, SubscriptionRequest};
use crate::source::{KeyFrames, RoomEvents};
use crate::status::StopReason;
use crate::tape::Tapes;
use crate::tape_thread::{TapeThread, describe};

/// How often the end of a recording is tried to be owed while the disk refuses.
const AGAIN: Duration = Duration::from_secs(1);

/// What the composite thread works with.
pub(crate) struct Crew {
    pub(crate) mix: MixSettings,
    pub(crate) requests: Receiver<SubscriptionRequest>,
    pub(crate) events: Box<dyn RoomEvents>,
    pub(crate) director: Director,
    pub(crate) keyframes: Arc<dyn KeyFrames>,
    pub(crate) images: BTreeMap<String, Image>,
}

/// Starts both threads.
pub(crate) fn start(shared: &Arc<Shared>, crew: Crew) -> io::Result<()> {
    let Crew { mix, requests, events, director, keyframes, images } = crew;
    let tapes = Tapes::new(&tape_folder(&shared.folder), &shared.settings.sid);
    let asker = Arc::clone(&keyframes);
    let tape = TapeThread::new(Arc::clone(shared), events, asker, requests, tapes);
    let composite = CompositeThread::new(Arc::clone(shared), mix, director, keyframes, images);
    let name = |part: &str| format!("{part}-{}", shared.settings.sid.get(..6).unwrap_or("sid"));
    let for_composite = Arc::clone(shared);
    thread::Builder::new()
        .name(name("composite"))
        .spawn(move || run_composite(&for_composite, composite))?;
    let for_tape = Arc::clone(shared);
    let spawned =
        thread::Builder::new().name(name("tape")).spawn(move || run_tape(&for_tape, tape));
    if spawned.is_err() {
        shared.stop(StopReason::Failed);
        shared.queue.stop(shared.clock.now());
    }
    spawned.map(|_| ())
}

fn run_tape(shared: &Arc<Shared>, tape: TapeThread) {
    let end = catch_unwind(AssertUnwindSafe(|| tape.run())).unwrap_or_else(|_| {
        tracing::error!(sid = %shared.settings.sid, "the tape thread panicked");
        shared.stop(StopReason::Failed);
        shared.clock.now()
    });
    let dropped = shared.queue.stop(end);
    if dropped > 0 {
        let why = "the composite was too slow to take them before the end".to_owned();
        shared.lost(LossPlace::Composite, dropped, why);
        shared.sync_timeline();
    }
}

fn run_composite(shared: &Arc<Shared>, composite: CompositeThread) {
    let ended = catch_unwind(AssertUnwindSafe(|| composite.run()));
    let failure = match ended {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(describe(&error)),
        Err(_) => Some("the composite thread panicked".to_owned()),
    };
    if failure.is_some() {
        shared.stop(StopReason::Failed);
    }
    // A composite that failed early must not let the tapes be removed under the tape thread's hands.
    shared.queue.wait_for_stop();
    shared.queue.close();
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
    while let Err(error) = shared.outbox.close(sid, reason, failure.clone(), at) {
        tracing::error!(%sid, %error, "the end of a recording can't be owed yet");
        shared.queue.pop(AGAIN);
    }
}

#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
