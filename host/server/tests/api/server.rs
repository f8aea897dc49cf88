//! A whole server on loopback with folders of its own, and a client that speaks the API to it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_config::Config;
use capstan_media::time::{RoomClock, RoomTime};
use capstan_server::assemble::Server;
use capstan_server::clock::SystemClock;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// A clock that a test can move forward, of a machine whose own clock it can set.
pub(crate) struct MovableClock {
    real: SystemClock,
    ahead_micros: AtomicI64,
    set_micros: AtomicI64,
}

impl MovableClock {
    pub(crate) fn forward(&self, seconds: i64) {
        self.ahead_micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Sets the machine's clock by so much, as NTP does.
    pub(crate) fn set(&self, seconds: i64) {
        self.set_micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl RoomClock for MovableClock {
    fn now(&self) -> RoomTime {
        self.real.now().offset_micros(self.ahead_micros.load(Ordering::SeqCst))
    }

    fn wall(&self) -> RoomTime {
        self.now().offset_micros(self.set_micros.load(Ordering::SeqCst))
    }
}

/// A server of one test.
pub(crate) struct TestServer {
    server: Server,
    pub(crate) clock: Arc<MovableClock>,
    client: Client<HttpConnector, Full<Bytes>>,
    dir: tempfile::TempDir,
}

/// An answer: status, headers and body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> u64 {
        self.json()["code"].as_u64().unwrap_or(0)
    }

    pub(crate) fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16, code: u64) {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!((self.status, self.code()), (status, code), "{text}");
    }
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// Starts with more configuration.
    pub(crate) async fn with(more: &str) -> Self {
        Self::with_http("", more).await
    }

    /// Starts with more configuration, lines of `[http]` among it.
    pub(crate) async fn with_http(http: &str, more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let text = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n{http}[ingest]\nlisten = \"127.0.0.1:0\"\n\
             [recording]\nwork_dir = {:?}\nstate_dir = {:?}\nmax_recordings = 3\n\
             [storage]\nstore = {:?}\n\
             [[apps]]\nid = \"demo\"\nkey = \"demo\"\nsecret = \"demo\"\nloopback_only = true\n\
             requests_per_second = 10000\n\
             [[apps]]\nid = \"other\"\nkey = \"other\"\nsecret = \"s2\"\n{more}",
            at("work"),
            at("state"),
            at("store"),
        );
        std::fs::write(dir.path().join("capstan.toml"), text).unwrap();
        let clock = Arc::new(MovableClock {
            real: SystemClock::start(),
            ahead_micros: AtomicI64::new(0),
            set_micros: AtomicI64::new(0),
        });
        Self::open(dir, clock).await
    }

    /// Starts with a folder's configuration and whatever an earlier server left there.
    async fn open(dir: tempfile::TempDir, clock: Arc<MovableClock>) -> Self {
        let mut config = Config::load(Some(&dir.path().join("capstan.toml")), []).unwrap();
        // The program that runs now is the test; what it compiles serves all servers of all tests.
        config.plugins.compile_with = Some(env!("CARGO_BIN_EXE_capstan").into());
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache");
        config.plugins.cache_dir = Some(cache.into());
        let server = Server::start(config, Arc::<MovableClock>::clone(&clock)).await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { server, clock, client, dir }
    }

    /// Where it answers.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.server.http_address()
    }

    pub(crate) async fn stop(self) {
        self.server.shut_down().await;
    }

    /// Ends and starts again in the same folder; the clock goes on.
    pub(crate) async fn again(self) -> Self {
        self.server.shut_down().await;
        Self::open(self.dir, self.clock).await
    }

    /// Any request to a path of this server.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let uri = format!("http://{}{path}", self.server.http_address());
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let response: Response<_> = self.client.request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes }
    }

    /// A POST of the recording API as app demo.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let auth = basic("demo:demo");
        let headers = [("authorization", auth.as_str()), ("content-type", "application/json")];
        self.request(Method::POST, &api(path), &headers, body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let auth = basic("demo:demo");
        self.request(Method::GET, &api(path), &[("authorization", &auth)], "").await
    }

    /// Acquires for a room and uid.
    pub(crate) async fn acquire(&self, room: &str, uid: &str) -> String {
        let body = json!({"cname": room, "uid": uid, "clientRequest": {}});
        let answer = self.post("/acquire", &body).await;
        answer.expect(200, 0);
        answer.json()["resourceId"].as_str().unwrap().to_owned()
    }

    /// Starts a recording with this `recordingConfig`.
    pub(crate) async fn start_recording(
        &self,
        resource: &str,
        room: &str,
        uid: &str,
        config: Value,
    ) -> Answer {
        let body = json!({"cname": room, "uid": uid, "clientRequest": {"recordingConfig": config}});
        self.post(&format!("/resourceid/{resource}/mode/mix/start"), &body).await
    }
}

/// A running recording's address in the API.
pub(crate) fn recording(resource: &str, sid: &str, method: &str) -> String {
    format!("/resourceid/{resource}/sid/{sid}/mode/mix/{method}")
}

pub(crate) fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn api(path: &str) -> String {
    format!("/v1/apps/demo/cloud_recording{path}")
}
