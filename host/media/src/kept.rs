//! A video track's newest key frame and what follows it: all that somebody needs who begins to look now.
//!
//! A source that stands still (a shared screen, a camera behind a picture) sends nothing more, and its
//! encoder answers no request for a key frame before something is painted. So what it sent last is kept,
//! within bounds, for who comes later.

use std::sync::Arc;
use std::time::Duration;

use crate::frame::{Continuity, Frame, FrameKind};
use crate::time::{RoomTime, RtpTime};

/// The most frames kept of a track: 20 s at 15 a second.
pub const MAX_FRAMES: usize = 300;
/// The most bytes kept of a track: 10 s at 3 Mbit/s.
pub const MAX_BYTES: usize = 4 << 20;
/// A track without a frame for so long stands still. One that doesn't brings a key frame when it is asked.
pub const STILL: Duration = Duration::from_secs(1);

/// The frames since the newest key frame, none missing.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    frames: Vec<Arc<Frame>>,
    bytes: usize,
    /// Frames are missing since the last one kept: only a key frame helps.
    broken: bool,
}

/// What became of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeping {
    /// It is kept.
    Kept,
    /// It isn't, since frames before it aren't here.
    Missing,
    /// It isn't, since the bounds are reached: a key frame is needed to go on.
    Full,
}

impl Kept {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { frames: Vec::new(), bytes: 0, broken: false }
    }

    /// Takes the next frame of the track.
    pub fn push(&mut self, frame: &Arc<Frame>) -> Keeping {
        if frame.kind == FrameKind::Key {
            self.forget();
            self.broken = false;
        } else if frame.continuity == Continuity::AfterGap || self.frames.is_empty() {
            self.broken = true;
        }
        if self.broken {
            return Keeping::Missing;
        }
        let full = self.frames.len() >= MAX_FRAMES || self.bytes + frame.data.len() > MAX_BYTES;
        if full && frame.kind == FrameKind::Delta {
            // What is kept stays: it is the last whole picture that is here.
            self.broken = true;
            return Keeping::Full;
        }
        self.bytes += frame.data.len();
        self.frames.push(Arc::clone(frame));
        Keeping::Kept
    }

    /// Frames were lost on the way here: only a key frame helps.
    pub const fn tear(&mut self) {
        self.broken = true;
    }

    /// Another stream follows.
    pub fn forget(&mut self) {
        self.frames.clear();
        (self.bytes, self.broken) = (0, true);
    }

    /// Whether frames after the last one kept are missing here.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The frames, in the sender's order.
    #[must_use]
    pub fn frames(&self) -> &[Arc<Frame>] {
        &self.frames
    }

    /// When the newest of them arrived.
    #[must_use]
    pub fn newest(&self) -> Option<RoomTime> {
        self.frames.last().map(|frame| frame.arrived)
    }

    /// The picture of a track that stands still, as frames that arrive at `now` one right after another;
    /// none if the track goes on. The next frame of the track goes on from them, in time as well.
    #[must_use]
    pub fn stand_in(&self, now: RoomTime) -> Vec<Arc<Frame>> {
        let still = self.newest().is_some_and(|newest| now.since(newest) >= STILL);
        if self.broken || !still {
            return Vec::new();
        }
        let last = self.frames.last().map_or(0, |frame| frame.rtp_time.0);
        let places = (0_u64..self.frames.len() as u64).rev();
        let frames = self.frames.iter().zip(places).map(|(frame, before_last)| {
            let rtp_time = RtpTime(last.saturating_sub(before_last));
            Arc::new(Frame { arrived: now, rtp_time, ..Frame::clone(frame) })
        });
        frames.collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::codec::Codec;
    use crate::track::{TrackId, TrackKind, Uid};
    use crate::turn::Turn;

    fn frame(at: i64, kind: FrameKind, bytes: usize) -> Arc<Frame> {
        Arc::new(Frame {
            track: TrackId { uid: Uid::new(1).unwrap(), kind: TrackKind::Screen },
            arrived: RoomTime::from_millis(at),
            rtp_time: RtpTime(1_000_000 + u64::try_from(at).unwrap() * 90),
            codec: Codec::Vp8,
            kind,
            continuity: Continuity::Contiguous,
            turn: Turn::None,
            data: Bytes::from(vec![0; bytes]),
        })
    }

    #[test]
    fn a_still_track_is_handed_on_and_a_live_one_is_not() {
        let mut kept = Kept::default();
        assert_eq!(kept.push(&frame(0, FrameKind::Delta, 1)), Keeping::Missing);
        assert_eq!(kept.push(&frame(100, FrameKind::Key, 1)), Keeping::Kept);
        assert_eq!(kept.push(&frame(200, FrameKind::Delta, 1)), Keeping::Kept);
        assert!(kept.stand_in(RoomTime::from_millis(1_100)).is_empty());
        let now = RoomTime::from_millis(60_000);
        let handed = kept.stand_in(now);
        let facts: Vec<_> =
            handed.iter().map(|f| (f.kind, f.arrived, f.rtp_time.0 - 1_000_000)).collect();
        assert_eq!(facts, [(FrameKind::Key, now, 17_999), (FrameKind::Delta, now, 18_000)]);
    }

    #[test]
    fn a_gap_or_too_much_ends_it_until_a_key_frame() {
        let mut kept = Kept::default();
        kept.push(&frame(0, FrameKind::Key, 1));
        let torn = Frame {
            continuity: Continuity::AfterGap,
            ..Frame::clone(&frame(1, FrameKind::Delta, 1))
        };
        assert_eq!(kept.push(&Arc::new(torn)), Keeping::Missing);
        assert_eq!(kept.push(&frame(2, FrameKind::Delta, 1)), Keeping::Missing);
        assert!(kept.is_broken() && kept.frames().len() == 1);
        assert!(kept.stand_in(RoomTime::from_millis(9_000)).is_empty());
        assert_eq!(kept.push(&frame(3, FrameKind::Key, 1)), Keeping::Kept);
        assert_eq!(kept.push(&frame(4, FrameKind::Delta, MAX_BYTES)), Keeping::Full);
        assert_eq!(kept.push(&frame(5, FrameKind::Delta, 1)), Keeping::Missing, "told once");
        kept.push(&frame(6, FrameKind::Key, MAX_BYTES + 1));
        assert_eq!(kept.frames().len(), 1, "a key frame of any size is kept");
        kept.push(&frame(7, FrameKind::Key, 1));
        let kept_of_many =
            (0..400).filter(|n| kept.push(&frame(8 + n, FrameKind::Delta, 1)) == Keeping::Kept);
        assert_eq!(kept_of_many.count(), MAX_FRAMES - 1);
    }
}
