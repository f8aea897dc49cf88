//! How a layout is dressed: the API's background pictures, and Capstan's own field `layout`, which names
//! a layout plugin and gives it options.
//!
//! A picture is a URL or the name of one of the server's images; the recorder fetches the URLs.

use capstan_media::track::Uid;
use serde_json::{Map, Value, json};

use super::read::{BadField, Object};

/// The most characters of a picture's URL.
const MAX_URL: usize = 2_048;
/// The most characters of the name of a picture or of a plugin.
const MAX_NAME: usize = 64;
/// The most participants with a picture of their own.
const MAX_USER_PICTURES: usize = 64;

/// What a layout is given beside its regions.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Dressing {
    /// The layout plugin, if not that of `mixedVideoLayout`.
    pub(crate) layout: Option<String>,
    /// Behind everything.
    background: Option<String>,
    /// Instead of missing video.
    user: Option<String>,
    /// The same for single participants.
    users: Vec<UserPicture>,
    /// Options for the plugin, over what the API's fields say.
    options: Map<String, Value>,
}

/// One entry of `backgroundConfig`.
#[derive(Debug, PartialEq)]
struct UserPicture {
    uid: Uid,
    image: String,
    contain: bool,
}

impl Dressing {
    /// Reads the fields out of `transcodingConfig` or `updateLayout`'s `clientRequest`.
    pub(crate) fn read(config: &Object<'_>) -> Result<Self, BadField> {
        let users = config.objects("backgroundConfig", MAX_USER_PICTURES, UserPicture::read)?;
        let mut dressing = config.object("layout", Self::own)?;
        dressing.background = picture(config, "backgroundImage")?;
        dressing.user = picture(config, "defaultUserBackgroundImage")?;
        dressing.users = users.unwrap_or_default();
        Ok(dressing)
    }

    /// Capstan's own field.
    fn own(own: Object<'_>) -> Result<Self, BadField> {
        let layout = own.text("name")?.map(str::to_owned);
        if layout.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > MAX_NAME) {
            let what = format!("must be a layout plugin's name of 1 to {MAX_NAME} characters");
            return Err(own.refuse("name", what));
        }
        let options = match own.free_object("options")? {
            Some(Value::Object(options)) => options.clone(),
            _ => Map::new(),
        };
        Ok(Self { layout, options, ..Self::default() })
    }

    /// Puts it into a layout's options; its own options stand over what is there.
    pub(crate) fn dress(&self, fields: &mut Map<String, Value>) {
        let pictures = [("background_image", &self.background), ("user_image", &self.user)];
        for (key, picture) in pictures {
            if let Some(picture) = picture {
                fields.insert(key.into(), picture.as_str().into());
            }
        }
        if !self.users.is_empty() {
            let entry = |user: &UserPicture| {
                let fit = if user.contain { "contain" } else { "cover" };
                json!({ "uid": user.uid.to_string(), "image": user.image, "fit": fit })
            };
            fields.insert("user_images".into(), self.users.iter().map(entry).collect());
        }
        fields.extend(self.options.clone());
    }
}

impl UserPicture {
    fn read(entry: Object<'_>) -> Result<Self, BadField> {
        let bad_uid = |bad| entry.refuse("uid", format!("is wrong: {bad}"));
        let contain = entry.integer_or("render_mode", 0..=1, 0)? == 1;
        let image = picture(&entry, "image_url")?;
        entry.demands("image_url");
        let uid = entry.required_text("uid")?.parse().map_err(bad_uid)?;
        match image {
            Some(image) => Ok(Self { uid, image, contain }),
            None => Err(entry.refuse("image_url", "is missing; it must be a picture's URL")),
        }
    }
}

/// A picture's URL or name; none if it is absent or empty.
fn picture(config: &Object<'_>, key: &str) -> Result<Option<String>, BadField> {
    let Some(text) = config.text(key)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let right = if text.contains("://") {
        let web = text.starts_with("https://") || text.starts_with("http://");
        web && text.len() <= MAX_URL && url::Url::parse(text).is_ok()
    } else {
        text.chars().count() <= MAX_NAME
    };
    if right {
        return Ok(Some(text.to_owned()));
    }
    let what = format!(
        "must be an http or https URL of up to {MAX_URL} characters, or the name of one of the \
         server's images"
    );
    Err(config.refuse(key, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dressed(config: &Value) -> Result<Value, String> {
        let config = Object::root(config).unwrap();
        let dressing = Dressing::read(&config).map_err(|bad| bad.to_string())?;
        let mut fields = Map::from_iter([("main_uid".to_owned(), Value::from("7"))]);
        dressing.dress(&mut fields);
        Ok(Value::Object(fields))
    }

    #[test]
    fn pictures_and_options_become_a_layouts_options() {
        let options = dressed(&json!({
            "backgroundImage": "https://img.example.com/wall.jpg", "defaultUserBackgroundImage": "",
            "backgroundConfig": [{"uid": "9", "image_url": "ann", "render_mode": 1}],
            "layout": {"name": "layout-speaker", "options": {"labels": true, "main_uid": 9}},
        }));
        let expected = json!({
            "main_uid": 9, "background_image": "https://img.example.com/wall.jpg", "labels": true,
            "user_images": [{"uid": "9", "image": "ann", "fit": "contain"}],
        });
        assert_eq!(options.unwrap(), expected);
        assert_eq!(dressed(&json!({"layout": null})).unwrap(), json!({"main_uid": "7"}));
    }

    #[test]
    fn mistakes_are_named() {
        for (config, said) in [
            (json!({"backgroundImage": "ftp://a.example/b"}), "/backgroundImage must be an http"),
            (json!({"backgroundImage": 7}), "/backgroundImage is 7; it must be a string"),
            (json!({"defaultUserBackgroundImage": "x".repeat(65)}), "/defaultUserBackgroundImage"),
            (
                json!({"backgroundConfig": [{"uid": "0", "image_url": "a"}]}),
                "/backgroundConfig/0/uid",
            ),
            (
                json!({"backgroundConfig": [{"uid": "1"}]}),
                "/backgroundConfig/0/image_url is missing",
            ),
            (json!({"layout": {"name": ""}}), "/layout/name must be"),
            (json!({"layout": {"options": []}}), "/layout/options is a list; it must be"),
        ] {
            let refused = dressed(&config).unwrap_err();
            assert!(refused.starts_with(said), "{refused:?} should begin with {said:?}");
        }
    }
}
