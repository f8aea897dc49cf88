//! Stereo stays stereo in a participant's own file.

use super::heard::heard_in;
use super::*;
use crate::testing::talk::{left, separation};
use crate::testing::{microphone, opus, sound, tone, uid};

#[test]
fn what_is_sent_on_the_left_is_heard_on_the_left() {
    let frames = sound(microphone(uid(7)), &left(200));
    let (pieces, _) = played(AsSent::sound(making(SLICE)), &frames);
    let apart = separation(&heard_in(&pieces, 2)[2 * 9_600..]);
    assert!(apart > 40.0, "{apart} dB");
}

#[cfg(feature = "aac")]
#[test]
fn sound_as_aac_gets_a_second_channel_when_stereo_comes() {
    // 2 s of mono, 2 s of stereo, 2 s of mono.
    let mono = opus(&tone(0.5, 96_000));
    let packets = [mono.clone(), left(100), mono].concat();
    let aac = Making { aac: true, ..making(SLICE) };
    let (pieces, track) = played(AsSent::sound(aac), &sound(microphone(uid(7)), &packets));
    assert_eq!((inits(&pieces), track.left_out()), (2, 0));
    let slices = slices(&pieces);
    let changes: Vec<_> = slices.iter().map(|slice| (slice.begins, slice.discontinuity)).collect();
    assert_eq!(changes[..3], [(true, true), (false, true), (false, false)]);
    // The encoder ends with a whole frame of 21 ms.
    let spans = spans(&pieces);
    assert!(spans[1].0.abs_diff(2_000) <= 30, "{spans:?}");
    assert!(spans.iter().map(|(_, length)| length).sum::<u64>().abs_diff(6_000) <= 50, "{spans:?}");
    let apart =
        separation(&heard::heard_aac_in(&slices[1..2], 2)[2 * (96_000 + 9_600)..2 * 187_000]);
    assert!(apart > 40.0, "{apart} dB");
}
