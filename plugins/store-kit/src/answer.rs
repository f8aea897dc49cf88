//! What any vendor's answer holds: headers, and the few facts of a refusal.

use crate::class::{Class, by_status};
use crate::io::{Response, TransportError, TransportFailure};
use crate::uploader::{Failure, FailureKind};

/// The longest pause that a vendor is believed, in milliseconds: an hour.
const MAX_PAUSE_MS: u32 = 3_600_000;

/// A vendor's no, in its own words.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// The vendor's code for it.
    pub code: Option<String>,
    /// The vendor's sentence.
    pub message: Option<String>,
    /// The vendor's name for the request.
    pub request_id: Option<String>,
    /// Where the bucket is, if the vendor says it.
    pub hint: Option<String>,
    /// How long the vendor wants to be left alone, in milliseconds.
    pub wait_ms: Option<u32>,
}

impl Refusal {
    /// The failure: of this class, or of the status's where no code is known.
    #[must_use]
    pub fn failure(self, class: Option<Class>) -> Failure {
        let class = class.or_else(|| by_status(self.status, self.wait_ms));
        let hint = self.hint.map(|hint| cut(&hint, 253));
        let kind = class.map_or(FailureKind::Rejected, |class| class.kind(hint, self.wait_ms));
        let message = self.message.unwrap_or_else(|| format!("status {}", self.status));
        Failure {
            kind,
            vendor_code: self.code.map(|code| cut(&code, 128)),
            message: cut(&message, 500),
            request_id: self.request_id.map(|id| cut(&id, 128)),
        }
    }
}

/// A header's value; the name in lower case.
#[must_use]
pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.trim())
}

/// The body as text; what is no UTF-8 is replaced.
#[must_use]
pub fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

/// Whether the status says yes.
#[must_use]
pub const fn is_success(response: &Response) -> bool {
    200 <= response.status && response.status < 300
}

/// `Retry-After` in milliseconds, if it is a number of seconds.
#[must_use]
pub fn retry_after(response: &Response) -> Option<u32> {
    let seconds: u32 = header(response, "retry-after")?.parse().ok()?;
    Some(seconds.saturating_mul(1000).min(MAX_PAUSE_MS))
}

/// A failure in the plugin's own words.
#[must_use]
pub fn failed(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { kind, vendor_code: None, message: cut(&message.into(), 500), request_id: None }
}

/// Why no answer came, as a failure of the job.
#[must_use]
pub fn unanswered(failure: &TransportFailure) -> Failure {
    let (kind, what) = match failure.error {
        TransportError::Refused => (FailureKind::BadConfig, "the host may not ask this endpoint"),
        TransportError::Invalid => (FailureKind::Rejected, "the host refused the request"),
        TransportError::File => (FailureKind::Rejected, "the file can't be read"),
        TransportError::Dns => (FailureKind::Transient, "the store's name can't be resolved"),
        TransportError::Connect => (FailureKind::Transient, "the store can't be reached"),
        TransportError::Tls => (FailureKind::Transient, "no trusted TLS with the store"),
        TransportError::Timeout => (FailureKind::Transient, "the store didn't answer in time"),
        TransportError::Closed => (FailureKind::Transient, "the connection broke"),
        TransportError::Protocol => (FailureKind::Transient, "the store answered no HTTP"),
    };
    failed(kind, format!("{what}: {}", failure.detail))
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_goes_before_the_status() {
        let refusal = Refusal { status: 403, ..Refusal::default() };
        let kind = |class| refusal.clone().failure(class).kind;
        assert_eq!(kind(Some(Class::Quota)), FailureKind::Quota);
        assert_eq!(kind(None), FailureKind::Denied);
        let odd = Refusal { status: 400, ..Refusal::default() }.failure(None);
        assert_eq!((odd.kind, odd.message.as_str()), (FailureKind::Rejected, "status 400"));
    }

    #[test]
    fn answers_without_a_code_are_read_by_their_status() {
        let kind =
            |status, wait_ms| Refusal { status, wait_ms, ..Refusal::default() }.failure(None).kind;
        assert_eq!(kind(502, None), FailureKind::Transient);
        assert_eq!(kind(503, None), FailureKind::Transient);
        assert_eq!(kind(503, Some(7000)), FailureKind::Throttled(Some(7000)));
        assert_eq!(kind(429, None), FailureKind::Throttled(None));
        let hint = Some("eu-north-1".to_owned());
        let moved = Refusal { status: 301, hint: hint.clone(), ..Refusal::default() };
        assert_eq!(moved.failure(None).kind, FailureKind::WrongRegion(hint));
    }

    #[test]
    fn pauses_are_numbers_of_seconds() {
        let wait = |value: &str| {
            let headers = vec![("retry-after".to_owned(), value.to_owned())];
            retry_after(&Response { status: 429, headers, body: vec![], truncated: false })
        };
        assert_eq!(
            (wait("7"), wait("soon"), wait("99999999")),
            (Some(7000), None, Some(3_600_000))
        );
    }

    #[test]
    fn long_words_are_cut() {
        let long = Some("x".repeat(5000));
        let refusal = Refusal { code: long.clone(), message: long, ..Refusal::default() };
        let failure = refusal.failure(None);
        assert_eq!(failure.message.len(), 500);
        assert_eq!(failure.vendor_code.map(|code| code.len()), Some(128));
    }
}
