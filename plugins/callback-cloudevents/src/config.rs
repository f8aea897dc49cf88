//! The configuration: where events are posted and in which form.

use capstan_kit::json::{self, Reader, Wrong};
use capstan_kit::url::Url;

/// The most characters of an origin: those of a host name.
const MAX_ORIGIN: usize = 253;
/// The most characters of a source's beginning.
const MAX_SOURCE: usize = 500;

/// The JSON Schema of the configuration.
pub(crate) const CONFIG_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["url"],
  "properties": {
    "url": { "type": "string", "description": "Where events are posted: http or https" },
    "secret": {
      "type": "string",
      "writeOnly": true,
      "description": "Sent as a bearer token; without it there is no authorization"
    },
    "mode": {
      "enum": ["structured", "binary"],
      "default": "structured",
      "description": "One JSON object, or attributes as headers"
    },
    "source": {
      "type": "string",
      "description": "What the attribute source begins with, https://recorder.example.com say"
    },
    "origin": {
      "type": "string",
      "description": "The DNS name under which the receiver's permission is asked before each recording's first event (abuse protection of the CloudEvents webhook specification); without it nobody is asked"
    }
  }
}
"#;

/// A checked configuration. It has no `Debug`: it holds a secret.
pub struct Config {
    pub(crate) url: Url,
    pub(crate) secret: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) source: String,
    pub(crate) origin: Option<String>,
}

/// The form of an event in a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// One JSON object.
    Structured,
    /// The facts as the body, the attributes as headers.
    Binary,
}

impl Config {
    /// Reads and checks a configuration.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Wrong>> {
        let object = json::object(text).map_err(|wrong| vec![wrong])?;
        let mut reader = Reader::new(&object, String::new());
        let url = reader.needed_text("url").map(Url::parse);
        let url = url.and_then(|url| url.map_err(|what| reader.wrong("url", what)).ok());
        let mode = match reader.text("mode") {
            None | Some("structured") => Mode::Structured,
            Some("binary") => Mode::Binary,
            Some(_) => {
                reader.wrong("mode", "must be structured or binary");
                Mode::Structured
            }
        };
        let secret = printable(&mut reader, "secret", usize::MAX);
        let source = printable(&mut reader, "source", MAX_SOURCE).unwrap_or_default();
        let origin = printable(&mut reader, "origin", MAX_ORIGIN);
        match (url, reader.finish()) {
            (Some(url), wrongs) if wrongs.is_empty() => {
                let source = source.trim_end_matches('/').to_owned();
                Ok(Self { url, secret, mode, source, origin })
            }
            (_, wrongs) => Err(wrongs),
        }
    }
}

/// A text that may stand in a header; none if it is empty.
fn printable(reader: &mut Reader<'_>, name: &str, most: usize) -> Option<String> {
    let text = reader.text(name).filter(|text| !text.is_empty())?;
    if text.len() > most || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        reader.wrong(name, "must be visible ASCII characters without spaces, and not too many");
        return None;
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let wrongs = Config::read(text).err().unwrap_or_default();
        wrongs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn mistakes_are_named_and_secrets_never() {
        assert_eq!(refused("{}"), "/url: is missing");
        let said = refused(r#"{"url":"https://a.example","secret":"hu sh","mode":"batch"}"#);
        let expected = "/mode: must be structured or binary; \
                        /secret: must be visible ASCII characters without spaces, and not too many";
        assert_eq!(said, expected);
        assert!(refused(r#"{"url":"https://a.example","origin":"a\r\nb"}"#).starts_with("/origin"));
        let schema: serde_json::Value = serde_json::from_str(CONFIG_SCHEMA).unwrap();
        assert_eq!(schema["properties"]["secret"]["writeOnly"], true);
    }
}
