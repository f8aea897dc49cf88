//! The demo's client of the recording API: plain HTTP to a server on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::made::Playlist;

/// The demo's app, its key and its secret: only this machine can reach them.
pub(super) const APP: &str = "demo";
pub(super) const KEY: &str = "demo";
pub(super) const SECRET: &str = "demo";
/// `stop` waits for uploads for up to 20 seconds.
const TIMEOUT: Duration = Duration::from_secs(40);
/// More than any answer or playlist of a demo.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// The recorder's uid: far from the publishers'.
const RECORDER: &str = "900000";

/// A client of one server.
pub(super) struct Client {
    inner: hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

/// A recording that was started.
pub(super) struct Recording {
    room: String,
    resource: String,
    sid: String,
}

/// What `query` says.
pub(super) struct State {
    /// Segments so far.
    pub(super) segments: usize,
    /// Unix milliseconds of the first picture.
    pub(super) slice_start: i64,
}

/// What `stop` says.
pub(super) struct Stopped {
    pub(super) file: String,
    pub(super) playback_url: String,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        let inner = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
        Self { inner, address }
    }

    /// Acquires a resource and starts a mixed recording of the room.
    pub(super) async fn start(&self, room: &str, transcoding: &Value) -> anyhow::Result<Recording> {
        let acquire = json!({ "cname": room, "uid": RECORDER, "clientRequest": {} });
        let answer = self.call("acquire", &acquire).await?;
        let resource = text(&answer, "/resourceId")?;
        let config = json!({ "maxIdleTime": 30, "transcodingConfig": transcoding });
        let request = json!({
            "cname": room, "uid": RECORDER, "clientRequest": { "recordingConfig": config },
        });
        let answer = self.call(&format!("resourceid/{resource}/mode/mix/start"), &request).await?;
        let sid = text(&answer, "/sid")?;
        Ok(Recording { room: room.to_owned(), resource, sid })
    }

    /// How the recording stands. The playlist is looked at where a player would.
    pub(super) async fn query(&self, recording: &Recording) -> anyhow::Result<State> {
        let path = format!("{}/query", self.path(recording));
        let answer = self.send(Method::GET, &path, None).await?;
        let response = answer.pointer("/serverResponse").cloned().unwrap_or_default();
        if response.get("status").and_then(Value::as_u64) == Some(20) {
            bail!("the recording failed: {answer}");
        }
        let url = text(&answer, "/serverResponse/playbackUrl")?;
        // There is no playlist before the first segment is cut.
        let segments = self.text(&url).await.map_or(0, |text| Playlist::parse(&text).segments);
        let slice_start = response.get("sliceStartTime").and_then(Value::as_i64).unwrap_or(0);
        Ok(State { segments, slice_start })
    }

    pub(super) async fn update_layout(
        &self,
        recording: &Recording,
        layout: &Value,
    ) -> anyhow::Result<()> {
        self.on(recording, "updateLayout", layout).await.map(|_| ())
    }

    /// Stops; the answer comes when everything is in the store.
    pub(super) async fn stop(&self, recording: &Recording) -> anyhow::Result<Stopped> {
        let answer = self.on(recording, "stop", &json!({})).await?;
        Ok(Stopped {
            file: text(&answer, "/serverResponse/fileList")?,
            playback_url: text(&answer, "/serverResponse/playbackUrl")?,
        })
    }

    /// A document at a URL of the server.
    pub(super) async fn text(&self, url: &str) -> anyhow::Result<String> {
        let request = Request::builder().uri(url).body(Full::default())?;
        let (status, body) = self.exchange(request).await?;
        if !status.is_success() {
            bail!("{url} answers {status}");
        }
        Ok(body)
    }

    async fn on(
        &self,
        recording: &Recording,
        what: &str,
        request: &Value,
    ) -> anyhow::Result<Value> {
        let body = json!({
            "cname": recording.room, "uid": RECORDER, "clientRequest": request,
        });
        self.call(&format!("{}/{what}", self.path(recording)), &body).await
    }

    fn path(&self, Recording { resource, sid, .. }: &Recording) -> String {
        format!("resourceid/{resource}/sid/{sid}/mode/mix")
    }

    async fn call(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let pair = STANDARD.encode(format!("{KEY}:{SECRET}"));
        let url = format!("http://{}/v1/apps/{APP}/cloud_recording/{path}", self.address);
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .header(AUTHORIZATION, format!("Basic {pair}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))?;
        let (status, answer) = self.exchange(request).await?;
        if !status.is_success() {
            bail!("{url} answers {status}: {answer}");
        }
        serde_json::from_str(&answer).with_context(|| format!("{url} answers no JSON: {answer}"))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> anyhow::Result<(http::StatusCode, String)> {
        let url = request.uri().clone();
        let exchange = async {
            let response = self.inner.request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
            let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
            anyhow::Ok((status, String::from_utf8_lossy(&body).into_owned()))
        };
        tokio::time::timeout(TIMEOUT, exchange)
            .await
            .with_context(|| format!("{url} doesn't answer within {} s", TIMEOUT.as_secs()))?
            .with_context(|| format!("asking {url}"))
    }
}

fn text(answer: &Value, pointer: &str) -> anyhow::Result<String> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.map(str::to_owned).with_context(|| format!("the answer has no {pointer}: {answer}"))
}
