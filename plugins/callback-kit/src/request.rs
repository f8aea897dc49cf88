//! Requests to an operator's server.

use capstan_kit::url::Url;

use crate::contract::{Endpoint, Scheme};
use crate::io::{Method, Request, Segment, Transport};

/// Answers aren't read, only their status and headers.
const MAX_RESPONSE: u32 = 1024;

/// The place that an address needs.
#[must_use]
pub fn endpoint(url: &Url) -> Endpoint {
    let scheme = if url.secure { Scheme::Https } else { Scheme::Http };
    Endpoint { scheme, host: url.host.clone(), port: url.port }
}

/// A POST of a body with these headers, which must be answered in time.
#[must_use]
pub fn post(url: &Url, headers: Vec<(&str, String)>, body: Vec<u8>, timeout_ms: u32) -> Request {
    let agent = ("user-agent", concat!("capstan/", env!("CARGO_PKG_VERSION")).to_owned());
    let headers = headers.into_iter().chain([agent]);
    Request {
        method: Method::Post,
        transport: if url.secure { Transport::Https } else { Transport::Http },
        host: url.host.clone(),
        port: url.port,
        target: url.target.clone(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).collect(),
        body: vec![Segment::Bytes(body)],
        ask_first: false,
        timeout_ms: Some(timeout_ms),
        max_response: MAX_RESPONSE,
    }
}
