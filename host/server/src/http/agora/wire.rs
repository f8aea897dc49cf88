//! What the recording API takes and gives, as it stands in JSON.
//!
//! Requests are read into these values with every type, range and relation checked; what they mean
//! for a recording is decided in `convert`.

use capstan_media::scene::Colour;
use capstan_media::track::Uid;
use serde_json::{Map, Value};

use super::dressing::Dressing;
use super::names::join_prefix;
use super::read::{BadField, Object};
use crate::config::{AudioChoice, VideoChoice};

/// Hours for which a recording may be controlled, unless `acquire` says otherwise.
const DEFAULT_CONTROL_HOURS: u32 = 72;
/// Seconds without anybody after which a recording ends, unless `start` says otherwise.
const DEFAULT_IDLE_SECONDS: u32 = 30;
/// The most regions of a custom layout.
const MAX_REGIONS: usize = 17;
/// The most pixels of the mixed picture.
const MAX_PIXELS: u32 = 1_920 * 1_080;
/// The most characters of a vendor's name.
const MAX_VENDOR_NAME: usize = 64;
/// The most elements of a prefix: with its 128 characters there can't be more.
const MAX_PREFIX_ELEMENTS: usize = 64;

/// `acquire`'s `clientRequest`.
#[derive(Debug, PartialEq)]
pub(crate) struct AcquireRequest {
    /// Hours after the start for which the recording may be controlled.
    pub(crate) control_hours: u16,
    /// The announced parameters of `start`.
    pub(crate) start_parameter: Option<Value>,
}

/// `start`'s `clientRequest` in mode mix.
#[derive(Debug, PartialEq)]
pub(crate) struct StartRequest {
    /// Seconds without anybody after which the recording ends.
    pub(crate) idle_seconds: u32,
    /// What is recorded.
    pub(crate) streams: Streams,
    /// 0, 1 or 2.
    pub(crate) audio_profile: u32,
    /// Size, rate and encoders.
    pub(crate) transcoding: Transcoding,
    /// Where everybody is painted.
    pub(crate) layout: LayoutRequest,
    /// Where the files go.
    pub(crate) storage: StorageRequest,
}

/// `streamTypes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streams {
    /// 0.
    Audio,
    /// 1.
    Video,
    /// 2.
    Both,
}

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

/// The layout part of `transcodingConfig` and of `updateLayout`.
#[derive(Debug, PartialEq)]
pub(crate) struct LayoutRequest {
    /// Which layout.
    pub(crate) kind: LayoutKind,
    /// Behind everything.
    pub(crate) background: Option<Colour>,
    /// The big picture of the vertical layout.
    pub(crate) main: Option<Uid>,
    /// The regions of the custom layout.
    pub(crate) regions: Vec<Region>,
    /// Pictures, and Capstan's own field.
    pub(crate) dressing: Dressing,
}

/// `mixedVideoLayout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LayoutKind {
    /// 0.
    Float,
    /// 1.
    BestFit,
    /// 2.
    Vertical,
    /// 3.
    Custom,
}

/// One entry of `layoutConfig`.
#[derive(Debug, PartialEq)]
pub(crate) struct Region {
    /// Whom it is reserved for.
    pub(crate) uid: Option<Uid>,
    /// Left edge, 0.0 to 1.0.
    pub(crate) x: f64,
    /// Top edge.
    pub(crate) y: f64,
    /// Width.
    pub(crate) width: f64,
    /// Height.
    pub(crate) height: f64,
    /// 0.0 transparent to 1.0 opaque.
    pub(crate) alpha: f64,
    /// Whether the whole picture is shown, with bars.
    pub(crate) contain: bool,
}

/// `storageConfig`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct StorageRequest {
    /// `vendor`, a number or (Capstan's own) a name; `None` for the app's own storage.
    pub(crate) vendor: Option<String>,
    /// `fileNamePrefix`, joined; empty for none.
    pub(crate) prefix: String,
    /// All other fields, for the vendor's plugin. Secret.
    pub(crate) fields: Map<String, Value>,
}

impl AcquireRequest {
    /// Reads `clientRequest`.
    pub(crate) fn read(request: Object<'_>) -> Result<Self, BadField> {
        let hours = request.integer("resourceExpiredHour", 1..=720).map_err(|mut bad| {
            bad.what.insert_str(0, "is an invalid resourceExpiredHour value! It ");
            bad
        })?;
        if let Some(scene @ 1..) = request.integer("scene", 0..=2)? {
            let what = format!("is {scene}, which is not served yet; leave it out or send 0");
            return Err(request.refuse("scene", what));
        }
        Ok(Self {
            control_hours: u16::try_from(hours.unwrap_or(DEFAULT_CONTROL_HOURS)).unwrap_or(720),
            start_parameter: request.value("startParameter").cloned(),
        })
    }
}

impl StartRequest {
    /// Reads `clientRequest`.
    pub(crate) fn read(request: Object<'_>) -> Result<Self, BadField> {
        let storage = request.object("storageConfig", StorageRequest::read)?;
        request.object("recordingConfig", |config| {
            let streams = match config.integer("streamTypes", 0..=2)?.unwrap_or(2) {
                0 => Streams::Audio,
                1 => Streams::Video,
                _ => Streams::Both,
            };
            config.integer("channelType", 0..=1)?;
            config.integer("subscribeUidGroup", 0..=5)?;
            let (transcoding, layout) = config.object("transcodingConfig", |transcoding| {
                Ok((Transcoding::read(transcoding)?, LayoutRequest::read(transcoding)?))
            })?;
            Ok(Self {
                idle_seconds: config
                    .integer("maxIdleTime", 5..=u32::MAX)?
                    .unwrap_or(DEFAULT_IDLE_SECONDS),
                streams,
                audio_profile: config.integer("audioProfile", 0..=2)?.unwrap_or(0),
                transcoding,
                layout,
                storage,
            })
        })
    }
}

