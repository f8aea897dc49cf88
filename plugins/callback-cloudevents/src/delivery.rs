//! One delivery: perhaps a request for permission, one POST, and what its answer means.

use capstan_callback_kit::io::{Method, Moment, Request, Response};
use capstan_callback_kit::notifier::{Failure, Notice, Outcome, Step};
use capstan_callback_kit::{Receiver, failed, post, taken};
use capstan_kit::json::Wrong;
use capstan_kit::url::Url;

use crate::config::{CONFIG_SCHEMA, Config};
use crate::event;

/// How long a receiver may take.
const TIMEOUT_MS: u32 = 20_000;

impl Receiver for Config {
    const CONFIG_SCHEMA: &'static str = CONFIG_SCHEMA;

    fn parse(config: &str) -> Result<Self, Vec<Wrong>> {
        Self::read(config)
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn next(&self, notice: &Notice, sent: u32, _at: Moment, last: Option<Outcome>) -> Step {
        // Permission is asked once a recording: before its first event.
        let origin = self.origin.as_deref().filter(|_| notice.sequence == 0);
        match (origin, sent, last) {
            (Some(origin), 0, _) => Step::Send(self.ask(origin)),
            (Some(origin), 1, Some(Outcome::Response(response))) if !permits(&response, origin) => {
                let status = response.status;
                let message = format!(
                    "the receiver answered {status} to the request for permission and allowed no \
                     events from {origin} (webhook-allowed-origin)"
                );
                Step::Failed(Failure { message, retriable: true })
            }
            (Some(_), 1, Some(Outcome::NoResponse(failure))) => failed(&failure),
            (Some(_), 1, _) | (None, 0, _) => self.send(notice),
            (_, _, Some(outcome)) => taken(outcome),
            (_, _, None) => {
                Step::Failed(Failure { message: "nothing came of it".into(), retriable: true })
            }
        }
    }
}

impl Config {
    /// Section 4.1 of the webhook specification.
    fn ask(&self, origin: &str) -> Request {
        let headers = vec![("webhook-request-origin", origin.to_owned())];
        let request = post(&self.url, headers, Vec::new(), TIMEOUT_MS);
        Request { method: Method::Other("OPTIONS".into()), body: Vec::new(), ..request }
    }

    fn send(&self, notice: &Notice) -> Step {
        let encoded = match event::encode(notice, &self.source, self.mode) {
            Ok(encoded) => encoded,
            Err(message) => return Step::Failed(Failure { message, retriable: false }),
        };
        let mut headers = encoded.headers;
        if let Some(secret) = &self.secret {
            headers.push(("authorization", format!("Bearer {secret}")));
        }
        if let Some(origin) = &self.origin {
            headers.push(("webhook-request-origin", origin.clone()));
        }
        Step::Send(post(&self.url, headers, encoded.body, TIMEOUT_MS))
    }
}

/// Only the header is consent, never the status: section 4.2.
fn permits(response: &Response, origin: &str) -> bool {
    let allowed = response.headers.iter().find(|(name, _)| name == "webhook-allowed-origin");
    allowed.is_some_and(|(_, allowed)| {
        let allowed = allowed.trim();
        allowed == "*" || allowed.eq_ignore_ascii_case(origin)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Moment = Moment { now_ms: 1_667_507_171_999, random: (1, 2) };
    const ASKING: &str =
        r#"{"url":"https://a.example/in","origin":"recorder.example.com","secret":"t"}"#;

    fn next(config: &str, sequence: u64, sent: u32, last: Option<Outcome>) -> Step {
        let notice = Notice {
            id: "sid:0:7".into(),
            app: "demo".into(),
            room: "room".into(),
            recorder_uid: 7,
            sid: "38f8e3cf".into(),
            sequence,
            at_ms: 1_667_507_170_344,
            kind: "uploaded".into(),
            details: "{}".into(),
            attempt: 0,
        };
        Config::read(config).ok().unwrap().next(&notice, sent, AT, last)
    }

    fn answer(status: u16, headers: &[(&str, &str)]) -> Option<Outcome> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(pair).collect();
        Some(Outcome::Response(Response { status, headers, body: vec![], truncated: false }))
    }

    fn sent(step: Step) -> (Method, Vec<(String, String)>) {
        match step {
            Step::Send(request) => (request.method, request.headers),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn permission_is_asked_before_the_first_event_only() {
        let (method, headers) = sent(next(ASKING, 0, 0, None));
        assert_eq!(method, Method::Other("OPTIONS".into()));
        let origin = ("webhook-request-origin".to_owned(), "recorder.example.com".to_owned());
        assert!(headers.contains(&origin));
        for allowed in ["*", "recorder.example.com"] {
            let granted = answer(405, &[("webhook-allowed-origin", allowed)]);
            let (method, headers) = sent(next(ASKING, 0, 1, granted));
            assert_eq!(method, Method::Post);
            assert!(headers.contains(&origin));
            assert!(headers.contains(&("authorization".into(), "Bearer t".into())));
        }
        assert_eq!(next(ASKING, 0, 2, answer(204, &[])), Step::Done);
        assert_eq!(sent(next(ASKING, 1, 0, None)).0, Method::Post);
        assert_eq!(next(ASKING, 1, 1, answer(204, &[])), Step::Done);
    }

    #[test]
    fn a_status_is_no_permission() {
        for headers in [&[][..], &[("webhook-allowed-origin", "other.example")][..]] {
            let step = next(ASKING, 0, 1, answer(200, headers));
            let Step::Failed(Failure { message, retriable: true }) = step else {
                panic!("{step:?}")
            };
            assert!(message.contains("recorder.example.com"), "{message}");
        }
    }

    #[test]
    fn without_an_origin_nobody_is_asked() {
        let plain = r#"{"url":"https://a.example/in","mode":"binary"}"#;
        let (method, headers) = sent(next(plain, 0, 0, None));
        assert_eq!(method, Method::Post);
        assert!(headers.iter().any(|(name, _)| name == "ce-id"));
        assert!(headers.iter().all(|(name, _)| name != "authorization"));
        assert!(matches!(
            next(plain, 0, 1, answer(410, &[])),
            Step::Failed(Failure { retriable: false, .. })
        ));
    }
}
