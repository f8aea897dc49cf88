//! Opus by libopus, with its concealment.

use capstan_media::bitstream::opus::Packet;
use capstan_media::codec::Codec;
use opus::{Channels, Decoder};

use super::DecodeError;

const CODEC: Codec = Codec::Opus;
/// The most samples per channel of one packet: 120 ms.
const MAX_PACKET: usize = 5_760;
/// Made-up sound comes in multiples of 2.5 ms.
const GRAIN: usize = 120;
/// The longest piece that is made up at once: 20 ms.
pub const PIECE: usize = 960;

/// One track's decoder at 48 kHz; mono and stereo packets come out with the same number of channels.
pub struct OpusDecoder {
    decoder: Decoder,
    channels: usize,
    samples: Vec<f32>,
}

impl std::fmt::Debug for OpusDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpusDecoder").field("channels", &self.channels).finish_non_exhaustive()
    }
}

impl OpusDecoder {
    /// With 1 or 2 channels out.
    ///
    /// # Errors
    /// If the library can't start.
    pub fn new(channels: usize) -> Result<Self, DecodeError> {
        let layout = if channels == 1 { Channels::Mono } else { Channels::Stereo };
        let channels = layout as usize;
        let decoder = Decoder::new(48_000, layout)
            .map_err(|error| DecodeError::Start { codec: CODEC, what: error.to_string() })?;
        Ok(Self { decoder, channels, samples: vec![0.0; MAX_PACKET * channels] })
    }

    /// Decodes a packet to interleaved samples.
    ///
    /// # Errors
    /// If the packet is broken.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[f32], DecodeError> {
        if packet.is_empty() {
            return Err(DecodeError::Broken { codec: CODEC, what: "empty".into() });
        }
        self.run(packet, MAX_PACKET, false)
    }

    /// Makes up `len` samples per channel (a multiple of 2.5 ms, at most 120 ms) from what came
    /// before.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn conceal(&mut self, len: usize) -> Result<&[f32], DecodeError> {
        self.run(&[], len.min(MAX_PACKET), false)
    }

    /// Brings back the last `len` samples per channel (a multiple of 2.5 ms) before `packet` from
    /// the redundancy that it carries (RFC 6716, 2.1.7), or makes them up if it carries none.
    ///
    /// # Errors
    /// If the packet is broken.
    pub fn recover(&mut self, packet: &[u8], len: usize) -> Result<&[f32], DecodeError> {
        self.run(packet, len.min(MAX_PACKET), true)
    }

    /// Closes a gap of `gap` samples per channel before `packet`: the last part is brought back from the
    /// packet's redundancy, what is before that is made up.
    ///
    /// # Errors
    /// If the packet is broken.
    pub fn close_gap(&mut self, gap: usize, packet: &[u8]) -> Result<Vec<f32>, DecodeError> {
        let channels = self.channels;
        let whole = gap.next_multiple_of(GRAIN);
        let carried = Packet::parse(packet).map_or(0, |p| p.samples() as usize) / GRAIN * GRAIN;
        let last = carried.min(whole);
        let mut made: Vec<f32> = Vec::with_capacity(whole * channels);
        while made.len() < (whole - last) * channels {
            let piece = (whole - last - made.len() / channels).min(PIECE);
            let samples = self.conceal(piece)?;
            if samples.is_empty() {
                break;
            }
            made.extend_from_slice(samples);
        }
        if last > 0 {
            made.extend_from_slice(self.recover(packet, last)?);
        }
        // What is too much by rounding is left out at the end.
        made.truncate(gap * channels);
        Ok(made)
    }

    /// Makes up a gap of `gap` samples per channel whose end isn't known, after `before` that were made up
    /// already: it fades out, and what is more than `most` in all is silent.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn fade_out(
        &mut self,
        gap: usize,
        before: usize,
        most: usize,
    ) -> Result<Vec<f32>, DecodeError> {
        let channels = self.channels;
        let mut made: Vec<f32> = Vec::with_capacity(gap * channels);
        let allowed = gap.min(most.saturating_sub(before));
        while made.len() < allowed * channels {
            let piece = (allowed - made.len() / channels).min(PIECE);
            let from = before + made.len() / channels;
            let samples = self.conceal(piece.next_multiple_of(GRAIN))?;
            let samples = samples.get(..piece * channels).unwrap_or(samples);
            if samples.is_empty() {
                break;
            }
            made.extend(samples.iter().enumerate().map(|(n, &sample)| {
                let left = most.saturating_sub(from + n / channels);
                sample * (left as f32 * 2.0 / most as f32).min(1.0)
            }));
        }
        Ok(made)
    }

    fn run(&mut self, packet: &[u8], len: usize, before: bool) -> Result<&[f32], DecodeError> {
        let room = self.samples.get_mut(..len * self.channels).unwrap_or_default();
        let count = self
            .decoder
            .decode_float(packet, room, before)
            .map_err(|error| DecodeError::Broken { codec: CODEC, what: error.to_string() })?;
        Ok(self.samples.get(..count * self.channels).unwrap_or_default())
    }
}
