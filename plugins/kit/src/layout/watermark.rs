//! A watermark: an image or a line of text in a corner of the canvas, over everything else.

use super::label::{clean, line_size};
use super::{Caption, Colour, Content, Corner, Fit, Layer, Size, WHOLE};
use crate::json::Reader;

/// Size in fractions of the canvas's, unless asked otherwise: of an image, and of a line's height.
const IMAGE_SIZE: f64 = 0.15;
const TEXT_SIZE: f64 = 0.06;
/// How opaque it is, unless asked otherwise.
const OPACITY: f64 = 0.7;
/// Distance from the canvas's edges in fractions of its height.
const MARGIN: f64 = 0.02;
/// The most characters of a line.
const MAX_TEXT: usize = 100;
/// How far a line's shadow lies from it in heights of the line, so that it is read on any ground.
const SHADOW: f64 = 0.05;

/// What is painted over everything.
#[derive(Clone, PartialEq, Debug)]
pub struct Watermark {
    /// What.
    pub mark: Mark,
    /// Where.
    pub corner: Corner,
    /// 0.0 (invisible) to 1.0 (opaque).
    pub opacity: f32,
    /// The height of a line, or both sides of an image's area, in fractions of the canvas's.
    pub size: f64,
}

/// An image or words.
#[derive(Clone, PartialEq, Debug)]
pub enum Mark {
    /// The image of this name, shown whole.
    Image(String),
    /// One line.
    Text(Caption),
}

impl Watermark {
    /// Reads the member `watermark`: false or an object.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.value("watermark")?.as_bool() == Some(false) {
            return None;
        }
        reader.inner("watermark", "must be false or an object", Self::members).flatten()
    }

    fn members(reader: &mut Reader<'_>) -> Option<Self> {
        let (image, text) = (reader.image("image"), reader.text("text").map(clean));
        let colour = reader.colour("color").unwrap_or(Colour::WHITE);
        let corner = reader.corner("corner").unwrap_or(Corner::TopRight);
        let opacity = reader.fraction("opacity").unwrap_or(OPACITY);
        let size = reader.number("size", 0.02..=1.0, "must be a number from 0.02 to 1");
        let (mark, usual) = match (image, text) {
            (Some(image), None) => (Mark::Image(image), IMAGE_SIZE),
            (None, Some(line)) if (1..=MAX_TEXT).contains(&line.chars().count()) => {
                (Mark::Text(Caption { line, colour }), TEXT_SIZE)
            }
            (None, Some(_)) => {
                reader.wrong("text", format!("must have 1 to {MAX_TEXT} characters"));
                return None;
            }
            _ => {
                reader.wrong("image", "or text must be given, and not both");
                return None;
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "0 to 1 fits; the contract has f32")]
        let opacity = opacity as f32;
        Some(Self { mark, corner, opacity, size: size.unwrap_or(usual) })
    }

    /// Its layers.
    pub(super) fn paint(&self, canvas: Size) -> Vec<Layer> {
        let down = MARGIN.min((1.0 - self.size) / 2.0);
        let across = down * f64::from(canvas.height) / f64::from(canvas.width.max(1));
        let layer = |content, (width, height): (f64, f64), alpha| Layer {
            area: self.corner.place(WHOLE, width, height, across.min((1.0 - width) / 2.0), down),
            content,
            fit: Fit::Contain,
            alpha,
            corner_radius: 0.0,
        };
        match &self.mark {
            Mark::Image(name) => {
                let content = Content::Image(name.clone());
                vec![layer(content, (self.size, self.size), self.opacity)]
            }
            Mark::Text(caption) => {
                let size = line_size(&caption.line, self.size, canvas);
                let letters = layer(Content::Text(caption.clone()), size, self.opacity);
                let ground =
                    Caption { line: caption.line.clone(), colour: opposite(caption.colour) };
                let mut shadow = layer(Content::Text(ground), size, self.opacity / 2.0);
                shadow.area.x = (shadow.area.x + SHADOW * across).min(1.0 - size.0);
                shadow.area.y = (shadow.area.y + SHADOW * self.size).min(1.0 - size.1);
                vec![shadow, letters]
            }
        }
    }
}

/// Black under light letters, white under dark ones.
fn opposite(colour: Colour) -> Colour {
    let sum = u16::from(colour.red) + u16::from(colour.green) + u16::from(colour.blue);
    if sum > 3 * 127 { Colour::BLACK } else { Colour::WHITE }
}

#[cfg(test)]
mod tests {
    use super::super::options::Defaults;
    use super::*;

    #[test]
    fn a_mark_is_an_image_or_a_text() {
        let parse = |members: &str| {
            let options = Defaults::none().options(&format!(r#"{{"watermark":{members}}}"#));
            options.map(|options| options.watermark).map_err(|wrong| wrong.to_string())
        };
        let logo = parse(r#"{"image":"logo","corner":"bottom-left","opacity":0.5}"#);
        let logo = logo.unwrap().unwrap();
        assert_eq!((logo.corner, logo.opacity, logo.size), (Corner::BottomLeft, 0.5, IMAGE_SIZE));
        assert_eq!(parse("false"), Ok(None));
        let neither = "/watermark/image: or text must be given, and not both";
        assert_eq!(parse("{}").unwrap_err(), neither);
        assert_eq!(parse(r#"{"image":"a","text":"b"}"#).unwrap_err(), neither);
        assert!(parse(r#"{"text":"\n"}"#).unwrap_err().starts_with("/watermark/text: must have"));
        assert!(parse("true").unwrap_err().starts_with("/watermark: must be false"));
    }

    #[test]
    fn every_size_stays_on_the_canvas() {
        for canvas in [Size { width: 1920, height: 16 }, Size { width: 16, height: 1920 }] {
            for size in [0.02, 0.5, 1.0] {
                let corner = Corner::BottomRight;
                for mark in [
                    Mark::Image("logo".into()),
                    Mark::Text(Caption { line: "© Ann".into(), colour: Colour::WHITE }),
                ] {
                    for layer in (Watermark { mark, corner, opacity: 1.0, size }).paint(canvas) {
                        let area = layer.area;
                        assert!(area.x >= 0.0 && area.x + area.width <= 1.000_001, "{layer:?}");
                        assert!(area.y >= 0.0 && area.y + area.height <= 1.000_001, "{layer:?}");
                    }
                }
            }
        }
    }
}
