//! Uploads and events that couldn't leave before a crash leave after it, in order, and a recording
//! that was live is finished from what was on disk.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::process::{capstan, eventually};
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

use crate::common::events;

#[test]
fn a_crash_loses_neither_upload_nor_event() {
    let _turn = real_time_turn();
    let receiver = Receiver::start();
    receiver.refuse(true);
    let mut server = Server::start(&Setup {
        recording: "segment_seconds = 2".into(),
        sections: "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n".into(),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n",
            receiver.url()
        ),
    });
    let publisher = server.publish("crash", 6, &["--codec", "vp8", "--size", "320x180"]);
    let api = server.api();
    let recording = api.record(
        "crash",
        &json!({"recordingConfig": {"transcodingConfig":
            {"width": 320, "height": 180, "fps": 15, "bitrate": 300}}}),
    );
    eventually("slices", Duration::from_secs(30), || {
        (api.query(&recording).json()["serverResponse"]["status"] == 5).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    server.crash();
    drop(publisher);
    assert!(receiver.callbacks().is_empty(), "nothing was taken before the crash");
    receiver.refuse(false);
    server.run();
    let callbacks = receiver.wait_for(11, Duration::from_secs(60));
    assert_eq!(events(&callbacks, &[40, 42, 4, 41, 31, 11]), [40, 42, 4, 41, 31, 11]);
    let mut sequence: Vec<u64> = callbacks
        .iter()
        .map(|callback| callback.body["payload"]["sequence"].as_u64().unwrap())
        .collect();
    sequence.dedup();
    assert_eq!(sequence, (0..sequence.len() as u64).collect::<Vec<_>>(), "without gaps");
    let exit = &callbacks.last().unwrap().body["payload"]["details"];
    assert_eq!(exit["exitStatus"], 1, "an interrupted recording says so: {exit}");
    let file = server.recordings().join(format!("{}_crash.m3u8", recording.sid));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    judge::decodes_cleanly(&file);

    // What no segment held when the process died is on the tapes.
    let out = server.folder().join("rendered");
    let render = Command::new(capstan())
        .arg("render")
        .arg(server.folder().join("work").join(&recording.sid))
        .arg("--out")
        .arg(&out)
        .status()
        .unwrap();
    assert!(render.success());
    let rendered = out.join(file.file_name().unwrap());
    judge::decodes_cleanly(&rendered);
    let seconds = |file: &Path| -> f64 {
        judge::probe(file)["format"]["duration"].as_str().unwrap().parse().unwrap()
    };
    let (cut, all) = (seconds(&file), seconds(&rendered));
    assert!(all >= cut + 0.5, "{all} s are on tape, {cut} s were cut");
}
