//! What is heard in a participant's own file of packets that the network lost.

use capstan_media::frame::Continuity;

use super::heard::silent;
use super::*;
use crate::testing::talk::{Clock, talk};

/// Without the packets that `lost` picks by their number; the one after lost ones says so.
fn without(frames: &[Arc<Frame>], lost: impl Fn(usize) -> bool) -> Vec<Arc<Frame>> {
    let mut after_gap = false;
    let mut left = Vec::new();
    for (number, frame) in frames.iter().enumerate() {
        if lost(number) {
            after_gap = true;
            continue;
        }
        let gap = std::mem::take(&mut after_gap);
        let continuity = if gap { Continuity::AfterGap } else { Continuity::Contiguous };
        left.push(Arc::new(Frame { continuity, ..Frame::clone(frame) }));
    }
    left
}

/// One packet in twenty, at random.
fn one_in_twenty(number: usize) -> bool {
    let mixed = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32 < (1 << 32) / 20
}

#[test]
fn lost_packets_cost_hardly_any_sound() {
    // 25 s of a tone.
    let whole = talk(&[(0, 1_250)], Clock::Runs, |ms| ms);
    let frames = without(&whole, one_in_twenty);
    let lost = whole.len() - frames.len();
    assert!((40..90).contains(&lost), "{lost} packets lost");
    for aac in [false, cfg!(feature = "aac")] {
        let (pieces, _) = played(AsSent::sound(Making { aac, ..making(SLICE) }), &frames);
        let sound = if aac { heard::heard_aac(&pieces) } else { heard(&pieces) };
        let silent: usize = silent(&sound[4_800..1_240 * 960]).iter().map(|(_, ms)| ms).sum();
        assert!(silent <= 60, "{silent} ms of 25 s silent, with {lost} packets lost, aac {aac}");
    }
}

#[test]
fn a_long_loss_is_silent_after_a_moment() {
    let frames = without(&talk(&[(0, 250)], Clock::Runs, |ms| ms), |n| (100..150).contains(&n));
    for aac in [false, cfg!(feature = "aac")] {
        let (pieces, _) = played(AsSent::sound(Making { aac, ..making(SLICE) }), &frames);
        let sound = if aac { heard::heard_aac(&pieces) } else { heard(&pieces) };
        let [(from, length)] = silent(&sound[4_800..240 * 960])[..] else {
            panic!("aac {aac}: {:?}", silent(&sound[4_800..240 * 960]))
        };
        // Lost from 2.0 to 3.0 s; 60 to 100 ms of it are made up.
        let (from, end) = (from + 100, from + 100 + length);
        assert!((2_040..2_130).contains(&from) && (2_980..3_040).contains(&end), "{from} to {end}");
    }
}

#[test]
fn what_was_not_sent_is_silent_at_once() {
    let (pieces, _) =
        played(AsSent::sound(making(SLICE)), &talk(&[(0, 50), (2_000, 50)], Clock::Runs, |ms| ms));
    let [(from, length)] = silent(&heard(&pieces)[4_800..140_000])[..] else { panic!("one pause") };
    assert!((895..=925).contains(&from) && (970..=1_010).contains(&length), "{from}, {length}");
}
