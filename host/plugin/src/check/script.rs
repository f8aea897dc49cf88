//! What a vendor or a server answers when all is well, as its plugin's author wrote it down.
//!
//! A script is JSON: an optional `config` and `rules`, of which the first that fits a request gives the
//! answer. A request that no rule fits is answered with 200 and nothing else.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::probe::Seen;
use crate::v1::bindings::capstan::plugin::io::Response;

/// A parsed script.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The configuration that the plugin is tried with, unless another is given.
    #[serde(default)]
    pub config: Option<Value>,
    #[serde(default)]
    rules: Vec<Rule>,
}

/// One line of a script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    /// The method; any if absent.
    method: Option<String>,
    /// A part of path and query; any if absent.
    target: Option<String>,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

/// A text that is no script.
#[derive(Debug, Error)]
#[error("the script is wrong")]
pub struct BadScript(#[from] serde_json::Error);

const fn ok() -> u16 {
    200
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// It is no JSON, or has members that no script has.
    pub fn parse(text: &str) -> Result<Self, BadScript> {
        Ok(serde_json::from_str(text)?)
    }

    /// The answer to a request.
    pub(super) fn answer(&self, seen: &Seen) -> Response {
        match self.rules.iter().find(|rule| rule.fits(seen)) {
            None => response(200, BTreeMap::new(), ""),
            Some(rule) => {
                let headers =
                    rule.headers.iter().map(|(name, value)| (name.clone(), seen.fill(value)));
                response(rule.status, headers.collect(), &seen.fill(&rule.body))
            }
        }
    }
}

impl Rule {
    fn fits(&self, seen: &Seen) -> bool {
        self.method.as_ref().is_none_or(|method| *method == seen.method)
            && self.target.as_ref().is_none_or(|part| seen.target.contains(part))
    }
}

/// A response with these headers, whose names go out in lower case.
pub(super) fn response(status: u16, headers: BTreeMap<String, String>, body: &str) -> Response {
    let headers =
        headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    Response { status, headers, body: body.as_bytes().to_vec(), truncated: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_answers() {
        let script = r#"{"rules": [
            {"method": "POST", "target": "?uploads", "body": "<UploadId>1</UploadId>"},
            {"method": "PUT", "status": 201, "headers": {"ETag": "\"{md5}\""}}
        ]}"#;
        let script = Script::parse(script).unwrap();
        let seen = |method: &str, target: &str| Seen::for_test(method, target, b"abc");
        let put = script.answer(&seen("PUT", "/a"));
        assert_eq!(put.status, 201);
        let etag = ("etag".to_owned(), "\"900150983cd24fb0d6963f7d28e17f72\"".to_owned());
        assert_eq!(put.headers, [etag]);
        assert_eq!(script.answer(&seen("POST", "/a?uploads")).body, b"<UploadId>1</UploadId>");
        assert_eq!(script.answer(&seen("GET", "/")).status, 200);
        assert!(Script::parse(r#"{"rule": []}"#).is_err());
    }
}
