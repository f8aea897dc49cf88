//! What a layout is asked and what it answers.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::frame::Size;
use crate::time::RoomTime;
use crate::track::{TrackKind, Uid};

/// The most layers a scene may have: 17 regions, each with a placeholder and a label, and a few
/// decorations.
pub const MAX_LAYERS: usize = 64;
/// The most characters a text layer may have.
pub const MAX_TEXT: usize = 200;
/// The most characters an image's name may have.
pub const MAX_IMAGE_NAME: usize = 64;

/// What a layout is given. Participants come in the order of joining.
#[derive(Clone, PartialEq, Debug)]
pub struct LayoutInput {
    /// The canvas in pixels.
    pub canvas: Size,
    /// Who is there.
    pub participants: Vec<Participant>,
    /// The layout's last answer, `None` at the first call.
    pub previous: Option<Scene>,
    /// The room time of the question.
    pub at: RoomTime,
    /// The recording's layout options: a JSON object.
    pub options: String,
}

/// One participant as a layout sees them.
#[derive(Clone, PartialEq, Debug)]
pub struct Participant {
    /// Who.
    pub uid: Uid,
    /// When they joined.
    pub joined: RoomTime,
    /// The size of the camera's newest picture; `None` while there is no picture to show.
    pub camera: Option<Size>,
    /// The size of the shared screen's newest picture.
    pub screen: Option<Size>,
    /// Whether an audio track is there and not muted.
    pub has_audio: bool,
    /// Whether they are speaking now.
    pub speaking: bool,
    /// Loudness as RFC 6464 has it: 0 the loudest, 127 silence.
    pub level: u8,
}

/// What a layout answers: a background and layers, painted in order.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Scene {
    /// Fills the canvas first.
    pub background: Colour,
    /// Painted over it, first to last.
    pub layers: Vec<Layer>,
}

/// One layer of a scene.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Layer {
    /// Where, in fractions of the canvas.
    pub area: Rect,
    /// What fills it.
    pub content: Content,
    /// How a picture of another shape is fitted. Colours ignore it.
    pub fit: Fit,
    /// 0.0 invisible to 1.0 opaque.
    pub alpha: f32,
    /// Radius of the corners as a fraction of the area's shorter side: 0.0 square to 0.5 round.
    pub corner_radius: f32,
}

/// A rectangle in fractions of the canvas, from the top left.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge, 0.0 to 1.0.
    pub x: f64,
    /// Top edge, 0.0 to 1.0.
    pub y: f64,
    /// Width; `x + width` is at most 1.0.
    pub width: f64,
    /// Height; `y + height` is at most 1.0.
    pub height: f64,
}

/// What fills a layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// A participant's picture; nothing is painted while there is none.
    Participant {
        /// Whose.
        uid: Uid,
        /// Camera or screen, never audio.
        source: TrackKind,
    },
    /// One colour.
    Colour(Colour),
    /// A picture the operator configured, by its name. An unknown name paints nothing.
    Image(String),
    /// One line of text, centred, as large as the area allows.
    Text {
        /// The line.
        line: String,
        /// Its colour.
        colour: Colour,
    },
}

/// An opaque colour in sRGB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

/// How a picture of one shape fills an area of another. Proportions always stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Fill the area; what is too much is cut at both sides alike.
    Cover,
    /// Show the whole picture; the rest of the area is black.
    Contain,
}

/// Why a scene can't be painted.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("scene refused: {what}")]
pub struct BadScene {
    /// What is wrong, with the layer's number.
    pub what: String,
}

/// How far outside the canvas rounding may put an edge.
const EDGE_SLACK: f64 = 1e-6;

impl Scene {
    /// An empty scene of one colour.
    #[must_use]
    pub const fn empty(background: Colour) -> Self {
        Self { background, layers: Vec::new() }
    }

