//! The callback plugin against a real receiver.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use capstan_outbox::ports::{Callbacks, Delivery, DeliveryError, Notice};
use capstan_plugin::{ConfiguredPlugin, PluginHost};
use serde_json::{Value, json};

use crate::host;
use crate::signature::both_hmacs;
use crate::site::{Reply, Seen, Site};

/// A receiver that answers one status and keeps what came.
struct Receiver {
    site: Site,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    async fn start(status: u16) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        let site = Site::start(move |request| {
            kept.lock().unwrap().push(request);
            Reply::Answer(status, vec![], "{}".into())
        })
        .await;
        Self { site, seen }
    }

    fn host(&self) -> PluginHost {
        let config = format!(r#"{{"url":"{}/hooks?from=a%2Fb","secret":"hush"}}"#, self.site.url());
        let configured = ConfiguredPlugin { plugin: "callback-agora".into(), config };
        host(&[&self.site.authority()], BTreeMap::from([("demo".to_owned(), configured)]))
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn notice(kind: &str, details: Value) -> Notice {
    Notice {
        id: "sid:0:7".into(),
        app: "demo".into(),
        room: "班 1".into(),
        recorder_uid: 527_841,
        sid: "38f8e3cf".into(),
        sequence: 7,
        at_ms: 1_611_566_412_600,
        kind: kind.into(),
        details,
        attempt: 0,
    }
}

async fn deliver(receiver: &Receiver, notice: &Notice) -> Result<Delivery, DeliveryError> {
    let callback = receiver.host().open("demo").unwrap().unwrap();
    callback.deliver(notice).await
}

#[tokio::test]
async fn an_event_arrives_in_agoras_envelope_with_both_signatures() {
    let receiver = Receiver::start(200).await;
    let sent = notice("session_exit", json!({"exitStatus": 0}));
    assert_eq!(deliver(&receiver, &sent).await.unwrap(), Delivery::Delivered);
    let [seen] = &receiver.seen()[..] else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/hooks?from=a%2Fb"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    let (version_1, version_2) = both_hmacs("hush", &seen.body);
    assert_eq!(seen.header("agora-signature"), Some(version_1.as_str()));
    assert_eq!(seen.header("agora-signature-v2"), Some(version_2.as_str()));

    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    let notified = body["notifyMs"].as_u64().unwrap();
    assert!(notified > 1_700_000_000_000, "the moment of sending, not {notified}");
    let expected = json!({
        "noticeId": "sid:0:7", "productId": 3, "eventType": 11, "notifyMs": notified,
        "payload": {
            "cname": "班 1", "uid": "527841", "sid": "38f8e3cf", "sequence": 7,
            "sendts": 1_611_566_412_600_u64, "serviceType": 0,
            "details": {"msgName": "session_exit", "exitStatus": 0, "leaveStatus": 0},
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn only_200_is_taken() {
    for status in [204, 404, 500] {
        let receiver = Receiver::start(status).await;
        let error = deliver(&receiver, &notice("uploaded", json!({}))).await.unwrap_err();
        let DeliveryError::Transient { id, reason } = error else { panic!("{error:?}") };
        assert_eq!(id, "sid:0:7");
        assert!(reason.contains(&status.to_string()), "{reason}");
    }
}

#[tokio::test]
async fn kinds_that_agora_has_not_are_not_sent() {
    let receiver = Receiver::start(200).await;
    let sent = notice("of_a_newer_host", json!({}));
    assert_eq!(deliver(&receiver, &sent).await.unwrap(), Delivery::Ignored);
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_again_later() {
    let receiver = Receiver::start(200).await;
    let host = receiver.host();
    drop(receiver);
    let callback = host.open("demo").unwrap().unwrap();
    let error = callback.deliver(&notice("uploaded", json!({}))).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Transient { .. }), "{error:?}");
}
