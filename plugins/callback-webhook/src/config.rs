//! The configuration: where events are posted and what they are signed with.

use capstan_kit::json::{self, Reader, Wrong};
use capstan_kit::url::Url;

use crate::signature::Key;

/// The most secrets that sign at once: the new and the old one, and some more.
const MAX_SECRETS: usize = 8;

/// The JSON Schema of the configuration.
pub(crate) const CONFIG_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["url", "secret"],
  "properties": {
    "url": { "type": "string", "description": "Where events are posted: http or https" },
    "secret": {
      "type": "string",
      "writeOnly": true,
      "description": "whsec_ and 24 to 64 bytes in base64; several, separated by spaces, all sign while one replaces another"
    }
  }
}
"#;

/// A checked configuration. It has no `Debug`: it holds secrets.
pub struct Config {
    pub(crate) url: Url,
    pub(crate) keys: Vec<Key>,
}

impl Config {
    /// Reads and checks a configuration.
    pub(crate) fn read(text: &str) -> Result<Self, Vec<Wrong>> {
        let object = json::object(text).map_err(|wrong| vec![wrong])?;
        let mut reader = Reader::new(&object, String::new());
        let url = reader.needed_text("url").map(Url::parse);
        let url = url.and_then(|url| url.map_err(|what| reader.wrong("url", what)).ok());
        let secrets = reader.needed_text("secret").unwrap_or_default().split_whitespace();
        let keys: Result<Vec<Key>, _> = secrets.map(Key::parse).collect();
        let keys = keys.unwrap_or_else(|what| {
            reader.wrong("secret", what);
            Vec::new()
        });
        if keys.len() > MAX_SECRETS {
            reader.wrong("secret", format!("holds {} secrets, at most {MAX_SECRETS}", keys.len()));
        }
        match (url, reader.finish()) {
            (Some(url), wrongs) if wrongs.is_empty() => Ok(Self { url, keys }),
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
    fn one_secret_or_several() {
        let count = |secret: &str| {
            let text = format!(r#"{{"url":"https://hooks.example.com/","secret":"{secret}"}}"#);
            Config::read(&text).ok().map(|config| config.keys.len())
        };
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        assert_eq!(count(secret), Some(1));
        assert_eq!(count(&format!("{secret} {secret}")), Some(2));
        assert_eq!(count(&[secret; 9].join(" ")), None);
    }

    #[test]
    fn mistakes_are_named_and_secrets_never() {
        assert_eq!(refused("{}"), "/url: is missing; /secret: is missing");
        for secret in ["hush", "whsec_hush!", "whsec_aHVzaA=="] {
            let said = refused(&format!(r#"{{"url":"https://a.example","secret":"{secret}"}}"#));
            assert_eq!(said, "/secret: must be whsec_ and 24 to 64 bytes in base64");
        }
        let schema: serde_json::Value = serde_json::from_str(CONFIG_SCHEMA).unwrap();
        assert_eq!(schema["properties"]["secret"]["writeOnly"], true);
    }
}
