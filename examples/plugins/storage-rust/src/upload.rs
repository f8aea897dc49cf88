//! One job as a machine: told what happened, it answers what to do next.
//!
//! First the host computes the file's digest, then it sends the file; the job is done only when the
//! store names the same digest.

use std::rc::Rc;

use crate::bindings::capstan::plugin::io::{
    Moment, Response, TransportError, TransportFailure,
};
use crate::bindings::exports::capstan::plugin::plugin::Scheme;
use crate::bindings::exports::capstan::plugin::uploader::{
    Action, Algorithm, DigestRequest, Event, Failure, FailureKind, Job, Outcome, Step, Stored, Work,
};
use crate::config::Config;
use crate::request::{hex, put, whole};

/// The most characters of a failure's words.
const MAX_WORDS: usize = 500;

/// A job.
pub struct Upload {
    config: Rc<Config>,
    job: Job,
    /// The file's MD5, once the host has told it.
    digest: Option<String>,
}

impl Upload {
    /// Takes a job.
    pub fn new(config: Rc<Config>, job: Job) -> Self {
        Self { config, job, digest: None }
    }

    /// Goes on.
    pub fn next(&mut self, at: Moment, events: Vec<Event>) -> Step {
        match events.into_iter().next().map(|event| event.outcome) {
            None => {
                let of = whole(&self.job);
                act(1, Work::Digest(DigestRequest { algorithm: Algorithm::Md5, of }))
            }
            Some(Outcome::Digest(digest)) => {
                self.digest = Some(hex(&digest));
                act(2, Work::Send(put(&self.config, &self.job, &at)))
            }
            Some(Outcome::Response(response)) => self.judge(&response),
            Some(Outcome::NoResponse(silence)) => Step::Failed(no_response(&silence)),
            Some(Outcome::Unreadable(reason)) => {
                Step::Failed(failure(FailureKind::Rejected, &reason))
            }
            Some(Outcome::Woke) => Step::Failed(failure(FailureKind::Transient, "woken unasked")),
        }
    }

    fn judge(&self, response: &Response) -> Step {
        let kind = match response.status {
            200 | 201 => return self.compare(response),
            300..=399 => FailureKind::WrongRegion(header(response, "location").map(Into::into)),
            401 => FailureKind::BadCredentials,
            403 => FailureKind::Denied,
            404 => FailureKind::NoBucket,
            409 | 412 => FailureKind::AlreadyExists,
            429 | 503 => FailureKind::Throttled(wait_ms(response)),
            507 => FailureKind::Quota,
            500.. => FailureKind::Transient,
            _ => FailureKind::Rejected,
        };
        let words = String::from_utf8_lossy(&response.body);
        let said = format!("the store answered {}: {words}", response.status);
        Step::Failed(failure(kind, &said))
    }

    /// Done only if the store holds what was sent.
    fn compare(&self, response: &Response) -> Step {
        let etag = header(response, "etag").map(|etag| etag.trim_matches('"'));
        if etag.is_none() || etag != self.digest.as_deref() {
            let said = "the store holds something else than was sent";
            return Step::Failed(failure(FailureKind::Integrity, said));
        }
        let request = put(&self.config, &self.job, &Moment { now_ms: 0, random: (0, 0) });
        let scheme = match self.config.endpoint.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        };
        let port = request.port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = format!("{scheme}://{}{port}{}", request.host, request.target);
        Step::Done(Stored { url, etag: etag.map(Into::into), note: None })
    }
}

fn act(id: u32, work: Work) -> Step {
    Step::Act(vec![Action { id, work }])
}

/// A failure in these words, cut.
pub fn failure(kind: FailureKind, words: &str) -> Failure {
    let message = words.chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect();
    Failure { kind, vendor_code: None, message, request_id: None }
}

fn no_response(silence: &TransportFailure) -> Failure {
    let kind = match silence.error {
        TransportError::Refused | TransportError::Invalid => FailureKind::BadConfig,
        TransportError::File => FailureKind::Rejected,
        _ => FailureKind::Transient,
    };
    failure(kind, &silence.detail)
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
}

fn wait_ms(response: &Response) -> Option<u32> {
    header(response, "retry-after")?.parse::<u32>().ok()?.checked_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::capstan::plugin::io::{Segment, Transport};

    fn upload() -> Upload {
        let config =
            r#"{"endpoint": "https://s.example", "bucket": "b", "key_id": "k", "secret": "s"}"#;
        let config = Rc::new(Config::parse(config).ok().unwrap());
        let job = Job {
            id: "1".into(),
            key: "a/b.m3u8".into(),
            size: 3,
            content_type: "text/plain".into(),
            tags: Vec::new(),
        };
        Upload::new(config, job)
    }

    fn told(upload: &mut Upload, outcome: Outcome) -> Step {
        let at = Moment { now_ms: 1_760_000_000_000, random: (1, 2) };
        upload.next(at, vec![Event { id: 1, outcome }])
    }

    fn answer(status: u16, etag: &str) -> Outcome {
        let headers = vec![("etag".into(), etag.into()), ("retry-after".into(), "2".into())];
        Outcome::Response(Response { status, headers, body: Vec::new(), truncated: false })
    }

    #[test]
    fn a_job_is_done_when_the_digests_are_the_same() {
        let mut upload = upload();
        let first = upload.next(Moment { now_ms: 1, random: (1, 2) }, Vec::new());
        let Step::Act(actions) = first else { panic!("it begins with a digest") };
        assert!(matches!(actions[0].work, Work::Digest(_)));
        let Step::Act(actions) = told(&mut upload, Outcome::Digest(vec![0xAB, 0xCD])) else {
            panic!("then it sends")
        };
        let Work::Send(request) = &actions[0].work else { panic!("a request") };
        assert_eq!((request.target.as_str(), request.transport), ("/b/a/b.m3u8", Transport::Https));
        assert!(matches!(request.body[..], [Segment::File(range)] if range.length == 3));
        let Step::Done(stored) = told(&mut upload, answer(200, "\"abcd\"")) else { panic!("done") };
        assert_eq!(stored.url, "https://s.example/b/a/b.m3u8");
        let other = told(&mut upload, answer(200, "\"ffff\""));
        assert!(matches!(other, Step::Failed(Failure { kind: FailureKind::Integrity, .. })));
    }

    #[test]
    fn failures_have_their_class() {
        let kind = |status| match told(&mut upload(), answer(status, "")) {
            Step::Failed(failure) => failure.kind,
            _ => panic!("{status} is a failure"),
        };
        assert!(matches!(kind(401), FailureKind::BadCredentials));
        assert!(matches!(kind(503), FailureKind::Throttled(Some(2_000))));
        assert!(matches!(kind(500), FailureKind::Transient));
        assert!(matches!(kind(400), FailureKind::Rejected));
    }
}
