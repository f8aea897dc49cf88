//! The configuration: where events are posted and what they are signed with.

use capstan_kit::json::{self, Reader, Wrong};
use capstan_kit::url::Url;

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
      "description": "Shared with the receiver; without it events go unsigned"
    }
  }
}
"#;

/// A checked configuration. It has no `Debug`: it holds a secret.
pub struct Config {
    pub(crate) url: Url,
    pub(crate) secret: Option<String>,
}

impl Config {
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Wrong>> {
        let object = json::object(text).map_err(|wrong| vec![wrong])?;
        let mut reader = Reader::new(&object, String::new());
        let url = reader.needed_text("url").map(Url::parse);
        let url = url.and_then(|url| url.map_err(|what| reader.wrong("url", what)).ok());
        let secret = reader.text("secret").filter(|secret| !secret.is_empty()).map(Into::into);
        match (url, reader.finish()) {
            (Some(url), wrongs) if wrongs.is_empty() => Ok(Self { url, secret }),
            (_, wrongs) => Err(wrongs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let wrongs = Config::read(text).err().unwrap_or_default();
        wrongs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_secret_is_optional() {
        let config = Config::read(r#"{"url":"http://127.0.0.1:9001/hook"}"#).ok().unwrap();
        assert!(config.secret.is_none());
        assert_eq!((config.url.host.as_str(), config.url.port), ("127.0.0.1", Some(9001)));
    }

    #[test]
    fn mistakes_are_named_and_secrets_never() {
        assert_eq!(refused("{}"), "/url: is missing");
        assert_eq!(refused(r#"{"url":"hooks"}"#), "/url: must begin with https:// or http://");
        let said = refused(r#"{"url":"https://hooks.example.com","secret":["hush"]}"#);
        assert_eq!(said, "/secret: must be a string");
    }

    #[test]
    fn the_schema_is_json_and_marks_the_secret() {
        let schema: serde_json::Value = serde_json::from_str(CONFIG_SCHEMA).unwrap();
        assert_eq!(schema["properties"]["secret"]["writeOnly"], true);
    }
}
