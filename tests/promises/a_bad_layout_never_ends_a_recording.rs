//! A layout plugin that traps, spins, eats memory or answers garbage: the recording goes on with
//! the built-in grid, and an event and a metric say so.

use std::time::Duration;

use capstan_publish::pattern::{self};
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn, root};
use serde_json::json;

const WIDTH: usize = 320;
const HEIGHT: usize = 180;

#[test]
fn the_recording_goes_on() {
    let _turn = real_time_turn();
    for (guest, fault) in [
        ("traps", "trapped"),
        ("spins", "out_of_time"),
        ("eats-memory", "out_of_memory"),
        ("off-canvas", "bad_answer"),
    ] {
        goes_on_with(guest, fault);
    }
}

fn goes_on_with(guest: &str, fault: &str) {
    let guests = root().join("tests/guests/built");
    assert!(
        guests.join(format!("{}.wasm", guest.replace('-', "_"))).exists(),
        "run `make guests` first"
    );
    let receiver = Receiver::start();
    let server = Server::start(&Setup {
        recording: format!("[recording.layouts]\nbest_fit = \"{guest}\""),
        sections: format!(
            "[plugins]\nfolders = [\"PLUGINS\", \"{}\"]\nallow_private = [\"127.0.0.1\"]\n",
            guests.display()
        ),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n",
            receiver.url()
        ),
    });
    let _publisher = server.publish("room", 3, &["--codec", "vp8", "--size", "320x180"]);
    let api = server.api();
    let recording = api.record(
        "room",
        &json!({"recordingConfig": {"transcodingConfig":
            {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 300, "mixedVideoLayout": 1}}}),
    );
    let told = receiver.wait_for(2, Duration::from_secs(30));
    let warning = told.iter().find(|callback| callback.event() == 2).unwrap();
    let words = warning.body["payload"]["details"].to_string();
    assert!(words.contains(guest), "the warning names the plugin: {words}");
    std::thread::sleep(Duration::from_secs(4));
    assert!(server.metric("capstan_plugin_faults_total", fault) >= 1.0, "{guest}: no {fault}");
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{guest}: {}", stopped.text());
    let file = server.recordings().join(format!("{}_room.m3u8", recording.sid));
    judge::decodes_cleanly(&file);
    let luma = judge::luma(&file, WIDTH, HEIGHT);
    let seen = luma.pictures.iter().filter(|picture| {
        pattern::read(picture, WIDTH, WIDTH, HEIGHT).is_some_and(|stamp| stamp.uid.get() == 3)
    });
    let share = seen.count() as f64 / luma.pictures.len() as f64;
    assert!(share > 0.8, "{guest}: the built-in grid shows the publisher in {share:.2}");
}
