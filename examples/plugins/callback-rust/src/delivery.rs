//! One delivery: a post, and what its answer means.

use serde_json::{Value, json};

use crate::bindings::capstan::plugin::io::{Method, Request, Segment, Transport, TransportError};
use crate::bindings::exports::capstan::plugin::notifier::{Failure, Notice, Outcome, Step};
use crate::bindings::exports::capstan::plugin::plugin::Scheme;
use crate::config::Config;

/// What comes after the last outcome.
pub fn next(config: &Config, notice: &Notice, last: Option<Outcome>) -> Step {
    match last {
        None => Step::Send(post(config, notice)),
        Some(Outcome::Response(response)) => match response.status {
            200..300 => Step::Done,
            // Later is as bad as now, unless the server is to blame or says that it is busy.
            408 | 425 | 429 | 500.. => failed(&format!("it answered {}", response.status), true),
            status => failed(&format!("it answered {status}"), false),
        },
        Some(Outcome::NoResponse(silence)) => {
            let hopeless =
                matches!(silence.error, TransportError::Refused | TransportError::Invalid);
            failed(&silence.detail, !hopeless)
        }
    }
}

/// A failure in these words.
pub fn failed(words: &str, retriable: bool) -> Step {
    Step::Failed(Failure { message: words.chars().take(500).collect(), retriable })
}

fn post(config: &Config, notice: &Notice) -> Request {
    let details: Value = serde_json::from_str(&notice.details).unwrap_or_default();
    let body = json!({
        "id": notice.id,
        "app": notice.app,
        "room": notice.room,
        "recording": notice.sid,
        "sequence": notice.sequence,
        "at_ms": notice.at_ms,
        "kind": notice.kind,
        "details": details,
    });
    let mut headers = vec![("content-type".into(), "application/json".into())];
    if let Some(secret) = &config.secret {
        headers.push(("authorization".into(), format!("Bearer {secret}")));
    }
    Request {
        method: Method::Post,
        transport: match config.endpoint.scheme {
            Scheme::Https => Transport::Https,
            Scheme::Http => Transport::Http,
        },
        host: config.endpoint.host.clone(),
        port: config.endpoint.port,
        target: config.target.clone(),
        headers,
        body: vec![Segment::Bytes(body.to_string().into_bytes())],
        ask_first: false,
        timeout_ms: Some(10_000),
        max_response: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::capstan::plugin::io::Response;

    fn notice() -> Notice {
        Notice {
            id: "1".into(),
            app: "demo".into(),
            room: "room".into(),
            recorder_uid: 9,
            sid: "s".into(),
            sequence: 0,
            at_ms: 7,
            kind: "recorder_started".into(),
            details: r#"{"a": 1}"#.into(),
            attempt: 0,
        }
    }

    fn config() -> Config {
        Config::parse(r#"{"url": "https://h.example/x", "secret": "hush"}"#).ok().unwrap()
    }

    #[test]
    fn an_event_is_posted_with_the_token() {
        let Step::Send(request) = next(&config(), &notice(), None) else { panic!("a request") };
        assert_eq!(request.headers[1], ("authorization".into(), "Bearer hush".into()));
        let [Segment::Bytes(body)] = &request.body[..] else { panic!("a body of bytes") };
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!((&body["kind"], &body["details"]["a"]), (&json!("recorder_started"), &json!(1)));
    }

    #[test]
    fn only_2xx_is_delivered() {
        let answered = |status| {
            let response = Response { status, headers: vec![], body: vec![], truncated: false };
            next(&config(), &notice(), Some(Outcome::Response(response)))
        };
        assert!(matches!(answered(204), Step::Done));
        assert!(matches!(answered(500), Step::Failed(Failure { retriable: true, .. })));
        assert!(matches!(answered(404), Step::Failed(Failure { retriable: false, .. })));
    }
}
