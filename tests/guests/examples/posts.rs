//! A callback that posts an event's details; it takes no interest in the kind `boring`.

guests::wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "callback",
    runtime_path: "guests::wit_bindgen::rt",
});

use std::sync::OnceLock;

use capstan::plugin::io::{Method, Moment, Request, Segment, Transport};
use exports::capstan::plugin::notifier::{Failure, Notice, Outcome, Step};
use exports::capstan::plugin::plugin::{ConfigError, Endpoint, Manifest, Scheme};
use guests::member;

struct Posts;

static PLACE: OnceLock<(String, u16)> = OnceLock::new();

impl exports::capstan::plugin::plugin::Guest for Posts {
    fn describe() -> Manifest {
        Manifest {
            name: "posts".into(),
            version: "1.0.0".into(),
            summary: "a callback for tests".into(),
            config_schema: "{}".into(),
        }
    }

    fn configure(config: String) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
        let host = member(&config, "host").unwrap_or_default().to_owned();
        let port = member(&config, "port").and_then(|port| port.parse().ok()).unwrap_or(80);
        let (host, port) = PLACE.get_or_init(|| (host, port));
        Ok(vec![Endpoint { scheme: Scheme::Http, host: host.clone(), port: Some(*port) }])
    }
}

struct Delivery(Notice);

impl exports::capstan::plugin::notifier::Guest for Posts {
    type Delivery = Delivery;
}

impl exports::capstan::plugin::notifier::GuestDelivery for Delivery {
    fn new(notice: Notice) -> Self {
        Self(notice)
    }

    fn next(&self, at: Moment, last: Option<Outcome>) -> Step {
        let failed = |message: String, retriable| Step::Failed(Failure { message, retriable });
        match last {
            None if self.0.kind == "boring" => Step::Ignored,
            None => {
                let (host, port) = PLACE.get().expect("configured").clone();
                let headers = vec![
                    ("x-event".into(), self.0.id.clone()),
                    ("x-sequence".into(), self.0.sequence.to_string()),
                    ("x-age-ms".into(), at.now_ms.saturating_sub(self.0.at_ms).to_string()),
                ];
                Step::Send(Request {
                    method: Method::Post,
                    transport: Transport::Http,
                    host,
                    port: Some(port),
                    target: "/hook".into(),
                    headers,
                    body: vec![Segment::Bytes(self.0.details.clone().into_bytes())],
                    ask_first: false,
                    timeout_ms: Some(5_000),
                    max_response: 1_024,
                })
            }
            Some(Outcome::Response(response)) => match response.status {
                200 => Step::Done,
                410 => failed("gone".into(), false),
                status => failed(format!("status {status}"), true),
            },
            Some(Outcome::NoResponse(failure)) => failed(failure.detail, true),
        }
    }
}

export!(Posts);
