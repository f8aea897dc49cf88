//! Somebody who talks in words and sends nothing between them; and what is heard of it.

use std::sync::Arc;

use capstan_media::frame::Frame;
use capstan_media::time::RtpTime;

use super::{START, microphone, opus, sound, tone, uid};

/// Samples in a millisecond.
pub(crate) const MS: usize = 48;
/// Louder is a word.
const LOUD: f32 = 0.05;
/// So many quiet samples end a word: 30 ms.
const QUIET: usize = 30 * MS;

/// What the sender's RTP clock does while nothing is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clock {
    Runs,
    StandsStill,
}

/// Words, each a moment in ms and a length in packets of 20 ms; a packet that is due at `ms` arrives at
/// `arrives(ms)`. In order of arrival.
pub(crate) fn talk(
    words: &[(i64, i64)],
    clock: Clock,
    arrives: impl Fn(i64) -> i64,
) -> Vec<Arc<Frame>> {
    let packets: i64 = words.iter().map(|(_, packets)| packets).sum();
    let samples = tone(0.5, usize::try_from(packets).unwrap() * 960);
    let made = words.iter().flat_map(|&(at, packets)| (0..packets).map(move |n| at + n * 20));
    let mut frames: Vec<Arc<Frame>> = sound(microphone(uid(1)), &opus(&samples))
        .iter()
        .zip(made)
        .map(|(frame, ms)| {
            let arrived = START.offset_micros(arrives(ms) * 1_000);
            let ticks = u64::try_from(ms * 48).unwrap();
            let rtp_time = if clock == Clock::Runs { RtpTime(ticks) } else { frame.rtp_time };
            Arc::new(Frame { arrived, rtp_time, ..Frame::clone(frame) })
        })
        .collect();
    frames.sort_by_key(|frame| frame.arrived);
    frames
}

/// The words in mono sound: when each begins and how long it is, in ms.
pub(crate) fn words(sound: &[f32]) -> Vec<(i64, i64)> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    for (at, _) in sound.iter().enumerate().filter(|(_, sample)| sample.abs() > LOUD) {
        match words.last_mut() {
            Some((_, end)) if at - *end <= QUIET => *end = at,
            _ => words.push((at, at)),
        }
    }
    let ms = |samples: usize| i64::try_from((samples + MS / 2) / MS).unwrap();
    words.into_iter().map(|(from, end)| (ms(from), ms(end - from))).collect()
}

/// Fails unless every word is heard at its time and whole, each within 12 ms; where it ends a decoder makes up
/// at most `longer` ms.
pub(crate) fn assert_heard(heard: &[(i64, i64)], expected: &[(i64, i64)], longer: i64) {
    let near = |(heard, expected): (&(i64, i64), &(i64, i64))| {
        let length = heard.1 - expected.1 * 20;
        heard.0.abs_diff(expected.0) <= 12 && (-12..=longer).contains(&length)
    };
    let same = heard.len() == expected.len() && heard.iter().zip(expected).all(near);
    assert!(same, "heard (ms, ms long) {heard:?}, said (ms, packets of 20 ms) {expected:?}");
}

/// A tenth of a second of tone at the start of each of so many seconds, from a sender whose packets of 20 ms
/// come every `micros`.
pub(crate) fn chirps(seconds: i64, micros: i64) -> Vec<Arc<Frame>> {
    let second = [tone(0.5, 4_800), vec![0.0; 43_200]].concat();
    let packets = opus(&second.repeat(usize::try_from(seconds).unwrap()));
    let place = |(number, frame): (i64, &Arc<Frame>)| {
        let arrived = START.offset_micros(number * micros);
        Arc::new(Frame { arrived, ..Frame::clone(frame) })
    };
    (0..).zip(&sound(microphone(uid(1)), &packets)).map(place).collect()
}

/// Fails unless each chirp is heard when it came, within so many ms.
pub(crate) fn assert_near(heard: &[(i64, i64)], micros: i64, within: u64) {
    assert!(heard.len() >= 58, "{} chirps heard", heard.len());
    for (number, &(at, _)) in (0..).zip(heard) {
        let due = number * 50 * micros / 1_000;
        assert!(at.abs_diff(due) <= within, "chirp {number} of {micros} us: at {at} ms, due {due}");
    }
}

/// A tone on the left and silence on the right, as stereo packets of 20 ms.
pub(crate) fn left(packets: usize) -> Vec<bytes::Bytes> {
    use ::opus::{Application, Bitrate, Channels, Encoder};

    let mut encoder = Encoder::new(48_000, Channels::Stereo, Application::Audio).unwrap();
    encoder.set_bitrate(Bitrate::Bits(128_000)).unwrap();
    let samples: Vec<f32> = tone(0.5, packets * 960).iter().flat_map(|&l| [l, 0.0]).collect();
    let chunks = samples.chunks_exact(2 * 960);
    chunks.map(|chunk| encoder.encode_vec_float(chunk, 1_500).unwrap().into()).collect()
}

/// How much louder the left channel of stereo sound is than the right, in dB.
pub(crate) fn separation(sound: &[f32]) -> f64 {
    let energy = |channel: usize| {
        let samples = sound.iter().skip(channel).step_by(2);
        samples.map(|&sample| f64::from(sample).powi(2)).sum::<f64>() + 1e-12
    };
    10.0 * (energy(0) / energy(1)).log10()
}
