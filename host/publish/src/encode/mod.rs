//! Encoders of a publisher: pictures to frames as RTP payloaders take them, sound to Opus packets.
//!
//! Frames come out in the order of the pictures, perhaps some pictures later (AV1). A key frame
//! comes where one is asked for; the first frame is one.

mod iso;
mod opus;
mod vpx;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::{FrameKind, Picture, Size};
use thiserror::Error;

pub use self::opus::{FRAME_SAMPLES, OpusEncoder};

/// What a video encoder is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VideoSettings {
    /// How to encode; not Opus.
    pub codec: Codec,
    /// The pictures' size: even, 32x32 to 1920x1920.
    pub size: Size,
    /// Pictures a second, 1 to 60.
    pub fps: u32,
    /// Kilobits a second to aim for, 20 to 10000.
    pub bitrate_kbps: u32,
}

/// One encoded picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Encoded {
    /// In the form that [`Codec`] names.
    pub data: Bytes,
    /// Key or delta.
    pub kind: FrameKind,
}

/// Why something can't be encoded.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// A setting is out of its range.
    #[error("{what} is {value}: it must be {allowed}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What was asked for.
        value: String,
        /// What would do.
        allowed: &'static str,
    },
    /// The picture isn't of the settings' size.
    #[error("the picture is {}x{}, not {}x{}", .given.width, .given.height, .asked.width, .asked.height)]
    Size {
        /// The picture's.
        given: Size,
        /// The settings'.
        asked: Size,
    },
    /// The encoder's library failed.
    #[error("the {codec} encoder failed: {what}")]
    Library {
        /// Which encoder.
        codec: Codec,
        /// What the library said.
        what: String,
    },
}

/// Makes pictures into frames.
pub trait Encoder: Send {
    /// Takes the next picture and returns the frames that are ready.
    ///
    /// # Errors
    /// If the picture has another size or the library fails.
    fn encode(&mut self, picture: &Picture, kind: FrameKind) -> Result<Vec<Encoded>, EncodeError>;
}

/// An encoder for these settings.
///
/// # Errors
/// If a setting is out of its range or the library refuses them.
pub fn encoder(settings: &VideoSettings) -> Result<Box<dyn Encoder>, EncodeError> {
    check(settings)?;
    match settings.codec {
        Codec::Vp8 | Codec::Vp9 => Ok(Box::new(vpx::VpxEncoder::new(settings)?)),
        Codec::H264 | Codec::Av1 => Ok(Box::new(iso::IsoEncoder::new(settings)?)),
        Codec::Opus => Err(EncodeError::Setting {
            what: "the video codec",
            value: "opus".to_owned(),
            allowed: "vp8, vp9, h264 or av1",
        }),
    }
}

fn check(settings: &VideoSettings) -> Result<(), EncodeError> {
    let Size { width, height } = settings.size;
    let refuse = |what, value, allowed| Err(EncodeError::Setting { what, value, allowed });
    let side = 32..=1920;
    if !side.contains(&width) || !side.contains(&height) || width % 2 == 1 || height % 2 == 1 {
        let allowed = "even numbers from 32x32 to 1920x1920";
        return refuse("the picture's size", format!("{width}x{height}"), allowed);
    }
    if !(1..=60).contains(&settings.fps) {
        return refuse("the frame rate", settings.fps.to_string(), "1 to 60");
    }
    if !(20..=10_000).contains(&settings.bitrate_kbps) {
        let value = format!("{} kbit/s", settings.bitrate_kbps);
        return refuse("the bitrate", value, "20 to 10000 kbit/s");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
