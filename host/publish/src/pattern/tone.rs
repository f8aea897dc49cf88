//! The beep at the start of each wall-clock second, of a pitch that tells the uid.

use std::f64::consts::{PI, TAU};

use capstan_media::track::Uid;

use super::FLASH_MILLIS;

/// Samples a second.
pub const RATE: i64 = 48_000;
/// The rise and the fall of a beep, in samples (5 ms): long enough not to click, short enough to
/// tell its start to a millisecond.
pub const EDGE: i64 = 240;
/// Beeps peak here. Several sound at once, so they leave room for a sum of a few.
const PEAK: f64 = 0.4;

/// The pitch of `uid`'s beep in hertz, one of twenty.
#[must_use]
pub fn frequency(uid: Uid) -> f64 {
    400.0 + 100.0 * f64::from(uid.get() % 20)
}

/// Fills `out` with the mono sound from the sample number `first` on, counted from the Unix epoch.
pub fn fill(uid: Uid, first: i64, out: &mut [f32]) {
    let step = TAU * frequency(uid) / RATE as f64;
    for (number, sample) in (first..).zip(out) {
        let into = number.rem_euclid(RATE);
        *sample = (PEAK * loudness(into) * (step * into as f64).sin()) as f32;
    }
}

/// 0 to 1 by the number of samples into the second.
fn loudness(into: i64) -> f64 {
    let length = FLASH_MILLIS * RATE / 1_000;
    let from_edge = into.min(length - into);
    if from_edge <= 0 {
        0.0
    } else if from_edge < EDGE {
        0.5 - 0.5 * (PI * from_edge as f64 / EDGE as f64).cos()
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beep_starts_with_the_second_and_ends_with_the_flash() {
        let uid = Uid::new(7).expect("not zero");
        let mut sound = vec![0.0; 2 * RATE as usize];
        fill(uid, 1_700_000_000 * RATE, &mut sound);
        let loud = |from: usize, to: usize| sound[from..to].iter().any(|s| s.abs() > 0.3);
        assert!(loud(240, 3_600) && loud(48_240, 51_600));
        assert!(sound[3_840..48_000].iter().all(|&s| s == 0.0));
        assert_eq!(frequency(uid), 1_100.0);
    }
}
