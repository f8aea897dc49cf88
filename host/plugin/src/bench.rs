//! Who isn't asked for a while: plugins that fault repeatedly.
//!
//! A fault weighs as much as ten good answers. Three faults in a row bench the plugin; after the
//! back-off it gets one chance, and the next fault benches it for twice as long. Pure: the time is
//! an argument.

use std::time::Duration;

use capstan_media::time::RoomTime;

const FAULT: u32 = 10;
const LIMIT: u32 = 30;
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(600);

/// One plugin's record.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    weight: u32,
    times: u32,
    until: Option<RoomTime>,
}

/// What a fault led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It plays on.
    PlaysOn,
    /// It sits out for so long.
    Benched(Duration),
}

impl Bench {
    /// How long the plugin must still wait; `None` if it may be asked.
    pub(crate) fn wait(&self, now: RoomTime) -> Option<Duration> {
        self.until.map(|until| until.since(now)).filter(|wait| !wait.is_zero())
    }

    /// It answered well.
    pub(crate) fn well(&mut self) {
        self.weight = self.weight.saturating_sub(1);
        if self.weight == 0 {
            self.times = 0;
        }
    }

    /// It faulted.
    pub(crate) fn fault(&mut self, now: RoomTime) -> Verdict {
        self.weight = self.weight.saturating_add(FAULT);
        if self.weight < LIMIT {
            return Verdict::PlaysOn;
        }
        let back_off = FIRST.saturating_mul(1 << self.times.min(16)).min(LONGEST);
        self.times = self.times.saturating_add(1);
        self.weight = LIMIT - FAULT;
        self.until = Some(now + back_off);
        Verdict::Benched(back_off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_a_row_bench_and_the_next_doubles() {
        let (mut bench, start) = (Bench::default(), RoomTime::from_millis(0));
        assert_eq!(bench.fault(start), Verdict::PlaysOn);
        assert_eq!(bench.fault(start), Verdict::PlaysOn);
        assert_eq!(bench.fault(start), Verdict::Benched(FIRST));
        assert_eq!(bench.wait(start), Some(FIRST));
        let later = start + FIRST;
        assert_eq!(bench.wait(later), None);
        assert_eq!(bench.fault(later), Verdict::Benched(FIRST * 2));
        for _ in 0..40 {
            bench.fault(later);
        }
        assert_eq!(bench.wait(later), Some(LONGEST));
    }

    #[test]
    fn good_answers_wash_a_record_clean() {
        let (mut bench, now) = (Bench::default(), RoomTime::from_millis(0));
        for _ in 0..100 {
            assert_eq!(bench.fault(now), Verdict::PlaysOn);
            for _ in 0..FAULT {
                bench.well();
            }
        }
    }
}
