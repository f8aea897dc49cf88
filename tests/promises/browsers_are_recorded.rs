//! Chromium publishes its fake camera with each codec it knows; each is recorded and decodes
//! cleanly, beside an unlike publisher in the same room.

use std::time::Duration;

use capstan_publish::pattern::{self, Luma};
use harness::browser::Browser;
use harness::server::{Server, Setup};
use harness::{judge, whole_machine};
use serde_json::json;

use crate::common::{green_share, tile};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

#[test]
fn every_codec_of_chromium_is_recorded() {
    let _turn = whole_machine();
    let server = Server::start(&Setup::default());
    for codec in ["VP8", "VP9", "H264", "AV1"] {
        let room = format!("browser-{codec}");
        let query = format!("whip={}&codec={codec}&seconds=11", server.whip_url(&room, 7));
        let browser = Browser::open("publish.html", &query);
        let connected = browser.wait_for("connected", Duration::from_secs(30));
        assert!(connected["session"].as_str().is_some_and(|url| url.starts_with(&server.url())));
        assert!(connected["etag"].is_string(), "ETag is readable from another origin: {connected}");
        let publisher = server.publish(&room, 8, &["--codec", "vp8"]);
        let api = server.api();
        let recording = api.record(
            &room,
            &json!({"recordingConfig": {"transcodingConfig":
                {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 800,
                 "mixedVideoLayout": 1}}}),
        );
        let deleted = browser.wait_for("deleted", Duration::from_secs(40));
        assert_eq!(deleted["status"], 200, "DELETE of the session");
        let stopped = api.stop(&recording);
        assert_eq!(stopped.status, 200, "{codec}: {}", stopped.text());
        drop(publisher);
        let file = server.recordings().join(format!("{}_{room}.m3u8", recording.sid));
        judge::decodes_cleanly(&file);
        fake_camera_is_seen_and_heard(&file, codec);
    }
}

/// Chromium's fake camera is green with a pie that turns, and beeps once a second.
fn fake_camera_is_seen_and_heard(file: &std::path::Path, codec: &str) {
    let pictures = judge::rgb(file, WIDTH, HEIGHT);
    let middle = pictures.len() / 2;
    let left_half = |row: &[u8]| row[..WIDTH * 3 / 2].to_vec();
    let half: Vec<u8> = pictures[middle].chunks_exact(WIDTH * 3).flat_map(left_half).collect();
    let share = green_share(&half);
    assert!(share > 0.3, "{codec}: the fake camera's green fills {share:.2} of its tile");
    let differs = pictures[middle]
        .iter()
        .zip(&pictures[middle - 5])
        .filter(|(a, b)| a.abs_diff(**b) > 40)
        .count();
    assert!(differs > 200, "{codec}: the picture moves ({differs} samples differ)");

    let luma = judge::luma(file, WIDTH, HEIGHT);
    let other = luma.pictures.iter().filter(|picture| {
        let plane = Luma { data: picture, stride: WIDTH, width: WIDTH, height: HEIGHT };
        pattern::read_in(plane, tile(1).covered(16.0 / 9.0)).is_some_and(|s| s.uid.get() == 8)
    });
    let share = other.count() as f64 / luma.pictures.len() as f64;
    assert!(share > 0.3, "{codec}: the other publisher is in its tile in {share:.2}");

    let sound = judge::sound(file);
    let ours = pattern::tone::frequency(capstan_media::track::Uid::new(8).unwrap());
    let loudest = |hertz: f64| {
        sound.chunks_exact(960).map(|part| judge::tone(part, hertz)).fold(0.0, f64::max)
    };
    assert!(loudest(ours) > 0.01, "{codec}: uid 8 is heard at {ours} Hz: {}", loudest(ours));
    // The fake microphone's beep is a tone of 200 Hz and its harmonics.
    let fake = (1..=8).map(|n| loudest(200.0 * f64::from(n))).fold(0.0, f64::max);
    assert!(fake > 0.01, "{codec}: the fake microphone is heard: {fake}");
}
