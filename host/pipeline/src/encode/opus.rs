//! Opus by libopus, in frames of 20 ms.
//!
//! Variable bit rate around the target; the pre-skip is taken away by [`super::priming`].

use bytes::Bytes;
use capstan_media::sample::Coding;
use opus::{Application, Bitrate, Channels, Encoder};

use super::priming::DelayedEncoder;
use super::{AudioSettings, EncodeError, SAMPLE_RATE};

/// 20 ms at 48 kHz.
const FRAME_LEN: usize = 960;
/// The largest packet that RFC 6716 (3.4) allows for one frame, with its header.
const MAX_PACKET: usize = 1_276;

pub(super) struct OpusEncoder {
    encoder: Encoder,
    channels: u8,
    delay: usize,
}

impl OpusEncoder {
    pub(super) fn new(settings: &AudioSettings) -> Result<Self, EncodeError> {
        let channels = if settings.channels == 1 { Channels::Mono } else { Channels::Stereo };
        let bits = i32::try_from(settings.bitrate_kbps.saturating_mul(1_000)).unwrap_or(i32::MAX);
        let mut encoder =
            Encoder::new(SAMPLE_RATE, channels, Application::Audio).map_err(failed)?;
        encoder.set_bitrate(Bitrate::Bits(bits)).map_err(failed)?;
        let delay = encoder.get_lookahead().map_err(failed)?;
        let delay = usize::try_from(delay).unwrap_or(0);
        Ok(Self { encoder, channels: settings.channels, delay })
    }
}

impl DelayedEncoder for OpusEncoder {
    const CODEC: &'static str = "opus";

    fn channels(&self) -> usize {
        self.channels.into()
    }

    fn frame_len(&self) -> usize {
        FRAME_LEN
    }

    fn delay(&self) -> usize {
        self.delay
    }

    fn encode(&mut self, samples: &[f32]) -> Result<Option<Bytes>, EncodeError> {
        let packet = self.encoder.encode_vec_float(samples, MAX_PACKET).map_err(failed)?;
        Ok(Some(packet.into()))
    }

    fn coding(&self) -> Coding {
        Coding::Opus { channels: self.channels }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: opus::Error) -> EncodeError {
    EncodeError::Library { codec: OpusEncoder::CODEC, what: error.to_string() }
}
