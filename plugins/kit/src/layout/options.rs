//! The options that a recording gives its layout, over those that the operator configured it with.
//! Members that nobody here knows are ignored: newer hosts send more.

use serde_json::{Map, Value};

use super::{Colour, Corner, Fit, Labels, MAX_REGIONS, Rect, Strip, Watermark};
use crate::json::{self, Reader, Wrong};

/// How far beyond the canvas rounding to six decimals may put an edge.
const EDGE_SLACK: f64 = 1e-6;
/// The most characters of an image's name.
const MAX_IMAGE_NAME: usize = 64;
/// The most participants with a picture of their own.
const MAX_USER_PICTURES: usize = 64;

/// A recording's layout options.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// What fills the canvas where nothing is painted; black unless asked otherwise.
    pub background: Colour,
    /// Who takes the large region of a layout that has one.
    pub main_uid: Option<u32>,
    /// Where a custom layout paints; `None` if the recording says nothing about it.
    pub regions: Option<Vec<Region>>,
    /// Still pictures behind and instead of people.
    pub pictures: Pictures,
    /// Who is who, written in the regions.
    pub labels: Option<Labels>,
    /// What is painted over everything.
    pub watermark: Option<Watermark>,
    /// Where the small regions of a layout with a strip lie.
    pub strip: Strip,
}

/// Still pictures by the names of the recording's images.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Pictures {
    /// Fills the canvas, cropped, over the background's colour.
    pub background: Option<String>,
    /// Fills the region of whoever sends no video.
    pub user: Option<String>,
    /// The same for single participants, by their uids.
    pub users: Vec<UserPicture>,
}

/// What stands in for one participant's video.
#[derive(Clone, PartialEq, Debug)]
pub struct UserPicture {
    /// Whose.
    pub uid: u32,
    /// The image's name.
    pub image: String,
    /// How it fills the region.
    pub fit: Fit,
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

/// The options that hold where a recording is silent: the plugin's configuration.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Defaults(Option<Map<String, Value>>);

impl Defaults {
    /// No configuration.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Everything wrong with it.
    pub fn parse(text: &str) -> Result<Self, Vec<Wrong>> {
        let object = json::object(text).map_err(|wrong| vec![wrong])?;
        read(&object)?;
        Ok(Self(Some(object)))
    }

    /// The options of a recording, given as JSON.
    ///
    /// # Errors
    /// The first thing wrong, by its JSON pointer.
    pub fn options(&self, text: &str) -> Result<Options, Wrong> {
        let mut object = json::object(text)?;
        for (name, default) in self.0.iter().flatten() {
            match (object.get_mut(name), default) {
                (None, _) => {
                    object.insert(name.clone(), default.clone());
                }
                // A style that is configured holds for names that come with the recording.
                (Some(Value::Object(given)), Value::Object(default)) => {
                    for (name, value) in default {
                        given.entry(name.as_str()).or_insert_with(|| value.clone());
                    }
                }
                (Some(_), _) => {}
            }
        }
        read(&object).map_err(|wrongs| {
            let unknown = || Wrong { pointer: String::new(), message: "no options".into() };
            wrongs.into_iter().next().unwrap_or_else(unknown)
        })
    }
}

fn read(object: &Map<String, Value>) -> Result<Options, Vec<Wrong>> {
    let mut reader = Reader::new(object, String::new());
    let options = Options {
        background: reader.colour("background_color").unwrap_or(Colour::BLACK),
        main_uid: reader.uid("main_uid"),
        regions: reader.objects("regions", MAX_REGIONS, |regions: &[Region], reader| {
            let region = region(reader)?;
            if region.uid.is_some() && regions.iter().any(|other| other.uid == region.uid) {
                reader.wrong("uid", "has a region already");
            }
            Some(region)
        }),
        pictures: Pictures {
            background: reader.image("background_image"),
            user: reader.image("user_image"),
            users: reader
                .objects("user_images", MAX_USER_PICTURES, |_, reader| {
                    let (uid, image) = (reader.needed_uid("uid"), reader.needed_image("image"));
                    let fit = reader.fit("fit");
                    Some(UserPicture { uid: uid?, image: image?, fit })
                })
                .unwrap_or_default(),
        },
        labels: Labels::read(&mut reader),
        watermark: Watermark::read(&mut reader),
        strip: Strip::read(&mut reader),
    };
    let wrongs = reader.finish();
    if wrongs.is_empty() { Ok(options) } else { Err(wrongs) }
}

fn region(reader: &mut Reader<'_>) -> Option<Region> {
    for name in ["x", "y", "width", "height"] {
        reader.needed(name);
    }
    let uid = reader.uid("uid");
    let alpha = reader.fraction("alpha").unwrap_or(1.0);
    let fit = reader.fit("fit");
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

impl Colour {
    /// The background unless asked otherwise.
    pub const BLACK: Self = Self { red: 0, green: 0, blue: 0 };
    /// The colour of letters unless asked otherwise.
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255 };

    /// Parses `#rrggbb`.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self { red, green, blue })
    }
}

