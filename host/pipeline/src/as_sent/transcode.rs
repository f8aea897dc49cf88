//! Sound that isn't kept as sent: Opus packets to AAC-LC, for players that know nothing newer.
//!
//! Frames of AAC begin where the sound in them did, so the file's time stays that of the packets.

use std::collections::VecDeque;

use bytes::Bytes;
use capstan_media::sample::Coding;

use crate::decode::OpusDecoder;
use crate::encode::{AudioEncoder, AudioSettings, EncodeError, OutputAudio, audio_encoder};
use crate::limits::MAX_CONCEALED;

/// For each channel, as Agora's individual recordings have it.
const KBPS: u32 = 48;

fn settings(channels: u8) -> AudioSettings {
    let bitrate_kbps = KBPS * u32::from(channels);
    AudioSettings { channels, bitrate_kbps, codec: OutputAudio::Aac }
}

/// Whether this build has the encoder.
pub(super) fn check() -> Result<(), EncodeError> {
    audio_encoder(&settings(1)).map(drop)
}

/// The most that is made up of what is lost, in samples.
const CONCEALED: usize = MAX_CONCEALED.as_millis() as usize * 48;

/// What sounds for a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stuff<'a> {
    /// A packet.
    Packet(&'a Bytes),
    /// Packets that are lost, and the next one if it follows at once.
    Lost { next: Option<&'a Bytes> },
    /// Nothing.
    Silence,
}

/// A frame of AAC, its first tick and its length.
pub(super) type Encoded = (u64, Bytes, u64);

/// One session's transcoder.
pub(super) struct Transcoder {
    channels: u8,
    decoder: OpusDecoder,
    encoder: Box<dyn AudioEncoder>,
    /// Decoded samples, interleaved, that don't fill a frame yet.
    waiting: Vec<f32>,
    /// Where the first of them lies.
    from: u64,
    /// Where the frames lie that are inside the encoder.
    inside: VecDeque<u64>,
}

impl std::fmt::Debug for Transcoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transcoder").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Transcoder {
    /// Begins at a tick, with 1 or 2 channels.
    ///
    /// # Errors
    /// If the build lacks the encoder.
    pub(super) fn new(from: u64, channels: u8) -> Result<Self, EncodeError> {
        let decoder = OpusDecoder::new(channels.into());
        let decoder = decoder.map_err(|error| EncodeError::Settings { what: error.to_string() })?;
        let encoder = audio_encoder(&settings(channels))?;
        Ok(Self { channels, decoder, encoder, waiting: Vec::new(), from, inside: VecDeque::new() })
    }

    pub(super) const fn channels(&self) -> u8 {
        self.channels
    }

    pub(super) fn coding(&self) -> Coding {
        self.encoder.coding()
    }

    /// Takes `ticks` of sound that begin at `at`.
    pub(super) fn push(
        &mut self,
        at: u64,
        ticks: u64,
        stuff: Stuff<'_>,
    ) -> Result<Vec<Encoded>, EncodeError> {
        if self.waiting.is_empty() {
            self.from = at;
        }
        let len = usize::try_from(ticks).unwrap_or(0);
        let end = self.waiting.len() + len * usize::from(self.channels);
        match stuff {
            Stuff::Packet(packet) => match self.decoder.decode(packet) {
                Ok(samples) => self.waiting.extend_from_slice(samples),
                // A broken packet is silence of its length.
                Err(_) => self.waiting.resize(end, 0.0),
            },
            Stuff::Lost { next } => {
                let made = match next {
                    Some(next) => self.decoder.close_gap(len, next),
                    None => self.decoder.fade_out(len, 0, CONCEALED),
                };
                self.waiting.extend(made.unwrap_or_default());
                self.waiting.resize(end, 0.0);
            }
            Stuff::Silence => self.waiting.resize(end, 0.0),
        }
        let mut out = Vec::new();
        let frame = self.frame();
        while self.waiting.len() >= frame {
            let samples: Vec<f32> = self.waiting.drain(..frame).collect();
            self.encode(&samples, &mut out)?;
        }
        // What is left of this packet ends where the packet does, however the clocks drift.
        self.from = (at + ticks).saturating_sub(self.ticks(self.waiting.len()));
        Ok(out)
    }

    /// What is left, the last frame filled up with silence.
    pub(super) fn finish(mut self) -> Result<Vec<Encoded>, EncodeError> {
        let mut out = Vec::new();
        if !self.waiting.is_empty() {
            let mut samples = std::mem::take(&mut self.waiting);
            samples.resize(self.frame(), 0.0);
            self.encode(&samples, &mut out)?;
        }
        let rest = self.encoder.flush()?;
        self.put_out(rest, &mut out);
        Ok(out)
    }

    /// Samples of a frame, all channels together.
    fn frame(&self) -> usize {
        self.encoder.frame_len() * usize::from(self.channels)
    }

    fn ticks(&self, samples: usize) -> u64 {
        (samples / usize::from(self.channels.max(1))) as u64
    }

    fn encode(&mut self, samples: &[f32], out: &mut Vec<Encoded>) -> Result<(), EncodeError> {
        self.inside.push_back(self.from);
        self.from += self.ticks(samples.len());
        let encoded = self.encoder.encode(samples)?;
        self.put_out(encoded, out);
        Ok(())
    }

    fn put_out(&mut self, encoded: Vec<capstan_media::sample::Sample>, out: &mut Vec<Encoded>) {
        for sample in encoded {
            let Some(at) = self.inside.pop_front() else { return };
            out.push((at, sample.data, sample.duration.into()));
        }
    }
}
