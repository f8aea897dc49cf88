//! `updateLayout` changes the very next pictures, without a new slice or playlist.

use std::time::Duration;

use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::{Value, json};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;

#[test]
fn the_next_pictures_are_in_the_new_layout() {
    let _turn = real_time_turn();
    let server = Server::start(&Setup::default());
    let _publisher = server.publish("class", 9, &["--codec", "vp8", "--size", "320x180"]);
    let api = server.api();
    let recording = api.record(
        "class",
        &json!({"recordingConfig": {"transcodingConfig":
            {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 400, "mixedVideoLayout": 1}}}),
    );
    let start_ms = harness::process::eventually("the first slice", Duration::from_secs(30), || {
        let answer = api.query(&recording).json();
        (answer["serverResponse"]["status"] == 5)
            .then(|| answer["serverResponse"]["sliceStartTime"].as_i64())
            .flatten()
    });
    let before_ms = unix_ms();
    let answer = api.update_layout(
        &recording,
        &json!({"mixedVideoLayout": 3, "backgroundColor": "#ff0000", "layoutConfig": [
            {"uid": "9", "x_axis": 0, "y_axis": 0, "width": 0.5, "height": 1, "alpha": 1.0,
             "render_mode": 0}]}),
    );
    let after_ms = unix_ms();
    assert_eq!(answer.status, 200, "{}", answer.text());
    std::thread::sleep(Duration::from_secs(3));
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());

    let file = server.recordings().join(format!("{}_class.m3u8", recording.sid));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("DISCONTINUITY"), "{text}");
    let pictures = judge::rgb(&file, WIDTH, HEIGHT);
    let changed = pictures.iter().position(|picture| right_edge_is_red(picture)).unwrap();
    assert!(pictures[changed..].iter().all(|picture| right_edge_is_red(picture)));
    // The picture being rendered while the call runs belongs to a moment one playout delay ago.
    let picture_ms = start_ms + i64::try_from(changed).unwrap() * 1000 / 15;
    let two_frames = 2 * 1000 / 15;
    let delay = 700;
    assert!(
        picture_ms >= before_ms - delay - two_frames && picture_ms <= after_ms + two_frames,
        "called between {before_ms} and {after_ms}, seen in the picture of {picture_ms}"
    );
}

#[test]
fn a_refused_layout_changes_nothing() {
    let server = Server::start(&Setup::default());
    let api = server.api();
    let recording = api.record("empty", &json!({"recordingConfig": {}}));
    let refused: Value = api.update_layout(&recording, &json!({"mixedVideoLayout": 3})).json();
    assert_eq!(refused["code"], 1028, "{refused}");
    assert!(refused["reason"].as_str().unwrap().contains("layoutConfig"), "{refused}");
}

fn right_edge_is_red(rgb: &[u8]) -> bool {
    let pixels = rgb.chunks_exact(WIDTH * 3).map(|row| &row[(WIDTH - 8) * 3..(WIDTH - 7) * 3]);
    let red = pixels.filter(|pixel| pixel[0] > 180 && pixel[1] < 70 && pixel[2] < 70).count();
    red * 10 > HEIGHT * 9
}

fn unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