/// What layouts read beside what every plugin reads.
impl Reader<'_> {
    /// A colour.
    pub(super) fn colour(&mut self, name: &str) -> Option<Colour> {
        let colour = Colour::from_hex(self.text(name)?);
        if colour.is_none() {
            self.wrong(name, "must be # and six hexadecimal digits");
        }
        colour
    }

    /// How a picture is fitted; cover unless said otherwise.
    pub(super) fn fit(&mut self, name: &str) -> Fit {
        match self.text(name) {
            None | Some("cover") => Fit::Cover,
            Some("contain") => Fit::Contain,
            Some(_) => {
                self.wrong(name, "must be cover or contain");
                Fit::Cover
            }
        }
    }

    /// A corner.
    pub(super) fn corner(&mut self, name: &str) -> Option<Corner> {
        let corner = Corner::named(self.text(name)?);
        if corner.is_none() {
            self.wrong(name, "must be top-left, top-right, bottom-left or bottom-right");
        }
        corner
    }

    /// The name of an image.
    pub(super) fn image(&mut self, name: &str) -> Option<String> {
        let image = self.text(name)?;
        if image.is_empty() || image.chars().count() > MAX_IMAGE_NAME {
            self.wrong(name, format!("must be an image's name, 1 to {MAX_IMAGE_NAME} characters"));
            return None;
        }
        Some(image.into())
    }

    fn needed_image(&mut self, name: &str) -> Option<String> {
        self.needed(name);
        self.image(name)
    }

    fn needed_uid(&mut self, name: &str) -> Option<u32> {
        self.needed(name);
        self.uid(name)
    }

    fn needed(&mut self, name: &str) {
        if self.value(name).is_none() {
            self.wrong(name, "is missing");
        }
    }

    /// A list of at most so many objects, each read with a look at those before it.
    fn objects<T>(
        &mut self,
        name: &str,
        most: usize,
        mut read: impl FnMut(&[T], &mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.value(name)?;
        let Some(entries) = value.as_array() else {
            self.wrong(name, "must be an array of objects");
            return None;
        };
        if entries.len() > most {
            self.wrong(name, format!("has {} entries, at most {most}", entries.len()));
            return None;
        }
        let mut all = Vec::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            let pointer = format!("{}/{number}", self.pointer_to(name));
            let Some(entry) = entry.as_object() else {
                self.add(vec![Wrong { pointer, message: "must be an object".into() }]);
                continue;
            };
            let mut inner = Reader::new(entry, pointer);
            all.extend(read(&all, &mut inner));
            self.add(inner.finish());
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, Wrong> {
        Defaults::none().options(text)
    }

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn nothing_said_means_black_and_nobody_in_particular() {
        let plain = Options {
            background: Colour::BLACK,
            main_uid: None,
            regions: None,
            pictures: Pictures::default(),
            labels: None,
            watermark: None,
            strip: Strip::default(),
        };
        assert_eq!(parse("").unwrap(), plain);
        let text = r#"{"newer":[],"main_uid":null,"labels":false,"watermark":null}"#;
        assert_eq!(parse(text).unwrap(), plain);
    }

    #[test]
    fn everything_said_is_taken() {
        let text = r##"{"background_color":"#1122fF","main_uid":"123","regions":[
            {"uid":"7","x":0,"y":0.25,"width":1,"height":0.5,"alpha":0.5,"fit":"contain"},
            {"x":0.5,"y":0,"width":0.5,"height":0.25}],
            "background_image":"wall","user_image":"nobody",
            "user_images":[{"uid":"7","image":"ann","fit":"contain"}]}"##;
        let options = parse(text).unwrap();
        assert_eq!(options.background, Colour { red: 0x11, green: 0x22, blue: 0xff });
        assert_eq!(options.main_uid, Some(123));
        let area = |x, y, width, height| Rect { x, y, width, height };
        let named =
            Region { uid: Some(7), area: area(0.0, 0.25, 1.0, 0.5), alpha: 0.5, fit: Fit::Contain };
        let free =
            Region { uid: None, area: area(0.5, 0.0, 0.5, 0.25), alpha: 1.0, fit: Fit::Cover };
        assert_eq!(options.regions, Some(vec![named, free]));
        let users = vec![UserPicture { uid: 7, image: "ann".into(), fit: Fit::Contain }];
        let (background, user) = (Some("wall".into()), Some("nobody".into()));
        assert_eq!(options.pictures, Pictures { background, user, users });
    }

    #[test]
    fn the_configuration_holds_where_the_recording_is_silent() {
        let defaults = Defaults::parse(
            r##"{"background_color":"#101010","labels":{"color":"#ff0000"},"main_uid":9}"##,
        );
        let defaults = defaults.unwrap();
        let options = defaults.options(r#"{"main_uid":7,"labels":{"names":{"7":"Ann"}}}"#).unwrap();
        assert_eq!(options.main_uid, Some(7));
        assert_eq!(options.background, Colour { red: 16, green: 16, blue: 16 });
        let labels = options.labels.unwrap();
        assert_eq!(labels.colour, Colour { red: 255, green: 0, blue: 0 });
        assert_eq!(labels.names, [(7, "Ann".to_owned())]);
        assert_eq!(defaults.options(r#"{"labels":false}"#).unwrap().labels, None);
        let wrongs = Defaults::parse(r#"{"main_uid":0,"background_color":"red"}"#).unwrap_err();
        assert_eq!(wrongs.len(), 2);
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
            (refused(r#"{"user_image":""}"#), "/user_image: must be an image's name"),
            (refused(r#"{"user_images":[{"uid":1}]}"#), "/user_images/0/image: is missing"),
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
            for region in parse(&text).ok().and_then(|o| o.regions).unwrap_or_default() {
                let area = region.area;
                assert!(area.x >= 0.0 && area.x + area.width <= 1.0 + EDGE_SLACK);
                assert!(area.y >= 0.0 && area.y + area.height <= 1.0 + EDGE_SLACK);
            }
        }
    }
}
