//! Encoders: pictures to H.264 or AV1, sound to AAC-LC or Opus, one access unit at a time.
//!
//! Each input becomes one output, in order, perhaps some inputs later; `flush` brings the rest. The
//! sound's nth output covers exactly the nth input: codec delay is padded to whole frames and cut
//! off, so that picture and sound start at the same zero without edit lists.

use bytes::Bytes;
use capstan_media::frame::{FrameKind, Picture, Plane, Size};
use capstan_media::sample::{Coding, Sample};
use thiserror::Error;

#[cfg(feature = "aac")]
mod aac;
mod av1;
mod h264;
mod openh264;
mod opus;
mod priming;

/// Samples a second of every encoded sound.
pub const SAMPLE_RATE: u32 = 48_000;

/// How pictures may be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutputVideo {
    /// H.264 by OpenH264: every player plays it, and it is cheap.
    H264,
    /// AV1 by rav1e: 0.75 to 1 core at 640x360 and 15 pictures a second.
    Av1,
}

/// How sound may be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutputAudio {
    /// AAC-LC; needs the cargo feature `aac`.
    Aac,
    /// Opus in frames of 20 ms.
    Opus,
}

/// What a video encoder is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VideoSettings {
    /// The pictures' size; 16x16 to 1920x1080 or 1080x1920. What is coded is [`Self::coded_size`].
    pub size: Size,
    /// Pictures a second, 1 to 60.
    pub fps: u32,
    /// Kilobits a second to aim for, 1 to 10000.
    pub bitrate_kbps: u32,
    /// The encoding.
    pub codec: OutputVideo,
}

impl VideoSettings {
    /// `size` rounded down to even numbers, which is what 4:2:0 can carry: the last column or row
    /// of an odd canvas is left out.
    #[must_use]
    pub const fn coded_size(&self) -> Size {
        Size { width: self.size.width & !1, height: self.size.height & !1 }
    }
}

/// What an audio encoder is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioSettings {
    /// Channels, 1 or 2.
    pub channels: u8,
    /// Kilobits a second, 8 to 320.
    pub bitrate_kbps: u32,
    /// The encoding.
    pub codec: OutputAudio,
}

/// One encoded picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EncodedPicture {
    /// As [`Sample::data`] has it. Never empty.
    pub data: Bytes,
    /// Key exactly where a key picture was asked for.
    pub kind: FrameKind,
}

/// Why something can't be encoded.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// The settings are outside what the encoder takes.
    #[error("encoder settings refused: {what}")]
    Settings {
        /// Which one, its value and what is allowed.
        what: String,
    },
    /// The build lacks the encoder.
    #[error("this build has no {codec} encoder: build with the cargo feature `{feature}`")]
    NotBuilt {
        /// The encoding that was asked for.
        codec: &'static str,
        /// The feature of `capstan-pipeline` that brings it.
        feature: &'static str,
    },
    /// The input isn't what the settings said.
    #[error("input refused by the {codec} encoder: {what}")]
    Input {
        /// Which encoder.
        codec: &'static str,
        /// What is wrong with the input.
        what: String,
    },
    /// The encoder's library failed.
    #[error("{codec} encoder failed: {what}")]
    Library {
        /// Which encoder.
        codec: &'static str,
        /// What the library said.
        what: String,
    },
}

/// Makes pictures into access units.
pub trait VideoEncoder: Send {
    /// Takes the next picture, of the settings' size, and returns what is ready. A picture for
    /// which [`FrameKind::Key`] is asked becomes a key picture; no other does, but the first.
    ///
    /// # Errors
    /// If the picture has another size or the library fails.
    fn encode(
        &mut self,
        picture: &Picture,
        kind: FrameKind,
    ) -> Result<Vec<EncodedPicture>, EncodeError>;

    /// Returns everything that is still inside. Nothing may be encoded afterwards.
    ///
    /// # Errors
    /// If the library fails.
    fn flush(&mut self) -> Result<Vec<EncodedPicture>, EncodeError>;

    /// What a player must know; `None` until the first picture came out.
    fn coding(&self) -> Option<Coding>;
}

/// Makes sound into access units, each `frame_len` long on a timescale of [`SAMPLE_RATE`].
pub trait AudioEncoder: Send {
    /// Samples per channel that one call takes and one output covers.
    fn frame_len(&self) -> usize;

    /// Takes exactly one frame of interleaved samples and returns what is ready.
    ///
    /// # Errors
    /// If the frame has another length or the library fails.
    fn encode(&mut self, samples: &[f32]) -> Result<Vec<Sample>, EncodeError>;

