//! The configuration: where events are posted, and the token that goes with them.

use serde_json::Value;

use crate::bindings::exports::capstan::plugin::plugin::{ConfigError, Endpoint, Scheme};

/// The JSON Schema of the configuration. `url` and `secret` are what an app's callback has;
/// `writeOnly` marks secrets.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["url"],
  "properties": {
    "url": { "type": "string", "description": "https://host[:port]/path of the receiver" },
    "secret": { "type": "string", "writeOnly": true, "description": "The token that it knows" }
  },
  "examples": [{ "url": "https://hooks.example.com/capstan", "secret": "of-the-example" }]
}"#;

/// A checked configuration. No `Debug`: it holds a secret.
pub struct Config {
    pub endpoint: Endpoint,
    /// Path and query.
    pub target: String,
    pub secret: Option<String>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// What is wrong with it, without repeating a value.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigError>> {
        let json: Value = serde_json::from_str(text)
            .map_err(|_| vec![wrong("", "the configuration must be a JSON object")])?;
        let url = json.get("url").and_then(Value::as_str).unwrap_or_default();
        let secret = json.get("secret").and_then(Value::as_str).map(Into::into);
        let bad = || vec![wrong("/url", "write https://host/path or https://host:port/path")];
        let (endpoint, target) = address(url).ok_or_else(bad)?;
        Ok(Self { endpoint, target, secret })
    }
}

fn address(url: &str) -> Option<(Endpoint, String)> {
    let (scheme, rest) = match url.split_once("://")? {
        ("https", rest) => (Scheme::Https, rest),
        ("http", rest) => (Scheme::Http, rest),
        _ => return None,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let good = !host.is_empty() && host.chars().all(legal);
    let endpoint = Endpoint { scheme, host: host.to_ascii_lowercase(), port };
    good.then(|| (endpoint, format!("/{path}")))
}

fn wrong(pointer: &str, message: &str) -> ConfigError {
    ConfigError { pointer: pointer.into(), message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_port_and_path() {
        let config = Config::parse(r#"{"url": "http://127.0.0.1:81/a?b=c"}"#).ok().unwrap();
        assert_eq!((config.endpoint.host.as_str(), config.endpoint.port), ("127.0.0.1", Some(81)));
        assert_eq!(config.target, "/a?b=c");
        for bad in ["{}", r#"{"url": "hooks"}"#, r#"{"url": "https://a:b/"}"#, "[]", ""] {
            assert!(Config::parse(bad).is_err(), "{bad}");
        }
    }
}
