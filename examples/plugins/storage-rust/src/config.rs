//! The configuration: where the store is, and with which key requests are signed.

use serde_json::Value;

use crate::bindings::exports::capstan::plugin::plugin::{ConfigError, Endpoint, Scheme};

/// The JSON Schema of the configuration. `writeOnly` marks secrets.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["endpoint", "bucket", "key_id", "secret"],
  "properties": {
    "endpoint": { "type": "string", "description": "https://host[:port] of the store" },
    "bucket": { "type": "string" },
    "key_id": { "type": "string" },
    "secret": { "type": "string", "writeOnly": true }
  },
  "examples": [
    {
      "endpoint": "https://store.example.com",
      "bucket": "recordings",
      "key_id": "K1",
      "secret": "of-the-example"
    }
  ]
}"#;

/// A checked configuration. No `Debug`: it holds a secret.
pub struct Config {
    pub endpoint: Endpoint,
    pub bucket: String,
    pub key_id: String,
    pub secret: String,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Everything wrong with it, each with its place, without repeating a value.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigError>> {
        let json: Value = serde_json::from_str(text)
            .map_err(|_| vec![wrong("", "the configuration must be a JSON object")])?;
        let mut wrongs = Vec::new();
        let mut text = |name: &str| match json.get(name).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => {
                wrongs.push(wrong(name, "must be a text that isn't empty"));
                String::new()
            }
        };
        let (address, bucket) = (text("endpoint"), text("bucket"));
        let (key_id, secret) = (text("key_id"), text("secret"));
        match endpoint(&address) {
            Some(endpoint) if wrongs.is_empty() => Ok(Self { endpoint, bucket, key_id, secret }),
            Some(_) => Err(wrongs),
            None => {
                wrongs.push(wrong("endpoint", "write https://host or https://host:port"));
                Err(wrongs)
            }
        }
    }
}

fn endpoint(address: &str) -> Option<Endpoint> {
    let (scheme, rest) = match address.split_once("://")? {
        ("https", rest) => (Scheme::Https, rest),
        ("http", rest) => (Scheme::Http, rest),
        _ => return None,
    };
    let rest = rest.trim_end_matches('/');
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (rest, None),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let good = !host.is_empty() && host.chars().all(legal);
    good.then(|| Endpoint { scheme, host: host.to_ascii_lowercase(), port })
}

fn wrong(name: &str, message: &str) -> ConfigError {
    let pointer = if name.is_empty() { String::new() } else { format!("/{name}") };
    ConfigError { pointer, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_at_once() {
        let config =
            r#"{"endpoint": "http://10.0.0.1:9000/", "bucket": "b", "key_id": "k", "secret": "s"}"#;
        let endpoint = Config::parse(config).ok().unwrap().endpoint;
        assert_eq!((endpoint.host.as_str(), endpoint.port), ("10.0.0.1", Some(9000)));
        let wrongs = Config::parse(r#"{"endpoint": "ftp://x", "bucket": 7, "key_id": "k"}"#);
        let pointers: Vec<_> =
            wrongs.err().unwrap().into_iter().map(|wrong| wrong.pointer).collect();
        assert_eq!(pointers, ["/bucket", "/secret", "/endpoint"]);
    }
}
