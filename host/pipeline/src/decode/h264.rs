//! H.264 by OpenH264, without error concealment.
//!
//! Pictures are copied out of the library, whose buffers can't be lent safely beyond a call.

use bytes::Bytes;
use capstan_media::bitstream::h264::{Sps, nal_units};
use capstan_media::codec::Codec;
use capstan_media::frame::{Picture, Size};
use openh264::OpenH264API;
use openh264::decoder::{Decoder, DecoderConfig};
use openh264::formats::YUVSource;

use super::{DecodeError, VideoDecoder, check_size};
use crate::picture::{PictureView, filled};

const CODEC: Codec = Codec::H264;
/// The type of a sequence parameter set (table 7-1).
const SPS: u8 = 7;

/// One stream's decoder.
pub(super) struct H264Decoder {
    decoder: Decoder,
    picture: Picture,
    shown: bool,
}

impl H264Decoder {
    pub(super) fn new() -> Result<Self, DecodeError> {
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), DecoderConfig::new())
            .map_err(|error| DecodeError::Start { codec: CODEC, what: error.to_string() })?;
        let picture = filled(Size { width: 2, height: 2 }, [16, 128, 128]);
        Ok(Self { decoder, picture, shown: false })
    }
}

impl VideoDecoder for H264Decoder {
    fn decode(&mut self, data: &Bytes) -> Result<bool, DecodeError> {
        let broken = |what: String| DecodeError::Broken { codec: CODEC, what };
        self.shown = false;
        for nal in nal_units(data).filter(|nal| nal.first().is_some_and(|b| b & 0x1f == SPS)) {
            // What this parser can't read the library judges; its own limit is 9 megapixels.
            Sps::parse(nal).map_or(Ok(()), |sps| check_size(CODEC, sps.size))?;
        }
        if i32::try_from(data.len()).is_err() || data.is_empty() {
            return Err(broken("empty or too long".into()));
        }
        let decoded = self.decoder.decode(data).map_err(|error| broken(error.to_string()))?;
        let Some(image) = decoded else { return Ok(false) };
        let (width, height) = image.dimensions_i32();
        let side = |side: i32| u32::try_from(side).unwrap_or(0);
        let size = Size { width: side(width), height: side(height) };
        check_size(CODEC, size)?;
        let (y_stride, u_stride, v_stride) = image.strides();
        let planes = [(image.y(), y_stride), (image.u(), u_stride), (image.v(), v_stride)];
        let view = PictureView::new(size, planes)
            .ok_or_else(|| broken(format!("picture of {width}x{height}")))?;
        view.copy_to(&mut self.picture);
        self.shown = true;
        Ok(true)
    }

    fn picture(&self) -> Option<PictureView<'_>> {
        self.shown.then(|| PictureView::of(&self.picture)).flatten()
    }
}
