//! A lost `sid` and a lost callback are found again: recordings are listed, looked into and their events
//! replayed, while they run, afterwards and after a restart; and never by another app.

use std::time::Duration;

use harness::api::{Api, Started};
use harness::process::eventually;
use harness::real_time_turn;
use harness::server::{Server, Setup};
use serde_json::{Value, json};

const OTHER: &str = "[[apps]]\nid = \"other\"\nkey = \"other-key\"\nsecret = \"s3cr3t-of-other\"\n";
const SECRETS: [&str; 3] = ["s3cr3t-of-other", "AKIA-the-request-s", "the-token-of-the-request"];

#[test]
fn by_their_app_and_by_no_other() {
    let _turn = real_time_turn();
    let mut server = Server::start(&Setup {
        recording: "segment_seconds = 2".into(),
        app: OTHER.into(),
        ..Setup::default()
    });
    let publisher = server.publish("found", 5, &["--codec", "vp8", "--size", "320x180"]);
    let api = server.api();
    let recording = api.record(
        "found",
        &json!({
            "token": "the-token-of-the-request",
            "recordingConfig": {"transcodingConfig":
                {"width": 320, "height": 180, "fps": 15, "bitrate": 300}},
            "storageConfig": {"fileNamePrefix": ["dir1"]},
        }),
    );
    eventually("slices", Duration::from_secs(30), || {
        (api.query(&recording).json()["serverResponse"]["status"] == 5).then_some(())
    });
    let listed = get(&api, "/api/v1/recordings?room=found&state=recording");
    assert_eq!(listed["recordings"][0]["sid"], *recording.sid, "{listed}");
    let running = details(&api, &recording);
    assert_eq!((&running["state"], &running["mode"]), (&json!("recording"), &json!("mix")));
    assert_eq!(running["live"]["participants"], json!([5]), "{running}");
    let codecs: Vec<&Value> =
        running["tracks"].as_array().unwrap().iter().map(|t| &t["codecs"]).collect();
    assert_eq!(codecs, [&json!(["opus"]), &json!(["vp8"])], "{running}");

    let stranger = server.api_of("other-key", "s3cr3t-of-other");
    nothing_for(&stranger, &recording);

    drop(publisher);
    assert_eq!(api.stop(&recording).status, 200);
    let told = eventually("the last event", Duration::from_secs(30), || {
        let told = events(&api, &recording, "");
        (told.last()?["kind"] == "session_exit").then_some(told)
    });
    server.shut_down();
    server.run();
    let api = server.api();
    let ended = details(&api, &recording);
    assert_eq!((&ended["state"], &ended["stopped"]), (&json!("done"), &json!("asked")), "{ended}");
    assert_eq!(ended["files"][0]["fileName"], format!("dir1/{}_found.m3u8", recording.sid));
    assert_eq!(ended["files"][0]["filename"], ended["files"][0]["fileName"]);
    assert_eq!((&ended["uploads"]["owed"], &ended["eventsOwed"]), (&json!(0), &json!(0)));
    assert_eq!(ended["tracks"].as_array().unwrap().len(), 2, "what came is known afterwards");
    assert!(ended["live"].is_null());
    assert_eq!(events(&api, &recording, ""), told, "the same after a restart");
    let sequences: Vec<u64> =
        told.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (0..told.len() as u64).collect::<Vec<_>>(), "without gaps");
    assert_eq!(events(&api, &recording, "?after=2"), told[3..]);
    assert_eq!(events(&api, &recording, "?limit=1"), told[..1]);
    nothing_for(&server.api_of("other-key", "s3cr3t-of-other"), &recording);
    refused_by_name(&api);

    let plugins = get(&api, "/api/v1/plugins").to_string();
    assert!(plugins.contains("layout-float") && !plugins.contains("plugins/built"), "{plugins}");
    let log =
        server.log() + &std::fs::read_to_string(server.folder().join("server.log.before")).unwrap();
    for secret in SECRETS {
        assert!(!log.contains(secret), "the log has {secret}");
        assert!(!ended.to_string().contains(secret) && !json!(told).to_string().contains(secret));
    }
}

fn nothing_for(stranger: &Api, recording: &Started) {
    assert_eq!(get(stranger, "/api/v1/recordings")["recordings"], json!([]));
    for path in ["", "/events"] {
        let path = format!("/api/v1/recordings/{}{path}", recording.sid);
        assert_eq!(stranger.get(&path).unwrap().status, 404, "another app sees {path}");
    }
    let path = "/api/v1/recordings?app=school";
    assert_eq!(stranger.get(path).unwrap().status, 400);
}

fn refused_by_name(api: &Api) {
    for (query, word) in [
        ("state=sleeping", "state"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("after=x", "after"),
        ("since=yesterday", "since"),
        ("rooom=a", "rooom"),
    ] {
        let answer = api.get(&format!("/api/v1/recordings?{query}")).unwrap();
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(word), "{}", answer.text());
        assert!(answer.head.contains("application/problem+json"));
    }
}

fn get(api: &Api, path: &str) -> Value {
    let answer = api.get(path).unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn details(api: &Api, recording: &Started) -> Value {
    get(api, &format!("/api/v1/recordings/{}", recording.sid))
}

fn events(api: &Api, recording: &Started, query: &str) -> Vec<Value> {
    let told = get(api, &format!("/api/v1/recordings/{}/events{query}", recording.sid));
    told["events"].as_array().unwrap().clone()
}
