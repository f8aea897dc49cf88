//! Sound that isn't kept as sent: Opus packets to AAC-LC, for players that know nothing newer.
//!
//! Frames of AAC begin where the sound in them did, so the file's time stays that of the packets.

use std::collections::VecDeque;

use bytes::Bytes;
use capstan_media::sample::Coding;

use crate::decode::OpusDecoder;
use crate::encode::{AudioEncoder, AudioSettings, EncodeError, OutputAudio, audio_encoder};

/// As Agora's individual recordings have it.
const SETTINGS: AudioSettings =
    AudioSettings { channels: 1, bitrate_kbps: 48, codec: OutputAudio::Aac };

/// Whether this build has the encoder.
pub(super) fn check() -> Result<(), EncodeError> {
    audio_encoder(&SETTINGS).map(drop)
}

/// A frame of AAC, its first tick and its length.
pub(super) type Encoded = (u64, Bytes, u64);

/// One session's transcoder.
pub(super) struct Transcoder {
    decoder: OpusDecoder,
    encoder: Box<dyn AudioEncoder>,
    /// Decoded samples that don't fill a frame yet.
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
    /// Begins at a tick.
    ///
    /// # Errors
    /// If the build lacks the encoder.
    pub(super) fn new(from: u64) -> Result<Self, EncodeError> {
        let decoder = OpusDecoder::new(SETTINGS.channels.into());
        let decoder = decoder.map_err(|error| EncodeError::Settings { what: error.to_string() })?;
        let encoder = audio_encoder(&SETTINGS)?;
        Ok(Self { decoder, encoder, waiting: Vec::new(), from, inside: VecDeque::new() })
    }

    pub(super) fn coding(&self) -> Coding {
        self.encoder.coding()
    }

    /// Takes `ticks` of sound that begin at `at`: a packet, or silence.
    pub(super) fn push(
        &mut self,
        at: u64,
        ticks: u64,
        packet: Option<&[u8]>,
    ) -> Result<Vec<Encoded>, EncodeError> {
        if self.waiting.is_empty() {
            self.from = at;
        }
        let len = usize::try_from(ticks).unwrap_or(0);
        match packet.map(|packet| self.decoder.decode(packet)) {
            Some(Ok(samples)) => self.waiting.extend_from_slice(samples),
            // A broken packet is silence of its length.
            Some(Err(_)) | None => self.waiting.resize(self.waiting.len() + len, 0.0),
        }
        let mut out = Vec::new();
        let frame = self.encoder.frame_len();
        while self.waiting.len() >= frame {
            let samples: Vec<f32> = self.waiting.drain(..frame).collect();
            self.encode(&samples, &mut out)?;
        }
        // What is left of this packet ends where the packet does, however the clocks drift.
        self.from = (at + ticks).saturating_sub(self.waiting.len() as u64);
        Ok(out)
    }

    /// What is left, the last frame filled up with silence.
    pub(super) fn finish(mut self) -> Result<Vec<Encoded>, EncodeError> {
        let mut out = Vec::new();
        if !self.waiting.is_empty() {
            let mut samples = std::mem::take(&mut self.waiting);
            samples.resize(self.encoder.frame_len(), 0.0);
            self.encode(&samples, &mut out)?;
        }
        let rest = self.encoder.flush()?;
        self.put_out(rest, &mut out);
        Ok(out)
    }

    fn encode(&mut self, samples: &[f32], out: &mut Vec<Encoded>) -> Result<(), EncodeError> {
        self.inside.push_back(self.from);
        self.from += samples.len() as u64;
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
