//! The configuration: what a recording request says in Agora's words (`accessKey`, `extensionParams`)
//! and what the operator adds in Capstan's (`endpoint`, `part_size`).

use capstan_kit::json::{self, Reader, Wrong};

use crate::contract::Endpoint;
use crate::place::{Addressing, Place, Store};
use crate::region;
use crate::sigv4::encode;

/// The JSON Schema of the configuration.
pub const CONFIG_SCHEMA: &str = include_str!("config-schema.json");

/// Bytes in a mebibyte.
pub(crate) const MIB: u64 = 1 << 20;
/// The most that S3 takes in one request: 5 GiB.
const MAX_PUT: u64 = 5 * 1024 * MIB;
/// Agora's number for any store that speaks S3's protocol.
const OTHER_STORE: u64 = 11;

/// A checked configuration. It has no `Debug`: it holds secrets.
pub struct Config {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) session_token: Option<String>,
    pub(crate) region: String,
    pub(crate) place: Place,
    /// Headers of a new object: storage class, encryption, tags.
    pub(crate) object_headers: Vec<(&'static str, String)>,
    /// Whether bodies are hashed and signed; over TLS that adds nothing but work.
    pub(crate) sign_payload: bool,
    /// Files of at least so many bytes go in parts.
    pub(crate) multipart_threshold: u64,
    /// Bytes of a part; all but the last are so long.
    pub(crate) part_size: u64,
    /// Parts under way at once.
    pub(crate) parallel: usize,
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Everything wrong with it, without repeating a value.
    pub fn parse(text: &str) -> Result<Self, Vec<Wrong>> {
        let object = json::object(text).map_err(|wrong| vec![wrong])?;
        let none = serde_json::Map::new();
        let mut reader = Reader::new(&object, String::new());
        let extra = reader.value("extensionParams").map(|value| value.as_object());
        if extra == Some(None) {
            reader.wrong("extensionParams", "must be an object");
        }
        let mut extra = Reader::new(extra.flatten().unwrap_or(&none), "/extensionParams".into());
        let config = Self::read(&mut reader, &mut extra);
        reader.add(extra.finish());
        let wrongs = reader.finish();
        config.filter(|_| wrongs.is_empty()).ok_or(wrongs)
    }

    /// The places that this configuration needs.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        vec![self.place.endpoint()]
    }

    fn read(reader: &mut Reader<'_>, extra: &mut Reader<'_>) -> Option<Self> {
        refuse_misspellings(reader);
        let access_key = visible(reader, "accessKey");
        let secret_key = reader.needed_text("secretKey");
        if access_key.is_none() && reader.value("accessKey").is_none() {
            reader.wrong("accessKey", "is missing");
        }
        let session_token = visible(reader, "stsToken");
        let other_store = store(reader, extra);
        let region = region(reader, other_store.is_some());
        let bucket = bucket(reader);
        let amazon = other_store.is_none();
        let store = match other_store {
            Some(store) => store,
            None => region.as_deref().map(Store::amazon),
        };
        let place = bucket
            .zip(store.as_ref())
            .map(|(bucket, store)| store.bucket(bucket, addressing(reader, store, bucket, amazon)));
        let object_headers = object_headers(reader, extra);
        let sign_payload = reader.flag("sign_payload");
        // The least is S3's own bound; a store that is stricter answers EntityTooSmall.
        let threshold = reader.whole("multipart_threshold", 5 * MIB, MAX_PUT);
        let part_size = reader.whole("part_size", 5 * MIB, MAX_PUT);
        let parallel = reader.whole("parallel", 1, 8).and_then(|n| usize::try_from(n).ok());
        Some(Self {
            access_key: access_key?.into(),
            secret_key: secret_key?.into(),
            session_token: session_token.map(Into::into),
            region: region?,
            place: place?,
            object_headers,
            sign_payload: sign_payload.unwrap_or(!store?.is_secure()),
            multipart_threshold: threshold.unwrap_or(16 * MIB),
            part_size: part_size.unwrap_or(8 * MIB),
            parallel: parallel.unwrap_or(4),
        })
    }
}

/// Members that this plugin reads; `vendor` and `stsExpiration` come with Agora's requests.
const MEMBERS: [&str; 16] = [
    "accessKey",
    "addressing",
    "bucket",
    "endpoint",
    "extensionParams",
    "multipart_threshold",
    "parallel",
    "part_size",
    "region",
    "secretKey",
    "sign_payload",
    "sse_kms_key_id",
    "storage_class",
    "stsExpiration",
    "stsToken",
    "vendor",
];

