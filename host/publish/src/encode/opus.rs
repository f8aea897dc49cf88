//! Opus by libopus, mono, in frames of 20 ms.

use bytes::Bytes;
use capstan_media::codec::Codec;

use super::EncodeError;

/// Samples in one packet: 20 ms at 48 kHz.
pub const FRAME_SAMPLES: usize = 960;
/// The longest packet that RFC 6716 allows for one frame, with its headers.
const MAX_PACKET: usize = 1_280;

/// Makes sound into Opus packets.
pub struct OpusEncoder {
    encoder: opus::Encoder,
    lookahead: usize,
}

impl OpusEncoder {
    /// An encoder that aims for this many kilobits a second.
    ///
    /// # Errors
    /// If libopus refuses the bitrate.
    pub fn new(bitrate_kbps: u32) -> Result<Self, EncodeError> {
        let bits = i32::try_from(bitrate_kbps.saturating_mul(1_000)).unwrap_or(i32::MAX);
        let mut encoder =
            opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Audio)
                .map_err(failed)?;
        encoder.set_bitrate(opus::Bitrate::Bits(bits)).map_err(failed)?;
        let lookahead = usize::try_from(encoder.get_lookahead().map_err(failed)?).unwrap_or(0);
        Ok(Self { encoder, lookahead })
    }

    /// How many samples later than it was put in a sound comes out of a decoder. Whoever wants
    /// sound and RTP time to agree feeds sound that is this much ahead.
    #[must_use]
    pub const fn lookahead(&self) -> usize {
        self.lookahead
    }

    /// Encodes one frame of [`FRAME_SAMPLES`] mono samples.
    ///
    /// # Errors
    /// If the frame has another length or the library fails.
    pub fn encode(&mut self, samples: &[f32]) -> Result<Bytes, EncodeError> {
        self.encoder.encode_vec_float(samples, MAX_PACKET).map(Bytes::from).map_err(failed)
    }
}

fn failed(error: opus::Error) -> EncodeError {
    EncodeError::Library { codec: Codec::Opus, what: error.to_string() }
}
