//! Extends a session's 32-bit RTP times so that they never wrap.
//!
//! Frames and sender reports of one track go through one value, so that both are extended alike.

use capstan_media::time::RtpTime;

/// The first extended time lies in the second cycle: the clock can run backwards without underflow.
const FIRST_CYCLE: u64 = 1 << 32;

/// One track's clock within one session.
#[derive(Debug, Default)]
pub(crate) struct RtpClock {
    newest: Option<u64>,
}

impl RtpClock {
    /// Extends a frame's time and remembers it if it is the newest.
    pub(crate) fn frame(&mut self, stamp: u32) -> RtpTime {
        let time = self.near(stamp);
        self.newest = Some(self.newest.map_or(time, |newest| newest.max(time)));
        RtpTime(time)
    }

    /// Extends a report's time. `None` before the first frame, when the cycle isn't known.
    pub(crate) fn report(&self, stamp: u32) -> Option<RtpTime> {
        self.newest.map(|_| RtpTime(self.near(stamp)))
    }

    /// The time with these low 32 bits that is nearest to the newest.
    fn near(&self, stamp: u32) -> u64 {
        let Some(newest) = self.newest else {
            return FIRST_CYCLE + u64::from(stamp);
        };
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is compared")]
        let distance = stamp.wrapping_sub(newest as u32).cast_signed();
        newest.saturating_add_signed(i64::from(distance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_over_the_wrap_and_back() {
        let mut clock = RtpClock::default();
        let first = clock.frame(u32::MAX - 10);
        let second = clock.frame(20);
        assert_eq!(second.0 - first.0, 31);
        assert_eq!(clock.frame(u32::MAX - 5).0 - first.0, 5);
        assert_eq!(clock.report(u32::MAX).map(|r| r.0 - first.0), Some(10));
    }

    #[test]
    fn a_report_waits_for_the_first_frame() {
        let mut clock = RtpClock::default();
        assert_eq!(clock.report(5), None);
        let first = clock.frame(0);
        assert_eq!(clock.report(u32::MAX).map(|r| first.0 - r.0), Some(1));
    }
}
