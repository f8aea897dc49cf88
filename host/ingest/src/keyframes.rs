//! When to ask a publisher for a key frame: on start, on a gap, on request; never as a storm.
//!
//! Many reasons make one request. Requests of a track lie [`MIN_INTERVAL`] apart or more, twice as
//! far after each one that brought no key frame, up to [`MAX_INTERVAL`].

use std::time::Duration;

use capstan_media::time::RoomTime;

/// Encoders need about a round trip and a frame time to obey; asking sooner only costs bitrate.
const MIN_INTERVAL: Duration = Duration::from_millis(500);
/// A publisher that ignores requests is asked this rarely at last.
const MAX_INTERVAL: Duration = Duration::from_secs(8);
/// Every encoder starts with a key frame unasked; it gets this long to arrive.
const START_PATIENCE: Duration = Duration::from_millis(300);

/// The policy for one video track of one session.
#[derive(Debug)]
pub(crate) struct Keyframes {
    wanted: bool,
    not_before: RoomTime,
    interval: Duration,
}

impl Keyframes {
    /// A track that starts at `now` and needs its first key frame.
    pub(crate) fn start(now: RoomTime) -> Self {
        Self { wanted: true, not_before: now + START_PATIENCE, interval: MIN_INTERVAL }
    }

    /// A key frame is needed: something was lost, or somebody begins to listen.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// A key frame came, which serves every reason so far.
    pub(crate) fn arrived(&mut self) {
        self.wanted = false;
        self.interval = MIN_INTERVAL;
    }

    /// When [`Self::ask`] will say yes, if it will.
    pub(crate) fn due(&self) -> Option<RoomTime> {
        self.wanted.then_some(self.not_before)
    }

    /// Whether to send a request now. A yes counts as sent.
    pub(crate) fn ask(&mut self, now: RoomTime) -> bool {
        if !self.wanted || now < self.not_before {
            return false;
        }
        self.not_before = now + self.interval;
        self.interval = (self.interval * 2).min(MAX_INTERVAL);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    fn asked_times(policy: &mut Keyframes, from: i64, to: i64) -> Vec<i64> {
        (from..to).filter(|&t| policy.ask(ms(t))).collect()
    }

    #[test]
    fn a_track_that_starts_with_a_key_frame_is_never_asked() {
        let mut policy = Keyframes::start(ms(0));
        assert!(!policy.ask(ms(100)));
        policy.arrived();
        assert_eq!(policy.due(), None);
        assert_eq!(asked_times(&mut policy, 101, 5_000), Vec::<i64>::new());
    }

    #[test]
    fn a_start_without_a_key_frame_is_asked_with_back_off() {
        let mut policy = Keyframes::start(ms(0));
        assert_eq!(asked_times(&mut policy, 0, 8_000), [300, 800, 1_800, 3_800, 7_800]);
        // The interval stops growing.
        let later = asked_times(&mut policy, 8_000, 40_000);
        assert_eq!(later, [15_800, 23_800, 31_800, 39_800]);
    }

    #[test]
    fn many_gaps_make_one_request_and_a_key_frame_resets_the_pace() {
        let mut policy = Keyframes::start(ms(0));
        policy.arrived();
        let mut asked = Vec::new();
        for t in 1_000..3_000 {
            policy.want();
            if policy.ask(ms(t)) {
                asked.push(t);
            }
            if t == 1_040 || t == 1_540 {
                policy.arrived();
            }
        }
        assert_eq!(asked, [1_000, 1_500, 2_000, 2_500]);
    }
}
