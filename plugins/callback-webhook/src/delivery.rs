//! One delivery: one signed POST, and what its answer means.

use capstan_callback_kit::io::Moment;
use capstan_callback_kit::notifier::{Failure, Notice, Outcome, Step};
use capstan_callback_kit::{Receiver, data, post, rfc3339, taken};
use capstan_kit::json::Wrong;
use capstan_kit::url::Url;
use serde_json::Value;

use crate::config::{CONFIG_SCHEMA, Config};
use crate::signature::signatures;

/// The standard recommends 15 to 30 s.
const TIMEOUT_MS: u32 = 20_000;

impl Receiver for Config {
    const CONFIG_SCHEMA: &'static str = CONFIG_SCHEMA;

    fn parse(config: &str) -> Result<Self, Vec<Wrong>> {
        Self::read(config)
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn next(&self, notice: &Notice, _sent: u32, at: Moment, last: Option<Outcome>) -> Step {
        if let Some(outcome) = last {
            return taken(outcome);
        }
        let body = match body(notice) {
            Ok(body) => body.into_bytes(),
            Err(message) => return Step::Failed(Failure { message, retriable: false }),
        };
        // A full stop in the id would make what is signed ambiguous.
        let (id, seconds) = (notice.id.replace('.', "_"), at.now_ms / 1000);
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-signature", signatures(&self.keys, &id, seconds, &body)),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-id", id),
        ];
        Step::Send(post(&self.url, headers, body, TIMEOUT_MS))
    }
}

/// The payload as the standard recommends it: what happened, when, and the facts.
fn body(notice: &Notice) -> Result<String, String> {
    let (kind, data) = (Value::from(format!("recording.{}", notice.kind)), data(notice)?);
    let at = rfc3339(notice.at_ms);
    Ok(format!("{{\"type\":{kind},\"timestamp\":\"{at}\",\"data\":{data}}}"))
}

#[cfg(test)]
mod tests {
    use capstan_callback_kit::io::{Request, Segment};
    use serde_json::json;

    use super::*;

    const CONFIG: &str = r#"{"url":"https://hooks.example.com/in?a=b",
        "secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}"#;

    fn request(id: &str) -> Request {
        let notice = Notice {
            id: id.into(),
            app: "demo".into(),
            room: "room \"1\"".into(),
            recorder_uid: 7,
            sid: "38f8e3cf".into(),
            sequence: 3,
            at_ms: 1_667_507_170_344,
            kind: "uploaded".into(),
            details: r#"{"status":0}"#.into(),
            attempt: 0,
        };
        let at = Moment { now_ms: 1_667_507_171_999, random: (1, 2) };
        match Config::read(CONFIG).ok().unwrap().next(&notice, 0, at, None) {
            Step::Send(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_exact_bytes_that_leave_are_signed_with_every_secret() {
        let request = request("sid:0:7");
        let header = |name: &str| {
            let found = request.headers.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value.as_str())
        };
        let Some(Segment::Bytes(body)) = request.body.first() else { panic!("no body") };
        let keys = Config::read(CONFIG).ok().unwrap().keys;
        let expected = signatures(&keys, "sid:0:7", 1_667_507_171, body);
        assert_eq!(expected.split(' ').count(), 2);
        assert_eq!(header("webhook-signature"), Some(expected.as_str()));
        assert_eq!(header("webhook-timestamp"), Some("1667507171"));
        assert_eq!(header("webhook-id"), Some("sid:0:7"));
        let body: Value = serde_json::from_slice(body).unwrap();
        let expected = json!({
            "type": "recording.uploaded", "timestamp": "2022-11-03T20:26:10.344Z",
            "data": {"app": "demo", "room": "room \"1\"", "recorder_uid": 7, "sid": "38f8e3cf",
                "sequence": 3, "details": {"status": 0}},
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn an_id_holds_no_full_stop() {
        let id = request("a.b").headers.into_iter().find(|(name, _)| name == "webhook-id");
        assert_eq!(id.unwrap().1, "a_b");
    }
}
