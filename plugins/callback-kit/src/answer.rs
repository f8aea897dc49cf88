//! What an operator's server means by its answer.
//!
//! Only "gone for good" is believed to be final. Everything else, 4xx too, is worth another try: receivers
//! answer 401 or 404 while they are set up or deployed, and an event that is dropped then is lost for
//! good. The host's schedule bounds the tries.

use crate::io::{Response, TransportError, TransportFailure};
use crate::notifier::{Failure, Outcome, Step};

/// The most characters of a failure's message.
const MAX_MESSAGE: usize = 500;
/// The receiver is retired and wants no event any more.
const GONE: u16 = 410;

/// The end of a delivery whose receiver takes an event with any 2xx.
#[must_use]
pub fn taken(outcome: Outcome) -> Step {
    match outcome {
        Outcome::Response(response) if (200..300).contains(&response.status) => Step::Done,
        Outcome::Response(response) => {
            Step::Failed(Failure { message: words(&response), retriable: response.status != GONE })
        }
        Outcome::NoResponse(failure) => failed(&failure),
    }
}

/// The end of a delivery that no answer came to.
#[must_use]
pub fn failed(failure: &TransportFailure) -> Step {
    Step::Failed(Failure {
        message: format!("no answer: {}", failure.detail).chars().take(MAX_MESSAGE).collect(),
        // A grant may follow; a request that breaks the contract will break it again.
        retriable: failure.error != TransportError::Invalid,
    })
}

fn words(response: &Response) -> String {
    let Response { status, headers, .. } = response;
    let mut words = format!("the receiver answered {status}");
    if *status == GONE {
        words += ": it wants no events any more";
    }
    if let Some((_, wait)) = headers.iter().find(|(name, _)| name == "retry-after") {
        let wait: String = wait.chars().take(40).collect();
        words += &format!(" and asks to wait: retry-after {wait}");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gone_is_final() {
        let after = |status, headers: &[(&str, &str)]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let headers = headers.iter().map(pair).collect();
            taken(Outcome::Response(Response { status, headers, body: vec![], truncated: false }))
        };
        for status in [200, 201, 202, 204] {
            assert_eq!(after(status, &[]), Step::Done, "{status}");
        }
        for status in [301, 400, 404, 415, 429, 500, 502, 504] {
            assert!(matches!(after(status, &[]), Step::Failed(Failure { retriable: true, .. })));
        }
        let Step::Failed(gone) = after(410, &[]) else { panic!("410") };
        assert!(!gone.retriable && gone.message.contains("no events any more"));
        let Step::Failed(busy) = after(429, &[("retry-after", "30")]) else { panic!("429") };
        assert_eq!(busy.message, "the receiver answered 429 and asks to wait: retry-after 30");
    }

    #[test]
    fn without_an_answer_only_a_breach_of_the_contract_is_final() {
        for (error, retriable) in [
            (TransportError::Timeout, true),
            (TransportError::Connect, true),
            (TransportError::Refused, true),
            (TransportError::Invalid, false),
        ] {
            let failure = TransportFailure { error, sent: false, detail: "x".repeat(900) };
            let Step::Failed(failed) = failed(&failure) else { panic!("{error:?}") };
            assert_eq!(failed.retriable, retriable, "{error:?}");
            assert!(failed.message.len() <= MAX_MESSAGE);
        }
    }
}
