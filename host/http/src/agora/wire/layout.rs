//! Where everybody is painted: the layout part of `transcodingConfig` and of `updateLayout`.

use capstan_media::scene::Colour;
use capstan_media::track::Uid;

use crate::agora::dressing::Dressing;
use crate::agora::read::{BadField, Object};

/// The most regions of a custom layout.
const MAX_REGIONS: usize = 17;
/// Six decimals are documented, so that thirds may stand out by that much.
const ROUNDING: f64 = 2e-6;

/// A layout with its options.
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

impl LayoutRequest {
    /// Reads the layout settings; what is absent falls back to its default.
    pub(crate) fn read(config: Object<'_>) -> Result<Self, BadField> {
        let kind = match config.integer_or("mixedVideoLayout", 0..=3, 0)? {
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
        let main = uid(&config, "maxResolutionUid")?;
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
        Ok(Self { kind, background, main, regions, dressing })
    }
}

impl Region {
    fn read(config: Object<'_>) -> Result<Self, BadField> {
        let region = Self {
            uid: uid(&config, "uid")?,
            x: config.required_fraction("x_axis")?,
            y: config.required_fraction("y_axis")?,
            width: config.required_fraction("width")?,
            height: config.required_fraction("height")?,
            alpha: config.fraction("alpha")?.unwrap_or(1.0),
            contain: config.integer_or("render_mode", 0..=1, 0)? == 1,
        };
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

/// An optional uid in decimal text; an empty text is none.
fn uid(config: &Object<'_>, key: &str) -> Result<Option<Uid>, BadField> {
    match config.text(key)? {
        None | Some("") => Ok(None),
        Some(text) => {
            text.parse().map(Some).map_err(|bad| config.refuse(key, format!("is wrong: {bad}")))
        }
    }
}