/// Another spelling of a known member is a mistake; a stranger is left alone.
fn refuse_misspellings(reader: &mut Reader<'_>) {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    for name in reader.names() {
        if let Some(right) = MEMBERS.iter().find(|known| plain(known) == plain(name))
            && *right != name
        {
            reader.wrong(name, format!("is written {right}"));
        }
    }
}

/// A text that goes into a header: visible ASCII. `None` if it is absent or empty.
fn visible<'a>(reader: &mut Reader<'a>, name: &str) -> Option<&'a str> {
    let text = reader.text(name).filter(|text| !text.is_empty())?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        reader.wrong(name, "must be visible ASCII characters without spaces");
        return None;
    }
    Some(text)
}

/// A store other than Amazon's: the request's, else the operator's. The inner `None` is a wrong one.
fn store(reader: &mut Reader<'_>, extra: &mut Reader<'_>) -> Option<Option<Store>> {
    let needs_one = reader.value("vendor").and_then(|vendor| vendor.as_u64()) == Some(OTHER_STORE);
    let of = |reader: &mut Reader<'_>| {
        let text = reader.text("endpoint").filter(|text| !text.is_empty())?;
        Some(Store::parse(text).map_err(|what| reader.wrong("endpoint", what)).ok())
    };
    let store = of(extra).or_else(|| of(reader));
    if store.is_none() && needs_one {
        extra.wrong("endpoint", "is missing: vendor 11 is a store at an address of its own");
        return Some(None);
    }
    store
}

/// The region by number or name. Stores of others mostly take any; theirs is `us-east-1` if unsaid.
fn region(reader: &mut Reader<'_>, other_store: bool) -> Option<String> {
    let Some(value) = reader.value("region") else {
        if other_store {
            return Some("us-east-1".into());
        }
        reader.wrong("region", "is missing: a name such as eu-west-1, or Agora's number of it");
        return None;
    };
    let region = match (value.as_u64(), value.as_str()) {
        (Some(number), _) => region::by_number(number).map(Into::into),
        (None, Some(name)) => region::by_name(name),
        (None, None) => None,
    };
    if region.is_none() {
        reader.wrong("region", "must be a name such as eu-west-1, or Agora's number: 0 to 25, 28");
    }
    region
}

fn bucket<'a>(reader: &mut Reader<'a>) -> Option<&'a str> {
    let bucket = reader.needed_text("bucket")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if bucket.len() > 255 || !bucket.bytes().all(fits) || bucket == "." || bucket == ".." {
        reader.wrong("bucket", "must be letters, digits, '-', '.' and '_', at most 255");
        return None;
    }
    Some(bucket)
}

/// Unless told otherwise: virtual hosts at Amazon, paths elsewhere, and paths too where the bucket's
/// name is no single label, which a wildcard certificate wouldn't cover.
fn addressing(reader: &mut Reader<'_>, store: &Store, bucket: &str, amazon: bool) -> Addressing {
    let label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = bucket.bytes().all(label);
    match reader.text("addressing") {
        None if amazon && is_label => Addressing::Virtual,
        None | Some("path") => Addressing::Path,
        Some("virtual") => {
            if !store.has_name() || bucket.bytes().any(|byte| !label(byte) && byte != b'.') {
                reader
                    .wrong("addressing", "can't be virtual: bucket and endpoint make no host name");
            }
            Addressing::Virtual
        }
        Some(_) => {
            reader.wrong("addressing", "must be path or virtual");
            Addressing::Path
        }
    }
}

/// What a new object is created with.
fn object_headers(reader: &mut Reader<'_>, extra: &mut Reader<'_>) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    let key_id = visible(reader, "sse_kms_key_id");
    match extra.text("sse").unwrap_or_default() {
        "" => {}
        sse if sse.eq_ignore_ascii_case("aes256") => {
            headers.push(("x-amz-server-side-encryption", "AES256".into()));
        }
        sse if ["kms", "aws:kms"].contains(&sse) => {
            headers.push(("x-amz-server-side-encryption", "aws:kms".into()));
            let key_id =
                key_id.map(|id| ("x-amz-server-side-encryption-aws-kms-key-id", id.into()));
            headers.extend(key_id);
        }
        _ => extra.wrong("sse", "must be aes256 or kms"),
    }
    if let Some(class) = visible(reader, "storage_class") {
        headers.push(("x-amz-storage-class", class.into()));
    }
    if let Some(tag) = extra.text("tag").filter(|tag| !tag.is_empty()) {
        headers.push(("x-amz-tagging", tagging(tag)));
    }
    headers
}