    /// Returns everything that is still inside. Nothing may be encoded afterwards.
    ///
    /// # Errors
    /// If the library fails.
    fn flush(&mut self) -> Result<Vec<Sample>, EncodeError>;

    /// What a player must know.
    fn coding(&self) -> Coding;
}

/// Makes a video encoder.
///
/// # Errors
/// If the settings are out of range or the library refuses them.
pub fn video_encoder(settings: &VideoSettings) -> Result<Box<dyn VideoEncoder>, EncodeError> {
    check_video(settings)?;
    Ok(match settings.codec {
        OutputVideo::H264 => Box::new(h264::H264Encoder::new(settings)?),
        OutputVideo::Av1 => Box::new(av1::Av1Encoder::new(settings)?),
    })
}

/// Makes an audio encoder.
///
/// # Errors
/// If the settings are out of range, the library refuses them, or the build lacks the encoder.
pub fn audio_encoder(settings: &AudioSettings) -> Result<Box<dyn AudioEncoder>, EncodeError> {
    check_audio(settings)?;
    match settings.codec {
        #[cfg(feature = "aac")]
        OutputAudio::Aac => Ok(Box::new(priming::Aligned::new(aac::AacEncoder::new(settings)?))),
        #[cfg(not(feature = "aac"))]
        OutputAudio::Aac => Err(EncodeError::NotBuilt { codec: "aac", feature: "aac" }),
        OutputAudio::Opus => Ok(Box::new(priming::Aligned::new(opus::OpusEncoder::new(settings)?))),
    }
}

fn check_video(settings: &VideoSettings) -> Result<(), EncodeError> {
    let Size { width, height } = settings.size;
    let refuse = |what: String| Err(EncodeError::Settings { what });
    if width.min(height) < 16 || width.max(height) > 1920 || width.min(height) > 1080 {
        return refuse(format!("size {width}x{height} is not between 16x16 and 1920x1080"));
    }
    if !(1..=60).contains(&settings.fps) {
        return refuse(format!("{} pictures a second, 1 to 60 are possible", settings.fps));
    }
    if !(1..=10_000).contains(&settings.bitrate_kbps) {
        return refuse(format!(
            "video of {} kbit/s, 1 to 10000 are possible",
            settings.bitrate_kbps
        ));
    }
    Ok(())
}

fn check_audio(settings: &AudioSettings) -> Result<(), EncodeError> {
    let refuse = |what: String| Err(EncodeError::Settings { what });
    if !(1..=2).contains(&settings.channels) {
        return refuse(format!("{} channels, 1 or 2 are possible", settings.channels));
    }
    if !(8..=320).contains(&settings.bitrate_kbps) {
        return refuse(format!("sound of {} kbit/s, 8 to 320 are possible", settings.bitrate_kbps));
    }
    Ok(())
}

/// The part of a plane that is coded. Holds every row whole: `data` has at least
/// `stride * (height - 1) + width` bytes, and `stride` is at least `width`, which isn't zero.
#[derive(Clone, Copy)]
struct VisiblePlane<'a> {
    data: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

/// The coded part of each plane, after checking that the picture is what the settings say.
fn visible_planes<'a>(
    codec: &'static str,
    picture: &'a Picture,
    settings: &VideoSettings,
) -> Result<[VisiblePlane<'a>; 3], EncodeError> {
    let refuse = |what: String| EncodeError::Input { codec, what };
    if picture.size != settings.size {
        let [is, want] = [picture.size, settings.size].map(|s| format!("{}x{}", s.width, s.height));
        return Err(refuse(format!("picture is {is}, settings say {want}")));
    }
    let coded = settings.coded_size();
    let [width, height] =
        [coded.width, coded.height].map(|side| usize::try_from(side).unwrap_or(0));
    let plane = |name: &str, plane: &'a Plane, width: usize, height: usize| {
        let Plane { data, stride } = plane;
        if *stride < width || data.len() < stride * (height - 1) + width {
            let (len, what) = (data.len(), "plane is too small");
            return Err(refuse(format!("{name} {what}: {len} bytes, stride {stride}")));
        }
        Ok(VisiblePlane { data, stride: *stride, width, height })
    };
    let [y, u, v] = &picture.planes;
    Ok([
        plane("Y", y, width, height)?,
        plane("U", u, width / 2, height / 2)?,
        plane("V", v, width / 2, height / 2)?,
    ])
}
