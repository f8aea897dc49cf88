//! H.264 by OpenH264, one picture in, one access unit out.
//!
//! Key pictures come only where they are asked for, and no picture is dropped: the frame rate is
//! constant, so the quantiser alone keeps the bit rate.

use bytes::Bytes;
use capstan_media::bitstream::h264::{parameter_sets, to_length_prefixed};
use capstan_media::frame::{FrameKind, Picture, Size};
use capstan_media::sample::Coding;
use openh264_sys2::{
    CAMERA_VIDEO_REAL_TIME, CONSTANT_ID, LOW_COMPLEXITY, PRO_HIGH, RC_BITRATE_MODE, SEncParamExt,
    SM_SINGLE_SLICE,
};

use super::openh264::{Encoder, Failure, Outcome};
use super::{EncodeError, EncodedPicture, VideoEncoder, VideoSettings, visible_planes};

const CODEC: &str = "h264";

pub(super) struct H264Encoder {
    encoder: Encoder,
    settings: VideoSettings,
    /// Pictures so far; the library takes milliseconds.
    count: u64,
    annex_b: Vec<u8>,
    coding: Option<Coding>,
}

impl H264Encoder {
    pub(super) fn new(settings: &VideoSettings) -> Result<Self, EncodeError> {
        let encoder = Encoder::new(|params| adjust(params, settings)).map_err(failed)?;
        Ok(Self { encoder, settings: *settings, count: 0, annex_b: Vec::new(), coding: None })
    }
}

impl VideoEncoder for H264Encoder {
    fn encode(
        &mut self,
        picture: &Picture,
        kind: FrameKind,
    ) -> Result<Vec<EncodedPicture>, EncodeError> {
        let planes = visible_planes(CODEC, picture, &self.settings)?;
        if kind == FrameKind::Key && self.count > 0 {
            self.encoder.force_idr().map_err(failed)?;
        }
        let millis = i64::try_from(self.count * 1_000 / u64::from(self.settings.fps));
        self.count += 1;
        self.annex_b.clear();
        let outcome = self
            .encoder
            .encode(planes, millis.unwrap_or(i64::MAX), &mut self.annex_b)
            .map_err(failed)?;
        let kind = match outcome {
            Outcome::Idr => FrameKind::Key,
            Outcome::Predicted => FrameKind::Delta,
            Outcome::Skipped => return Err(library("a picture was skipped".into())),
        };
        if self.coding.is_none() {
            let sets = parameter_sets(&self.annex_b)
                .ok_or_else(|| library("no parameter sets before the first picture".into()))?;
            let size = self.settings.coded_size();
            self.coding = Some(Coding::H264 { size, sps: sets.sps, pps: sets.pps });
        }
        let data = Bytes::from(to_length_prefixed(&self.annex_b));
        Ok(vec![EncodedPicture { data, kind }])
    }

    fn flush(&mut self) -> Result<Vec<EncodedPicture>, EncodeError> {
        Ok(Vec::new())
    }

    fn coding(&self) -> Option<Coding> {
        self.coding.clone()
    }
}

/// Everything that isn't the library's default, with its reason.
fn adjust(params: &mut SEncParamExt, settings: &VideoSettings) {
    let Size { width, height } = settings.coded_size();
    let int = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let bits = int(settings.bitrate_kbps.saturating_mul(1_000));
    #[expect(clippy::cast_precision_loss, reason = "at most 60")]
    let fps = settings.fps as f32;

    params.iUsageType = CAMERA_VIDEO_REAL_TIME;
    params.iPicWidth = int(width);
    params.iPicHeight = int(height);
    params.fMaxFrameRate = fps;
    params.iTargetBitrate = bits;
    params.iRCMode = RC_BITRATE_MODE;
    params.bEnableFrameSkip = false;
    // With 0 the library stops at 42 and loses hold of the bit rate in busy pictures.
    (params.iMinQp, params.iMaxQp) = (12, 51);
    params.iMultipleThreadIdc = 1;
    // Medium complexity was 0.1 dB better for a sixth more CPU.
    params.iComplexityMode = LOW_COMPLEXITY;
    // CABAC was 0.2 to 0.6 dB better than CAVLC for 0.2 ms a picture at 640x360.
    params.iEntropyCodingModeFlag = 1;
    // It leaves still parts as blurred as they were first coded: 2 to 6 dB worse where little moves.
    params.bEnableBackgroundDetection = false;
    // Of no effect in this rate control mode.
    params.bEnableAdaptiveQuant = false;
    // One pair of parameter sets must do for the whole file.
    params.eSpsPpsIdStrategy = CONSTANT_ID;
    params.uiIntraPeriod = 0;
    params.bEnableSceneChangeDetect = false;

    params.iSpatialLayerNum = 1;
    params.iTemporalLayerNum = 1;
    let [layer, ..] = &mut params.sSpatialLayers;
    layer.iVideoWidth = int(width);
    layer.iVideoHeight = int(height);
    layer.fFrameRate = fps;
    layer.iSpatialBitrate = bits;
    layer.uiProfileIdc = PRO_HIGH;
    layer.sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
    layer.sSliceArgument.uiSliceNum = 1;
    // BT.601 in limited range, as pictures are (H.264, table E-3: 6 is SMPTE 170M).
    layer.bVideoSignalTypePresent = true;
    layer.bColorDescriptionPresent = true;
    layer.bFullRange = false;
    layer.uiVideoFormat = 5; // unspecified
    layer.uiColorPrimaries = 6;
    layer.uiTransferCharacteristics = 6;
    layer.uiColorMatrix = 6;
}

fn library(what: String) -> EncodeError {
    EncodeError::Library { codec: CODEC, what }
}

fn failed(Failure { call, code }: Failure) -> EncodeError {
    library(format!("{call} gave code {code}"))
}