impl Transcoding {
    fn read(config: Object<'_>) -> Result<Self, BadField> {
        let width = config.integer("width", 16..=1_920)?.unwrap_or(360);
        let height = config.integer("height", 16..=1_920)?.unwrap_or(640);
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
            fps: config.integer("fps", 1..=60)?.unwrap_or(15),
            bitrate: config.integer("bitrate", 1..=6_500)?.unwrap_or(500),
            video: match config.text("videoCodec")? {
                None => None,
                Some("h264") => Some(VideoChoice::H264),
                Some("av1") => Some(VideoChoice::Av1),
                Some(other) => return Err(choice(&config, "videoCodec", other, "h264 or av1")),
            },
            audio: match config.text("audioCodec")? {
                None => None,
                Some("aac") => Some(AudioChoice::Aac),
                Some("opus") => Some(AudioChoice::Opus),
                Some(other) => return Err(choice(&config, "audioCodec", other, "aac or opus")),
            },
        })
    }
}

fn choice(config: &Object<'_>, key: &str, value: &str, right: &str) -> BadField {
    let shown: String = value.chars().take(32).collect();
    config.refuse(key, format!("is {shown:?}; it must be {right}"))
}

impl LayoutRequest {
    /// Reads the layout settings; what is absent falls back to its default.
    pub(crate) fn read(config: Object<'_>) -> Result<Self, BadField> {
        let kind = match config.integer("mixedVideoLayout", 0..=3)?.unwrap_or(0) {
            0 => LayoutKind::Float,
            1 => LayoutKind::BestFit,
            2 => LayoutKind::Vertical,
            _ => LayoutKind::Custom,
        };
        let background = match config.text("backgroundColor")? {
            None => None,
            Some(text) => Some(Colour::from_hex(text).ok_or_else(|| {
                let shown: String = text.chars().take(32).collect();
                let what = format!("is {shown:?}; it must be # and six hex digits, #1122ff say");
                config.refuse("backgroundColor", what)
            })?),
        };
        let regions =
            config.objects("layoutConfig", MAX_REGIONS, Region::read)?.unwrap_or_default();
        let dressing = Dressing::read(&config)?;
        match (kind, regions.is_empty()) {
            // Whether another layout wants regions is its own affair.
            _ if dressing.layout.is_some() => {}
            (LayoutKind::Custom, true) => {
                let what = "is missing or empty; mixedVideoLayout 3 needs 1 to 17 regions";
                return Err(config.refuse("layoutConfig", what));
            }
            (LayoutKind::Float | LayoutKind::BestFit | LayoutKind::Vertical, false) => {
                let what = "is only for mixedVideoLayout 3; leave it out";
                return Err(config.refuse("layoutConfig", what));
            }
            _ => {}
        }
        Ok(Self { kind, background, main: uid(&config, "maxResolutionUid")?, regions, dressing })
    }
}

impl Region {
    fn read(config: Object<'_>) -> Result<Self, BadField> {
        let needed = |key: &str| {
            config.fraction(key)?.ok_or_else(|| {
                config.refuse(key, "is missing; it must be a number from 0.0 to 1.0")
            })
        };
        let region = Self {
            uid: uid(&config, "uid")?,
            x: needed("x_axis")?,
            y: needed("y_axis")?,
            width: needed("width")?,
            height: needed("height")?,
            alpha: config.fraction("alpha")?.unwrap_or(1.0),
            contain: config.integer("render_mode", 0..=1)? == Some(1),
        };
        // Six decimals are documented, so that thirds may stand out by that much.
        const ROUNDING: f64 = 2e-6;
        for (key, start, length) in
            [("width", region.x, region.width), ("height", region.y, region.height)]
        {
            if start + length > 1.0 + ROUNDING {
                let what = format!("is {length}; with its start at {start} it leaves the canvas");
                return Err(config.refuse(key, what));
            }
        }
        Ok(region)
    }
}

/// An optional uid in decimal text.
fn uid(config: &Object<'_>, key: &str) -> Result<Option<Uid>, BadField> {
    match config.text(key)? {
        None | Some("") => Ok(None),
        Some(text) => {
            text.parse().map(Some).map_err(|bad| config.refuse(key, format!("is wrong: {bad}")))
        }
    }
}

impl StorageRequest {
    fn read(config: Object<'_>) -> Result<Self, BadField> {
        let elements = config.texts("fileNamePrefix", MAX_PREFIX_ELEMENTS)?.unwrap_or_default();
        let prefix =
            join_prefix(&elements).map_err(|what| config.refuse("fileNamePrefix", what))?;
        let vendor = match config.value("vendor") {
            Some(Value::String(name)) => Some(name.chars().take(MAX_VENDOR_NAME).collect()),
            _ => config.integer("vendor", 0..=u32::MAX)?.map(|number| number.to_string()),
        };
        let mut fields = Map::new();
        for key in ["region", "bucket", "accessKey", "secretKey", "stsToken", "stsExpiration"] {
            if let Some(value) = config.value(key) {
                fields.insert(key.into(), value.clone());
            }
        }
        if let Some(value) = config.value("extensionParams") {
            fields.insert("extensionParams".into(), value.clone());
        }
        if vendor.is_none() && !fields.is_empty() {
            let what = "is missing although a bucket or keys are given; it must be an integer";
            return Err(config.refuse("vendor", what));
        }
        if vendor.is_some() {
            config.text("bucket")?;
            config.text("accessKey")?;
            config.text("stsToken")?;
            config.object("extensionParams", |_| Ok(()))?;
        }
        Ok(Self { vendor, prefix, fields })
    }
}
