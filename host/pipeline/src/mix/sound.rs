//! The sound of a room: every voice added up on the room's clock.
//!
//! Sample `n` of the output belongs to room time `start + n / 48000`, whatever was asked for in
//! which pieces.

use capstan_media::time::RoomTime;

use crate::encode::SAMPLE_RATE;
use crate::mix::limiter::limit;
use crate::mix::voice::Voice;
use crate::playout::Playout;
use crate::stats::Stats;

/// The cursors of voices are steered this often: every 10 ms.
const BLOCK: u64 = 480;

/// Places samples on the clock.
#[derive(Debug)]
pub struct Sound {
    start: RoomTime,
    channels: usize,
    /// Samples per channel so far.
    done: u64,
}

impl Sound {
    /// Whose first sample is at `start`.
    #[must_use]
    pub const fn new(start: RoomTime, channels: usize) -> Self {
        Self { start, channels, done: 0 }
    }

    /// Appends the sound up to sample number `until` to `out`, interleaved.
    pub fn mix<'a>(
        &mut self,
        until: u64,
        voices: &mut [(&'a mut Playout, &'a mut Voice)],
        out: &mut Vec<f32>,
        stats: &mut Stats,
    ) {
        while self.done < until {
            // Blocks keep their places on the clock however the pieces fall.
            let samples = (BLOCK - self.done % BLOCK).min(until - self.done);
            let from = out.len();
            out.resize(from + usize::try_from(samples).unwrap_or(0) * self.channels, 0.0);
            let block = out.get_mut(from..).unwrap_or_default();
            let room = room_time(self.start, self.done);
            for (playout, voice) in voices.iter_mut() {
                voice.mix(playout, room, block, stats);
            }
            block.iter_mut().for_each(|sample| *sample = limit(*sample));
            self.done += samples;
        }
    }
}

