//! The options that a recording gives its layout. Members that nobody here knows are ignored: newer
//! hosts send more.

use serde_json::{Map, Value};

use super::{Colour, Fit, MAX_REGIONS, Rect};
use crate::json::{self, Reader, Wrong};

/// How far beyond the canvas rounding to six decimals may put an edge.
const EDGE_SLACK: f64 = 1e-6;

/// A recording's layout options.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// What fills the canvas where nothing is painted; black unless asked otherwise.
    pub background: Colour,
    /// Who takes the large region of a layout that has one.
    pub main_uid: Option<u32>,
    /// Where a custom layout paints; `None` if the recording says nothing about it.
    pub regions: Option<Vec<Region>>,
}

/// One region of a custom layout.
#[derive(Clone, PartialEq, Debug)]
pub struct Region {
    /// For whom it is reserved; nobody in particular if `None`.
    pub uid: Option<u32>,
    /// Where.
    pub area: Rect,
    /// 0.0 (invisible) to 1.0 (opaque).
    pub alpha: f32,
    /// How a picture of another shape is fitted.
    pub fit: Fit,
}

impl Options {
    /// Reads the options' JSON.
    ///
    /// # Errors
    /// The first thing wrong, by its JSON pointer.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let object = json::object(text)?;
        let mut reader = Reader::new(&object, String::new());
        let background = background(&mut reader);
        let main_uid = reader.uid("main_uid");
        let regions = reader.value("regions").map(|value| regions(&mut reader, value));
        match reader.finish().into_iter().next() {
            Some(wrong) => Err(wrong),
            None => Ok(Self { background, main_uid, regions }),
        }
    }
}

fn background(reader: &mut Reader<'_>) -> Colour {
    let black = Colour { red: 0, green: 0, blue: 0 };
    let Some(text) = reader.text("background_color") else { return black };
    let colour = colour(text);
    if colour.is_none() {
        reader.wrong("background_color", "must be # and six hexadecimal digits");
    }
    colour.unwrap_or(black)
}

fn colour(text: &str) -> Option<Colour> {
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some(Colour { red, green, blue })
}

fn regions(reader: &mut Reader<'_>, value: &Value) -> Vec<Region> {
    let Some(entries) = value.as_array() else {
        reader.wrong("regions", "must be an array of objects");
        return Vec::new();
    };
    if entries.len() > MAX_REGIONS {
        reader.wrong("regions", format!("has {} entries, at most {MAX_REGIONS}", entries.len()));
        return Vec::new();
    }
    let mut regions: Vec<Region> = Vec::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        let pointer = format!("{}/{number}", reader.pointer_to("regions"));
        let Some(entry) = entry.as_object() else {
            reader.add(vec![Wrong { pointer, message: "must be an object".into() }]);
            continue;
        };
        let mut inner = Reader::new(entry, pointer);
        if let Some(region) = region(&mut inner, entry) {
            if region.uid.is_some() && regions.iter().any(|other| other.uid == region.uid) {
                inner.wrong("uid", "has a region already");
            }
            regions.push(region);
        }
        reader.add(inner.finish());
    }
    regions
}

