//! What is heard in the mix of somebody who was silent for a while, whatever their clock did meanwhile.

use std::sync::Arc;

use capstan_media::frame::Frame;

use super::Sound;
use crate::mix::voice::Voice;
use crate::playout::Playout;
use crate::stats::Stats;
use crate::testing::START;
use crate::testing::talk::{Clock, assert_heard, assert_near, chirps, talk, words};

/// As in a live recording, in ms.
const PLAYOUT_DELAY: i64 = 600;
const TICK: i64 = 20;

/// The sound of the first `ms`, mixed live: of each tick, what arrived within the playout delay.
fn mixed(frames: &[Arc<Frame>], ms: i64) -> (Vec<f32>, Stats) {
    let (mut playout, mut voice) = (Playout::new(48_000), Voice::new(1).unwrap());
    let (mut out, mut stats) = (Vec::new(), Stats::default());
    let mut sound = Sound::new(START, 1);
    let mut frames = frames.iter().peekable();
    for tick in (0..ms).step_by(usize::try_from(TICK).unwrap()) {
        let due = START.offset_micros((tick + PLAYOUT_DELAY) * 1_000);
        while let Some(frame) = frames.next_if(|frame| frame.arrived <= due) {
            playout.push(Arc::clone(frame));
        }
        let until = u64::try_from((tick + TICK) * 48).unwrap();
        sound.mix(until, &mut [(&mut playout, &mut voice)], &mut out, &mut stats);
    }
    (out, stats)
}

/// Arrives after 30 ms and a little more or less.
fn soon(ms: i64) -> i64 {
    ms + 30 + (ms / 20 * 7) % 5
}

#[test]
fn every_word_after_a_mute_is_heard_at_its_time() {
    // Mutes of 100 ms to 16 s.
    let said =
        [(500, 40), (1_400, 20), (2_100, 20), (3_500, 20), (6_900, 20), (23_300, 20), (24_000, 9)];
    let expected: Vec<_> = said.iter().map(|&(at, packets)| (at + 30, packets)).collect();
    for clock in [Clock::Runs, Clock::StandsStill] {
        let (out, stats) = mixed(&talk(&said, clock, soon), 25_000);
        assert_heard(&words(&out), &expected, 30);
        assert_eq!((stats.late, stats.broken), (0, 0), "{clock:?}");
    }
}

#[test]
fn a_stalled_sender_is_silent_for_as_long_as_it_stalled() {
    // It stands still for 3 s and goes on where it stopped.
    let said = [(200, 140), (6_000, 100)];
    let (out, _) = mixed(&talk(&said, Clock::StandsStill, soon), 9_000);
    assert_heard(&words(&out), &[(230, 140), (6_030, 100)], 30);
}

#[test]
fn a_clock_that_is_half_a_percent_off_is_followed() {
    for micros in [19_900, 20_100] {
        let (out, stats) = mixed(&chirps(60, micros), 60 * micros / 20 - 1_000);
        assert_eq!(stats.concealed, 0);
        assert_near(&words(&out), micros, if micros < 20_000 { 10 } else { 30 });
    }
}

#[test]
fn a_network_that_stalls_moves_nothing() {
    // What is said from 2 s on comes in a burst at 2.4 s, and what is said from 5 s on at 8 s.
    let held = |ms: i64| match ms {
        2_000..5_000 => soon(ms).max(2_430 + (ms - 2_000) / 10),
        5_000.. => soon(ms).max(8_030 + (ms - 5_000) / 10),
        _ => soon(ms),
    };
    let (out, _) = mixed(&talk(&[(200, 490)], Clock::Runs, held), 10_000);
    let heard = words(&out);
    // The playout delay mends the first stall; the second is longer than it.
    let (before, after) = (heard[0], heard[heard.len() - 1]);
    assert!(before.0.abs_diff(230) < 12, "{heard:?}");
    assert!((5_010..5_080).contains(&(before.0 + before.1)), "{heard:?}");
    // It comes back with what came within the playout delay.
    assert!((7_600..7_900).contains(&after.0), "{heard:?}");
    assert!((after.0 + after.1).abs_diff(10_000) < 12, "{heard:?}");
}
