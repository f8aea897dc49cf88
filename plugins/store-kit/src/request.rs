//! A request before it is signed, and the contract's request that it becomes.

use crate::encode::sorted_query;
use crate::io::{FileRange, Method, Request, Segment};
use crate::mac::sha256_hex;
use crate::place::Place;

/// The most of an answer that is read: errors and the end of an upload in parts are short.
const MAX_RESPONSE: u32 = 64 * 1024;
/// From here on the server is asked before the body goes, so that a refusal costs no upload.
const ASK_FROM: u64 = 1 << 20;

/// What is to be asked of an object.
#[derive(Clone, PartialEq, Debug)]
pub struct Draft {
    /// The method.
    pub method: Method,
    /// The object's key, as it is.
    pub key: String,
    /// Names and values, not encoded.
    pub query: Vec<(&'static str, String)>,
    /// Names in lower case; what signs comes later.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

/// A draft's body.
#[derive(Clone, PartialEq, Debug)]
pub enum Body {
    /// None.
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A run of the job's file, and the lower-case hex of its SHA-256 if that is known.
    File(FileRange, Option<String>),
}

impl Body {
    /// Its length in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(range, _) => range.length,
        }
    }

    /// Lower-case hex of its SHA-256, as far as it is known.
    #[must_use]
    pub fn sha256(&self) -> Option<String> {
        match self {
            Self::Empty => Some(sha256_hex(b"")),
            Self::Bytes(bytes) => Some(sha256_hex(bytes)),
            Self::File(_, digest) => digest.clone(),
        }
    }

    fn segments(self) -> Vec<Segment> {
        match self {
            Self::Empty => Vec::new(),
            Self::Bytes(bytes) => vec![Segment::Bytes(bytes)],
            Self::File(range, _) if range.length == 0 => Vec::new(),
            Self::File(range, _) => vec![Segment::File(range)],
        }
    }
}

impl Draft {
    /// The method as it goes on the wire.
    #[must_use]
    pub fn method_name(&self) -> &str {
        method_name(&self.method)
    }

    /// A header's value; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Adds a header.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    /// The query, borrowed.
    #[must_use]
    pub fn query(&self) -> Vec<(&str, &str)> {
        self.query.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    /// The headers, borrowed.
    #[must_use]
    pub fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The request to this place; the path is what the place makes of the encoded key.
    #[must_use]
    pub fn to_place(self, place: &Place, encoded_key: &str) -> Request {
        let (path, query) = (place.path(encoded_key), sorted_query(&self.query(), true));
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let ask_first = self.body.length() >= ASK_FROM;
        request(place, self.method, target, self.headers, self.body.segments(), ask_first)
    }
}

/// A method as it goes on the wire.
#[must_use]
pub const fn method_name(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Other(name) => name.as_str(),
    }
}

/// A request with the bounds that all uploads have.
#[must_use]
pub fn request(
    place: &Place,
    method: Method,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<Segment>,
    ask_first: bool,
) -> Request {
    Request {
        method,
        transport: place.transport,
        host: place.host.clone(),
        port: place.port,
        target,
        headers,
        body,
        ask_first,
        timeout_ms: None,
        max_response: MAX_RESPONSE,
    }
}