/// Tags as S3 takes them, `name=value&name=value`, encoded; a name may stand alone.
fn tagging(tags: &str) -> String {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        format!("{}={}", encode(name), encode(value))
    };
    tags.split('&').filter(|tag| !tag.is_empty()).map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &str = r#""accessKey":"AK","secretKey":"hush","bucket":"rec""#;

    fn config(members: &str) -> Config {
        match Config::parse(&format!("{{{KEYS},{members}}}")) {
            Ok(config) => config,
            Err(wrongs) => panic!("{members}: {wrongs:?}"),
        }
    }

    fn refused(text: &str) -> String {
        let wrongs = Config::parse(text).err().unwrap_or_default();
        wrongs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn an_agora_request_is_taken_as_it_is() {
        let config = config(
            r#""vendor":1,"region":7,"stsToken":"tok","stsExpiration":1,
               "extensionParams":{"sse":"kms","tag":"a b=c&d","enableNTPtimestamp":true}"#,
        );
        assert_eq!(config.region, "eu-central-1");
        assert_eq!(config.place.url("k"), "https://rec.s3.eu-central-1.amazonaws.com/k");
        assert_eq!(config.session_token.as_deref(), Some("tok"));
        assert!(!config.sign_payload);
        let expected = [
            ("x-amz-server-side-encryption", "aws:kms".to_owned()),
            ("x-amz-tagging", "a%20b=c&d=".to_owned()),
        ];
        assert_eq!(config.object_headers, expected);
    }

    #[test]
    fn another_store_is_named_by_request_or_operator() {
        let of_operator = config(r#""vendor":11,"region":0,"endpoint":"http://127.0.0.1:9000""#);
        assert_eq!(of_operator.place.url("k"), "http://127.0.0.1:9000/rec/k");
        assert!(of_operator.sign_payload, "in the clear the body is signed");
        let of_request = config(
            r#""endpoint":"http://127.0.0.1:9000","addressing":"virtual",
               "extensionParams":{"endpoint":"s3.example.com"}"#,
        );
        assert_eq!(of_request.place.url("k"), "https://rec.s3.example.com/k");
        assert_eq!(of_request.region, "us-east-1");
        let endpoint = Endpoint {
            scheme: crate::contract::Scheme::Http,
            host: "127.0.0.1".into(),
            port: Some(9000),
        };
        assert_eq!(of_operator.endpoints(), [endpoint]);
    }

    #[test]
    fn a_bucket_with_dots_is_a_path() {
        let text = r#"{"accessKey":"AK","secretKey":"s","bucket":"a.b","region":"eu-west-1"}"#;
        let config = Config::parse(text).unwrap_or_else(|wrongs| panic!("{wrongs:?}"));
        assert_eq!(config.place.url("k"), "https://s3.eu-west-1.amazonaws.com/a.b/k");
    }

    #[test]
    fn mistakes_are_named_all_at_once_and_secrets_never() {
        let said = refused(r#"{"access_key":"AK","secretKey":7,"bucket":"a/b","region":26}"#);
        for part in [
            "/access_key: is written accessKey",
            "/accessKey: is missing",
            "/secretKey: must be a string",
            "/bucket: must be letters",
            "/region: must be a name",
        ] {
            assert!(said.contains(part), "{said}");
        }
        for (members, part) in [
            (r#""region":0,"extensionParams":[]"#, "/extensionParams: must be an object"),
            (r#""vendor":11"#, "/extensionParams/endpoint: is missing"),
            (r#""endpoint":"ftp://x""#, "/endpoint: must begin with"),
            (r#""region":0,"extensionParams":{"sse":"rot13"}"#, "/extensionParams/sse: must be"),
            (r#""region":0,"part_size":1"#, "/part_size: must be a whole number from 5242880"),
            (r#""endpoint":"http://1.2.3.4","addressing":"virtual""#, "/addressing: can't be"),
            (r#""region":0,"stsToken":"a b""#, "/stsToken: must be visible"),
            (r#""region":0,"addressing":"odd""#, "/addressing: must be path"),
        ] {
            let said = refused(&format!("{{{KEYS},{members}}}"));
            assert!(said.contains(part), "{members}: {said}");
            assert!(!said.contains("hush"), "{said}");
        }
    }

    #[test]
    fn the_schema_names_every_member() {
        let schema: serde_json::Value = serde_json::from_str(CONFIG_SCHEMA).unwrap();
        let properties = schema["properties"].as_object().unwrap();
        let mut names: Vec<_> = properties.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, MEMBERS);
        for secret in ["secretKey", "stsToken"] {
            assert_eq!(properties[secret]["writeOnly"], true, "{secret}");
        }
    }
}
