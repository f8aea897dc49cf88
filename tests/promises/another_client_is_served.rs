//! The whole life of a recording, driven by a client library of Agora's API that isn't ours.

use std::process::Command;
use std::time::Duration;

use harness::process::eventually;
use harness::server::{APP, Server, Setup};
use harness::{judge, root, whole_machine};
use serde_json::{Value, json};

/// Drives one recording and answers what the library got.
fn life(server: &Server, mode: &str, room: &str) -> Value {
    let python = root().join(".tools/clients/bin/python");
    assert!(python.exists(), "{} is missing: run `scripts/setup test`", python.display());
    let host = server.url().trim_start_matches("http://").to_owned();
    let output = Command::new(python)
        .arg(root().join("tests/clients/agora_life.py"))
        .args([mode, &host, APP, APP, APP, room, "8"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn server() -> Server {
    Server::start(&Setup {
        recording: "segment_seconds = 2".into(),
        sections: "[recording.individual]\nslice_seconds = 2\n\
                   [storage.vendors.77]\nname = \"own\"\nplugin = \"store\"\n"
            .into(),
        ..Setup::default()
    })
}

#[test]
fn in_mode_mix() {
    let _turn = whole_machine();
    let server = server();
    let _publisher = server.publish("library", 7, &["--codec", "h264", "--size", "320x180"]);
    let log = life(&server, "mix", "library");
    let sid = log["start"]["sid"].as_str().unwrap();
    assert_eq!(log["query"]["serverResponse"]["status"], 5, "{log}");
    for method in ["start", "query", "update", "updateLayout", "stop"] {
        assert_eq!(log[method]["sid"], sid, "{method}: {log}");
        assert_eq!(log[method]["cname"], "library", "{method}: {log}");
    }
    assert_eq!(log["stop"]["serverResponse"]["uploadingStatus"], "uploaded", "{log}");
    assert_eq!(log["after"]["code"], 404, "{log}");
    let playlist = format!("lib/python/{sid}_library.m3u8");
    let file = server.recordings().join(&playlist);
    eventually("the playlist is in the store", Duration::from_secs(10), || {
        file.exists().then_some(())
    });
    judge::decodes_cleanly(&file);
    assert!(log["stop"].to_string().contains(&playlist), "{log}");
    assert_ne!(log["query"]["serverResponse"]["sliceStartTime"], json!(0));
}

#[test]
fn in_mode_individual() {
    let _turn = whole_machine();
    let server = server();
    let _publisher = server.publish("library", 7, &["--codec", "h264", "--size", "320x180"]);
    let log = life(&server, "individual", "library");
    let sid = log["start"]["sid"].as_str().unwrap();
    for method in ["start", "query", "update", "stop"] {
        assert_eq!(log[method]["sid"], sid, "{method}: {log}");
        assert_eq!(log[method]["cname"], "library", "{method}: {log}");
    }
    let queried = &log["query"]["serverResponse"];
    assert_eq!(
        (&queried["status"], &queried["fileListMode"]),
        (&json!(5), &json!("json")),
        "{log}"
    );
    let stopped = &log["stop"]["serverResponse"];
    assert_eq!(stopped["uploadingStatus"], "uploaded", "{log}");
    assert_eq!(log["after"]["code"], 404, "{log}");
    for kind in ["audio", "video"] {
        let name = format!("lib/python/{sid}_library__uid_s_7__uid_e_{kind}.m3u8");
        let listed = stopped["fileList"].as_array().unwrap().iter();
        let listed: Vec<&Value> = listed.filter(|file| file["trackType"] == kind).collect();
        assert_eq!(listed.len(), 1, "{log}");
        assert_eq!(
            (&listed[0]["fileName"], &listed[0]["uid"]),
            (&json!(name), &json!("7")),
            "{log}"
        );
        assert_eq!(listed[0]["filename"], listed[0]["fileName"]);
        judge::decodes_cleanly(&server.recordings().join(name));
    }
}
