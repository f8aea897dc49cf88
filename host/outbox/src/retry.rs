//! When to try again: exponential back-off with jitter, as a pure function.

use std::time::Duration;

/// How pauses grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BackOff {
    /// The pause after the first failure.
    pub(crate) first: Duration,
    /// No pause is longer, except where the other side asked for it.
    pub(crate) longest: Duration,
}

/// The longest wait that the other side may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

impl BackOff {
    /// The pause after `failures` failures in a row (1 or more).
    ///
    /// `chance` is any random number: the pause lies between half and all of the full one, so that
    /// many waiters don't come back together. `asked` is what the other side asked to wait.
    #[must_use]
    pub(crate) fn pause(&self, failures: u32, asked: Option<Duration>, chance: u32) -> Duration {
        // Beyond 2^20 every sensible first pause has passed the longest one.
        let doublings = failures.saturating_sub(1).min(20);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        let jittered = full / 2 + (full / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX));
        jittered.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }
}

/// A random number for [`BackOff::pause`]; a fixed one if the system has none to give.
#[must_use]
pub(crate) fn chance() -> u32 {
    let mut bytes = [0_u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u32::from_le_bytes(bytes),
        Err(_) => u32::MAX / 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACK_OFF: BackOff =
        BackOff { first: Duration::from_millis(500), longest: Duration::from_secs(60) };

    #[test]
    fn pauses_double_up_to_the_longest() {
        let full = |failures| BACK_OFF.pause(failures, None, u32::MAX).as_millis();
        assert_eq!([full(1), full(2), full(3), full(20)], [500, 1_000, 2_000, 60_000]);
        assert_eq!(BACK_OFF.pause(1, None, 0).as_millis(), 250);
    }

    #[test]
    fn the_other_sides_wish_counts_within_reason() {
        let asked = |seconds| BACK_OFF.pause(1, Some(Duration::from_secs(seconds)), 0).as_secs();
        assert_eq!(asked(7), 7);
        assert_eq!(asked(1_000_000), LONGEST_ASKED.as_secs());
    }

    proptest! {
        #[test]
        fn no_pause_is_out_of_range(failures in any::<u32>(), chance in any::<u32>()) {
            let pause = BACK_OFF.pause(failures, None, chance);
            prop_assert!(pause >= BACK_OFF.first / 2 && pause <= BACK_OFF.longest);
        }
    }
}
