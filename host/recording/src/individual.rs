//! The individual thread: puts each track that the tape thread gives it into files of its own, as sent.
//!
//! It works by the times at which things arrived, never by its own, so how late it runs doesn't show.
//! Nothing is decoded, so it keeps up with whatever the disk takes.

mod line;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use capstan_media::room::RoomEvent;
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackKind, Uid};
use capstan_pipeline::as_sent::SETTLE;
use capstan_pipeline::playout::align::align;

use self::line::Line;
use crate::handle::UpdateLayoutError;
use crate::queue::Message;
use crate::settings::IndividualSettings;
use crate::shared::Shared;
use crate::source::KeyFrames;

/// How long what arrived may take through the tape thread, which may wait for a disk.
const SLACK: Duration = Duration::from_millis(100);
/// The longest wait for a message.
const PATIENCE: Duration = Duration::from_millis(50);
/// Tracks of one participant move towards each other by at most one part in this many: inaudible.
const SLEW: u64 = 200;

pub(crate) struct IndividualThread {
    shared: Arc<Shared>,
    settings: IndividualSettings,
    keyframes: Arc<dyn KeyFrames>,
    /// The recording's zero, once media came.
    zero: Option<RoomTime>,
    people: BTreeMap<Uid, Person>,
    stop: Option<RoomTime>,
}

/// Whoever sent anything. They stay to the end: who comes back goes on in the same playlists.
#[derive(Default)]
struct Person {
    lines: BTreeMap<TrackKind, Line>,
    aligned: Option<RoomTime>,
}

impl IndividualThread {
    pub(crate) const fn new(
        shared: Arc<Shared>,
        settings: IndividualSettings,
        keyframes: Arc<dyn KeyFrames>,
    ) -> Self {
        Self { shared, settings, keyframes, zero: None, people: BTreeMap::new(), stop: None }
    }

    /// Runs until the recording has ended and its files are complete. Everything that was cut is
    /// published and owed then, as far as the disk lets.
    pub(crate) fn run(mut self) {
        while self.stop.is_none() {
            let message = self.shared.queue.pop(PATIENCE);
            let idle = message.is_none();
            if let Some(message) = message {
                self.take(message);
            }
            // What waits comes first, so that nothing is taken for late.
            if idle || self.zero.is_some_and(|zero| self.is_behind(zero)) {
                self.advance();
            }
        }
        for line in self.people.values_mut().flat_map(|person| person.lines.values_mut()) {
            line.finish();
        }
        if let Some(end) = self.stop {
            self.shared.numbers().rendered_to = Some(end);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Room(event) => self.happen(&event),
            Message::Layout(request) => {
                let sid = self.shared.settings.sid.clone();
                // Whoever asked may have gone.
                let _ = request.answer.send(Err(UpdateLayoutError::NotMixed { sid }));
            }
            Message::Stop { at } => self.stop = Some(at),
        }
    }

    fn happen(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::Frame(frame) => {
                let zero = *self.zero.get_or_insert(frame.arrived);
                let person = self.people.entry(frame.track.uid).or_default();
                let line = person.lines.entry(frame.track.kind).or_insert_with(|| {
                    Line::new(Arc::clone(&self.shared), self.settings, frame.track, zero)
                });
                line.advance(frame.arrived - SETTLE);
                line.push(frame);
            }
            RoomEvent::TrackStarted { track, .. } => {
                let person = self.people.get_mut(&track.uid);
                if let Some(line) = person.and_then(|person| person.lines.get_mut(&track.kind)) {
                    line.start();
                }
            }
            RoomEvent::Report(report) => {
                let Some(person) = self.people.get_mut(&report.track.uid) else { return };
                if let Some(line) = person.lines.get_mut(&report.track.kind) {
                    line.advance(report.arrived - SETTLE);
                    line.report(report);
                }
                person.align(report.arrived);
            }
            RoomEvent::Lost { .. } => {
                for line in self.people.values_mut().flat_map(|person| person.lines.values_mut()) {
                    line.tear();
                }
            }
            RoomEvent::Joined { .. }
            | RoomEvent::Left { .. }
            | RoomEvent::Muted { .. }
            | RoomEvent::Unmuted { .. } => {}
        }
    }

    /// Whether time alone should be let pass though messages keep coming.
    fn is_behind(&self, zero: RoomTime) -> bool {
        let seen = self.shared.numbers().rendered_to.unwrap_or(zero);
        self.shared.clock.now().since(seen) >= SETTLE + SLACK + PATIENCE
    }

    /// Lets time pass: ends what fell silent, and asks for the key frames that are needed.
    fn advance(&mut self) {
        let now = self.shared.clock.now();
        let until = now - SETTLE - SLACK;
        for (uid, person) in &mut self.people {
            let mut wants_key = false;
            for line in person.lines.values_mut() {
                line.advance(until);
                wants_key |= line.wants_key(now);
            }
            if wants_key {
                self.keyframes.request_of(*uid);
            }
        }
        if self.zero.is_some_and(|zero| zero <= until) {
            self.shared.numbers().rendered_to = Some(until);
        }
    }
}

impl Person {
    fn align(&mut self, at: RoomTime) {
        let since = self.aligned.replace(at).map_or(Duration::ZERO, |before| at.since(before));
        let slew = since.as_micros() / u128::from(SLEW);
        let mut playouts: Vec<_> = self.lines.values_mut().filter_map(Line::playout).collect();
        align(&mut playouts, i64::try_from(slew).unwrap_or(i64::MAX));
    }
}
