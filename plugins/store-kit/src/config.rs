//! Configurations: what a recording request says in Agora's words (`accessKey`, `extensionParams`) and
//! what the operator adds in Capstan's (`endpoint`, `part_size`).

use capstan_kit::json::{self, Reader, Wrong};
use capstan_kit::url::Url;

use crate::caching::Caching;
use crate::encode::encode;
use crate::place::Store;
use crate::vendor::Cut;

/// Bytes in a mebibyte.
pub const MIB: u64 = 1 << 20;
/// The most that vendors take in one request: 5 GiB.
pub const MAX_PUT: u64 = 5 * 1024 * MIB;
/// The longest that a playlist may be kept, in seconds: players would miss what is new.
const MAX_PLAYLIST_AGE: u64 = 60;

/// The members that every storage plugin has; `OWN` stands where a vendor's come.
const SCHEMA: &str = include_str!("config-schema.json");
const OWN: &str = "\"own\": true,";

/// Members of [`SCHEMA`]; `vendor` and `stsExpiration` come with Agora's requests and aren't read.
const MEMBERS: [&str; 15] = [
    "accessKey",
    "addressing",
    "bucket",
    "endpoint",
    "extensionParams",
    "multipart_threshold",
    "parallel",
    "part_size",
    "playlist_max_age",
    "public_url",
    "region",
    "secretKey",
    "stsExpiration",
    "stsToken",
    "vendor",
];

/// Members that only one plugin has: their names, and the JSON Schema of each.
pub type Own = &'static [(&'static str, &'static str)];

/// The JSON Schema of a configuration with these members beside the usual ones.
#[must_use]
pub fn schema(own: Own) -> String {
    let own = own.iter().map(|(name, schema)| format!("\"{name}\": {schema},\n    "));
    SCHEMA.replace(OWN, own.collect::<String>().trim_end())
}

/// A configuration being read.
pub struct Form<'a> {
    /// Its members.
    pub top: Reader<'a>,
    /// Those of `extensionParams`.
    pub extra: Reader<'a>,
}

/// Who uploads. It has no `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Credentials {
    /// The access key's id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
    /// The token of temporary credentials.
    pub token: Option<String>,
}

/// Reads a configuration that may have these members beside the usual ones.
///
/// # Errors
/// Everything wrong with it, without repeating a value.
pub fn read<T>(
    text: &str,
    own: Own,
    read: impl FnOnce(&mut Form<'_>) -> Option<T>,
) -> Result<T, Vec<Wrong>> {
    let object = json::object(text).map_err(|wrong| vec![wrong])?;
    let none = serde_json::Map::new();
    let mut top = Reader::new(&object, String::new());
    let extra = top.value("extensionParams").map(|value| value.as_object());
    if extra == Some(None) {
        top.wrong("extensionParams", "must be an object");
    }
    let extra = Reader::new(extra.flatten().unwrap_or(&none), "/extensionParams".into());
    let mut form = Form { top, extra };
    form.refuse_misspellings(own);
    let value = read(&mut form);
    let Form { mut top, extra } = form;
    top.add(extra.finish());
    let wrongs = top.finish();
    value.filter(|_| wrongs.is_empty()).ok_or(wrongs)
}

impl<'a> Form<'a> {
    /// Another spelling of a known member is a mistake; a stranger is left alone.
    fn refuse_misspellings(&mut self, own: Own) {
        let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
        for name in self.top.names() {
            let mut members = MEMBERS.iter().chain(own.iter().map(|(member, _)| member));
            let known = members.find(|known| plain(known) == plain(name));
            if let Some(right) = known.filter(|right| **right != name) {
                self.top.wrong(name, format!("is written {right}"));
            }
        }
    }

    /// A text that goes into a header: visible ASCII. `None` if it is absent or empty.
    pub fn visible(&mut self, name: &str) -> Option<&'a str> {
        let text = self.top.text(name).filter(|text| !text.is_empty())?;
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.top.wrong(name, "must be visible ASCII characters without spaces");
            return None;
        }
        Some(text)
    }

    /// The keys.
    pub fn credentials(&mut self) -> Option<Credentials> {
        let access_key = self.visible("accessKey");
        if access_key.is_none() && self.top.value("accessKey").is_none_or(|key| key == "") {
            self.top.wrong("accessKey", "is missing");
        }
        let secret_key = self.top.needed_text("secretKey");
        let token = self.visible("stsToken").map(Into::into);
        Some(Credentials { access_key: access_key?.into(), secret_key: secret_key?.into(), token })
    }

    /// The bucket's name.
    pub fn bucket(&mut self) -> Option<&'a str> {
        let bucket = self.top.needed_text("bucket")?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._$".contains(&byte);
        if bucket.len() > 255 || !bucket.bytes().all(fits) || bucket == "." || bucket == ".." {
            self.top.wrong("bucket", "must be letters, digits, '-', '.' and '_', at most 255");
            return None;
        }
        Some(bucket)
    }

    /// Whether the request or the operator names a store at an address of its own.
    #[must_use]
    pub fn elsewhere(&self) -> bool {
        let named = |reader: &Reader<'_>| {
            reader
                .value("endpoint")
                .and_then(|value| value.as_str())
                .is_some_and(|text| !text.is_empty())
        };
        named(&self.extra) || named(&self.top)
    }

    /// The region's name in its usual spelling: `US_EAST_1` is `us-east-1`. A store at an address of its own
    /// names its region as it likes, and compares what is signed with it.
    pub fn region(&mut self, default: Option<&str>) -> Option<String> {
        let Some(value) = self.top.value("region") else {
            if default.is_none() {
                self.top.wrong("region", "is missing: the vendor's name of it");
            }
            return default.map(Into::into);
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let name = value.as_str().filter(|name| (1..=64).contains(&name.len()));
        let name = name.filter(|name| name.bytes().all(fits));
        if name.is_none() {
            self.top.wrong("region", "must be the vendor's name of a region");
        }
        if self.elsewhere() {
            return name.map(Into::into);
        }
        name.map(|name| name.to_ascii_lowercase().replace('_', "-"))
    }

    /// A store named by the request, else by the operator. The inner `None` is a wrong one.
    pub fn endpoint(&mut self) -> Option<Option<Store>> {
        let of = |reader: &mut Reader<'_>| {
            let text = reader.text("endpoint").filter(|text| !text.is_empty())?;
            Some(Store::parse(text).map_err(|what| reader.wrong("endpoint", what)).ok())
        };
        of(&mut self.extra).or_else(|| of(&mut self.top))
    }

    /// The address before the objects' keys, as players reach them, without a `/` at its end.
    pub fn public_url(&mut self) -> Option<String> {
        let text = self.top.text("public_url").filter(|text| !text.is_empty())?;
        if let Err(what) = Url::parse(text) {
            self.top.wrong("public_url", what);
        } else if text.contains('?') {
            self.top.wrong("public_url", "must have no query");
        }
        Some(text.trim_end_matches('/').into())
    }

    /// How files are cut.
    pub fn cut(&mut self, usual: Cut) -> Cut {
        // The least is S3's own bound; a store that is stricter answers with a code of its own.
        let threshold = self.top.whole("multipart_threshold", 5 * MIB, MAX_PUT);
        let part_size = self.top.whole("part_size", 5 * MIB, MAX_PUT);
        let parallel = self.top.whole("parallel", 1, 8).and_then(|n| usize::try_from(n).ok());
        Cut {
            threshold: threshold.unwrap_or(usual.threshold),
            part_size: part_size.unwrap_or(usual.part_size),
            parallel: parallel.unwrap_or(usual.parallel),
        }
    }

    /// For how long what is uploaded may be kept.
    pub fn caching(&mut self) -> Caching {
        let seconds = self.top.whole("playlist_max_age", 0, MAX_PLAYLIST_AGE);
        Caching::of_playlists(seconds.unwrap_or(0))
    }

    /// Tags as vendors take them, `name=value&name=value`, encoded; a name may stand alone.
    pub fn tags(&mut self) -> Option<String> {
        let tags = self.extra.text("tag").filter(|tags| !tags.is_empty())?;
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            format!("{}={}", encode(name), encode(value))
        };
        let pairs: Vec<String> = tags.split('&').filter(|tag| !tag.is_empty()).map(pair).collect();
        Some(pairs.join("&"))
    }
}

