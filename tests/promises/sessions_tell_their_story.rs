//! The events of whole sessions, from the first to the last, as they stand in `tests/golden/sessions.md`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use harness::api::Started;
use harness::process::Running;
use harness::receiver::{Callback, Receiver};
use harness::server::{Server, Setup};
use harness::{real_time_turn, root};
use serde_json::{Value, json};

use crate::common::hmac_sha1_hex;

const PUBLISH: [&str; 4] = ["--codec", "vp8", "--size", "320x180"];

/// A server that tells what happens, and who listens.
struct Stage {
    server: Server,
    receiver: Receiver,
}

impl Stage {
    fn open() -> Self {
        let receiver = Receiver::start();
        let server = Server::start(&Setup {
            recording: "segment_seconds = 2".into(),
            sections: "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n"
                .into(),
            app: format!(
                "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n",
                receiver.url()
            ),
        });
        Self { server, receiver }
    }

    fn publish(&self, room: &str, more: &[&str]) -> Running {
        self.server.publish(room, 7, &[&PUBLISH[..], more].concat())
    }

    fn record(&self, room: &str, idle: u32, storage: Value) -> Started {
        let config = json!({"maxIdleTime": idle, "transcodingConfig":
            {"width": 320, "height": 180, "fps": 15, "bitrate": 300}});
        self.server
            .api()
            .record(room, &json!({"recordingConfig": config, "storageConfig": storage}))
    }

    /// Waits for a stream's change to be told.
    fn changed(&self, recording: &Started, event: i64, state: u64) {
        let wanted = |callback: &Callback| {
            let payload = &callback.body["payload"];
            callback.event() == event
                && payload["sid"] == *recording.sid
                && payload["details"]["state"] == state
                && payload["details"]["streamUid"] == "7"
        };
        let what = format!("event {event} with state {state}");
        let _ = self.receiver.wait_until(&what, Duration::from_secs(20), wanted);
    }

    /// The whole story of a recording that ends.
    fn story(&self, recording: &Started) -> String {
        let of_it = |callback: &Callback| callback.body["payload"]["sid"] == *recording.sid;
        let last = |callback: &Callback| of_it(callback) && callback.event() == 11;
        let heard = self.receiver.wait_until("the session's exit", Duration::from_secs(40), last);
        let heard: Vec<&Callback> = heard.iter().filter(|callback| of_it(callback)).collect();
        for (number, callback) in heard.iter().enumerate() {
            assert_eq!(callback.body["payload"]["sequence"], number, "{}", callback.body);
            assert_eq!(callback.signature, hmac_sha1_hex(b"s", &callback.raw));
            assert_eq!(callback.signature_v2.len(), 64);
        }
        told(&heard, &recording.sid)
    }
}

