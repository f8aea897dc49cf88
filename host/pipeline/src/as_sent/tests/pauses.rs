//! Where a participant's own file has what was said after a pause.

use super::*;
use crate::testing::talk::{Clock, assert_heard, assert_near, chirps, talk, words};

#[test]
fn every_word_after_a_mute_is_in_its_place_from_the_first_packet() {
    let said =
        [(500, 40), (1_400, 20), (2_100, 20), (3_500, 20), (6_900, 20), (20_300, 20), (21_000, 9)];
    let soon = |ms: i64| ms + 30 + (ms / 20 * 7) % 5;
    let expected: Vec<_> = said.iter().map(|&(at, packets)| (at + 30, packets)).collect();
    for clock in [Clock::Runs, Clock::StandsStill] {
        let (pieces, track) = played(AsSent::sound(making(SLICE)), &talk(&said, clock, soon));
        assert_heard(&words(&heard(&pieces)), &expected, 12);
        assert_eq!(track.left_out(), 0, "{clock:?}");
    }
}

#[test]
fn what_a_network_held_up_is_where_it_was_said() {
    let held =
        |ms: i64| if ms < 5_000 { ms + 30 } else { (ms + 30).max(8_030 + (ms - 5_000) / 10) };
    let frames = talk(&[(200, 490)], Clock::Runs, held);
    let (pieces, track) = played(AsSent::sound(making(SLICE)), &frames);
    assert_heard(&words(&heard(&pieces)), &[(230, 490)], 12);
    assert_eq!(track.left_out(), 0);
}

#[test]
fn a_clock_that_is_half_a_percent_off_is_followed() {
    for micros in [19_900, 20_100] {
        let (pieces, track) = played(AsSent::sound(making(SLICE)), &chirps(60, micros));
        assert_near(&words(&heard(&pieces)), micros, if micros < 20_000 { 20 } else { 30 });
        assert_eq!(track.left_out(), 0);
    }
}
