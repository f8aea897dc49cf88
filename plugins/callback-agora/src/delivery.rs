//! One delivery: one signed POST, and what its answer means.

use capstan_callback_kit::io::Moment;
use capstan_callback_kit::notifier::{Failure, Notice, Outcome, Step};
use capstan_callback_kit::{Receiver, failed, post};
use capstan_kit::json::Wrong;
use capstan_kit::url::Url;

use crate::config::{CONFIG_SCHEMA, Config};
use crate::{envelope, signature};

/// How long Agora waits for a receiver.
const TIMEOUT_MS: u32 = 10_000;

impl Receiver for Config {
    const CONFIG_SCHEMA: &'static str = CONFIG_SCHEMA;

    fn parse(config: &str) -> Result<Self, Vec<Wrong>> {
        Self::read(config)
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn next(&self, notice: &Notice, _sent: u32, at: Moment, last: Option<Outcome>) -> Step {
        match last {
            None => self.send(notice, at),
            // Only 200 means that the event was taken.
            Some(Outcome::Response(response)) if response.status == 200 => Step::Done,
            Some(Outcome::Response(response)) => Step::Failed(Failure {
                message: format!("the receiver answered {}, not 200", response.status),
                // As Agora does it, whatever the status: see `capstan_callback_kit::taken`.
                retriable: true,
            }),
            Some(Outcome::NoResponse(failure)) => failed(&failure),
        }
    }
}

impl Config {
    fn send(&self, notice: &Notice, at: Moment) -> Step {
        let body = match envelope::body(notice, at.now_ms) {
            Ok(Some(body)) => body.into_bytes(),
            Ok(None) => return Step::Ignored,
            Err(message) => return Step::Failed(Failure { message, retriable: false }),
        };
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if let Some(secret) = &self.secret {
            headers.push(("agora-signature", signature::version_1(secret, &body)));
            headers.push(("agora-signature-v2", signature::version_2(secret, &body)));
        }
        Step::Send(post(&self.url, headers, body, TIMEOUT_MS))
    }
}

#[cfg(test)]
mod tests {
    use capstan_callback_kit::io::{Request, Response, Segment};

    use super::*;

    const AT: Moment = Moment { now_ms: 1_611_566_412_672, random: (1, 2) };

    fn next(config: &str, kind: &str, last: Option<Outcome>) -> Step {
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
        Config::parse(config).ok().unwrap().next(&notice, 0, AT, last)
    }

    fn request(config: &str) -> Request {
        match next(config, "uploaded", None) {
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
        let after = |status| {
            let response = Response { status, headers: vec![], body: vec![], truncated: false };
            next(r#"{"url":"http://127.0.0.1:9/"}"#, "uploaded", Some(Outcome::Response(response)))
        };
        assert_eq!(after(200), Step::Done);
        for status in [204, 301, 400, 404, 408, 410, 429, 500, 503] {
            assert!(matches!(after(status), Step::Failed(Failure { retriable: true, .. })));
        }
    }

    #[test]
    fn kinds_that_agora_has_not_are_ignored() {
        let config = r#"{"url":"http://127.0.0.1:9/"}"#;
        assert_eq!(next(config, "of_a_newer_host", None), Step::Ignored);
    }
}
