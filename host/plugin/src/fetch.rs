//! Fetches files for the host itself, under the rules that hold for plugins.
//!
//! The invariant is that of every request: it goes only where the operator's grants say, to the very
//! address that was checked, follows no redirect, and is bounded in size and time.

use std::path::Path;
use std::time::Duration;

use http::Uri;
use thiserror::Error;

use crate::fault::cut;
use crate::grants::{Grants, Reach};
use crate::http::{Limits, Sender, SenderError};
use crate::v1::bindings::capstan::plugin::io::{Method, Request, Transport};
use crate::v1::bindings::exports::capstan::plugin::plugin::{Endpoint, Scheme};

/// Whose requests these are in metrics.
const CALLER: &str = "host";

/// Gets files over HTTP.
pub struct Fetcher {
    sender: Sender,
    grants: Grants,
}

/// Why a file couldn't be had.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// The address makes no sense.
    #[error("not an http or https URL without user and password")]
    Url,
    /// It is not granted, or no answer came.
    #[error("{0}")]
    NoAnswer(String),
    /// The server said no.
    #[error("the server answered {0}")]
    Status(u16),
    /// It is too large.
    #[error("it has more than {0} bytes")]
    TooLarge(usize),
}

impl Fetcher {
    /// Fetches from where `grants` say, trusting the certificates in the PEM file `extra_ca` too.
    ///
    /// # Errors
    /// TLS can't be set up.
    pub fn new(
        grants: Grants,
        limits: Limits,
        extra_ca: Option<&Path>,
    ) -> Result<Self, SenderError> {
        Ok(Self { sender: Sender::new(limits, extra_ca)?, grants })
    }

    /// The body at an address: of at most `most` bytes, within `patience`.
    ///
    /// # Errors
    /// As [`FetchError`] says; it repeats no more of the address than the host.
    pub async fn get(
        &self,
        url: &str,
        most: usize,
        patience: Duration,
    ) -> Result<Vec<u8>, FetchError> {
        let (endpoint, request) = parse(url, patience).ok_or(FetchError::Url)?;
        let reach = Reach::new(&[endpoint], self.grants.clone()).map_err(FetchError::NoAnswer)?;
        let response = self.sender.send_for_much(CALLER, request, &reach, most).await;
        let response =
            response.map_err(|failure| FetchError::NoAnswer(cut(&failure.detail, 200)))?;
        match response.status {
            200 if response.truncated => Err(FetchError::TooLarge(most)),
            200 => Ok(response.body),
            status => Err(FetchError::Status(status)),
        }
    }
}

fn parse(url: &str, patience: Duration) -> Option<(Endpoint, Request)> {
    let uri: Uri = url.parse().ok()?;
    let (scheme, transport) = match uri.scheme_str()? {
        "https" => (Scheme::Https, Transport::Https),
        "http" => (Scheme::Http, Transport::Http),
        _ => return None,
    };
    let authority = uri.authority()?.as_str();
    if authority.contains('@') {
        return None;
    }
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let endpoint = Endpoint { scheme, host: host.clone(), port: uri.port_u16() };
    let request = Request {
        method: Method::Get,
        transport,
        host,
        port: uri.port_u16(),
        target: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: vec![("user-agent".into(), concat!("capstan/", env!("CARGO_PKG_VERSION")).into())],
        body: Vec::new(),
        ask_first: false,
        timeout_ms: u32::try_from(patience.as_millis()).ok(),
        max_response: 0,
    };
    Some((endpoint, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_or_refused() {
        let parts = |url: &str| {
            let (endpoint, request) = parse(url, Duration::from_secs(1))?;
            assert_eq!(endpoint.host, request.host);
            Some((request.host, request.port, request.target))
        };
        assert_eq!(
            parts("https://Img.example.com/a%20b.png?x=1"),
            Some(("img.example.com".into(), None, "/a%20b.png?x=1".into()))
        );
        assert_eq!(parts("http://[::1]:8080"), Some(("::1".into(), Some(8080), "/".into())));
        for bad in
            ["", "logo.png", "/logo.png", "ftp://a/b", "https://u:p@a.example/", "file:///etc"]
        {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn what_is_private_or_not_granted_is_refused() {
        let get = async |grants: Vec<crate::Grant>, url: &str| {
            let fetcher = Fetcher::new(grants.into(), Limits::default(), None).unwrap();
            fetcher.get(url, 100, Duration::from_secs(5)).await.unwrap_err().to_string()
        };
        let every = || vec!["*".parse().unwrap()];
        for url in ["http://127.0.0.1:9/a.png", "http://169.254.169.254/latest", "http://[::1]/"] {
            let said = get(every(), url).await;
            assert!(said.contains("private address"), "{url}: {said}");
        }
        let said = get(vec!["img.example.com".parse().unwrap()], "https://other.example/").await;
        assert!(said.contains("not granted"), "{said}");
    }
}
