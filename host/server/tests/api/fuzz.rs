//! Hostile JSON: whatever a body holds, the answer is a refusal or a success, never a failure.

#![expect(clippy::unwrap_used, reason = "a helper of tests")]

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::prop_oneof;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::server::{TestServer, recording};

const BODIES: usize = 300;

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2_i64..70).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,24}".prop_map(Value::from),
        prop_oneof![Just("#000000"), Just("7"), Just("av1"), Just("hls"), Just("#allstream#")]
            .prop_map(Value::from),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "cname", "uid", "clientRequest", "recordingConfig", "transcodingConfig", "width",
            "height", "fps", "bitrate", "mixedVideoLayout", "layoutConfig", "x_axis", "y_axis",
            "backgroundColor", "maxResolutionUid", "storageConfig", "vendor", "fileNamePrefix",
            "maxIdleTime", "streamTypes", "avFileType", "recordingFileConfig", "async_stop",
            "resourceExpiredHour", "subscribeAudioUids", "videoCodec", "startParameter",
        ])
        .prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Bodies with the right identifiers, so that what is below them is reached.
fn bodies() -> Vec<Value> {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let mut bodies = Vec::new();
    for index in 0..BODIES {
        let value = any_json().new_tree(&mut runner).unwrap().current();
        bodies.push(match index % 4 {
            0 => value,
            1 => json!({"cname": "r", "uid": "1", "clientRequest": value}),
            2 => json!({"cname": "r", "uid": "1",
                "clientRequest": {"recordingConfig": value, "storageConfig": value}}),
            _ => json!({"cname": "r", "uid": "1",
                "clientRequest": {"recordingConfig": {"transcodingConfig": value}}}),
        });
    }
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_makes_the_server_fail() {
    let server = TestServer::start().await;
    let running = server.acquire("r", "1").await;
    let idle = json!({"maxIdleTime": 4_294_967_295_u32});
    let answer = server.start_recording(&running, "r", "1", idle).await;
    answer.expect(200, 0);
    let sid = answer.json()["sid"].as_str().unwrap().to_owned();
    let fresh = server.acquire("r", "1").await;
    for body in bodies() {
        for path in [
            "/acquire".to_owned(),
            // The same triple runs already, so that even a right body starts nothing.
            format!("/resourceid/{fresh}/mode/mix/start"),
            recording(&running, &sid, "updateLayout"),
        ] {
            let answer = server.post(&path, &body).await;
            assert!(answer.status < 500, "{path} {body}: {} {}", answer.status, answer.reason());
        }
        // A stop that no random body can carry out.
        let foreign = server.post(&recording(&fresh, &sid, "stop"), &body).await;
        assert!((400..500).contains(&foreign.status), "{body}");
    }
    server.get(&recording(&running, &sid, "query")).await.expect(200, 0);
    server.stop().await;
}
