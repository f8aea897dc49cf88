//! Name labels: who is who, one line in a corner of each region.
//!
//! A label never leaves its region, and a line never holds more than [`MAX_NAME`] characters.

use super::{Caption, Colour, Content, Corner, Fit, Layer, Participant, Rect, Size};
use crate::json::Reader;

/// The most characters of a label; longer names end in an ellipsis.
const MAX_NAME: usize = 60;
/// The most names that options may give.
const MAX_NAMES: usize = 1_000;
/// Height of a label in fractions of the canvas's, unless asked otherwise.
const SIZE: f64 = 0.05;
/// The largest part of its region's height that a label takes.
const MOST_OF_REGION: f64 = 1.0 / 3.0;
/// Distance from the region's edges, and of the letters from the label's ends, in label heights.
const MARGIN: f64 = 0.2;
const PADDING: f64 = 0.3;
/// Width of an em in heights of the line that is painted: the host's letters take four fifths of the
/// height, of which an em of common fonts is eight ninths.
const EM: f64 = 0.8 / 1.12;
/// How opaque the ground is.
const GROUND_ALPHA: f32 = 0.6;

/// How people are named in the picture.
#[derive(Clone, PartialEq, Debug)]
pub struct Labels {
    /// Names by uid, over those that the host knows.
    pub names: Vec<(u32, String)>,
    /// Height in fractions of the canvas's.
    pub size: f64,
    /// The letters' colour.
    pub colour: Colour,
    /// What lies behind the letters; `None` for nothing.
    pub ground: Option<Colour>,
    /// Where in the region.
    pub corner: Corner,
}

impl Labels {
    /// Reads the member `labels`: true, false or an object.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let plain = Self {
            names: Vec::new(),
            size: SIZE,
            colour: Colour::WHITE,
            ground: Some(Colour::BLACK),
            corner: Corner::BottomLeft,
        };
        let value = reader.value("labels")?;
        if let Some(wanted) = value.as_bool() {
            return wanted.then_some(plain);
        }
        reader.inner("labels", "must be true, false or an object", |inner| Self {
            names: names(inner),
            size: inner
                .number("size", 0.02..=0.2, "must be a number from 0.02 to 0.2")
                .unwrap_or(SIZE),
            colour: inner.colour("color").unwrap_or(Colour::WHITE),
            ground: match inner.value("background").and_then(serde_json::Value::as_bool) {
                Some(false) => None,
                _ => Some(inner.colour("background").unwrap_or(Colour::BLACK)),
            },
            corner: inner.corner("position").unwrap_or(Corner::BottomLeft),
        })
    }

    /// The label of one participant in their region: its ground, if it has one, and the letters.
    pub(super) fn paint(
        &self,
        person: &Participant,
        region: Rect,
        corner: Corner,
        canvas: Size,
    ) -> Vec<Layer> {
        let named = self.names.iter().find(|(uid, _)| *uid == person.uid);
        let name = clean(named.map_or(&person.name, |(_, name)| name));
        let height = self.size.min(region.height * MOST_OF_REGION);
        // One height of the label, in fractions of the canvas's width.
        let across = height * f64::from(canvas.height) / f64::from(canvas.width.max(1));
        let room = region.width - 2.0 * MARGIN * across;
        let most_ems = (room / across - 2.0 * PADDING) / EM;
        let line = cut(&name, most_ems);
        if line.is_empty() || height <= 0.0 {
            return Vec::new();
        }
        let width = ((ems(&line) * EM + 2.0 * PADDING) * across).min(room);
        let area = corner.place(region, width, height, MARGIN * across, MARGIN * height);
        let layer = |content, alpha, corner_radius| Layer {
            area,
            content,
            fit: Fit::Cover,
            alpha,
            corner_radius,
        };
        let ground = self.ground.map(|colour| layer(Content::Colour(colour), GROUND_ALPHA, 0.25));
        let letters = layer(Content::Text(Caption { line, colour: self.colour }), 1.0, 0.0);
        ground.into_iter().chain([letters]).collect()
    }
}

fn names(reader: &mut Reader<'_>) -> Vec<(u32, String)> {
    let read = |inner: &mut Reader<'_>| {
        let mut names = Vec::new();
        for key in inner.names() {
            let name = inner.text(key);
            match (key.parse(), name) {
                (Ok(uid), Some(name)) if uid != 0 => names.push((uid, name.to_owned())),
                (_, None) => {}
                _ => inner.wrong(key, "must be named for a uid: 1 to 4294967295"),
            }
        }
        names
    };
    let names = reader.inner("names", "must be an object of uids and names", read);
    let names: Vec<_> = names.unwrap_or_default();
    if names.len() > MAX_NAMES {
        reader.wrong("names", format!("has {} names, at most {MAX_NAMES}", names.len()));
    }
    names
}

