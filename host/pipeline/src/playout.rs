//! Playout: puts one track's frames into the sender's order and onto the room's clock.
//!
//! A frame keeps its place however late or out of order it comes; the queue is bounded, and a
//! video queue that overflowed takes frames again from a key frame on. H.264's frames stay in the order in
//! which they come, that of decoding: some are shown before others that they need. Frames after a pause are
//! placed as soon as it is known what the pause was.

pub mod align;
pub mod clock;
mod pause;
pub mod reorder;

use std::collections::VecDeque;
use std::sync::Arc;

use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::SenderReport;
use capstan_media::time::RoomTime;

use self::clock::{ClockMap, MediaTime};
use self::pause::{Cause, Pause};
use self::reorder::Reorder;
use crate::limits::{MAX_QUEUED_BYTES, MAX_QUEUED_FRAMES, MAX_QUEUED_PACKETS};

/// What a track's frames went through so far.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Frames that came after a newer one was taken, and are left out.
    pub late: u64,
    /// Frames left out because the queue was full, or waited for a key frame since it was.
    pub overflowed: u64,
    /// Times that the sender's clock jumped, or stood still in a pause, and the track was placed anew
    /// by arrival.
    pub jumps: u64,
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
    /// Of H.264: how far decoding runs ahead.
    order: Reorder,
    /// What the alignment with the participant's other tracks adds to room times.
    shift: i64,
    queue: VecDeque<Queued>,
    bytes: usize,
    taken: Option<MediaTime>,
    overflowed: bool,
    torn: bool,
    /// Frames whose places aren't known yet.
    pause: Option<Pause>,
    /// Up to where frames were asked for.
    asked: RoomTime,
    counts: Counts,
}

impl Playout {
    /// For a track whose RTP clock has `rate` ticks a second.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        let clock = ClockMap::new(rate);
        Self {
            clock,
            order: Reorder::default(),
            shift: 0,
            queue: VecDeque::new(),
            bytes: 0,
            taken: None,
            overflowed: false,
            torn: false,
            pause: None,
            asked: RoomTime::from_micros(i64::MIN),
            counts: Counts::default(),
        }
    }

    /// Takes a frame in the order of arrival.
    pub fn push(&mut self, frame: Arc<Frame>) {
        let again = self.pause.as_ref().filter(|pause| pause.ends_before(&self.clock, &frame));
        if let Some(cause) = again.map(Pause::likely) {
            self.release(cause);
        }
        if self.pause.is_none() {
            let asked = self.asked.offset_micros(self.shift.saturating_neg());
            self.pause = Pause::before(&self.clock, &frame, asked);
        }
        let Some(pause) = &mut self.pause else {
            self.place(frame);
            return;
        };
        pause.push(&self.clock, frame, std::mem::take(&mut self.torn));
        if let Some(cause) = pause.cause() {
            self.release(cause);
        }
    }

    /// The frames after a pause get their places now if they are needed at `until`.
    pub fn settle(&mut self, until: RoomTime) {
        self.asked = self.asked.max(until);
        let needed = self.pause.as_ref().filter(|pause| until >= pause.needed(self.shift));
        if let Some(cause) = needed.map(Pause::likely) {
            self.release(cause);
        }
    }

    fn release(&mut self, cause: Cause) {
        let Some(pause) = self.pause.take() else { return };
        if cause == Cause::StoodStill
            && let Some((first, _)) = pause.frames.first()
        {
            self.clock.resume(first.rtp_time, pause.resumed());
        }
        for (frame, torn) in pause.frames {
            self.torn |= torn;
            self.place(frame);
        }
        pause.reports.iter().for_each(|report| self.report(report));
    }

    fn place(&mut self, frame: Arc<Frame>) {
        let decoded = frame.codec == Codec::H264;
        let order = decoded.then_some(&mut self.order);
        let at = self.clock.place_in(order, frame.rtp_time, frame.arrived);
        if !decoded && self.taken.is_some_and(|taken| at < taken) {
            self.counts.late += 1;
            return;
        }
        let video = frame.codec.is_video();
        let most = if video { MAX_QUEUED_FRAMES } else { MAX_QUEUED_PACKETS };
        let full = self.queue.len() >= most || self.bytes + frame.data.len() > MAX_QUEUED_BYTES;
        let waits = video && self.overflowed && frame.kind == FrameKind::Delta;
        if full || waits {
            self.overflowed = true;
            self.counts.overflowed += 1;
            return;
        }
        self.overflowed = false;
        self.bytes += frame.data.len();
        let before = |queued: &Queued| decoded || queued.at <= at;
        let place = self.queue.iter().rposition(before).map_or(0, |n| n + 1);
        let after_gap = frame.continuity == Continuity::AfterGap || std::mem::take(&mut self.torn);
        self.queue.insert(place, Queued { at, frame, after_gap });
    }

    /// Frames were lost on the way here: the next one pushed comes after a gap.
    pub const fn tear(&mut self) {
        self.torn = true;
    }

    /// Drops what arrived until a moment.
    pub fn forget(&mut self, until: RoomTime) {
        self.queue.retain(|queued| queued.frame.arrived > until);
        self.bytes = self.queue.iter().map(|queued| queued.frame.data.len()).sum();
        if let Some(pause) = &mut self.pause {
            pause.frames.retain(|(frame, _)| frame.arrived > until);
        }
        self.pause.take_if(|pause| pause.frames.is_empty());
    }

    /// Whether a key frame waits.
    #[must_use]
    pub fn has_key(&self) -> bool {
        let held = self.pause.iter().flat_map(|pause| &pause.frames).map(|(frame, _)| frame);
        let mut waiting = self.queue.iter().map(|queued| &queued.frame).chain(held);
        waiting.any(|frame| frame.kind == FrameKind::Key)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.pause.is_none()
    }

    /// Takes a sender report of the track.
    pub fn report(&mut self, report: &SenderReport) {
        match &mut self.pause {
            Some(pause) => pause.report(*report),
            None => self.clock.report(report.rtp_time, report.sender_micros),
        }
    }

    /// What its frames went through so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        Counts { jumps: self.clock.jumps(), ..self.counts }
    }

    /// The next frame, if its time is not after `until`, or that of one behind it isn't.
    pub fn take_due(&mut self, until: RoomTime) -> Option<Queued> {
        self.settle(until);
        let due = |queued: &Queued| self.room_time(queued.at).is_some_and(|at| at <= until);
        let front = self.queue.front()?;
        let ahead = front.frame.codec == Codec::H264 && self.queue.iter().skip(1).any(due);
        if !due(front) && !ahead {
            return None;
        }
        self.take()
    }

    /// How many frames decoding runs ahead of showing.
    #[must_use]
    pub const fn decoding_ahead(&self) -> usize {
        self.order.depth()
    }

    /// The next frame, without taking it.
    #[must_use]
    pub fn next(&self) -> Option<&Queued> {
        self.queue.front()
    }

    /// Takes the next frame, whatever its time. Frames after a pause come once [`Self::settle`] has placed
    /// them.
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