/// Events as the golden file shows them.
fn told(heard: &[&Callback], sid: &str) -> String {
    let mut lines: Vec<(Option<u64>, String)> = Vec::new();
    for callback in heard {
        let mut details = callback.body["payload"]["details"].clone();
        details.as_object_mut().unwrap().remove("msgName");
        for time in ["UtcMs", "startUtcMs", "discontinueUtcMs"] {
            if details.get(time).is_some_and(Value::is_i64) {
                details[time] = json!("<time>");
            }
        }
        for file in details.get_mut("fileList").and_then(Value::as_array_mut).into_iter().flatten()
        {
            file["sliceStartTime"] = json!("<time>");
        }
        let line = format!("{} {details}", callback.event()).replace(sid, "<sid>");
        lines.push((details["state"].as_u64(), line));
    }
    // Streams that begin, or that end, together do so in any order.
    for run in lines.chunk_by_mut(|a, b| a.0.is_some() && a.0 == b.0) {
        run.sort();
    }
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

/// The block under a title of the golden file.
fn golden(title: &str) -> String {
    let text = std::fs::read_to_string(root().join("tests/golden/sessions.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with(title)).unwrap();
    section.split("```\n").nth(1).unwrap().to_owned()
}

#[track_caller]
fn compare(title: &str, story: &str) {
    assert!(story == golden(title), "{title}: this was told:\n{story}");
}

#[test]
fn from_a_normal_one_to_a_killed_publisher() {
    let _turn = real_time_turn();
    let stage = Stage::open();
    let api = stage.server.api();

    let publisher = stage.publish("normal", &[]);
    let recording = stage.record("normal", 30, json!({"fileNamePrefix": ["dir1"]}));
    let _ = stage.receiver.wait_for(4, Duration::from_secs(30));
    assert_eq!(api.stop(&recording).status, 200);
    compare("A normal session", &stage.story(&recording));
    drop(publisher);

    let recording = stage.record("empty", 30, Value::Null);
    let stopped = api.stop(&recording);
    assert_eq!((stopped.status, &stopped.json()["code"]), (206, &json!(435)));
    compare("Nobody comes", &stage.story(&recording));

    let mut publisher = stage.publish("left", &[]);
    let recording = stage.record("left", 5, Value::Null);
    let _ = stage.receiver.wait_for(4, Duration::from_secs(30));
    publisher.terminate(Duration::from_secs(10));
    compare("Idle exit", &stage.story(&recording));

    let mut publisher = stage.publish("killed", &[]);
    let recording = stage.record("killed", 60, Value::Null);
    stage.changed(&recording, 44, 0);
    std::thread::sleep(Duration::from_secs(5));
    publisher.kill();
    stage.changed(&recording, 44, 1);
    let publisher = stage.publish("killed", &[]);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(api.stop(&recording).status, 200);
    compare("A publisher is killed", &stage.story(&recording));
    drop(publisher);
}

#[test]
fn and_with_a_camera_that_is_off_or_a_store_that_refuses() {
    let _turn = real_time_turn();
    let stage = Stage::open();
    let api = stage.server.api();

    let seen = stage.publish("mute", &[]);
    let recording = stage.record("mute", 60, Value::Null);
    stage.changed(&recording, 44, 0);
    std::thread::sleep(Duration::from_secs(5));
    // The same participant with another session takes over: without its camera, then with it.
    let heard = stage.publish("mute", &["--no-video"]);
    stage.changed(&recording, 44, 1);
    drop(seen);
    let back = stage.publish("mute", &[]);
    std::thread::sleep(Duration::from_secs(4));
    drop(heard);
    assert_eq!(api.stop(&recording).status, 200);
    compare("Mute and unmute", &stage.story(&recording));
    drop(back);

    let endpoint = refusing_store();
    let publisher = stage.publish("keys", &[]);
    let storage = json!({"vendor": 11, "region": 0, "bucket": "b", "accessKey": "wrong",
        "secretKey": "the-secret-key", "extensionParams": {"endpoint": endpoint}});
    let recording = stage.record("keys", 30, storage);
    let _ = stage.receiver.wait_for(1, Duration::from_secs(40));
    let stopped = api.stop(&recording);
    assert_eq!((stopped.status, &stopped.json()["code"]), (206, &json!(50)), "{}", stopped.text());
    assert!(
        !stopped.text().contains("the-secret-key")
            && !stage.server.log().contains("the-secret-key")
    );
    compare("Wrong storage keys", &stage.story(&recording));
    drop(publisher);
}

/// A store that knows no access key. It ends with the test process.
fn refusing_store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>InvalidAccessKeyId</Code>\
                        <Message>The access key is not known here.</Message></Error>";
            let answer = format!(
                "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            );
            let mut seen = [0; 64 * 1024];
            let _ = stream.read(&mut seen);
            let _ = stream.write_all(answer.as_bytes());
            // What is still on its way is taken, so that the answer isn't lost in a reset.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            while stream.read(&mut seen).is_ok_and(|bytes| bytes > 0) {}
        }
    });
    endpoint
}
