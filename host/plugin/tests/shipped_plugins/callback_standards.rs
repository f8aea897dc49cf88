//! The callback plugins that speak public standards, against a real receiver that verifies with code of
//! its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_outbox::ports::{Callbacks, Delivery, DeliveryError, Notice};
use capstan_plugin::ConfiguredPlugin;
use serde_json::{Value, json};

use crate::host;
use crate::signature::hmac_sha256;
use crate::site::{Reply, Seen, Site};

type Headers = Vec<(&'static str, String)>;

/// Delivers one event by a plugin to a receiver that answers so; answers what came.
async fn deliver(
    plugin: &str,
    config: Value,
    sequence: u64,
    answer: impl Fn(&Seen) -> (u16, Headers) + Send + Sync + 'static,
) -> (Result<Delivery, DeliveryError>, Vec<Seen>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let site = Site::start(move |request| {
        let (status, headers) = answer(&request);
        kept.lock().unwrap().push(request);
        Reply::Answer(status, headers, String::new())
    })
    .await;
    let mut config = config;
    config["url"] = format!("{}/in?from=a%2Fb", site.url()).into();
    let configured = ConfiguredPlugin { plugin: plugin.into(), config: config.to_string() };
    let host = host(&[&site.authority()], BTreeMap::from([("demo".to_owned(), configured)]));
    let notice = Notice {
        id: "sid:0:7".into(),
        app: "demo".into(),
        room: "班 1".into(),
        recorder_uid: 527_841,
        sid: "38f8e3cf".into(),
        sequence,
        at_ms: 1_611_566_412_600,
        kind: "session_exit".into(),
        details: json!({"exitStatus": 0}),
        attempt: 0,
    };
    let callback = host.open("demo").unwrap().unwrap();
    let delivered = callback.deliver(&notice).await;
    let seen = seen.lock().unwrap().clone();
    (delivered, seen)
}

fn facts(sequence: u64) -> Value {
    json!({"app": "demo", "room": "班 1", "recorder_uid": 527_841, "sid": "38f8e3cf",
        "sequence": sequence, "details": {"exitStatus": 0}})
}

#[tokio::test]
async fn a_webhook_is_signed_with_every_secret() {
    let secrets = ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
    let config = json!({"secret": secrets.map(|secret| format!("whsec_{secret}")).join(" ")});
    let (delivered, seen) = deliver("callback-webhook", config, 7, |_| (204, vec![])).await;
    assert_eq!(delivered.unwrap(), Delivery::Delivered);
    let [seen] = &seen[..] else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/in?from=a%2Fb"));
    let (id, seconds) =
        (seen.header("webhook-id").unwrap(), seen.header("webhook-timestamp").unwrap());
    assert_eq!(id, "sid:0:7");
    assert!(seconds.parse::<u64>().unwrap() > 1_700_000_000, "the moment of sending: {seconds}");
    let signed = [format!("{id}.{seconds}.").as_bytes(), &seen.body].concat();
    let expected = secrets.map(|secret| {
        let key = STANDARD.decode(secret).unwrap();
        format!("v1,{}", STANDARD.encode(hmac_sha256(&key, &signed)))
    });
    assert_eq!(seen.header("webhook-signature"), Some(expected.join(" ").as_str()));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(body["type"], "recording.session_exit");
    assert_eq!(body["timestamp"], "2021-01-25T09:20:12.600Z");
    assert_eq!(body["data"], facts(7));
}

#[tokio::test]
async fn gone_ends_a_delivery_and_busy_does_not() {
    let config = || json!({"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"});
    let (gone, _) = deliver("callback-webhook", config(), 7, |_| (410, vec![])).await;
    assert!(matches!(gone, Err(DeliveryError::Rejected { .. })), "{gone:?}");
    let busy = |_: &Seen| (429, vec![("retry-after", "30".to_owned())]);
    let (busy, _) = deliver("callback-webhook", config(), 7, busy).await;
    let Err(DeliveryError::Transient { reason, .. }) = busy else { panic!("{busy:?}") };
    assert!(reason.contains("retry-after 30"), "{reason}");
}

#[tokio::test]
async fn a_cloud_event_asks_for_permission_and_carries_its_attributes() {
    let config = json!({"mode": "binary", "origin": "recorder.example.com", "secret": "token"});
    let permit = |seen: &Seen| match seen.method.as_str() {
        "OPTIONS" => (200, vec![("webhook-allowed-origin", "*".to_owned())]),
        _ => (202, vec![]),
    };
    let (delivered, seen) = deliver("callback-cloudevents", config.clone(), 0, permit).await;
    assert_eq!(delivered.unwrap(), Delivery::Delivered);
    let [asked, sent] = &seen[..] else { panic!("two requests") };
    assert_eq!(asked.method, "OPTIONS");
    assert_eq!(asked.header("webhook-request-origin"), Some("recorder.example.com"));
    assert_eq!(sent.header("webhook-request-origin"), Some("recorder.example.com"));
    assert_eq!(sent.header("authorization"), Some("Bearer token"));
    assert_eq!(sent.header("ce-specversion"), Some("1.0"));
    assert_eq!(sent.header("ce-id"), Some("sid:0:7"));
    assert_eq!(sent.header("ce-subject"), Some("%E7%8F%AD%201"));
    assert_eq!(serde_json::from_slice::<Value>(&sent.body).unwrap(), facts(0));

    let (refused, seen) = deliver("callback-cloudevents", config, 0, |_| (200, vec![])).await;
    assert!(matches!(refused, Err(DeliveryError::Transient { .. })), "{refused:?}");
    assert_eq!(seen.len(), 1, "without permission nothing is sent");
}

#[tokio::test]
async fn a_structured_cloud_event_is_one_object() {
    let config = json!({"source": "https://recorder.example.com"});
    let (delivered, seen) = deliver("callback-cloudevents", config, 3, |_| (200, vec![])).await;
    assert_eq!(delivered.unwrap(), Delivery::Delivered);
    let [seen] = &seen[..] else { panic!("one request") };
    let kind = "application/cloudevents+json; charset=UTF-8";
    assert_eq!(seen.header("content-type"), Some(kind));
    let event: Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(event["source"], "https://recorder.example.com/apps/demo/recordings/38f8e3cf");
    assert_eq!(
        (&event["type"], &event["data"]),
        (&json!("capstan.recording.session_exit"), &facts(3))
    );
}
