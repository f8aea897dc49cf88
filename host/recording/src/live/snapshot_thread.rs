//! The snapshot thread: takes a picture of each video track once an interval and has it uploaded.
//!
//! Its queue is its own and never blocks the tape thread, so however long a picture takes, nothing else
//! waits for it. A picture that can't be taken is told of and left out; one that a full disk refuses waits for it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::folder::{hls_folder, write_whole};
use capstan_archive::names;
use capstan_archive::settings::Mode;
use capstan_media::timeline::LossPlace;
use capstan_outbox::NewFile;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_pipeline::snapshots::{Snapshot, Snapshots, Taken};

use crate::live::patience::{Waits, wait_for_disk};
use crate::live::queue::{Message, Queue};
use crate::live::tools::Tools;
use crate::seldom::Seldom;
use crate::source::KeyFrames;

/// The longest wait for a message.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often key frames are asked for while one is waited for.
const KEYS_EVERY: Duration = Duration::from_millis(500);
/// How often what waits is tried again though no new one is taken.
const TRIES_EVERY: Duration = Duration::from_secs(1);
/// The most bytes of screenshots that wait for a disk.
const MAX_WAITING: usize = 8 * 1024 * 1024;
/// How often trouble is told of by an event.
const EVENTS_EVERY: Duration = Duration::from_secs(60);

pub(crate) struct SnapshotThread {
    tools: Tools,
    queue: Arc<Queue>,
    keyframes: Arc<dyn KeyFrames>,
    snapshots: Snapshots,
    folder: PathBuf,
    /// Not on disk yet: normally none outlive a call.
    waiting: VecDeque<(String, Vec<u8>)>,
    /// On disk and not owed yet: normally none outlive a call.
    unowed: Vec<NewFile>,
    tries: Seldom,
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
            waiting: VecDeque::new(),
            unowed: Vec::new(),
            tries: Seldom::new(TRIES_EVERY),
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
            if (!self.waiting.is_empty() || !self.unowed.is_empty()) && self.tries.may(now) {
                self.settle();
            }
            if self.snapshots.wants_keys() && self.keys.may(now) {
                self.keyframes.request();
            }
        }
        let (tools, queue) = (self.tools.clone(), Arc::clone(&self.queue));
        wait_for_disk(&tools, &queue, &mut [&mut self]);
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
        self.waiting.push_back((name, jpeg));
        self.settle();
        let bytes = |(_, jpeg): &(String, Vec<u8>)| jpeg.len();
        while self.waiting.iter().map(bytes).sum::<usize>() > MAX_WAITING
            && let Some((name, _)) = self.waiting.pop_front()
        {
            self.lose(&name);
        }
    }

    /// Writes what waits, oldest first.
    fn write(&mut self) {
        while let Some((name, jpeg)) = self.waiting.front() {
            let path = self.folder.join(name);
            if let Err(error) = write_whole(&path, jpeg) {
                let message = format!("screenshot {name} can't be written yet: {error}");
                return self.fail(message);
            }
            metrics::counter!("capstan_snapshots_total").increment(1);
            self.unowed.push(NewFile::alone(path, jpeg.len() as u64));
            self.waiting.pop_front();
        }
    }

    fn lose(&self, name: &str) {
        let why = format!("screenshot {name} couldn't be written");
        self.tools.notes.lost(LossPlace::Segment, 1, why);
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

impl Waits for SnapshotThread {
    fn settle(&mut self) -> bool {
        self.write();
        self.owe();
        self.waiting.is_empty() && self.unowed.is_empty()
    }

    fn give_up(&mut self) {
        for (name, _) in std::mem::take(&mut self.waiting) {
            self.lose(&name);
        }
        if !self.unowed.is_empty() {
            let (files, why) = (self.unowed.len() as u64, "screenshots can't be owed".to_owned());
            self.tools.notes.lost(LossPlace::Segment, files, why);
        }
    }
}
