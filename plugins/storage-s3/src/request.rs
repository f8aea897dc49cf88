//! Requests to a bucket, signed.

use crate::config::{Config, MIB};
use crate::io::{FileRange, Method, Request, Segment};
use crate::sigv4::{Signature, UNSIGNED_PAYLOAD, Unsigned, canonical_query, sha256_hex};
use crate::timestamp::amz_date;

/// The most of an answer that is read: errors and the end of a multipart upload are short.
const MAX_RESPONSE: u32 = 64 * 1024;
/// From here on the server is asked before the body goes, so that a refusal costs no upload.
const ASK_FROM: u64 = MIB;

/// What is done to an object.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) key: &'a str,
    /// Not encoded.
    pub(crate) query: Vec<(&'static str, String)>,
    /// Names in lower case; host, date, hash and token come by themselves.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

/// A call's body.
pub(crate) enum Body {
    Empty,
    Bytes(Vec<u8>),
    /// A run of the job's file, and the lower-case hex of its SHA-256 if it is to be signed.
    File(FileRange, Option<String>),
}

impl Call<'_> {
    /// The request, signed for this moment.
    pub(crate) fn sign(self, config: &Config, now_ms: u64) -> Request {
        let place = &config.place;
        let (path, date) = (place.path(self.key), amz_date(now_ms));
        let payload_hash = match &self.body {
            Body::Empty => sha256_hex(b""),
            Body::Bytes(bytes) => sha256_hex(bytes),
            Body::File(_, hash) => hash.clone().unwrap_or_else(|| UNSIGNED_PAYLOAD.into()),
        };
        let authority = place.authority();
        let mut headers = self.headers;
        headers.push(("x-amz-content-sha256".into(), payload_hash.clone()));
        headers.push(("x-amz-date".into(), date.clone()));
        if let Some(token) = &config.session_token {
            headers.push(("x-amz-security-token".into(), token.clone()));
        }

        let mut signed: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let query: Vec<(&str, &str)> =
            self.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        signed.push(("host", &authority));
        let unsigned = Unsigned {
            method: wire_name(&self.method),
            path: &path,
            query: &query,
            headers: &signed,
            payload_hash: &payload_hash,
        };
        let signature = Signature {
            access_key: &config.access_key,
            secret_key: &config.secret_key,
            region: &config.region,
            amz_date: &date,
        };
        let authorization = signature.authorization(&unsigned);
        headers.push(("authorization".into(), authorization));

        let query = canonical_query(&query);
        let (body, length) = segments(self.body);
        Request {
            method: self.method,
            transport: place.transport,
            host: place.host.clone(),
            port: place.port,
            target: if query.is_empty() { path } else { format!("{path}?{query}") },
            headers,
            body,
            ask_first: length >= ASK_FROM,
            timeout_ms: None,
            max_response: MAX_RESPONSE,
        }
    }
}

const fn wire_name(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Other(name) => name.as_str(),
    }
}

fn segments(body: Body) -> (Vec<Segment>, u64) {
    match body {
        Body::Empty => (Vec::new(), 0),
        Body::Bytes(bytes) => {
            let length = bytes.len() as u64;
            (vec![Segment::Bytes(bytes)], length)
        }
        Body::File(range, _) if range.length == 0 => (Vec::new(), 0),
        Body::File(range, _) => (vec![Segment::File(range)], range.length),
    }
}
