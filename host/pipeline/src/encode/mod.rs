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
pub mod jpeg;
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

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEO: VideoSettings = VideoSettings {
        size: Size { width: 65, height: 49 },
        fps: 15,
        bitrate_kbps: 100,
        codec: OutputVideo::H264,
    };

    fn grey(size: Size) -> Picture {
        let (width, height) = (size.width as usize, size.height as usize);
        let plane =
            |width: usize, height: usize| Plane { data: vec![128; width * height], stride: width };
        let chroma = || plane(width.div_ceil(2), height.div_ceil(2));
        Picture { size, planes: [plane(width, height), chroma(), chroma()] }
    }

    fn refused(settings: &VideoSettings) -> String {
        video_encoder(settings).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let small = Size { width: 15, height: 90 };
        assert!(refused(&VideoSettings { size: small, ..VIDEO }).contains("size 15x90"));
        let large = Size { width: 1200, height: 1200 };
        assert!(refused(&VideoSettings { size: large, ..VIDEO }).contains("size 1200x1200"));
        assert!(refused(&VideoSettings { fps: 0, ..VIDEO }).contains("0 pictures a second"));
        assert!(refused(&VideoSettings { bitrate_kbps: 0, ..VIDEO }).contains("0 kbit/s"));
        let audio = AudioSettings { channels: 3, bitrate_kbps: 48, codec: OutputAudio::Opus };
        assert!(audio_encoder(&audio).is_err());
        assert!(audio_encoder(&AudioSettings { channels: 1, bitrate_kbps: 4, ..audio }).is_err());
    }

    #[test]
    fn every_bitrate_that_is_offered_works() {
        for codec in [OutputAudio::Opus, OutputAudio::Aac] {
            for (channels, bitrate_kbps) in [(1, 8), (1, 320), (2, 8), (2, 48), (2, 320)] {
                let settings = AudioSettings { channels, bitrate_kbps, codec };
                if cfg!(not(feature = "aac")) && codec == OutputAudio::Aac {
                    let error = audio_encoder(&settings).err().unwrap().to_string();
                    assert!(error.contains("cargo feature `aac`"), "{error}");
                    continue;
                }
                let mut encoder = audio_encoder(&settings).unwrap();
                let loud: Vec<_> = (0..encoder.frame_len() * usize::from(channels))
                    .map(|at| if at * at % 7 < 3 { 2.0 } else { -2.0 })
                    .collect();
                let mut samples = Vec::new();
                for _ in 0..10 {
                    samples.extend(encoder.encode(&loud).unwrap());
                }
                samples.extend(encoder.flush().unwrap());
                assert_eq!(samples.len(), 10, "{settings:?}");
                assert!(samples.iter().all(|sample| !sample.data.is_empty()));
            }
        }
    }

    #[test]
    fn key_pictures_come_where_asked_and_odd_edges_are_left_out() {
        for codec in [OutputVideo::H264, OutputVideo::Av1] {
            let settings = VideoSettings { codec, ..VIDEO };
            let mut encoder = video_encoder(&settings).unwrap();
            let mut kinds = Vec::new();
            for tick in 0..12 {
                let kind = if tick == 5 { FrameKind::Key } else { FrameKind::Delta };
                kinds.extend(encoder.encode(&grey(VIDEO.size), kind).unwrap());
            }
            kinds.extend(encoder.flush().unwrap());
            let keys: Vec<_> =
                (0..kinds.len()).filter(|&at| kinds[at].kind == FrameKind::Key).collect();
            assert_eq!((kinds.len(), &keys[..]), (12, &[0, 5][..]), "{codec:?}");
            let (Coding::H264 { size, .. } | Coding::Av1 { size, .. }) = encoder.coding().unwrap()
            else {
                panic!("no picture coding");
            };
            assert_eq!(size, Size { width: 64, height: 48 });
        }
    }

    #[test]
    fn pictures_of_another_shape_are_refused() {
        for codec in [OutputVideo::H264, OutputVideo::Av1] {
            let mut encoder = video_encoder(&VideoSettings { codec, ..VIDEO }).unwrap();
            let other = grey(Size { width: 64, height: 49 });
            let error = encoder.encode(&other, FrameKind::Key).unwrap_err().to_string();
            assert!(error.contains("picture is 64x49, settings say 65x49"), "{error}");
            let mut short = grey(VIDEO.size);
            short.planes[1].data.truncate(100);
            let error = encoder.encode(&short, FrameKind::Key).unwrap_err().to_string();
            assert!(error.contains("U plane is too small"), "{error}");
        }
    }
}
