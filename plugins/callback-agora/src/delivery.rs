//! One delivery: one signed POST, and what its answer means.

use std::rc::Rc;

use crate::config::Config;
use crate::envelope;
use crate::io::{Method, Moment, Request, Segment, Transport, TransportError};
use crate::notifier::{Failure, Notice, Outcome, Step};
use crate::signature;

/// How long Agora waits for a receiver.
const TIMEOUT_MS: u32 = 10_000;
/// Answers aren't read, only their status.
const MAX_RESPONSE: u32 = 1024;

/// One event on its way.
pub struct Delivery {
    config: Rc<Config>,
    notice: Notice,
}

impl Delivery {
    /// Takes an event.
    #[must_use]
    pub const fn new(config: Rc<Config>, notice: Notice) -> Self {
        Self { config, notice }
    }

    /// Goes on: first the request, then what came of it.
    #[must_use]
    pub fn next(&self, at: Moment, last: Option<Outcome>) -> Step {
        match last {
            None => self.post(at),
            Some(outcome) => verdict(outcome),
        }
    }

    fn post(&self, at: Moment) -> Step {
        let body = match envelope::body(&self.notice, at.now_ms) {
            Ok(Some(body)) => body.into_bytes(),
            Ok(None) => return Step::Ignored,
            Err(message) => return Step::Failed(Failure { message, retriable: false }),
        };
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), concat!("capstan/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        if let Some(secret) = &self.config.secret {
            headers.push(("agora-signature".into(), signature::version_1(secret, &body)));
            headers.push(("agora-signature-v2".into(), signature::version_2(secret, &body)));
        }
        let url = &self.config.url;
        Step::Send(Request {
            method: Method::Post,
            transport: if url.secure { Transport::Https } else { Transport::Http },
            host: url.host.clone(),
            port: url.port,
            target: url.target.clone(),
            headers,
            body: vec![Segment::Bytes(body)],
            ask_first: false,
            timeout_ms: Some(TIMEOUT_MS),
            max_response: MAX_RESPONSE,
        })
    }
}

/// Only 200 means that the event was taken. Everything else is worth another try, 4xx too, as Agora
/// does it: receivers answer 401 or 404 while they are set up or deployed, and an event that is
/// dropped then is lost for good. The host's schedule bounds the tries.
fn verdict(outcome: Outcome) -> Step {
    let failure = match outcome {
        Outcome::Response(response) if response.status == 200 => return Step::Done,
        Outcome::Response(response) => Failure {
            message: format!("the receiver answered {}, not 200", response.status),
            retriable: true,
        },
        Outcome::NoResponse(failure) => Failure {
            message: format!("no answer: {}", failure.detail).chars().take(500).collect(),
            // A grant may follow; a request that breaks the contract will break it again.
            retriable: failure.error != TransportError::Invalid,
        },
    };
    Step::Failed(failure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{Response, TransportFailure};

    const AT: Moment = Moment { now_ms: 1_611_566_412_672, random: (1, 2) };

    fn delivery(config: &str, kind: &str) -> Delivery {
        let notice = Notice {
            id: "n-1".into(),
            app: "demo".into(),
            room: "room1".into(),
            recorder_uid: 1,
            sid: "sid".into(),
            sequence: 0,
            at_ms: 1,
            kind: kind.into(),
            details: String::new(),
            attempt: 0,
        };
        Delivery::new(Rc::new(Config::parse(config).ok().unwrap()), notice)
    }

    fn request(config: &str) -> Request {
        match delivery(config, "uploaded").next(AT, None) {
            Step::Send(request) => request,
            other => panic!("{other:?}"),
        }
    }

    fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
        let found = request.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_exact_bytes_that_leave_are_signed() {
        let request = request(r#"{"url":"https://hooks.example.com/a?b=c","secret":"hush"}"#);
        let Some(Segment::Bytes(body)) = request.body.first() else { panic!("no body") };
        let signatures = (signature::version_1("hush", body), signature::version_2("hush", body));
        assert_eq!(header(&request, "agora-signature"), Some(signatures.0.as_str()));
        assert_eq!(header(&request, "agora-signature-v2"), Some(signatures.1.as_str()));
        assert_eq!(header(&request, "content-type"), Some("application/json"));
        assert_eq!((request.target.as_str(), request.timeout_ms), ("/a?b=c", Some(10_000)));
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let request = request(r#"{"url":"http://127.0.0.1:9/"}"#);
        assert_eq!(header(&request, "agora-signature"), None);
        assert_eq!(header(&request, "agora-signature-v2"), None);
    }

    #[test]
    fn only_200_is_taken_and_the_rest_is_tried_again() {
        let delivery = delivery(r#"{"url":"http://127.0.0.1:9/"}"#, "uploaded");
        let after = |status| {
            let response = Response { status, headers: vec![], body: vec![], truncated: false };
            delivery.next(AT, Some(Outcome::Response(response)))
        };
        assert_eq!(after(200), Step::Done);
        for status in [204, 301, 400, 404, 408, 429, 500, 503] {
            assert!(matches!(after(status), Step::Failed(Failure { retriable: true, .. })));
        }
        for (error, retriable) in [
            (TransportError::Timeout, true),
            (TransportError::Connect, true),
            (TransportError::Refused, true),
            (TransportError::Invalid, false),
        ] {
            let failure = TransportFailure { error, sent: false, detail: "x".repeat(900) };
            let Step::Failed(failed) = delivery.next(AT, Some(Outcome::NoResponse(failure))) else {
                panic!("{error:?}")
            };
            assert_eq!(failed.retriable, retriable, "{error:?}");
            assert!(failed.message.len() <= 500);
        }
    }

    #[test]
    fn kinds_that_agora_has_not_are_ignored() {
        let delivery = delivery(r#"{"url":"http://127.0.0.1:9/"}"#, "of_a_newer_host");
        assert_eq!(delivery.next(AT, None), Step::Ignored);
    }
}
