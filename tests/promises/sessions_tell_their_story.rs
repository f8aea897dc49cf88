//! The events of whole sessions, from the first to the last, as they stand in `tests/golden/sessions.md`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use harness::api::Started;
use harness::process::{Running, eventually};
use harness::receiver::{Callback, Receiver};
use harness::server::{Server, Setup};
use harness::{real_time_turn, root};
use serde_json::{Value, json};

use crate::common::hmac_sha1_hex;

/// Long enough for a machine that is busy with other things.
const WITHIN: Duration = Duration::from_secs(40);
/// The event that tells how much is uploaded.
const PROGRESS: i64 = 33;
/// The event of a participant's pictures that come or go.
const PICTURES: i64 = 44;
/// Those of sound and pictures.
const MEDIA: [i64; 2] = [43, PICTURES];
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

    /// Waits until the recording told of an event.
    fn wait_for(&self, recording: &Started, event: i64) {
        self.wait_until(&format!("event {event}"), 1, |callback| {
            of(callback, recording) && callback.event() == event
        });
    }

    /// Waits until one medium of uid 7 was told to have come, or to have gone, so often.
    fn wait_for_state(&self, recording: &Started, event: i64, state: u64, times: usize) {
        self.wait_until(
            &format!("{event} with state {state} for time {times}"),
            times,
            |callback| {
                let details = &callback.body["payload"]["details"];
                of(callback, recording)
                    && callback.event() == event
                    && (&details["streamUid"], &details["state"]) == (&json!("7"), &json!(state))
            },
        );
    }

    fn wait_until(&self, what: &str, times: usize, wanted: impl Fn(&Callback) -> bool) {
        eventually(what, WITHIN, || {
            let heard = self.receiver.callbacks();
            (heard.iter().filter(|callback| wanted(callback)).count() >= times).then_some(())
        });
    }

    /// The whole story of a recording that ends.
    fn story(&self, recording: &Started) -> String {
        self.wait_for(recording, 11);
        let heard = self.receiver.callbacks();
        let heard: Vec<&Callback> =
            heard.iter().filter(|callback| of(callback, recording)).collect();
        for (number, callback) in heard.iter().enumerate() {
            assert_eq!(callback.body["payload"]["sequence"], number, "{}", callback.body);
            assert_eq!(callback.signature, hmac_sha1_hex(b"s", &callback.raw));
            assert_eq!(callback.signature_v2.len(), 64);
        }
        told(&heard, &recording.sid)
    }
}

fn of(callback: &Callback, recording: &Started) -> bool {
    callback.body["payload"]["sid"] == *recording.sid
}

/// Events as the golden file shows them.
fn told(heard: &[&Callback], sid: &str) -> String {
    let mut lines: Vec<(Option<u64>, String)> = Vec::new();
    let progress = heard.iter().rposition(|callback| callback.event() == PROGRESS);
    for (number, callback) in heard.iter().enumerate() {
        // How often it is told while a session lasts depends on how long it does.
        if callback.event() == PROGRESS && Some(number) != progress {
            continue;
        }
        let mut details = callback.body["payload"]["details"].clone();
        details.as_object_mut().unwrap().remove("msgName");
        if details.get("startUtcMs").is_some_and(|start| *start == details["discontinueUtcMs"]) {
            details["discontinueUtcMs"] = json!("<startUtcMs>");
        }
        for time in ["UtcMs", "startUtcMs", "discontinueUtcMs"] {
            if details.get(time).is_some_and(Value::is_i64) {
                details[time] = json!("<time>");
            }
        }
        for file in details.get_mut("fileList").and_then(Value::as_array_mut).into_iter().flatten()
        {
            file["sliceStartTime"] = json!("<time>");
        }
        // How many files there are depends on how long the session lasts.
        if let Some(said) = details.get("errorMsg").and_then(Value::as_str)
            && let Some((number, rest)) = said.split_once(' ')
            && number.parse::<u64>().is_ok()
        {
            details["errorMsg"] = json!(format!("<n> {rest}"));
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

/// Says of all stories at once which ones are told otherwise.
#[track_caller]
fn compare(stories: &[(&str, String)]) {
    let other = stories.iter().filter(|(title, story)| *story != golden(title));
    let other: String = other.map(|(title, story)| format!("## {title}\n{story}")).collect();
    assert!(other.is_empty(), "this was told:\n{other}");
}

#[test]
fn whoever_comes_leaves_or_vanishes() {
    let _turn = real_time_turn();
    let stage = Stage::open();
    let api = stage.server.api();
    let mut stories = Vec::new();

    let publisher = stage.publish("normal", &[]);
    let recording = stage.record("normal", 30, json!({"fileNamePrefix": ["dir1"]}));
    stage.wait_for(&recording, 4);
    assert_eq!(api.stop(&recording).status, 200);
    stories.push(("A normal session", stage.story(&recording)));
    drop(publisher);

    let recording = stage.record("empty", 30, Value::Null);
    let stopped = api.stop(&recording);
    assert_eq!((stopped.status, &stopped.json()["code"]), (206, &json!(435)));
    stories.push(("Nobody comes", stage.story(&recording)));

    let mut publisher = stage.publish("left", &[]);
    let recording = stage.record("left", 5, Value::Null);
    stage.wait_for(&recording, 4);
    publisher.terminate(Duration::from_secs(10));
    stories.push(("Idle exit", stage.story(&recording)));

    let mut publisher = stage.publish("killed", &[]);
    let recording = stage.record("killed", 60, Value::Null);
    stage.wait_for(&recording, 4);
    publisher.kill();
    for medium in MEDIA {
        stage.wait_for_state(&recording, medium, 1, 1);
    }
    let publisher = stage.publish("killed", &[]);
    for medium in MEDIA {
        stage.wait_for_state(&recording, medium, 0, 2);
    }
    assert_eq!(api.stop(&recording).status, 200);
    stories.push(("A publisher is killed", stage.story(&recording)));
    drop(publisher);
    compare(&stories);
}

#[test]
fn the_camera_is_off_or_the_store_refuses() {
    let _turn = real_time_turn();
    let stage = Stage::open();
    let api = stage.server.api();
    let mut stories = Vec::new();

    let recording = stage.record("mute", 60, Value::Null);
    let publisher = stage.publish("mute", &["--camera-off", "8-12"]);
    stage.wait_for_state(&recording, PICTURES, 0, 2);
    assert_eq!(api.stop(&recording).status, 200);
    stories.push(("Mute and unmute", stage.story(&recording)));
    drop(publisher);

    let endpoint = refusing_store();
    let publisher = stage.publish("keys", &[]);
    let storage = json!({"vendor": 11, "region": 0, "bucket": "b", "accessKey": "wrong",
        "secretKey": "the-secret-key", "extensionParams": {"endpoint": endpoint}});
    let recording = stage.record("keys", 30, storage);
    stage.wait_for(&recording, 1);
    let stopped = api.stop(&recording);
    assert_eq!((stopped.status, &stopped.json()["code"]), (206, &json!(50)), "{}", stopped.text());
    let (answer, log) = (stopped.text(), stage.server.log());
    assert!(!answer.contains("the-secret-key") && !log.contains("the-secret-key"));
    stories.push(("Wrong storage keys", stage.story(&recording)));
    drop(publisher);
    compare(&stories);
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