fn region(reader: &mut Reader<'_>, entry: &Map<String, Value>) -> Option<Region> {
    for name in ["x", "y", "width", "height"] {
        if !entry.contains_key(name) {
            reader.wrong(name, "is missing");
        }
    }
    let uid = reader.uid("uid");
    let alpha = reader.fraction("alpha").unwrap_or(1.0);
    let fit = match reader.text("fit") {
        None | Some("cover") => Fit::Cover,
        Some("contain") => Fit::Contain,
        Some(_) => {
            reader.wrong("fit", "must be cover or contain");
            Fit::Cover
        }
    };
    let (x, y) = (reader.fraction("x"), reader.fraction("y"));
    let (width, height) = (reader.fraction("width"), reader.fraction("height"));
    let area = Rect { x: x?, y: y?, width: width?, height: height? };
    if area.x + area.width > 1.0 + EDGE_SLACK {
        reader.wrong("width", "leaves the canvas: x + width must be at most 1");
    }
    if area.y + area.height > 1.0 + EDGE_SLACK {
        reader.wrong("height", "leaves the canvas: y + height must be at most 1");
    }
    #[expect(clippy::cast_possible_truncation, reason = "0 to 1 fits; the contract has f32")]
    let alpha = alpha as f32;
    Some(Region { uid, area, alpha, fit })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Options::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn nothing_said_means_black_and_nobody_in_particular() {
        let black = Colour { red: 0, green: 0, blue: 0 };
        let plain = Options { background: black, main_uid: None, regions: None };
        assert_eq!(Options::parse("").unwrap(), plain);
        assert_eq!(Options::parse(r#"{"newer":[],"main_uid":null}"#).unwrap(), plain);
    }

    #[test]
    fn everything_said_is_taken() {
        let text = r##"{"background_color":"#1122fF","main_uid":"123","regions":[
            {"uid":"7","x":0,"y":0.25,"width":1,"height":0.5,"alpha":0.5,"fit":"contain"},
            {"x":0.5,"y":0,"width":0.5,"height":0.25}]}"##;
        let options = Options::parse(text).unwrap();
        assert_eq!(options.background, Colour { red: 0x11, green: 0x22, blue: 0xff });
        assert_eq!(options.main_uid, Some(123));
        let area = |x, y, width, height| Rect { x, y, width, height };
        let named =
            Region { uid: Some(7), area: area(0.0, 0.25, 1.0, 0.5), alpha: 0.5, fit: Fit::Contain };
        let free =
            Region { uid: None, area: area(0.5, 0.0, 0.5, 0.25), alpha: 1.0, fit: Fit::Cover };
        assert_eq!(options.regions, Some(vec![named, free]));
    }

    #[test]
    fn mistakes_are_named_by_pointer() {
        let region = |members: &str| refused(&format!(r#"{{"regions":[{{{members}}}]}}"#));
        let full = r#""x":0,"y":0,"width":1,"height":1"#;
        for (said, expected) in [
            (refused("{"), "no JSON at line 1"),
            (refused(r#"{"background_color":"red"}"#), "/background_color: must be #"),
            (refused(r##"{"background_color":"#+12345"}"##), "/background_color: must be #"),
            (refused(r#"{"main_uid":"zero"}"#), "/main_uid: must be a uid"),
            (refused(r#"{"regions":{}}"#), "/regions: must be an array"),
            (refused(r#"{"regions":[1]}"#), "/regions/0: must be an object"),
            (region(r#""x":0,"y":0,"width":1"#), "/regions/0/height: is missing"),
            (region(r#""x":0.5,"y":0,"width":0.6,"height":1"#), "/regions/0/width: leaves"),
            (region(r#""x":0,"y":1,"width":1,"height":0.1"#), "/regions/0/height: leaves"),
            (region(r#""x":-1,"y":0,"width":1,"height":1"#), "/regions/0/x: must be a number"),
            (region(&format!(r#"{full},"fit":"stretch""#)), "/regions/0/fit: must be"),
            (region(&format!(r#"{full},"alpha":2"#)), "/regions/0/alpha: must be"),
            (region(&format!(r#"{full},"uid":"1"}},{{{full},"uid":1"#)), "/regions/1/uid: has"),
        ] {
            assert!(said.starts_with(expected), "{said:?} should begin with {expected:?}");
        }
        let many = vec![format!("{{{full}}}"); 18].join(",");
        assert!(refused(&format!(r#"{{"regions":[{many}]}}"#)).contains("18 entries, at most 17"));
    }

    proptest::proptest! {
        #[test]
        fn strangers_options_lie_inside_the_canvas_or_are_refused(
            numbers in proptest::collection::vec(-0.5_f64..1.5, 4),
            color in "#?[0-9a-g]{5,7}",
        ) {
            let [x, y, width, height] = numbers[..] else { unreachable!() };
            let region = format!(r#"{{"x":{x},"y":{y},"width":{width},"height":{height}}}"#);
            let text = format!(r#"{{"background_color":"{color}","regions":[{region}]}}"#);
            for region in Options::parse(&text).ok().and_then(|o| o.regions).unwrap_or_default() {
                let area = region.area;
                assert!(area.x >= 0.0 && area.x + area.width <= 1.0 + EDGE_SLACK);
                assert!(area.y >= 0.0 && area.y + area.height <= 1.0 + EDGE_SLACK);
            }
        }
    }
}
