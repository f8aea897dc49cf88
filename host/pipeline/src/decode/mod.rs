//! Decoders: encoded frames to pictures and samples.
//!
//! A decoder shows only pictures that it decoded without complaint. It never panics, whatever the
//! bytes, and never takes a picture larger than the limits.

mod ahead;
mod av1;
mod h264;
mod opus;
pub mod stream;
mod vp9_sizes;
mod vpx;

use capstan_media::codec::Codec;
use capstan_media::frame::Size;
use thiserror::Error;

pub use self::opus::{OpusDecoder, PIECE};
use crate::limits::{MAX_PICTURE_AREA, MAX_PICTURE_SIDE};
use crate::picture::PictureView;

/// Why a frame can't be decoded.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The codec carries no pictures.
    #[error("{codec} carries no pictures")]
    NoPictures {
        /// Which.
        codec: Codec,
    },
    /// The decoder's library can't start.
    #[error("{codec} decoder can't start: {what}")]
    Start {
        /// Of which codec.
        codec: Codec,
        /// What the library said.
        what: String,
    },
    /// The picture is larger than the limits.
    #[error("{codec} picture of {width}x{height} is larger than the limit")]
    TooLarge {
        /// Of which codec.
        codec: Codec,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// The bytes are broken, or refer to frames that are missing.
    #[error("broken {codec} frame: {what}")]
    Broken {
        /// Of which codec.
        codec: Codec,
        /// What the library said.
        what: String,
    },
    /// The bytes are sound, but of a kind that isn't decoded.
    #[error("{codec} with {what} isn't decoded")]
    Unsupported {
        /// Of which codec.
        codec: Codec,
        /// Which kind.
        what: String,
    },
}

/// Decodes the frames of one stream in order.
pub trait VideoDecoder: Send {
    /// Takes one frame and answers whether there is a new picture. The picture before is gone
    /// afterwards, also after an error.
    ///
    /// # Errors
    /// If the frame is broken or outside the limits; only a key frame helps then, and only a fresh
    /// decoder is sure to take it well.
    fn decode(&mut self, data: &bytes::Bytes) -> Result<bool, DecodeError>;

    /// The picture that the last frame made.
    fn picture(&self) -> Option<PictureView<'_>>;
}

/// Makes a decoder.
///
/// # Errors
/// If the codec carries no pictures or its library can't start.
pub fn video_decoder(codec: Codec) -> Result<Box<dyn VideoDecoder>, DecodeError> {
    Ok(match codec {
        Codec::Vp8 | Codec::Vp9 => Box::new(vpx::VpxDecoder::new(codec)?),
        Codec::H264 => Box::new(h264::H264Decoder::new()?),
        Codec::Av1 => Box::new(av1::Av1Decoder::new()?),
        Codec::Opus => return Err(DecodeError::NoPictures { codec }),
    })
}

fn check_size(codec: Codec, Size { width, height }: Size) -> Result<(), DecodeError> {
    let area = u64::from(width) * u64::from(height);
    if area > MAX_PICTURE_AREA || width.max(height) > MAX_PICTURE_SIDE {
        return Err(DecodeError::TooLarge { codec, width, height });
    }
    Ok(())
}
