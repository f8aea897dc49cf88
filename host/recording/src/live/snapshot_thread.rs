//! The snapshot thread: takes a picture of each video track once an interval and has it uploaded.
//!
//! Its queue is its own and never blocks the tape thread, so however long a picture takes, nothing else
//! waits for it. A picture that can't be taken or written is told of and left out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::folder::{hls_folder, write_whole};
use capstan_archive::names;
use capstan_archive::settings::Mode;
use capstan_outbox::NewFile;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_pipeline::snapshots::{Snapshot, Snapshots, Taken};

use crate::live::queue::{Message, Queue};
use crate::live::shared::Shared;
use crate::seldom::Seldom;
use crate::source::KeyFrames;

/// The longest wait for a message.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often key frames are asked for while one is waited for.
const KEYS_EVERY: Duration = Duration::from_millis(500);
/// How often trouble is told of by an event.
const EVENTS_EVERY: Duration = Duration::from_secs(60);

pub(crate) struct SnapshotThread {
    shared: Arc<Shared>,
    keyframes: Arc<dyn KeyFrames>,
    snapshots: Snapshots,
    folder: PathBuf,
    /// On disk and not owed yet: normally none outlive a call.
    unowed: Vec<NewFile>,
    keys: Seldom,
    events: Seldom,
}

impl SnapshotThread {
    pub(crate) fn new(
        shared: Arc<Shared>,
        interval: Duration,
        keyframes: Arc<dyn KeyFrames>,
    ) -> Self {
        Self {
            folder: hls_folder(&shared.folder),
            shared,
            keyframes,
            snapshots: Snapshots::new(interval),
            unowed: Vec::new(),
            keys: Seldom::new(KEYS_EVERY),
            events: Seldom::new(EVENTS_EVERY),
        }
    }

    /// Runs until the recording has ended. What was taken is owed then, as far as the disk lets.
    pub(crate) fn run(mut self, queue: &Queue) {
        let mut stopped = false;
        while !stopped {
            // All that waits comes before any picture, so that each is the newest.
            let now = self.shared.clock.now();
            let mut patience = PATIENCE;
            while let Some(message) = queue.pop(patience) {
                match message {
                    Message::Room(event) => self.snapshots.push(&event),
                    Message::Stop { .. } => stopped = true,
                    Message::Layout(_) => {}
                }
                patience = Duration::ZERO;
            }
            if self.shared.settings.mode == Mode::SnapshotsOnly {
                self.shared.numbers().rendered_to = Some(now);
            }
            while let Some(taken) = self.snapshots.poll(now) {
                self.keep(taken);
            }
            if self.snapshots.wants_keys() && self.keys.may(now) {
                self.keyframes.request();
            }
        }
        self.owe();
        if !self.unowed.is_empty() {
            let sid = &self.shared.settings.sid;
            tracing::error!(%sid, files = self.unowed.len(), "screenshots can't be owed");
        }
    }

    fn keep(&mut self, taken: Taken) {
        let snapshot = match taken {
            Taken::Snapshot(snapshot) => snapshot,
            Taken::Missing { track } => {
                metrics::counter!("capstan_snapshots_missed_total").increment(1);
                tracing::debug!(sid = %self.shared.settings.sid, %track, "no picture in time");
                return;
            }
            Taken::Failed { track, error } => {
                return self.fail(format!("no screenshot of {track}: {error}"));
            }
        };
        let Snapshot { track, at, jpeg } = snapshot;
        let name = names::snapshot(&self.shared.settings.stem(), track, at);
        let path = self.folder.join(&name);
        match write_whole(&path, &jpeg) {
            Ok(()) => {
                metrics::counter!("capstan_snapshots_total").increment(1);
                self.unowed.push(NewFile::alone(path, jpeg.len() as u64));
                self.owe();
            }
            Err(error) => self.fail(format!("screenshot {name} can't be written: {error}")),
        }
    }

    fn owe(&mut self) {
        let sid = &self.shared.settings.sid;
        if self.unowed.is_empty() {
            return;
        }
        match self.shared.outbox.file(sid, &self.unowed) {
            Ok(()) => self.unowed.clear(),
            // They stay and are owed with the next one.
            Err(error) => tracing::error!(%sid, %error, "screenshots can't be owed yet"),
        }
    }

    fn fail(&mut self, message: String) {
        if !self.events.may(self.shared.clock.now()) {
            tracing::warn!(sid = %self.shared.settings.sid, message, "a screenshot is missing");
            return;
        }
        let (module, code) = (Module::Recorder, Code::FileOperation);
        self.shared.warn(Problem { module, level: 3, code, message });
    }
}
