//! AV1 by rav1e at its fastest, without reordering.
//!
//! Key pictures come only where they are asked for: scene detection is off. A few pictures are
//! inside at any time.

use bytes::Bytes;
use capstan_media::bitstream::av1::{is_key, sequence_header, without_temporal_delimiters};
use capstan_media::frame::{FrameKind, Picture, Size};
use capstan_media::sample::Coding;
use rav1e::color::{
    ChromaSampling, ColorDescription, ColorPrimaries, MatrixCoefficients, PixelRange,
    TransferCharacteristics,
};
use rav1e::config::{EncoderConfig, RateControlConfig};
use rav1e::data::{FrameParameters, Rational};
use rav1e::prelude::{FrameTypeOverride, SceneDetectionSpeed};
use rav1e::{Config, Context, EncoderStatus};

use super::{EncodeError, EncodedPicture, VideoEncoder, VideoSettings, visible_planes};

const CODEC: &str = "av1";

pub(super) struct Av1Encoder {
    context: Context<u8>,
    settings: VideoSettings,
    /// Pictures that went in.
    taken: u64,
    /// Pictures that came out.
    given: u64,
    sequence_header: Option<Bytes>,
}

impl Av1Encoder {
    pub(super) fn new(settings: &VideoSettings) -> Result<Self, EncodeError> {
        let config = Config::new()
            .with_encoder_config(encoder_config(settings))
            .with_rate_control(RateControlConfig::new())
            .with_threads(1);
        let context = config
            .new_context()
            .map_err(|error| EncodeError::Settings { what: error.to_string() })?;
        Ok(Self { context, settings: *settings, taken: 0, given: 0, sequence_header: None })
    }

    /// Takes out everything that is ready.
    fn receive(&mut self) -> Result<Vec<EncodedPicture>, EncodeError> {
        let mut out = Vec::new();
        loop {
            match self.context.receive_packet() {
                Ok(packet) => out.push(self.finish(&packet.data)?),
                Err(EncoderStatus::Encoded) => {}
                Err(EncoderStatus::NeedMoreData | EncoderStatus::LimitReached) => return Ok(out),
                Err(status) => return Err(failed(status)),
            }
        }
    }

    fn finish(&mut self, data: &[u8]) -> Result<EncodedPicture, EncodeError> {
        let data = without_temporal_delimiters(data)
            .map_err(|error| EncodeError::Library { codec: CODEC, what: error.to_string() })?;
        if self.sequence_header.is_none() {
            self.sequence_header = sequence_header(&data).map(Bytes::copy_from_slice);
        }
        let kind = if is_key(&data) { FrameKind::Key } else { FrameKind::Delta };
        self.given += 1;
        Ok(EncodedPicture { data: data.into(), kind })
    }
}

impl VideoEncoder for Av1Encoder {
    fn encode(
        &mut self,
        picture: &Picture,
        kind: FrameKind,
    ) -> Result<Vec<EncodedPicture>, EncodeError> {
        let planes = visible_planes(CODEC, picture, &self.settings)?;
        let mut frame = self.context.new_frame();
        for (to, from) in frame.planes.iter_mut().zip(planes) {
            let stride = to.cfg.stride;
            let rows = from.data.chunks(from.stride).take(from.height);
            for (to, from_row) in to.data_origin_mut().chunks_mut(stride).zip(rows) {
                for (to, from) in to.iter_mut().zip(from_row.iter().take(from.width)) {
                    *to = *from;
                }
            }
        }
        let frame_type_override = match kind {
            FrameKind::Key => FrameTypeOverride::Key,
            FrameKind::Delta => FrameTypeOverride::No,
        };
        let parameters = FrameParameters { frame_type_override, ..FrameParameters::default() };
        self.context.send_frame((frame, parameters)).map_err(failed)?;
        self.taken += 1;
        self.receive()
    }

    fn flush(&mut self) -> Result<Vec<EncodedPicture>, EncodeError> {
        self.context.send_frame(None).map_err(failed)?;
        let out = self.receive()?;
        if self.given == self.taken {
            return Ok(out);
        }
        let what = format!("{} of {} pictures came out", self.given, self.taken);
        Err(EncodeError::Library { codec: CODEC, what })
    }

    fn coding(&self) -> Option<Coding> {
        let sequence_header = self.sequence_header.clone()?;
        Some(Coding::Av1 { size: self.settings.coded_size(), sequence_header })
    }
}

/// Speed 10 is the only one near real time; a look-ahead of 1 costs nothing and delays five
/// pictures instead of fourteen.
fn encoder_config(settings: &VideoSettings) -> EncoderConfig {
    let Size { width, height } = settings.coded_size();
    let side = |pixels| usize::try_from(pixels).unwrap_or(usize::MAX);
    let mut config = EncoderConfig::with_speed_preset(10);
    config.width = side(width);
    config.height = side(height);
    config.time_base = Rational::new(1, settings.fps.into());
    config.chroma_sampling = ChromaSampling::Cs420;
    config.pixel_range = PixelRange::Limited;
    config.color_description = Some(ColorDescription {
        color_primaries: ColorPrimaries::BT601,
        transfer_characteristics: TransferCharacteristics::BT601,
        matrix_coefficients: MatrixCoefficients::BT601,
    });
    config.low_latency = true;
    config.bitrate = i32::try_from(settings.bitrate_kbps.saturating_mul(1_000)).unwrap_or(i32::MAX);
    // The coarsest quantiser that the rate control may take. The library's default of 100 made
    // busy pictures 2.4 times as large as asked for.
    config.quantizer = 255;
    config.min_key_frame_interval = 0;
    config.max_key_frame_interval = 0; // none of its own
    config.speed_settings.rdo_lookahead_frames = 1;
    config.speed_settings.scene_detection_mode = SceneDetectionSpeed::None;
    config
}

fn failed(status: EncoderStatus) -> EncodeError {
    EncodeError::Library { codec: CODEC, what: status.to_string() }
}
