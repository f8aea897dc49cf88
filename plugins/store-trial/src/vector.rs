//! Requests that the vendors' own SDKs signed, and what a plugin makes of the same.

use capstan_store_kit::Family;
use capstan_store_kit::io::{FileRange, Method};
use capstan_store_kit::request::{Body, Draft};
use serde_json::Value;

use crate::host::NOW_MS;

/// One signed request, taken apart.
pub struct Vector {
    /// The whole vector.
    pub value: Value,
    /// Its name.
    pub name: String,
    /// The method as it goes on the wire.
    pub method: String,
    /// Host and port.
    pub host: String,
    /// The path as it goes on the wire.
    pub path: String,
    /// Decoded, in the order of the URL.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Those of a file, in order.
#[must_use]
pub fn read(file: &str) -> Vec<Vector> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["vectors"].as_array().unwrap().iter().map(Vector::read).collect()
}

impl Vector {
    fn read(vector: &Value) -> Self {
        let url = vector["url"].as_str().unwrap_or_default();
        let (_, rest) = url.split_once("://").unwrap_or_default();
        let (host, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let headers = vector["headers"].as_array().cloned().unwrap_or_default();
        Self {
            name: vector["name"].as_str().unwrap().into(),
            method: vector["method"].as_str().unwrap_or_default().into(),
            host: host.into(),
            path: path.into(),
            query: query.map(|(name, value)| (decode(name), decode(value))).collect(),
            headers: headers
                .iter()
                .map(|pair| (string(&pair[0]).to_ascii_lowercase(), string(&pair[1])))
                .collect(),
            value: vector.clone(),
        }
    }

    /// A text of the vector; empty if it has none of that name.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_default()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The configuration with which a plugin would send this request, with these members more.
    #[must_use]
    pub fn config(&self, more: &str) -> String {
        let (bucket, who) = (self.text("bucket"), &self.value["credentials"]);
        let below = self.host.strip_prefix(&format!("{bucket}."));
        let (host, addressing) = match below {
            Some(host) => (host, "virtual"),
            None if self.path.starts_with(&format!("/{bucket}/")) => (self.host.as_str(), "path"),
            None => (self.host.as_str(), "domain"),
        };
        let scheme = self.text("url").split_once("://").map_or("https", |(scheme, _)| scheme);
        let mut config = serde_json::json!({
            "accessKey": who["access_key"], "secretKey": who["secret_key"], "bucket": bucket,
            "stsToken": who["session_token"], "endpoint": format!("{scheme}://{host}"),
            "addressing": addressing,
        });
        if let Some(region) = self.value["region"].as_str() {
            config["region"] = region.into();
        }
        let config = config.to_string();
        format!("{}{more}}}", config.trim_end_matches('}'))
    }

    /// The request before it is signed, with the headers that the SDK signed or sent and `keep` lets
    /// through.
    #[must_use]
    pub fn draft(&self, keep: impl Fn(&str) -> bool) -> Draft {
        let method = match self.method.as_str() {
            "PUT" => Method::Put,
            "POST" => Method::Post,
            "HEAD" => Method::Head,
            "DELETE" => Method::Delete,
            other => Method::Other(other.into()),
        };
        let length = self.value["length"].as_u64().unwrap_or_default();
        let digest = self.header("x-amz-content-sha256").filter(|hash| *hash != "UNSIGNED-PAYLOAD");
        let body = match (length, digest) {
            (0, None) => Body::Empty,
            (length, digest) => Body::File(FileRange { offset: 0, length }, digest.map(Into::into)),
        };
        let query = self.query.iter().map(|(name, value)| (leak(name), value.clone())).collect();
        let headers = self.headers.iter().filter(|(name, _)| keep(name)).cloned().collect();
        Draft { method, key: self.text("key").into(), query, headers, body }
    }

    /// What a plugin's signature makes the `Authorization` header.
    #[must_use]
    pub fn signed<F: Family>(&self, more: &str, keep: impl Fn(&str) -> bool) -> String {
        let (vendor, mut draft) = (crate::vendor::<F>(&self.config(more)), self.draft(keep));
        let path = vendor.settings().place.path(&F::encode_key(self.text("key")));
        vendor.sign(&mut draft, &path, NOW_MS);
        draft.header("authorization").unwrap_or_default().to_owned()
    }
}

/// Names of a query are words of the protocol; in a test they are read.
fn leak(name: &str) -> &'static str {
    name.to_owned().leak()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
