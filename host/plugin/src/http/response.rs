//! One exchange on one connection: the request out, a bounded response in.

use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;

use super::body::{Gate, Outgoing, Sent};
use super::request::Prepared;
use super::{Failure, Sender, connect};
use crate::grants::Addresses;
use crate::v1::bindings::capstan::plugin::io::{Response, TransportError};

/// What a connection buffers: also the most bytes that a response's head may have.
const BUFFER: usize = 64 << 10;

/// Ends the connection's task with the exchange.
struct Hangup(AbortHandle);

impl Drop for Hangup {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects, sends, reads.
pub(super) async fn exchange(
    sender: &Sender,
    prepared: Prepared,
    addresses: Addresses,
    sent: &Sent,
) -> Result<Response, Failure> {
    let stream = connect::connect(sender, &prepared.target, addresses).await?;
    let (mut requests, connection) = http1::Builder::new()
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failure(&error, sent))?;
    let _hangup = Hangup(tokio::spawn(connection).abort_handle());
    let max_response = prepared.max_response;
    let request = outgoing(prepared, sent)?;
    let response = requests.send_request(request).await.map_err(|error| failure(&error, sent))?;
    let (head, body) = response.into_parts();
    if head.status < StatusCode::OK {
        let odd = format!("status {} where a response was due", head.status);
        return Err(Failure::new(TransportError::Protocol, odd));
    }
    let (body, truncated) =
        read(body, max_response).await.map_err(|error| failure(&error, sent))?;
    Ok(Response { status: head.status.as_u16(), headers: headers(&head.headers), body, truncated })
}

fn outgoing(prepared: Prepared, sent: &Sent) -> Result<http::Request<Outgoing>, Failure> {
    let gate = prepared.ask_first.then(Gate::default);
    let body = Outgoing::new(prepared.body, prepared.file, prepared.length, gate.clone(), sent);
    let mut request = http::Request::builder()
        .method(prepared.method)
        .uri(http::Uri::from(prepared.path))
        .body(body)
        .map_err(|error| Failure::new(TransportError::Invalid, error))?;
    *request.headers_mut() = prepared.headers;
    if let Some(gate) = gate {
        hyper::ext::on_informational(&mut request, move |response| {
            if response.status() == StatusCode::CONTINUE {
                gate.notify_one();
            }
        });
    }
    Ok(request)
}

async fn read(mut body: Incoming, most: usize) -> Result<(Vec<u8>, bool), hyper::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = most - bytes.len();
        if data.len() > room {
            bytes.extend_from_slice(data.get(..room).unwrap_or_default());
            return Ok((bytes, true));
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, false))
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    headers.iter().map(pair).collect()
}

fn failure(error: &hyper::Error, sent: &Sent) -> Failure {
    if let Some(file) = sent.file_error() {
        return Failure::new(TransportError::File, file);
    }
    let kind = if error.is_parse() { TransportError::Protocol } else { TransportError::Closed };
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    Failure::new(kind, format!("{error}{}", cause.unwrap_or_default()))
}
