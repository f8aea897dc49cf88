//! The signalling of a WHIP publisher (RFC 9725): an offer goes up, an answer comes back.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use thiserror::Error;
use url::Url;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const MAX_BODY: usize = 256 * 1024;
/// How much of a refusal is shown.
const MAX_SHOWN: usize = 600;
/// How many redirects are followed (RFC 9725, 4.5 asks for it and names no number).
const MAX_REDIRECTS: usize = 3;

/// Why signalling failed.
#[derive(Debug, Error)]
pub enum WhipError {
    /// The URL isn't one that can be posted to.
    #[error("{url} is no WHIP address: it must begin with http:// or https://")]
    Url {
        /// What was given.
        url: String,
    },
    /// The token has characters that a header can't carry.
    #[error("the token holds characters that are not allowed in a header")]
    Token,
    /// No answer came.
    #[error("no answer from {url}: {reason}")]
    Unreachable {
        /// Who was asked.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The server said no.
    #[error("{url} refused with {status}: {body}")]
    Refused {
        /// Who was asked.
        url: String,
        /// The HTTP status.
        status: StatusCode,
        /// What it said, shortened.
        body: String,
    },
    /// The server's answer isn't WHIP.
    #[error("{url} does not speak WHIP: {what}")]
    Protocol {
        /// Who was asked.
        url: String,
        /// What is wrong with the answer.
        what: &'static str,
    },
}

/// What a server answered to an offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The SDP answer.
    pub sdp: String,
    /// The session's address, to be deleted at the end.
    pub session: Url,
}

/// A WHIP endpoint, with the token that it wants.
pub struct WhipClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: Url,
    authorization: Option<HeaderValue>,
}

impl WhipClient {
    /// A client for this endpoint.
    ///
    /// # Errors
    /// If the URL or the token can't be used.
    pub fn new(url: Url, token: Option<&str>) -> Result<Self, WhipError> {
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(WhipError::Url { url: url.to_string() });
        }
        let authorization = token
            .map(|token| HeaderValue::from_str(&format!("Bearer {token}")))
            .transpose()
            .map_err(|_| WhipError::Token)?
            .map(|mut value| {
                value.set_sensitive(true);
                value
            });
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .map_err(|error| WhipError::Unreachable {
                url: url.to_string(),
                reason: error.to_string(),
            })?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, url, authorization })
    }

    /// Posts the offer.
    ///
    /// # Errors
    /// If nobody answers in time, or the answer isn't a 201 with an SDP answer and a location.
    pub async fn offer(&self, sdp: &str) -> Result<Answer, WhipError> {
        let mut url = self.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(Method::POST, &url, sdp.to_owned()).await?;
            match response.status() {
                StatusCode::CREATED => return answer(&url, response).await,
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {
                    url = location(&url, &response)?;
                }
                _ => return Err(refusal(&url, response).await),
            }
        }
        Err(WhipError::Protocol { url: url.to_string(), what: "it redirects without end" })
    }

    /// Ends a session. One that is gone already counts as ended.
    ///
    /// # Errors
    /// If nobody answers in time or the server refuses.
    pub async fn delete(&self, session: &Url) -> Result<(), WhipError> {
        let response = self.send(Method::DELETE, session, String::new()).await?;
        let status = response.status();
        if status.is_success() || matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(());
        }
        Err(refusal(session, response).await)
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        body: String,
    ) -> Result<Response<Incoming>, WhipError> {
        let unreachable = |reason: String| WhipError::Unreachable { url: url.to_string(), reason };
        let mut request = Request::builder().method(method).uri(url.as_str());
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/sdp");
        }
        // The token is for the endpoint's own origin: a redirect or a location elsewhere must not
        // get it.
        if let Some(authorization) = &self.authorization
            && url.origin() == self.url.origin()
        {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request =
            request.body(Full::from(body)).map_err(|error| unreachable(error.to_string()))?;
        match tokio::time::timeout(TIMEOUT, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(unreachable(chain(&error))),
            Err(_) => Err(unreachable(format!("none within {} s", TIMEOUT.as_secs()))),
        }
    }
}

async fn answer(url: &Url, response: Response<Incoming>) -> Result<Answer, WhipError> {
    let session = location(url, &response)?;
    let protocol = |what| WhipError::Protocol { url: url.to_string(), what };
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.trim_start().starts_with("application/sdp")) {
        return Err(protocol("its 201 is not application/sdp"));
    }
    let sdp = text(response).await.ok_or_else(|| protocol("its answer can't be read"))?;
    if !sdp.starts_with("v=0") {
        return Err(protocol("its answer is no SDP"));
    }
    Ok(Answer { sdp, session })
}

fn location(url: &Url, response: &Response<Incoming>) -> Result<Url, WhipError> {
    response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| url.join(location).ok())
        .ok_or_else(|| WhipError::Protocol {
            url: url.to_string(),
            what: "its answer has no usable Location",
        })
}

async fn refusal(url: &Url, response: Response<Incoming>) -> WhipError {
    let status = response.status();
    let body = text(response).await.unwrap_or_default();
    let mut body = shown(&body);
    // Many problems are titled as their status is, which is said already.
    if let Some(detail) = status.canonical_reason().and_then(|reason| body.strip_prefix(reason)) {
        body = detail.trim_start_matches([':', ' ']).to_owned();
    }
    WhipError::Refused { url: url.to_string(), status, body }
}

/// What a person wants to read of a refusal: the detail of an RFC 9457 problem, else the body.
fn shown(body: &str) -> String {
    let problem = serde_json::from_str::<serde_json::Value>(body).ok();
    let field = |name| problem.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let text = match (field("title"), field("detail")) {
        (Some(title), Some(detail)) => format!("{title}: {detail}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) if body.trim().is_empty() => "(no explanation)".to_owned(),
        (None, None) => body.trim().to_owned(),
    };
    text.chars().take(MAX_SHOWN).collect()
}

async fn text(response: Response<Incoming>) -> Option<String> {
    let body = Limited::new(response.into_body(), MAX_BODY).collect();
    let body = tokio::time::timeout(TIMEOUT, body).await.ok()?.ok()?.to_bytes();
    String::from_utf8(body.to_vec()).ok()
}

/// An error with its causes: hyper's own text says only that something failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_body_is_shown_by_its_words() {
        let problem = r#"{"type":"about:blank","title":"No codec","detail":"offer VP8"}"#;
        assert_eq!(shown(problem), "No codec: offer VP8");
        assert_eq!(shown("plain"), "plain");
        assert_eq!(shown(" "), "(no explanation)");
        assert_eq!(shown(&"x".repeat(10_000)).len(), MAX_SHOWN);
    }

    #[test]
    fn addresses_and_tokens_are_checked() {
        let url = |text: &str| Url::parse(text).expect("a URL");
        assert!(matches!(WhipClient::new(url("ftp://a/b"), None), Err(WhipError::Url { .. })));
        let bad = WhipClient::new(url("http://a/b"), Some("a\nb"));
        assert!(matches!(bad, Err(WhipError::Token)));
    }

    #[tokio::test]
    async fn a_closed_port_is_named_with_its_cause() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        let url = Url::parse(&format!("http://{address}/whip")).expect("a URL");
        let client = WhipClient::new(url, None).expect("a client");
        let error = client.offer("v=0\r\n").await.expect_err("nobody listens");
        assert!(error.to_string().contains("refused"), "{error}");
    }
}
