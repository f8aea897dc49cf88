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
use crate::live::tools::Tools;
use crate::seldom::Seldom;
use crate::source::KeyFrames;

/// The longest wait for a message.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often key frames are asked for while one is waited for.
const KEYS_EVERY: Duration = Duration::from_millis(500);
/// How often trouble is told of by an event.
const EVENTS_EVERY: Duration = Duration::from_secs(60);

pub(crate) struct SnapshotThread {
    tools: Tools,
    queue: Arc<Queue>,
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
        tools: Tools,
        queue: Arc<Queue>,
        interval: Duration,
        keyframes: Arc<dyn KeyFrames>,
    ) -> Self {
        Self {
            folder: hls_folder(&tools.basics.folder),
            tools,
            queue,
            keyframes,
            snapshots: Snapshots::new(interval),
            unowed: Vec::new(),
            keys: Seldom::new(KEYS_EVERY),
            events: Seldom::new(EVENTS_EVERY),
        }
    }

    /// Runs until the recording has ended. What was taken is owed then, as far as the disk lets.
    pub(crate) fn run(mut self) {
        let mut stopped = false;
        while !stopped {
            // All that waits comes before any picture, so that each is the newest.
            let now = self.tools.basics.now();
            let mut patience = PATIENCE;
            while let Some(message) = self.queue.pop(patience) {
                match message {
                    Message::Room(event) => self.snapshots.push(&event),
                    Message::Stop { .. } => stopped = true,
                    Message::Layout(_) => {}
                }
                patience = Duration::ZERO;
            }
            if self.tools.basics.settings.mode == Mode::SnapshotsOnly {
                self.tools.made.rendered(now);
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
            let sid = &self.tools.basics.settings.sid;
            tracing::error!(%sid, files = self.unowed.len(), "screenshots can't be owed");
        }
    }

    fn keep(&mut self, taken: Taken) {
        let snapshot = match taken {
            Taken::Snapshot(snapshot) => snapshot,
            Taken::Missing { track } => {
                metrics::counter!("capstan_snapshots_missed_total").increment(1);
                tracing::debug!(sid = %self.tools.basics.settings.sid, %track, "no picture in time");
                return;
            }
            Taken::Failed { track, error } => {
                return self.fail(format!("no screenshot of {track}: {error}"));
            }
        };
        let Snapshot { track, at, jpeg } = snapshot;
        let name = names::snapshot(&self.tools.basics.settings.stem(), track, at);
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
        let sid = &self.tools.basics.settings.sid;
        if self.unowed.is_empty() {
            return;
        }
        match self.tools.outbox.file(sid, &self.unowed) {
            Ok(()) => self.unowed.clear(),
            // They stay and are owed with the next one.
            Err(error) => tracing::error!(%sid, %error, "screenshots can't be owed yet"),
        }
    }

    fn fail(&mut self, message: String) {
        if !self.events.may(self.tools.basics.now()) {
            tracing::warn!(sid = %self.tools.basics.settings.sid, message, "a screenshot is missing");
            return;
        }
        let (module, code) = (Module::Recorder, Code::FileOperation);
        self.tools.notes.warn(Problem { module, level: 3, code, message });
    }
}
