//! The order of decoding and the order of showing: which of H.264's frames come before their time.
//!
//! A stream with frames that refer to later ones is sent in the order in which it is decoded. How far a frame
//! came before those that are shown before it says by how much decoding must run ahead.

use std::collections::VecDeque;

use super::clock::MediaTime;

/// The most frames that a decoder may hold back (H.264, E.2.1).
const MOST: usize = 16;

/// Follows a stream in the order of decoding.
#[derive(Clone, Debug, Default)]
pub struct Reorder {
    /// The newest times, in the order of decoding.
    newest: VecDeque<i64>,
    /// How many frames are decoded before one that is shown before them, at most.
    depth: usize,
}

impl Reorder {
    /// Takes the next frame's time. Answers the time that is due for showing now: at most the frame's own, and
    /// never before one that was answered.
    pub fn take(&mut self, at: MediaTime) -> MediaTime {
        let later = self.newest.iter().filter(|time| **time > at.0).count();
        self.depth = self.depth.max(later.min(MOST));
        self.newest.push_back(at.0);
        if self.newest.len() > 2 * MOST {
            self.newest.pop_front();
        }
        let mut times: Vec<i64> = self.newest.iter().copied().collect();
        times.sort_unstable_by(|one, other| other.cmp(one));
        // All but so many of the latest have been shown by now.
        times.get(self.depth).map_or(at, |time| MediaTime(*time))
    }

    /// How many frames decoding runs ahead of showing.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Forgets the times: another stream follows.
    pub fn restart(&mut self) {
        self.newest.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_in_order_are_due_as_they_come() {
        let mut order = Reorder::default();
        for at in 0..100 {
            assert_eq!(order.take(MediaTime(at * 6)), MediaTime(at * 6));
        }
        assert_eq!(order.depth(), 0);
    }

    #[test]
    fn frames_before_their_time_are_due_when_the_ones_between_have_come() {
        let mut order = Reorder::default();
        let sent = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
        let due: Vec<i64> = sent.iter().map(|at| order.take(MediaTime(*at)).0).collect();
        // That the first three aren't in order isn't known yet.
        assert_eq!(due, [0, 3, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(order.depth(), 1);
    }
}
