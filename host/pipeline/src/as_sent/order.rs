//! From the order of decoding to files: when each frame is decoded, and how much later it is shown.
//!
//! The times at which frames are decoded are those at which frames are shown, in order, moved so far back that none is
//! decoded after it is shown. Of a stream in order both are the same.

use std::collections::VecDeque;

use crate::playout::Queued;
use crate::playout::clock::MediaTime;

/// A frame with its time of decoding; its `at` is that of showing.
pub(super) struct Ordered {
    pub(super) queued: Queued,
    pub(super) decoded: MediaTime,
}

/// Frames on their way from playout to file.
#[derive(Debug, Default)]
pub(super) struct Order {
    waiting: VecDeque<Queued>,
    /// Times of showing that no frame was given for decoding yet, the latest last.
    times: Vec<i64>,
    depth: usize,
    last: Option<i64>,
}

impl Order {
    pub(super) const fn new() -> Self {
        Self { waiting: VecDeque::new(), times: Vec::new(), depth: 0, last: None }
    }

    /// Takes the next frame, of a stream that decodes so many frames ahead. Answers those whose times
    /// are known now.
    pub(super) fn take(&mut self, queued: Queued, depth: usize) -> Vec<Ordered> {
        let before = self.times.partition_point(|time| *time <= queued.at.0);
        self.times.insert(before, queued.at.0);
        self.waiting.push_back(queued);
        if self.last.is_none() {
            // To begin with, frames wait until it is known how far apart they are.
            self.depth = depth;
            if depth > 0 && self.waiting.len() < depth + 2 {
                return Vec::new();
            }
            self.go_back();
        } else if depth > self.depth {
            self.depth = depth;
            self.go_back();
        }
        self.give()
    }

    /// The stream ends: gives what waits.
    pub(super) fn finish(&mut self) -> Vec<Ordered> {
        if self.last.is_none() && !self.waiting.is_empty() {
            self.go_back();
        }
        let rest = self.give();
        *self = Self::default();
        rest
    }

    /// Times of decoding before the first one of showing, as far apart as frames are.
    fn go_back(&mut self) {
        let Some(&first) = self.times.first() else { return };
        let missing = (self.waiting.len() + self.depth).saturating_sub(self.times.len());
        let apart = self.times.iter().zip(self.times.iter().skip(1)).map(|(one, next)| next - one);
        let apart = apart.filter(|apart| *apart > 0).min().unwrap_or(1);
        // Never before what was given already.
        let least = self.last.map_or(i64::MIN, |last| last + 1);
        for number in 1..=i64::try_from(missing).unwrap_or(0) {
            let time = first.saturating_sub(number * apart).max(least);
            self.times.insert(0, time);
        }
        self.times.sort_unstable();
    }

    fn give(&mut self) -> Vec<Ordered> {
        let mut given = Vec::new();
        while let Some(queued) = self.waiting.pop_front() {
            let time = if self.times.is_empty() { queued.at.0 } else { self.times.remove(0) };
            let after = self.last.map_or(time, |last| time.max(last + 1));
            let decoded = after.min(queued.at.0);
            self.last = Some(self.last.map_or(decoded, |last| last.max(decoded)));
            given.push(Ordered { queued, decoded: MediaTime(decoded) });
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use capstan_media::codec::Codec;
    use capstan_media::frame::FrameKind;

    use super::*;
    use crate::testing::{camera, frame, uid};

    fn queued(at: i64) -> Queued {
        let frame = frame(camera(uid(1)), Codec::H264, 0, FrameKind::Delta, vec![1]);
        Queued { at: MediaTime(at), frame: Arc::new(frame), after_gap: false }
    }

    fn played(shown: &[i64], depth: usize) -> Vec<(i64, i64)> {
        let mut order = Order::default();
        let mut out: Vec<Ordered> =
            shown.iter().flat_map(|at| order.take(queued(*at), depth)).collect();
        out.extend(order.finish());
        out.into_iter().map(|one| (one.decoded.0, one.queued.at.0)).collect()
    }

    #[test]
    fn frames_in_order_are_decoded_when_they_are_shown() {
        assert_eq!(played(&[0, 6, 12], 0), [(0, 0), (6, 6), (12, 12)]);
    }

    #[test]
    fn frames_before_their_time_are_decoded_in_steps() {
        let sent = [0, 18, 6, 12, 36, 24, 30];
        let expected = [(-6, 0), (0, 18), (6, 6), (12, 12), (18, 36), (24, 24), (30, 30)];
        let played = played(&sent, 1);
        assert_eq!(played, expected);
    }

    #[test]
    fn a_stream_that_turns_out_to_run_ahead_stays_in_order() {
        let mut order = Order::default();
        let mut out = Vec::new();
        for (at, depth) in [(0, 0), (6, 0), (24, 0), (12, 1), (18, 1), (30, 1)] {
            out.extend(order.take(queued(at), depth));
        }
        let times: Vec<(i64, i64)> =
            out.iter().map(|one| (one.decoded.0, one.queued.at.0)).collect();
        assert_eq!(times.len(), 6, "nothing is lost");
        // What was given can't be taken back, and no frame is decoded after it is shown.
        assert!(times.iter().all(|(decoded, shown)| decoded <= shown), "{times:?}");
    }
}
