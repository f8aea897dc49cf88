//! How much of a processor one plugin takes on average, all its instances together.
//!
//! A call's budget bounds one call. A plugin that stays within it call after call could still keep a
//! core busy for good: over its share it waits. Pure: the time is an argument.

use std::time::Duration;

use capstan_media::time::RoomTime;

/// What may be used at once after a rest.
const BURST: Duration = Duration::from_secs(2);

/// A bucket that fills with computing and empties at the plugin's share.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    level: Duration,
    at: Option<RoomTime>,
}

impl Meter {
    /// How long the plugin must wait before it may compute again; `share` is in percent of a core.
    pub(crate) fn wait(&mut self, share: u32, now: RoomTime) -> Duration {
        self.leak(share, now);
        self.level.saturating_sub(BURST).saturating_mul(100) / share.max(1)
    }

    /// It computed for so long.
    pub(crate) fn spend(&mut self, used: Duration) {
        self.level = self.level.saturating_add(used);
    }

    fn leak(&mut self, share: u32, now: RoomTime) {
        let rest = self.at.replace(now).map_or(Duration::ZERO, |before| now.since(before));
        self.level = self.level.saturating_sub(rest.saturating_mul(share) / 100);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_average_no_more_than_the_share_is_used() {
        let (mut meter, mut now) = (Meter::default(), RoomTime::from_millis(1_000_000));
        let (start, call) = (now, Duration::from_millis(100));
        for _ in 0..1_000 {
            now = now + meter.wait(50, now) + call;
            meter.spend(call);
        }
        let took = now.since(start).as_secs_f64();
        assert!((195.0..201.0).contains(&took), "100 s of computing took {took} s");
    }

    #[test]
    fn who_uses_little_never_waits() {
        let (mut meter, mut now) = (Meter::default(), RoomTime::from_millis(0));
        for _ in 0..100_000 {
            now = now + Duration::from_micros(100);
            assert_eq!(meter.wait(50, now), Duration::ZERO);
            meter.spend(Duration::from_micros(40));
        }
    }
}
