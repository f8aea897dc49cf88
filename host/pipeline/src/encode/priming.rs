//! Takes a sound codec's delay away, so that the nth packet covers the nth frame of input.
//!
//! A codec whose decoder gives back the input `delay` samples late is fed silence first, so much
//! that the delay becomes whole frames, and that many packets are thrown away.

use std::collections::VecDeque;

use bytes::Bytes;
use capstan_media::frame::FrameKind;
use capstan_media::sample::{Coding, Sample};

use super::{AudioEncoder, EncodeError};

/// An encoder as its library has it.
pub(super) trait DelayedEncoder: Send {
    /// The codec's name in errors.
    const CODEC: &'static str;

    fn channels(&self) -> usize;

    /// Samples per channel that each packet takes in.
    fn frame_len(&self) -> usize;

    /// How many samples per channel after the start of the stream a decoder gives back the first
    /// input sample.
    fn delay(&self) -> usize;

    /// Encodes exactly one frame of interleaved samples. Libraries that hold back the first
    /// packets return `None` for them.
    fn encode(&mut self, samples: &[f32]) -> Result<Option<Bytes>, EncodeError>;

    fn coding(&self) -> Coding;
}

/// An encoder without delay on the timeline.
pub(super) struct Aligned<E> {
    inner: E,
    /// Interleaved input that isn't encoded yet: silence at first, less than a frame afterwards.
    waiting: VecDeque<f32>,
    frame: Vec<f32>,
    /// Packets still to be thrown away.
    to_drop: usize,
    /// Frames that went in and whose packet hasn't come out.
    owed: usize,
}

impl<E: DelayedEncoder> Aligned<E> {
    pub(super) fn new(inner: E) -> Self {
        let frame_len = inner.frame_len();
        let to_drop = inner.delay().div_ceil(frame_len);
        let silence = to_drop * frame_len - inner.delay();
        let waiting = VecDeque::from(vec![0.0; silence * inner.channels()]);
        Self { inner, waiting, frame: Vec::new(), to_drop, owed: 0 }
    }

    fn push(&mut self, samples: &[f32]) -> Result<Option<Sample>, EncodeError> {
        self.waiting.extend(samples);
        self.frame.clear();
        let len = self.inner.frame_len() * self.inner.channels();
        self.frame.extend(self.waiting.drain(..len.min(self.waiting.len())));
        let Some(data) = self.inner.encode(&self.frame)? else { return Ok(None) };
        if self.to_drop > 0 {
            self.to_drop -= 1;
            return Ok(None);
        }
        self.owed = self.owed.saturating_sub(1);
        let duration = u32::try_from(self.inner.frame_len()).unwrap_or(u32::MAX);
        Ok(Some(Sample { data, duration, offset: 0, kind: FrameKind::Key }))
    }
}

impl<E: DelayedEncoder> AudioEncoder for Aligned<E> {
    fn frame_len(&self) -> usize {
        self.inner.frame_len()
    }

    fn encode(&mut self, samples: &[f32]) -> Result<Vec<Sample>, EncodeError> {
        let expected = self.inner.frame_len() * self.inner.channels();
        if samples.len() != expected {
            let what = format!("{} samples instead of {expected}", samples.len());
            return Err(EncodeError::Input { codec: E::CODEC, what });
        }
        self.owed += 1;
        Ok(self.push(samples)?.into_iter().collect())
    }

    fn flush(&mut self) -> Result<Vec<Sample>, EncodeError> {
        /// More frames than any encoder here holds back.
        const MOST: usize = 16;
        let silence = vec![0.0; self.inner.frame_len() * self.inner.channels()];
        let mut out = Vec::new();
        for _ in 0..MOST {
            if self.owed == 0 {
                return Ok(out);
            }
            out.extend(self.push(&silence)?);
        }
        let what = format!("{} frames didn't come out", self.owed);
        Err(EncodeError::Library { codec: E::CODEC, what })
    }

    fn coding(&self) -> Coding {
        self.inner.coding()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets are the number of the first input sample that a decoder would give back for them.
    struct Numbering {
        delay: usize,
        held_back: usize,
        queue: VecDeque<Bytes>,
    }

    impl DelayedEncoder for Numbering {
        const CODEC: &'static str = "numbering";

        fn channels(&self) -> usize {
            1
        }

        fn frame_len(&self) -> usize {
            10
        }

        fn delay(&self) -> usize {
            self.delay
        }

        fn encode(&mut self, samples: &[f32]) -> Result<Option<Bytes>, EncodeError> {
            assert_eq!(samples.len(), 10);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
            let number = samples[0] as u8;
            self.queue.push_back(vec![number].into());
            Ok(if self.queue.len() > self.held_back { self.queue.pop_front() } else { None })
        }

        fn coding(&self) -> Coding {
            Coding::Opus { channels: 1 }
        }
    }

    #[test]
    fn as_many_packets_come_out_as_frames_went_in() {
        for delay in [0, 3, 10, 14, 25] {
            for held_back in [0, 1, 2] {
                let inner = Numbering { delay, held_back, queue: VecDeque::new() };
                let mut encoder = Aligned::new(inner);
                let mut out = Vec::new();
                for frame in 0_u8..7 {
                    let samples: Vec<_> = (0..10).map(|at| f32::from(frame * 10 + at)).collect();
                    out.extend(encoder.encode(&samples).unwrap());
                }
                out.extend(encoder.flush().unwrap());
                assert_eq!(out.len(), 7, "delay {delay}, {held_back} held back");
                // The kept packets' input starts so that the delay is made good exactly.
                let first = usize::from(out[0].data[0]);
                assert_eq!(first, delay, "delay {delay}, {held_back} held back");
            }
        }
    }

    #[test]
    fn a_wrong_length_is_refused() {
        let mut encoder =
            Aligned::new(Numbering { delay: 0, held_back: 0, queue: VecDeque::new() });
        let error = encoder.encode(&[0.0; 9]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "input refused by the numbering encoder: 9 samples instead of 10"
        );
    }
}
