//! H.264 by OpenH264, without error concealment.
//!
//! Pictures are copied out of the library, whose buffers can't be lent safely beyond a call. They come out in
//! the order of decoding; who shows them puts them into theirs.
//!
//! The library begins with IDR pictures only. Where a stream has none, only points from which its
//! pictures become whole bit by bit, grey pictures go in first, and the pictures that follow are numbered on from those; nothing is
//! shown until they are whole.

use bytes::Bytes;
use capstan_media::bitstream::h264::slice::{Numbers, numbers, renumbered};
use capstan_media::bitstream::h264::{
    Sps, grey_pictures, is_idr, nal_units, push_annex_b, recovery_point,
};
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
    /// It has begun, with an IDR picture or a point of recovery.
    begun: bool,
    /// How it is decoded since it began without an IDR picture.
    recovered: Option<Recovered>,
}

/// A stream that began without an IDR picture.
struct Recovered {
    sps: Sps,
    /// How far the numbers of its pictures are moved back.
    back: Numbers,
    /// Pictures until they are whole.
    left: u32,
}

impl H264Decoder {
    pub(super) fn new() -> Result<Self, DecodeError> {
        let decoder = Decoder::with_api_config(OpenH264API::from_source(), DecoderConfig::new())
            .map_err(|error| DecodeError::Start { codec: CODEC, what: error.to_string() })?;
        let picture = filled(Size { width: 2, height: 2 }, [16, 128, 128]);
        Ok(Self { decoder, picture, shown: false, begun: false, recovered: None })
    }

    /// What goes into the library for a frame.
    fn prepared(&mut self, data: &Bytes) -> Result<Bytes, DecodeError> {
        if is_idr(data) {
            (self.begun, self.recovered) = (true, None);
        } else if !self.begun
            && let Some(pictures) = recovery_point(data)
        {
            self.recovered = Some(self.begin_grey(data, pictures)?);
            self.begun = true;
        }
        let Some(recovered) = &self.recovered else { return Ok(data.clone()) };
        let mut moved = Vec::with_capacity(data.len() + 64);
        for nal in nal_units(data) {
            match renumbered(nal, &recovered.sps, recovered.back) {
                Some(nal) => push_annex_b(&mut moved, &nal),
                None => push_annex_b(&mut moved, nal),
            }
        }
        Ok(moved.into())
    }

    /// Begins with grey pictures before this frame, after which so many more are needed.
    fn begin_grey(&mut self, data: &[u8], left: u32) -> Result<Recovered, DecodeError> {
        let unsupported = |what: &str| DecodeError::Unsupported { codec: CODEC, what: what.into() };
        let set = nal_units(data).find(|nal| nal.first().is_some_and(|byte| byte & 0x1f == SPS));
        let set = set.ok_or_else(|| broken("a recovery point without its parameter set"))?;
        let sps = Sps::parse(set).map_err(|error| broken(&error.to_string()))?;
        let grey = grey_pictures(set, &sps).ok_or_else(|| {
            unsupported("intra refresh of interlaced or other than 4:2:0 pictures")
        })?;
        let first = nal_units(data).find_map(|nal| numbers(nal, &sps));
        let first = first.ok_or_else(|| broken("a recovery point without a picture"))?;
        let count = u32::try_from(grey.len()).unwrap_or(1);
        for picture in grey {
            self.decoder.decode(&picture).map_err(|error| broken(&error.to_string()))?;
        }
        let back = Numbers {
            frame: first.frame.wrapping_sub(count),
            order: first.order.map(|order| order.wrapping_sub(2 * count)),
        };
        Ok(Recovered { sps, back, left })
    }
}

impl VideoDecoder for H264Decoder {
    fn decode(&mut self, data: &Bytes) -> Result<bool, DecodeError> {
        self.shown = false;
        for nal in nal_units(data).filter(|nal| nal.first().is_some_and(|b| b & 0x1f == SPS)) {
            // What this parser can't read the library judges; its own limit is 9 megapixels.
            Sps::parse(nal).map_or(Ok(()), |sps| check_size(CODEC, sps.size))?;
        }
        if i32::try_from(data.len()).is_err() || data.is_empty() {
            return Err(broken("empty or too long"));
        }
        let data = self.prepared(data)?;
        let decoded = self.decoder.decode(&data).map_err(|error| broken(&error.to_string()))?;
        let Some(image) = decoded else { return Ok(false) };
        if let Some(recovered) = &mut self.recovered
            && recovered.left > 0
        {
            recovered.left -= 1;
            return Ok(false);
        }
        let (width, height) = image.dimensions_i32();
        let side = |side: i32| u32::try_from(side).unwrap_or(0);
        let size = Size { width: side(width), height: side(height) };
        check_size(CODEC, size)?;
        let (y_stride, u_stride, v_stride) = image.strides();
        let planes = [(image.y(), y_stride), (image.u(), u_stride), (image.v(), v_stride)];
        let view = PictureView::new(size, planes)
            .ok_or_else(|| broken(&format!("picture of {width}x{height}")))?;
        view.copy_to(&mut self.picture);
        self.shown = true;
        Ok(true)
    }

    fn picture(&self) -> Option<PictureView<'_>> {
        self.shown.then(|| PictureView::of(&self.picture)).flatten()
    }
}

fn broken(what: &str) -> DecodeError {
    DecodeError::Broken { codec: CODEC, what: what.into() }
}