    /// Checks everything that a stranger may have got wrong: numbers finite and in range, areas
    /// inside the canvas, bounded counts and lengths.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn validate(&self) -> Result<(), BadScene> {
        if self.layers.len() > MAX_LAYERS {
            let what = format!("{} layers, at most {MAX_LAYERS} are painted", self.layers.len());
            return Err(BadScene { what });
        }
        for (number, layer) in self.layers.iter().enumerate() {
            layer
                .validate()
                .map_err(|what| BadScene { what: format!("layer {number}: {what}") })?;
        }
        Ok(())
    }
}

impl Layer {
    fn validate(&self) -> Result<(), String> {
        let Rect { x, y, width, height } = self.area;
        for (name, value) in [("x", x), ("y", y), ("width", width), ("height", height)] {
            if !(value.is_finite() && (-EDGE_SLACK..=1.0 + EDGE_SLACK).contains(&value)) {
                return Err(format!("{name} {value} is not between 0 and 1"));
            }
        }
        if x + width > 1.0 + EDGE_SLACK || y + height > 1.0 + EDGE_SLACK {
            return Err(format!("area {x}+{width} x {y}+{height} leaves the canvas"));
        }
        if !(0.0..=1.0).contains(&self.alpha) {
            return Err(format!("alpha {} is not between 0 and 1", self.alpha));
        }
        if !(0.0..=0.5).contains(&self.corner_radius) {
            return Err(format!("corner radius {} is not between 0 and 0.5", self.corner_radius));
        }
        match &self.content {
            Content::Participant { source, .. } if !source.is_video() => {
                Err("sound can't be painted: source must be camera or screen".into())
            }
            Content::Image(name) if name.chars().count() > MAX_IMAGE_NAME => {
                Err(format!("image name longer than {MAX_IMAGE_NAME} characters"))
            }
            Content::Text { line, .. } if line.chars().count() > MAX_TEXT => {
                Err(format!("text longer than {MAX_TEXT} characters"))
            }
            Content::Participant { .. }
            | Content::Colour(_)
            | Content::Image(_)
            | Content::Text { .. } => Ok(()),
        }
    }
}

impl Colour {
    /// The default background.
    pub const BLACK: Self = Self { red: 0, green: 0, blue: 0 };

    /// Parses `#RRGGBB`; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let mut rgb = [0_u8; 3];
        hex::decode_to_slice(digits, &mut rgb).ok()?;
        let [red, green, blue] = rgb;
        Some(Self { red, green, blue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(area: Rect) -> Layer {
        Layer {
            area,
            content: Content::Colour(Colour::BLACK),
            fit: Fit::Cover,
            alpha: 1.0,
            corner_radius: 0.0,
        }
    }

    fn refused(layer: Layer) -> String {
        Scene { background: Colour::BLACK, layers: vec![layer] }.validate().unwrap_err().what
    }

    #[test]
    fn strangers_numbers_are_refused() {
        let full = Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
        assert!(refused(layer(Rect { x: f64::NAN, ..full })).contains("layer 0: x NaN"));
        assert!(refused(layer(Rect { x: 0.5, ..full })).contains("leaves the canvas"));
        assert!(refused(layer(Rect { height: -0.5, ..full })).contains("height"));
        assert!(refused(Layer { alpha: f32::INFINITY, ..layer(full) }).contains("alpha"));
        assert!(refused(Layer { corner_radius: 0.6, ..layer(full) }).contains("radius"));
        let thirds = Rect { x: 2.0 / 3.0, width: 1.0 / 3.0, ..full };
        let scene = Scene { background: Colour::BLACK, layers: vec![layer(thirds)] };
        assert_eq!(scene.validate(), Ok(()));
        let many = Scene { background: Colour::BLACK, layers: vec![layer(full); MAX_LAYERS + 1] };
        assert!(many.validate().is_err());
    }

    #[test]
    fn colours_are_hash_and_six_digits() {
        let some = Colour::from_hex("#1122fF");
        assert_eq!(some, Some(Colour { red: 0x11, green: 0x22, blue: 0xff }));
        for bad in ["112233", "#11223", "#1122334", "#11223g", "#é1234"] {
            assert_eq!(Colour::from_hex(bad), None, "{bad}");
        }
    }
}
