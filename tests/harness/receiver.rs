//! An operator's server: takes callbacks and remembers them with their signatures.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;

use crate::process::eventually;

/// One callback as it came.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The exact bytes that were signed.
    pub raw: Vec<u8>,
    /// The body.
    pub body: Value,
    /// `Agora-Signature`.
    pub signature: String,
    /// `Agora-Signature-V2`.
    pub signature_v2: String,
    /// All headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Callback {
    /// A header's value, empty if it isn't there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }

    /// The event's number.
    #[must_use]
    pub fn event(&self) -> i64 {
        self.body["eventType"].as_i64().unwrap_or(-1)
    }
}

/// The server. It ends with the test process.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    callbacks: Vec<Callback>,
    refuse: bool,
}

impl Receiver {
    /// Listens on a free loopback port.
    #[must_use]
    pub fn start() -> Self {
        let taken = Arc::new(Mutex::new(Taken::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().route("/events", post(take)).with_state(Arc::clone(&taken));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
        Self { port, taken }
    }

    /// Its port on loopback.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where callbacks go.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/events", self.port)
    }

    /// From now on answers 503, or takes again.
    pub fn refuse(&self, refuse: bool) {
        self.taken.lock().unwrap().refuse = refuse;
    }

    /// What was taken so far.
    #[must_use]
    pub fn callbacks(&self) -> Vec<Callback> {
        self.taken.lock().unwrap().callbacks.clone()
    }

    /// Waits for an event of this number and answers all callbacks until then.
    #[must_use]
    pub fn wait_for(&self, event: i64, within: Duration) -> Vec<Callback> {
        self.wait_until(&format!("event {event}"), within, |callback| callback.event() == event)
    }

    /// Waits for a callback of some kind and answers all until then.
    #[must_use]
    pub fn wait_until(
        &self,
        what: &str,
        within: Duration,
        wanted: impl Fn(&Callback) -> bool,
    ) -> Vec<Callback> {
        eventually(what, within, || {
            let callbacks = self.callbacks();
            callbacks.iter().any(&wanted).then_some(callbacks)
        })
    }
}

async fn take(
    State(taken): State<Arc<Mutex<Taken>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let mut taken = taken.lock().unwrap();
    if taken.refuse {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    taken.callbacks.push(Callback {
        raw: body.to_vec(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        signature: header("agora-signature"),
        signature_v2: header("agora-signature-v2"),
        headers: headers
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect(),
    });
    StatusCode::OK
}
