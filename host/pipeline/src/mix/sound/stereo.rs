//! Stereo stays stereo in the mix.

use super::Sound;
use crate::mix::voice::Voice;
use crate::playout::Playout;
use crate::stats::Stats;
use crate::testing::talk::{left, separation};
use crate::testing::{START, microphone, sound, uid};

#[test]
fn what_is_sent_on_the_left_is_heard_on_the_left() {
    let (mut playout, mut voice) = (Playout::new(48_000), Voice::new(2).unwrap());
    for frame in sound(microphone(uid(1)), &left(100)) {
        playout.push(frame);
    }
    let (mut out, mut stats) = (Vec::new(), Stats::default());
    Sound::new(START, 2).mix(96_000, &mut [(&mut playout, &mut voice)], &mut out, &mut stats);
    let apart = separation(&out[2 * 9_600..]);
    assert!(apart > 40.0, "{apart} dB");
}
