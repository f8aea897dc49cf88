//! Opus by libopus, with its concealment.

use capstan_media::codec::Codec;
use opus::{Channels, Decoder};

use super::DecodeError;

const CODEC: Codec = Codec::Opus;
/// The most samples per channel of one packet: 120 ms.
const MAX_PACKET: usize = 5_760;
/// Made-up sound comes in multiples of 2.5 ms.
pub const GRAIN: usize = 120;

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

    /// Makes up `len` samples per channel (a multiple of [`GRAIN`], at most 120 ms) from what came
    /// before.
    ///
    /// # Errors
    /// If the library refuses.
    pub fn conceal(&mut self, len: usize) -> Result<&[f32], DecodeError> {
        self.run(&[], len.min(MAX_PACKET), false)
    }

    /// Brings back the last `len` samples per channel (a multiple of [`GRAIN`]) before `packet` from
    /// the redundancy that it carries (RFC 6716, 2.1.7), or makes them up if it carries none.
    ///
    /// # Errors
    /// If the packet is broken.
    pub fn recover(&mut self, packet: &[u8], len: usize) -> Result<&[f32], DecodeError> {
        self.run(packet, len.min(MAX_PACKET), true)
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