/// Without what no font draws and what turns lines around (Unicode's bidirectional controls).
pub(super) fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|&c| !c.is_control() && !turns(c)).collect::<String>().trim().to_owned()
}

/// As much of a name as fits, an ellipsis at its end if that isn't all.
fn cut(name: &str, most_ems: f64) -> String {
    if name.chars().count() <= MAX_NAME && ems(name) <= most_ems {
        return name.into();
    }
    let mut width = em('…');
    let fits = |c: &char| {
        width += em(*c);
        width <= most_ems
    };
    let kept: String = name.chars().take(MAX_NAME - 1).take_while(fits).collect();
    if kept.is_empty() { kept } else { format!("{}…", kept.trim_end()) }
}

/// About how long a line is: the plugin has no font, and the host shrinks a line that turns out longer.
pub(super) fn ems(line: &str) -> f64 {
    line.chars().map(em).sum()
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.28,
        'f' | 't' | 'r' | '(' | ')' | '-' | '"' | '/' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.92,
        'A'..='Z' => 0.7,
        '\0'..='\u{7f}' => 0.58,
        '\u{80}'..='\u{10ff}' => 0.66,
        _ => 1.05,
    }
}

/// Width and height that a line of this height takes, in fractions of the canvas.
pub(super) fn line_size(line: &str, height: f64, canvas: Size) -> (f64, f64) {
    let across = height * f64::from(canvas.height) / f64::from(canvas.width.max(1));
    ((ems(line) * EM * across / 0.94).min(0.96), height)
}

#[cfg(test)]
mod tests {
    use super::super::area;
    use super::super::options::Defaults;
    use super::super::stage::tests::someone;
    use super::*;

    fn labels(text: &str) -> Labels {
        Defaults::none().options(&format!(r#"{{"labels":{text}}}"#)).unwrap().labels.unwrap()
    }

    fn line(labels: &Labels, uid: u32, region: Rect) -> Option<String> {
        let canvas = Size { width: 640, height: 360 };
        let layers = labels.paint(&someone(uid, true, false), region, labels.corner, canvas);
        for layer in &layers {
            let Rect { x, y, width, height } = layer.area;
            assert!(x >= region.x && x + width <= region.x + region.width + 1e-9, "{layer:?}");
            assert!(y >= region.y && y + height <= region.y + region.height + 1e-9, "{layer:?}");
        }
        layers.into_iter().find_map(|layer| match layer.content {
            Content::Text(caption) => Some(caption.line),
            _ => None,
        })
    }

    #[test]
    fn names_are_given_or_known_and_cut_to_their_region() {
        let labels =
            labels(r#"{"names":{"7":"Ann \u202eof\nthe  very long name indeed, and more"}}"#);
        let whole = area(0.0, 0.0, 1.0, 1.0);
        assert_eq!(line(&labels, 8, whole).unwrap(), "8");
        assert_eq!(line(&labels, 7, whole).unwrap(), "Ann ofthe  very long name indeed, and more");
        let small = line(&labels, 7, area(0.8, 0.0, 0.2, 0.25)).unwrap();
        assert!(small.starts_with("Ann of") && small.ends_with('…'), "{small}");
        assert_eq!(line(&labels, 7, area(0.0, 0.0, 0.01, 0.2)), None, "no room for a letter");
    }

    #[test]
    fn a_long_name_is_bounded_in_any_script() {
        for name in ["x".repeat(300), "漢".repeat(300), "🎥".repeat(300)] {
            let labels = labels(&format!(r#"{{"size":0.02,"names":{{"7":"{name}"}}}}"#));
            let line = line(&labels, 7, area(0.0, 0.0, 1.0, 1.0)).unwrap();
            assert!(line.chars().count() <= MAX_NAME, "{line}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |labels: &str| {
            let options = Defaults::none().options(&format!(r#"{{"labels":{labels}}}"#));
            options.unwrap_err().to_string()
        };
        assert_eq!(refused("7"), "/labels: must be true, false or an object");
        assert_eq!(refused(r#"{"size":1}"#), "/labels/size: must be a number from 0.02 to 0.2");
        assert!(
            refused(r#"{"names":{"Ann":"7"}}"#).starts_with("/labels/names/Ann: must be named")
        );
        assert_eq!(refused(r#"{"names":{"7":7}}"#), "/labels/names/7: must be a string");
        assert!(
            refused(r#"{"position":"left"}"#).starts_with("/labels/position: must be top-left")
        );
    }
}
