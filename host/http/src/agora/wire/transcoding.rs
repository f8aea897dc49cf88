//! Size, rate and encoders of the mixed output.

use crate::agora::read::{BadField, Object};
use capstan_config::{AudioChoice, VideoChoice};

/// The most pixels of the mixed picture.
const MAX_PIXELS: u32 = 1_920 * 1_080;

/// `transcodingConfig` without its layout.
#[derive(Debug, PartialEq)]
pub(crate) struct Transcoding {
    /// Pixels.
    pub(crate) width: u32,
    /// Pixels.
    pub(crate) height: u32,
    /// Pictures a second.
    pub(crate) fps: u32,
    /// Kilobits a second.
    pub(crate) bitrate: u32,
    /// `videoCodec`, Capstan's own field.
    pub(crate) video: Option<VideoChoice>,
    /// `audioCodec`, Capstan's own field.
    pub(crate) audio: Option<AudioChoice>,
}

impl Transcoding {
    /// Reads `transcodingConfig`.
    pub(crate) fn read(config: Object<'_>) -> Result<Self, BadField> {
        let width = config.integer_or("width", 16..=1_920, 360)?;
        let height = config.integer_or("height", 16..=1_920, 640)?;
        if width * height > MAX_PIXELS {
            let what = format!(
                "makes {width}x{height}, {} pixels; at most {MAX_PIXELS} (1920x1080) are possible",
                width * height
            );
            return Err(config.refuse("height", what));
        }
        for (key, pixels) in [("width", width), ("height", height)] {
            if pixels % 2 == 1 {
                return Err(config.refuse(key, format!("is {pixels}; it must be an even number")));
            }
        }
        Ok(Self {
            width,
            height,
            fps: config.integer_or("fps", 1..=60, 15)?,
            bitrate: config.integer_or("bitrate", 1..=6_500, 500)?,
            video: config.choice("videoCodec", &["h264", "av1"])?.map(|codec| match codec {
                "av1" => VideoChoice::Av1,
                _ => VideoChoice::H264,
            }),
            audio: config.choice("audioCodec", &["aac", "opus"])?.map(|codec| match codec {
                "opus" => AudioChoice::Opus,
                _ => AudioChoice::Aac,
            }),
        })
    }
}