/// How files are cut unless a configuration says otherwise.
pub const USUAL_CUT: Cut = Cut { threshold: 16 * MIB, part_size: 8 * MIB, parallel: 4 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_every_member_and_the_vendors_own() {
        let odd: Own = &[("odd", r#"{ "type": "string" }"#)];
        for (own, count) in [(&[] as Own, 15), (odd, 16)] {
            let schema: serde_json::Value = serde_json::from_str(&schema(own)).unwrap();
            let properties = schema["properties"].as_object().unwrap();
            assert_eq!(properties.len(), count);
            assert!(MEMBERS.iter().all(|member| properties.contains_key(*member)));
            for secret in ["secretKey", "stsToken"] {
                assert_eq!(properties[secret]["writeOnly"], true, "{secret}");
            }
        }
    }

    #[test]
    fn mistakes_are_named_all_at_once_and_secrets_never() {
        let text = r#"{"access_key":"AK","secretKey":7,"bucket":"a/b","region":26,"stsToken":"a b",
            "endpoint":"ftp://x","public_url":"x","part_size":1,"playlist_max_age":61,
            "extensionParams":{"endpoint":7}}"#;
        let wrongs = read(text, &[], |form| {
            let _ = (form.credentials(), form.bucket(), form.region(None), form.endpoint());
            let _ = (form.public_url(), form.cut(USUAL_CUT), form.caching());
            Some(())
        });
        let said: Vec<String> = wrongs.unwrap_err().iter().map(ToString::to_string).collect();
        let said = said.join("; ");
        for part in [
            "/access_key: is written accessKey",
            "/accessKey: is missing",
            "/secretKey: must be a string",
            "/bucket: must be letters",
            "/region: must be the vendor's name",
            "/stsToken: must be visible",
            "/endpoint: must begin with",
            "/extensionParams/endpoint: must be a string",
            "/public_url: must begin with",
            "/part_size: must be a whole number from 5242880",
            "/playlist_max_age: must be a whole number from 0",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("a b"), "{said}");
        assert!(read(r#"{"extensionParams":[]}"#, &[], |_| Some(())).is_err());
    }

    #[test]
    fn regions_and_tags_take_their_usual_spelling() {
        let text = r#"{"region":"AP_SOUTH_1","extensionParams":{"tag":"a b=c&d"},
            "public_url":"https://cdn.example.com/a/"}"#;
        let read =
            read(text, &[], |form| Some((form.region(None), form.tags(), form.public_url())));
        let (region, tags, url) = read.unwrap();
        assert_eq!(region.as_deref(), Some("ap-south-1"));
        assert_eq!(tags.as_deref(), Some("a%20b=c&d="));
        for place in [
            r#""endpoint":"https://s3.example.com""#,
            r#""extensionParams":{"endpoint":"s3.example.com"}"#,
        ] {
            let text = format!(r#"{{"region":"Main_Site.1",{place}}}"#);
            let region = super::read(&text, &[], |form| form.region(None));
            assert_eq!(region.unwrap(), "Main_Site.1", "{place}");
        }
        assert_eq!(url.as_deref(), Some("https://cdn.example.com/a"));
    }
}
