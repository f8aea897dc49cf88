//! A plugin's request, checked against the contract and made ready to leave.
//!
//! The invariant: target and header values go out byte for byte as the plugin gave them, or the
//! request is refused.

use std::net::IpAddr;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::body::{Piece, pieces};
use super::{Limits, SourceFile};
use crate::grants::{Target, default_port, is_host_name};
use crate::v1::bindings::capstan::plugin::io;
use crate::v1::bindings::exports::capstan::plugin::plugin::Scheme;

const MAX_TARGET: usize = 8 << 10;
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 32 << 10;
const MAX_RESPONSE: u32 = 1 << 20;
/// The slowest network that a long body is given time for, in bytes a second.
const SLOWEST: u64 = 64 << 10;

/// A request that keeps the contract.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) target: Target,
    pub(super) method: Method,
    pub(super) path: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<Piece>,
    pub(super) file: Option<SourceFile>,
    pub(super) length: u64,
    pub(super) ask_first: bool,
    pub(super) timeout: Duration,
    pub(super) max_response: usize,
}

/// Checks everything that a plugin may have got wrong.
pub(super) fn prepare(
    request: io::Request,
    file: Option<&SourceFile>,
    limits: &Limits,
) -> Result<Prepared, String> {
    let method = method(&request.method)?;
    let (target, host) = target(request.transport, &request.host, request.port)?;
    let path = path(&request.target)?;
    let mut headers = headers(&request.headers)?;
    let (body, length) = pieces(request.body, file)?;
    let ask_first = request.ask_first && length > 0;
    headers.insert(HOST, host);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if length > 0 || ![Method::GET, Method::HEAD, Method::DELETE].contains(&method) {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    if ask_first {
        headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
    }
    let asked = request.timeout_ms.map(|ms| Duration::from_millis(ms.into()));
    let default = limits.request.saturating_add(Duration::from_secs(length / SLOWEST));
    let max_response = usize::try_from(request.max_response.min(MAX_RESPONSE)).unwrap_or(0);
    Ok(Prepared {
        target,
        method,
        path,
        headers,
        body,
        file: file.cloned(),
        length,
        ask_first,
        timeout: asked.unwrap_or(default).min(limits.longest),
        max_response,
    })
}

fn method(method: &io::Method) -> Result<Method, String> {
    Ok(match method {
        io::Method::Get => Method::GET,
        io::Method::Head => Method::HEAD,
        io::Method::Post => Method::POST,
        io::Method::Put => Method::PUT,
        io::Method::Delete => Method::DELETE,
        io::Method::Other(name) => {
            let legal = (1..=32).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_uppercase())
                && name != "CONNECT";
            let parsed = Method::from_bytes(name.as_bytes()).ok().filter(|_| legal);
            parsed.ok_or_else(|| format!("method {name:?}"))?
        }
    })
}

/// Where it goes, and the `host` header that says so.
fn target(
    transport: io::Transport,
    host: &str,
    port: Option<u16>,
) -> Result<(Target, HeaderValue), String> {
    let scheme = match transport {
        io::Transport::Https => Scheme::Https,
        io::Transport::Http => Scheme::Http,
    };
    let address = host.parse::<IpAddr>();
    if address.is_err() && !is_host_name(host) {
        return Err(format!("host {host:?} is no host name in lower case"));
    }
    if port == Some(0) {
        return Err("port 0".into());
    }
    let name = if matches!(address, Ok(IpAddr::V6(_))) { format!("[{host}]") } else { host.into() };
    let named = port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
    let header = HeaderValue::try_from(named).map_err(|error| error.to_string())?;
    let port = port.unwrap_or(default_port(scheme));
    Ok((Target { scheme, host: host.to_owned(), port }, header))
}

fn path(target: &str) -> Result<PathAndQuery, String> {
    let visible = target.bytes().all(|b| (0x21..0x7f).contains(&b));
    if !target.starts_with('/') || target.len() > MAX_TARGET || !visible {
        return Err(format!("target is not / and up to {MAX_TARGET} visible ASCII characters"));
    }
    let path = PathAndQuery::try_from(target).map_err(|error| format!("target: {error}"))?;
    if path.as_str() == target { Ok(path) } else { Err("target has a character to escape".into()) }
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, String> {
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    if given.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(format!("{} headers of {bytes} bytes together", given.len()));
    }
    let mut headers = HeaderMap::with_capacity(given.len() + 4);
    for (name, value) in given {
        let bad = || format!("header {name:?} has an illegal name or value");
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        if [HOST, CONTENT_LENGTH, CONNECTION, EXPECT, TRANSFER_ENCODING].contains(&parsed) {
            return Err(format!("header {name:?} is the host's"));
        }
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad())?;
        headers.append(parsed, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> io::Request {
        io::Request {
            method: io::Method::Put,
            transport: io::Transport::Https,
            host: "bucket.example.com".into(),
            port: None,
            target: "/a//b/../%2F~?x=%20&y".into(),
            headers: vec![("x-a".into(), " kept  as is ".into())],
            body: vec![],
            ask_first: true,
            timeout_ms: None,
            max_response: u32::MAX,
        }
    }

    fn prepared(request: io::Request) -> Result<Prepared, String> {
        prepare(request, None, &Limits::default())
    }

    #[test]
    fn what_was_signed_is_what_leaves() {
        let ready = prepared(request()).unwrap();
        assert_eq!(ready.path.as_str(), "/a//b/../%2F~?x=%20&y");
        assert_eq!(ready.headers[HOST], "bucket.example.com");
        assert_eq!(ready.headers[CONTENT_LENGTH], "0");
        assert!(!ready.headers.contains_key(EXPECT), "nothing to ask for without a body");
        assert_eq!(ready.max_response, 1 << 20);
        let with_port = prepared(io::Request { port: Some(443), ..request() }).unwrap();
        assert_eq!(with_port.headers[HOST], "bucket.example.com:443");
        let v6 = io::Request { host: "::1".into(), port: Some(9000), ..request() };
        assert_eq!(prepared(v6).unwrap().headers[HOST], "[::1]:9000");
        let get = prepared(io::Request { method: io::Method::Get, ..request() }).unwrap();
        assert!(!get.headers.contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn breaches_of_the_contract_are_named() {
        let refused = |change: fn(&mut io::Request)| {
            let mut request = request();
            change(&mut request);
            prepared(request).unwrap_err()
        };
        assert!(refused(|r| r.target = "a".into()).contains("target"));
        assert!(refused(|r| r.target = "/a b".into()).contains("target"));
        assert!(refused(|r| r.target = "/a#b".into()).contains("target"));
        assert!(refused(|r| r.host = "user@example.com".into()).contains("host"));
        assert!(refused(|r| r.host = "EXAMPLE.com".into()).contains("host"));
        assert!(refused(|r| r.headers = vec![("Host".into(), "x".into())]).contains("the host's"));
        assert!(
            refused(|r| r.headers = vec![("a".into(), "b\r\nc: d".into())]).contains("illegal")
        );
        assert!(refused(|r| r.headers = vec![("a".into(), "b".into()); 101]).contains("101"));
        assert!(refused(|r| r.method = io::Method::Other("CONNECT".into())).contains("CONNECT"));
        assert!(refused(|r| r.method = io::Method::Other("a b".into())).contains("method"));
        let range = io::FileRange { offset: 0, length: 1 };
        let no_file = io::Request { body: vec![io::Segment::File(range)], ..request() };
        assert!(prepared(no_file).unwrap_err().contains("no file"));
    }
}
