//! Frames after a pause, held until it is known what the pause was.
//!
//! Two things look alike at first: the frame's media time goes on where it stopped, though time has passed.
//! Either the network held the frames up; then they come faster than they were made, and belong where they
//! were made. Or the sender's clock stood still (a mute that takes the track away, another microphone, a
//! process that stalled); then they come at their pace, and belong where they arrive. To hold them costs
//! nothing: they wait for the playout delay anyhow, or are too late already.

use std::sync::Arc;

use capstan_media::frame::Frame;
use capstan_media::room::SenderReport;
use capstan_media::time::RoomTime;

use super::clock::{ClockMap, Lateness};

/// A frame after less than this comes after no pause, but for a network's whim, in µs.
const PAUSE: i64 = 80_000;
/// Media time that lags behind by less than this is followed by slewing.
const LAG: i64 = 60_000;
/// Frames that come so much less late than the first one were held up, or by half of what it is late.
const CAUGHT_UP: i64 = 400_000;
/// Sound that lags by so much and comes alone wasn't held up: then more would come with it.
const LONG: i64 = 400_000;
/// Frames that come at their pace for so long weren't held up.
const AT_PACE: i64 = 500_000;
/// Reports that are kept meanwhile; a sender sends a few a second at most.
const MAX_REPORTS: usize = 16;

/// What a pause was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// The network held the frames up.
    HeldUp,
    /// The sender's clock stood still.
    StoodStill,
}

/// The frames since a pause.
#[derive(Debug)]
pub(super) struct Pause {
    first: Lateness,
    /// How far media time lags.
    lag: i64,
    /// The first frame is in time where the map has it.
    in_time: bool,
    is_video: bool,
    /// The least that a frame since was late.
    least: i64,
    /// When the newest frame arrived, and how late it was.
    newest: RoomTime,
    newest_late: i64,
    /// Each with whether frames were lost on the way here before it.
    pub(super) frames: Vec<(Arc<Frame>, bool)>,
    pub(super) reports: Vec<SenderReport>,
}

impl Pause {
    /// If `frame` may be the first one of a clock that stood still.
    /// Frames were asked for up to `asked` already.
    pub(super) fn before(clock: &ClockMap, frame: &Frame, asked: RoomTime) -> Option<Self> {
        let first = clock.lateness(frame.rtp_time, frame.arrived)?;
        let lag = first.late.min(first.passed.saturating_sub(first.moved));
        let paused = first.passed >= PAUSE && lag >= LAG && first.moved > 0;
        paused.then(|| Self {
            first,
            lag,
            in_time: first.room > asked,
            is_video: frame.codec.is_video(),
            least: first.late,
            newest: frame.arrived,
            newest_late: first.late,
            frames: Vec::new(),
            reports: Vec::new(),
        })
    }

    /// Whether `frame` comes after another pause, so that those before it tell nothing of it.
    pub(super) fn ends_before(&self, clock: &ClockMap, frame: &Frame) -> bool {
        let lateness = clock.lateness(frame.rtp_time, frame.arrived);
        let late = lateness.map_or(0, |lateness| lateness.late.saturating_sub(self.newest_late));
        frame.arrived.micros_from(self.newest) >= PAUSE && late >= LAG
    }

    pub(super) fn push(&mut self, clock: &ClockMap, frame: Arc<Frame>, torn: bool) {
        if let Some(lateness) = clock.lateness(frame.rtp_time, frame.arrived) {
            self.least = self.least.min(lateness.late);
            self.newest_late = lateness.late;
        }
        self.newest = self.newest.max(frame.arrived);
        self.frames.push((frame, torn));
    }

    pub(super) fn report(&mut self, report: SenderReport) {
        if self.reports.len() < MAX_REPORTS {
            self.reports.push(report);
        }
    }

    /// What the frames so far tell, if they do.
    pub(super) fn cause(&self) -> Option<Cause> {
        let caught_up = self.first.late.saturating_sub(self.least);
        if caught_up >= CAUGHT_UP.min(self.lag / 2) {
            return Some(Cause::HeldUp);
        }
        let since = self.newest.micros_from(self.arrived());
        (since >= AT_PACE).then_some(Cause::StoodStill)
    }

    /// What it was, now that the frames can't be held any longer.
    pub(super) const fn likely(&self) -> Cause {
        // A single frame tells nothing. A large picture is held up more often than a clock stands still.
        let long = self.lag >= LONG && !(self.is_video && self.in_time);
        if self.frames.len() > 1 || long { Cause::StoodStill } else { Cause::HeldUp }
    }

    /// The room time at which the frames are needed, if `shift` is added to those of the map: where they were
    /// made, or where they arrived if they are too late for that.
    pub(super) fn needed(&self, shift: i64) -> RoomTime {
        if self.in_time { self.first.room.offset_micros(shift) } else { self.arrived() }
    }

    /// Where the first frame belongs if the clock stood still: where it would have arrived with the
    /// delay of the quickest.
    pub(super) const fn resumed(&self) -> RoomTime {
        self.first.room.offset_micros(self.least)
    }

    const fn arrived(&self) -> RoomTime {
        self.first.room.offset_micros(self.first.late)
    }
}
