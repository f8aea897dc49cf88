//! AAC-LC by the Fraunhofer FDK library, 1024 samples a packet.
//!
//! Constant bit rate, raw access units; the encoder's delay is taken away by [`super::priming`].

use bytes::Bytes;
use capstan_media::sample::Coding;
use fdk_aac::enc::{
    AudioObjectType, BitRate, ChannelMode, Encoder, EncoderError, EncoderParams, Transport,
};

use super::priming::DelayedEncoder;
use super::{AudioSettings, EncodeError, SAMPLE_RATE};

/// The largest access unit of a channel is 6144 bits (ISO 14496-3, 4.5.3).
const MAX_PACKET_PER_CHANNEL: usize = 768;

pub(super) struct AacEncoder {
    encoder: Encoder,
    config: Bytes,
    channels: u8,
    frame_len: usize,
    delay: usize,
    input: Vec<i16>,
}

impl AacEncoder {
    pub(super) fn new(settings: &AudioSettings) -> Result<Self, EncodeError> {
        let params = EncoderParams {
            bit_rate: BitRate::Cbr(settings.bitrate_kbps.saturating_mul(1_000)),
            sample_rate: SAMPLE_RATE,
            transport: Transport::Raw,
            channels: if settings.channels == 1 { ChannelMode::Mono } else { ChannelMode::Stereo },
            audio_object_type: AudioObjectType::Mpeg4LowComplexity,
        };
        let encoder = Encoder::new(params).map_err(failed)?;
        let info = encoder.info().map_err(failed)?;
        let size = |number| usize::try_from(number).unwrap_or(0);
        let config = info.confBuf.get(..size(info.confSize)).unwrap_or_default();
        if info.frameLength == 0 || config.is_empty() {
            let what = "no frame length or configuration".into();
            return Err(EncodeError::Library { codec: Self::CODEC, what });
        }
        Ok(Self {
            config: Bytes::copy_from_slice(config),
            channels: settings.channels,
            frame_len: size(info.frameLength),
            delay: size(info.nDelay),
            encoder,
            input: Vec::new(),
        })
    }
}

impl DelayedEncoder for AacEncoder {
    const CODEC: &'static str = "aac";

    fn channels(&self) -> usize {
        self.channels.into()
    }

    fn frame_len(&self) -> usize {
        self.frame_len
    }

    fn delay(&self) -> usize {
        self.delay
    }

    fn encode(&mut self, samples: &[f32]) -> Result<Option<Bytes>, EncodeError> {
        self.input.clear();
        self.input.extend(samples.iter().map(|&sample| to_i16(sample)));
        let mut packet = vec![0; MAX_PACKET_PER_CHANNEL * self.channels()];
        let done = self.encoder.encode(&self.input, &mut packet).map_err(failed)?;
        if done.input_consumed != self.input.len() {
            let what = format!("took {} of {} samples", done.input_consumed, self.input.len());
            return Err(EncodeError::Library { codec: Self::CODEC, what });
        }
        packet.truncate(done.output_size);
        Ok(if packet.is_empty() { None } else { Some(packet.into()) })
    }

    fn coding(&self) -> Coding {
        Coding::Aac { config: self.config.clone(), channels: self.channels, rate: SAMPLE_RATE }
    }
}

fn to_i16(sample: f32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped; a float cast saturates anyway")]
    let value = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
    value
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: EncoderError) -> EncodeError {
    EncodeError::Library { codec: AacEncoder::CODEC, what: error.to_string() }
}
