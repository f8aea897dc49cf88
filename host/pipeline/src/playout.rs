//! Playout: puts one track's frames into the sender's order and onto the room's clock.
//!
//! A frame keeps its place however late or out of order it comes; the queue is bounded, and a
//! video queue that overflowed takes frames again from a key frame on.

pub mod align;
pub mod clock;

use std::collections::VecDeque;
use std::sync::Arc;

use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::SenderReport;
use capstan_media::time::RoomTime;

use self::clock::{ClockMap, MediaTime};
use crate::limits::{MAX_QUEUED_BYTES, MAX_QUEUED_FRAMES, MAX_QUEUED_PACKETS};

/// What became of a pushed frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pushed {
    /// It waits for its time.
    Queued,
    /// A newer frame was taken already.
    Late,
    /// The queue is full, or waits for a key frame since it was.
    Overflowed,
}

/// A frame in its place.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Its place on the track.
    pub at: MediaTime,
    /// The frame.
    pub frame: Arc<Frame>,
    /// Whether frames before it are missing.
    pub after_gap: bool,
}

/// One track's queue and clock.
#[derive(Debug)]
pub struct Playout {
    clock: ClockMap,
    /// What the alignment with the participant's other tracks adds to room times.
    shift: i64,
    queue: VecDeque<Queued>,
    bytes: usize,
    taken: Option<MediaTime>,
    overflowed: bool,
    torn: bool,
}

impl Playout {
    /// For a track whose RTP clock has `rate` ticks a second.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let clock = ClockMap::new(rate);
        Self {
            clock,
            shift: 0,
            queue: VecDeque::new(),
            bytes: 0,
            taken: None,
            overflowed: false,
            torn: false,
        }
    }

    /// Takes a frame in the order of arrival.
    pub fn push(&mut self, frame: Arc<Frame>) -> Pushed {
        let at = self.clock.place(frame.rtp_time, frame.arrived);
        if self.taken.is_some_and(|taken| at < taken) {
            return Pushed::Late;
        }
        let video = frame.codec.is_video();
        let most = if video { MAX_QUEUED_FRAMES } else { MAX_QUEUED_PACKETS };
        let full = self.queue.len() >= most || self.bytes + frame.data.len() > MAX_QUEUED_BYTES;
        let waits = video && self.overflowed && frame.kind == FrameKind::Delta;
        if full || waits {
            self.overflowed = true;
            return Pushed::Overflowed;
        }
        self.overflowed = false;
        self.bytes += frame.data.len();
        let place = self.queue.iter().rposition(|queued| queued.at <= at).map_or(0, |n| n + 1);
        let after_gap = frame.continuity == Continuity::AfterGap || std::mem::take(&mut self.torn);
        self.queue.insert(place, Queued { at, frame, after_gap });
        Pushed::Queued
    }

    /// Frames were lost on the way here: the next one pushed comes after a gap.
    pub const fn tear(&mut self) {
        self.torn = true;
    }

    /// Drops what arrived until a moment.
    pub fn forget(&mut self, until: RoomTime) {
        self.queue.retain(|queued| queued.frame.arrived > until);
        self.bytes = self.queue.iter().map(|queued| queued.frame.data.len()).sum();
    }

    /// Whether a key frame waits.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.queue.iter().any(|queued| queued.frame.kind == FrameKind::Key)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes a sender report of the track.
    pub fn report(&mut self, report: &SenderReport) {
        self.clock.report(report.rtp_time, report.sender_micros);
    }

    /// The next frame, if its time is not after `until`.
    pub fn take_due(&mut self, until: RoomTime) -> Option<Queued> {
        let at = self.queue.front()?.at;
        if self.room_time(at)? > until {
            return None;
        }
        self.take()
    }

    /// The next frame, without taking it.
    #[must_use]
    pub fn next(&self) -> Option<&Queued> {
        self.queue.front()
    }

    /// Takes the next frame, whatever its time.
    pub fn take(&mut self) -> Option<Queued> {
        let queued = self.queue.pop_front()?;
        self.bytes -= queued.frame.data.len();
        self.taken = Some(queued.at);
        Some(queued)
    }

    /// The room time of a place on the track; `None` before the first frame.
    #[must_use]
    pub fn room_time(&self, at: MediaTime) -> Option<RoomTime> {
        self.clock.room_time(at).map(|room| room.offset_micros(self.shift))
    }

    /// The place on the track of a room time, in ticks and parts of them.
    #[must_use]
    pub fn media_time(&self, room: RoomTime) -> Option<f64> {
        self.clock.media_time(room.offset_micros(self.shift.saturating_neg()))
    }

    /// The clock map, for aligning the tracks of a participant.
    #[must_use]
    pub const fn clock(&self) -> &ClockMap {
        &self.clock
    }

    /// What is added to room times, in microseconds.
    #[must_use]
    pub const fn shift(&self) -> i64 {
        self.shift
    }

    /// Changes what is added to room times.
    pub const fn set_shift(&mut self, micros: i64) {
        self.shift = micros;
    }
}
