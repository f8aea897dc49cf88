//! The individual thread: puts each track that the tape thread gives it into files of its own, as sent.
//!
//! It works by the times at which things arrived, never by its own, so how late it runs doesn't show.
//! Nothing is decoded, so it keeps up with whatever the disk takes.

mod line;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::settings::IndividualSettings;
use capstan_media::room::RoomEvent;
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;
use capstan_pipeline::as_sent::{AsSent, SETTLE};
use capstan_render::tracks::{Given, Tracks};

use self::line::Line;
use crate::live::patience::wait_for_disk;
use crate::live::queue::{Message, Queue};
use crate::live::tools::Tools;
use crate::requests::UpdateLayoutError;
use crate::source::KeyFrames;

/// How long what arrived may take through the tape thread, which may wait for a disk.
const SLACK: Duration = Duration::from_millis(100);
/// The longest wait for a message.
const PATIENCE: Duration = Duration::from_millis(50);

pub(crate) struct IndividualThread {
    tools: Tools,
    queue: Arc<Queue>,
    keyframes: Arc<dyn KeyFrames>,
    tracks: Tracks,
    lines: BTreeMap<TrackId, Line>,
    stop: Option<RoomTime>,
}

impl IndividualThread {
    pub(crate) fn new(
        tools: Tools,
        queue: Arc<Queue>,
        settings: IndividualSettings,
        keyframes: Arc<dyn KeyFrames>,
    ) -> Self {
        let tracks = Tracks::new(tools.basics.settings.segment, settings);
        Self { tools, queue, keyframes, tracks, lines: BTreeMap::new(), stop: None }
    }

    /// Runs until the recording has ended and its files are complete. Everything that was cut is
    /// written and owed then, as far as the disk lets.
    pub(crate) fn run(mut self) {
        while self.stop.is_none() {
            // Read before the queue is: what it holds by then comes before this moment.
            let now = self.tools.basics.now();
            match self.queue.pop(PATIENCE) {
                None => self.advance(now),
                Some(message) => {
                    // While more may wait, no more time has passed than for this one.
                    let at = message.at();
                    self.take(message);
                    if let Some(at) = at.filter(|at| self.is_behind(*at)) {
                        self.advance(at);
                    }
                }
            }
        }
        let rest = self.tracks.finish(self.stop);
        self.write(rest);
        let mut files: Vec<_> = self.lines.values_mut().filter_map(Line::finish).collect();
        wait_for_disk(&self.tools, &self.queue, &mut files);
        if let Some(end) = self.stop {
            self.tools.made.rendered(end);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Room(event) => self.happen(&event),
            Message::Layout(request) => {
                let sid = self.tools.basics.settings.sid.clone();
                // Whoever asked may have gone.
                let _ = request.answer.send(Err(UpdateLayoutError::NotMixed { sid }));
            }
            Message::Stop { at } => self.stop = Some(at),
        }
    }

    fn happen(&mut self, event: &RoomEvent) {
        if let RoomEvent::Frame(frame) = event {
            let new = || Line::new(self.tools.clone(), frame.track, frame.arrived);
            self.lines.entry(frame.track).or_insert_with(new).arrived(frame.arrived);
        }
        let given = self.tracks.take(event);
        self.write(given);
    }

    /// Whether time alone should be let pass though messages keep coming.
    fn is_behind(&self, now: RoomTime) -> bool {
        let Some(zero) = self.tracks.zero() else { return false };
        let seen = self.tools.made.rendered_to().unwrap_or(zero);
        now.since(seen) >= SETTLE + SLACK + PATIENCE
    }

    /// Lets time pass up to `now`: ends what fell silent, and asks for the key frames that are needed.
    fn advance(&mut self, now: RoomTime) {
        let until = now - SETTLE - SLACK;
        let given = self.tracks.advance(until);
        self.write(given);
        let mut asked = None;
        for (track, line) in &mut self.lines {
            let needs = self.tracks.get(*track).is_some_and(AsSent::wants_key);
            line.poll();
            if needs && line.may_ask(now) && asked.replace(track.uid) != Some(track.uid) {
                self.keyframes.request_of(track.uid);
            }
        }
        self.tools.notes.sees(self.tracks.complaints(now), now);
        if self.tracks.zero().is_some_and(|zero| zero <= until) {
            self.tools.made.rendered(until);
        }
    }

    fn write(&mut self, given: impl IntoIterator<Item = Given>) {
        for (track, pieces) in given {
            if let (Some(line), Some(from)) = (self.lines.get_mut(&track), self.tracks.get(track)) {
                line.write(pieces, from);
            }
        }
    }
}