/// The room time of sample `number`, to the nearest microsecond.
fn room_time(start: RoomTime, number: u64) -> RoomTime {
    let rate = u128::from(SAMPLE_RATE);
    let micros = (u128::from(number) * 1_000_000 + rate / 2) / rate;
    start.offset_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod pauses;
#[cfg(test)]
mod stereo;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use capstan_media::frame::{Continuity, Frame};

    use super::*;
    use crate::testing::{START, microphone, opus, sound, tone, uid};

    /// libopus at 48 kHz looks ahead by this much.
    const LOOKAHEAD: usize = 312;

    fn mixed(frames: &[Arc<Frame>], samples: usize) -> (Vec<f32>, Stats) {
        let (mut playout, mut voice) = (Playout::new(48_000), Voice::new(1).unwrap());
        let (mut out, mut stats) = (Vec::new(), Stats::default());
        let mut sound = Sound::new(START, 1);
        for frame in frames {
            playout.push(Arc::clone(frame));
        }
        // In pieces, as ticks ask for it.
        for until in (0..samples).step_by(3_200).skip(1).chain([samples]) {
            let voices = &mut [(&mut playout, &mut voice)];
            sound.mix(until as u64, voices, &mut out, &mut stats);
        }
        assert_eq!(out.len(), samples);
        (out, stats)
    }

    /// One second of silence with a burst of tone at `at`.
    fn burst(at: usize) -> Vec<Bytes> {
        let mut samples = vec![0.0; 48_000];
        samples[at..at + 4_800].copy_from_slice(&tone(0.5, 4_800));
        opus(&samples)
    }

    fn onset(samples: &[f32]) -> usize {
        samples.iter().position(|sample| sample.abs() > 0.05).unwrap()
    }

    #[test]
    fn sound_is_placed_to_the_sample() {
        let packets = burst(24_000);
        let frames = sound(microphone(uid(1)), &packets);
        let (out, stats) = mixed(&frames, 48_000);
        let reference = onset(&out);
        assert!(reference.abs_diff(24_000 + LOOKAHEAD) < 60, "{reference}");
        assert_eq!((stats.packets, stats.concealed, stats.late), (50, 0, 0));
        // The same track, everything 7 ms later: exactly 336 samples later.
        let later = frames.iter().map(|frame| {
            let arrived = frame.arrived.offset_micros(7_000);
            Arc::new(Frame { arrived, ..Frame::clone(frame) })
        });
        let (moved, _) = mixed(&later.collect::<Vec<_>>(), 48_000);
        assert_eq!(onset(&moved), reference + 336);
    }

    #[test]
    fn reordered_packets_sound_the_same() {
        let mut frames = sound(microphone(uid(1)), &burst(24_000));
        let (straight, _) = mixed(&frames, 48_000);
        frames.swap(20, 22);
        frames.swap(30, 31);
        let (reordered, stats) = mixed(&frames, 48_000);
        assert_eq!(straight, reordered);
        assert_eq!(stats.late, 0);
    }

    #[test]
    fn a_lost_packet_is_brought_back_and_nothing_moves() {
        let packets = opus(&tone(0.3, 48_000));
        let mut frames = sound(microphone(uid(1)), &packets);
        let (whole, _) = mixed(&frames, 48_000);
        frames.remove(25);
        let continuity = Continuity::AfterGap;
        frames[25] = Arc::new(Frame { continuity, ..Frame::clone(&frames[25]) });
        let (patched, stats) = mixed(&frames, 48_000);
        assert_eq!(stats.concealed, 960);
        let energy = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>();
        let lost = 25 * 960..26 * 960;
        let ratio = energy(&patched[lost.clone()]) / energy(&whole[lost]);
        assert!(ratio > 0.3 && ratio < 3.0, "made-up sound has {ratio} of the energy");
        let after = 40 * 960;
        let off = patched[after..].iter().zip(&whole[after..]).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f32::max) < 0.05, "what follows is where it was");
    }

    #[test]
    fn a_long_gap_is_silent_after_a_moment() {
        let packets = opus(&tone(0.3, 96_000));
        let mut frames = sound(microphone(uid(1)), &packets);
        frames.drain(25..75);
        let (out, stats) = mixed(&frames, 96_000);
        assert_eq!(stats.concealed_ms(), 100);
        assert!(out[25 * 960..25 * 960 + 480].iter().any(|sample| sample.abs() > 0.05));
        assert!(out[31 * 960..75 * 960].iter().all(|&sample| sample == 0.0));
        assert!(out[76 * 960..].iter().any(|sample| sample.abs() > 0.2));
    }

    #[test]
    fn a_jump_in_time_does_not_click() {
        let packets = opus(&tone(0.5, 96_000));
        for shift in [-205_000, 205_000] {
            let (mut playout, mut voice) = (Playout::new(48_000), Voice::new(1).unwrap());
            for frame in sound(microphone(uid(1)), &packets) {
                playout.push(frame);
            }
            let (mut out, mut stats) = (Vec::new(), Stats::default());
            let mut sound = Sound::new(START, 1);
            sound.mix(24_000, &mut [(&mut playout, &mut voice)], &mut out, &mut stats);
            playout.set_shift(shift);
            sound.mix(72_000, &mut [(&mut playout, &mut voice)], &mut out, &mut stats);
            let steps = out[12_000..].windows(2).map(|pair| (pair[1] - pair[0]).abs());
            let worst = steps.fold(0.0, f32::max);
            // The tone itself moves by 0.026 a sample.
            assert!(worst < 0.06, "a step of {worst} after a shift of {shift} us");
        }
    }

    #[test]
    fn broken_packets_and_nobody_are_silence() {
        let packets = vec![Bytes::from_static(&[0xff; 7]); 50];
        let (out, stats) = mixed(&sound(microphone(uid(1)), &packets), 48_000);
        assert!(out.iter().all(|sample| sample.abs() <= 1.0));
        assert!(stats.broken > 0);
        let (out, _) = mixed(&[], 4_800);
        assert_eq!(out, vec![0.0; 4_800]);
    }

    #[test]
    fn drift_of_200_ppm_is_followed_for_ten_minutes_without_a_jump() {
        // A second of tone with a burst of silence, over and over, from a clock that is slow.
        let second: Vec<f32> = [tone(0.5, 4_800), vec![0.0; 43_200]].concat();
        let packets = opus(&second.repeat(3));
        // The last second's packets follow themselves well enough.
        let cycle = &packets[100..150];
        let (mut playout, mut voice) = (Playout::new(48_000), Voice::new(1).unwrap());
        let (mut out, mut stats) = (Vec::new(), Stats::default());
        let mut sound = Sound::new(START, 1);
        let frames = crate::testing::sound(microphone(uid(1)), cycle);
        let mut onsets = Vec::new();
        for round in 0..600_u64 {
            for (n, frame) in (0_u64..).zip(&frames) {
                let number = round * 50 + n;
                let rtp_time = capstan_media::time::RtpTime(number * 960);
                // 20 ms of the sender take 20.004 ms of the room.
                let arrived = START.offset_micros(i64::try_from(number * 20_004).unwrap());
                playout.push(Arc::new(Frame { arrived, rtp_time, ..Frame::clone(frame) }));
            }
            out.clear();
            let voices = &mut [(&mut playout, &mut voice)];
            sound.mix(round * 48_000, voices, &mut out, &mut stats);
            if round > 0 {
                let due = (round - 1) as f64 * 9.6;
                onsets.extend(out.iter().position(|s| s.abs() > 0.1).map(|at| at as f64 - due));
            }
        }
        assert_eq!((stats.concealed, stats.broken), (0, 0));
        let (least, most) = onsets[2..]
            .iter()
            .fold((f64::MAX, f64::MIN), |(least, most), &at| (least.min(at), most.max(at)));
        assert!(onsets.len() > 590, "{} bursts were heard", onsets.len());
        // 120 ms apart in the end, but never off by more than a few.
        assert!(most - least < 48.0 * 5.0, "between {least} and {most} samples off");
    }
}
