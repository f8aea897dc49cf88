//! What goes wrong between a plugin and its vendor or server, and what may come of it.

use std::collections::BTreeMap;

use super::script::response;
use crate::v1::bindings::capstan::plugin::io::{Response, TransportError, TransportFailure};

/// What the other side does to every request.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// It answers so.
    Answer(u16, Body),
    /// No response comes; and whether the whole request had left.
    Silence(TransportError, bool),
}

/// What stands in an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    Empty,
    /// An error as S3 and its kin write it.
    Xml,
    /// An error as JSON.
    Json,
    /// Something that no plugin expects, cut.
    Garbage,
}

/// What may come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Any orderly end.
    Any,
    /// Any but a good one.
    Failure,
    /// Only a failure that is tried again.
    Retriable,
}

/// One scene.
pub(super) struct Scene {
    pub(super) name: String,
    pub(super) trouble: Trouble,
    pub(super) allowed: Allowed,
}

const STATUSES: &[(u16, Allowed)] = &[
    (301, Allowed::Failure),
    (400, Allowed::Failure),
    (401, Allowed::Failure),
    (403, Allowed::Failure),
    (404, Allowed::Failure),
    (409, Allowed::Any),
    (412, Allowed::Any),
    (429, Allowed::Retriable),
    (500, Allowed::Retriable),
    (502, Allowed::Retriable),
    (503, Allowed::Retriable),
];

const SILENCES: &[(TransportError, &str, Allowed)] = &[
    (TransportError::Refused, "the operator doesn't grant the host", Allowed::Failure),
    (TransportError::Invalid, "the host refuses the request", Allowed::Failure),
    (TransportError::Dns, "the name isn't known", Allowed::Retriable),
    (TransportError::Connect, "nobody accepts the connection", Allowed::Retriable),
    (TransportError::Tls, "the certificate isn't good", Allowed::Failure),
    (TransportError::Timeout, "the time runs out", Allowed::Retriable),
    (TransportError::Closed, "the connection breaks", Allowed::Retriable),
    (TransportError::Protocol, "no HTTP comes back", Allowed::Failure),
];

impl Trouble {
    /// Plays it.
    pub(super) fn play(&self) -> Result<Response, TransportFailure> {
        match self {
            Self::Answer(status, body) => Ok(body.of(*status)),
            Self::Silence(error, sent) => {
                let detail = "played by the check".to_owned();
                Err(TransportFailure { error: *error, sent: *sent, detail })
            }
        }
    }
}

impl Body {
    fn of(self, status: u16) -> Response {
        let header = |name: &str, value: &str| BTreeMap::from([(name.into(), value.into())]);
        match self {
            Self::Empty => response(status, BTreeMap::new(), ""),
            Self::Xml => response(
                status,
                header("content-type", "application/xml"),
                "<?xml version=\"1.0\"?><Error><Code>Played</Code><Message>by the check</Message>\
                 <RequestId>1</RequestId></Error>",
            ),
            Self::Json => response(
                status,
                header("content-type", "application/json"),
                r#"{"error":"played","code":7,"request_id":"1"}"#,
            ),
            Self::Garbage => {
                let body = "<html>\u{0}\u{fffd}\"'&; ".repeat(4_000);
                let headers = header("etag", "\u{fffd}");
                Response { truncated: true, ..response(status, headers, &body) }
            }
        }
    }
}

/// Every scene of the play.
pub(super) fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for (status, allowed) in STATUSES {
        for body in [Body::Empty, Body::Xml, Body::Json, Body::Garbage] {
            let name = format!("every answer is {status} ({})", format!("{body:?}").to_lowercase());
            scenes.push(Scene { name, trouble: Trouble::Answer(*status, body), allowed: *allowed });
        }
    }
    let name = "every answer is 200 with garbage".to_owned();
    let trouble = Trouble::Answer(200, Body::Garbage);
    scenes.push(Scene { name, trouble, allowed: Allowed::Any });
    for (error, words, allowed) in SILENCES {
        for sent in [false, true] {
            let late = if sent { ", after the request had left" } else { "" };
            let trouble = Trouble::Silence(*error, sent);
            scenes.push(Scene { name: format!("{words}{late}"), trouble, allowed: *allowed });
        }
    }
    scenes
}
