//! A notice as a CloudEvent: its attributes, and both forms over HTTP.

use std::fmt::Write;

use capstan_callback_kit::notifier::Notice;
use capstan_callback_kit::{data, rfc3339};
use serde_json::{Map, Value};

use crate::config::Mode;

/// Headers and body of one event.
pub(crate) struct Encoded {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// Writes an event in a form; `source` is what its source begins with.
///
/// # Errors
/// The details are no JSON object.
pub(crate) fn encode(notice: &Notice, source: &str, mode: Mode) -> Result<Encoded, String> {
    let (data, attributes) = (data(notice)?, attributes(notice, source));
    Ok(match mode {
        Mode::Structured => {
            let named = attributes.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
            let mut event: Map<String, Value> = named.collect();
            event.insert("datacontenttype".into(), "application/json".into());
            event.insert("data".into(), data);
            let kind = "application/cloudevents+json; charset=UTF-8".to_owned();
            let body = Value::Object(event).to_string().into_bytes();
            Encoded { headers: vec![("content-type", kind)], body }
        }
        Mode::Binary => {
            let mut headers = vec![("content-type", "application/json".to_owned())];
            let header = |(name, value): (&'static str, String)| (in_header(name), escaped(&value));
            headers.extend(attributes.into_iter().map(header));
            Encoded { headers, body: data.to_string().into_bytes() }
        }
    })
}

/// All attributes but the data's type. `source` and `id` together are unique; `sequence` (an extension of
/// the specification) orders a recording's events as texts.
fn attributes(notice: &Notice, source: &str) -> Vec<(&'static str, String)> {
    let (app, sid) = (escaped_path(&notice.app), escaped_path(&notice.sid));
    vec![
        ("specversion", "1.0".into()),
        ("id", notice.id.clone()),
        ("source", format!("{source}/apps/{app}/recordings/{sid}")),
        ("type", format!("capstan.recording.{}", notice.kind)),
        ("subject", notice.room.clone()),
        ("time", rfc3339(notice.at_ms)),
        ("sequence", format!("{:010}", notice.sequence)),
    ]
}

fn in_header(attribute: &str) -> &'static str {
    match attribute {
        "specversion" => "ce-specversion",
        "id" => "ce-id",
        "source" => "ce-source",
        "type" => "ce-type",
        "subject" => "ce-subject",
        "time" => "ce-time",
        _ => "ce-sequence",
    }
}

/// A value as a header has it: section 3.1.3.2 of the HTTP protocol binding.
fn escaped(value: &str) -> String {
    percent(value, |byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'%'))
}

/// One segment of a path.
fn escaped_path(value: &str) -> String {
    percent(value, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn percent(value: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notice() -> Notice {
        Notice {
            id: "sid:0:7".into(),
            app: "demo".into(),
            room: "Euro € 😀".into(),
            recorder_uid: 7,
            sid: "38f8e3cf".into(),
            sequence: 3,
            at_ms: 1_667_507_170_344,
            kind: "uploaded".into(),
            details: r#"{"status":0}"#.into(),
            attempt: 0,
        }
    }

    fn facts() -> Value {
        json!({"app": "demo", "room": "Euro € 😀", "recorder_uid": 7, "sid": "38f8e3cf",
            "sequence": 3, "details": {"status": 0}})
    }

    #[test]
    fn a_structured_event_is_one_object() {
        let encoded = encode(&notice(), "https://r.example", Mode::Structured).unwrap();
        let kind = "application/cloudevents+json; charset=UTF-8".to_owned();
        assert_eq!(encoded.headers, [("content-type", kind)]);
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let expected = json!({
            "specversion": "1.0", "id": "sid:0:7", "type": "capstan.recording.uploaded",
            "source": "https://r.example/apps/demo/recordings/38f8e3cf",
            "subject": "Euro € 😀", "time": "2022-11-03T20:26:10.344Z", "sequence": "0000000003",
            "datacontenttype": "application/json", "data": facts(),
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_binary_event_has_its_attributes_in_headers() {
        let encoded = encode(&notice(), "", Mode::Binary).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        assert_eq!(body, facts());
        let header = |name: &str| {
            let found = encoded.headers.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(header("content-type"), Some("application/json"));
        assert_eq!(header("ce-specversion"), Some("1.0"));
        assert_eq!(header("ce-source"), Some("/apps/demo/recordings/38f8e3cf"));
        // The example of the protocol binding, section 3.1.3.2.
        assert_eq!(header("ce-subject"), Some("Euro%20%E2%82%AC%20%F0%9F%98%80"));
        assert_eq!(header("ce-sequence"), Some("0000000003"));
        assert_eq!(header("ce-datacontenttype"), None, "it is the content type");
    }
}
