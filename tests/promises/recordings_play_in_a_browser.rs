//! hls.js in Chromium plays a recording while it grows, and after its end plays, seeks and reaches
//! the end.

use std::time::Duration;

use harness::browser::Browser;
use harness::server::{Server, Setup};
use harness::whole_machine;
use serde_json::json;

#[test]
fn live_and_finished_recordings_play() {
    let _turn = whole_machine();
    let server =
        Server::start(&Setup { recording: "segment_seconds = 2".into(), ..Setup::default() });
    let _publisher = server.publish("show", 5, &["--codec", "vp8"]);
    let api = server.api();
    let recording = api.record(
        "show",
        &json!({"recordingConfig": {"transcodingConfig":
            {"width": 640, "height": 360, "fps": 15, "bitrate": 500}}}),
    );
    let url = harness::process::eventually("slices", Duration::from_secs(30), || {
        let answer = api.query(&recording).json();
        let response = &answer["serverResponse"];
        (response["status"] == 5).then(|| response["playbackUrl"].as_str().unwrap().to_owned())
    });
    let live = Browser::open("play.html", &format!("live=1&src={url}"));
    let playing = live.wait_for("playing", Duration::from_secs(40));
    assert_eq!((&playing["width"], &playing["height"]), (&json!(640), &json!(360)));
    drop(live);

    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let finished = Browser::open("play.html", &format!("src={url}"));
    let seeked = finished.wait_for("seeked", Duration::from_secs(60));
    let ended = finished.wait_for("ended", Duration::from_secs(60));
    assert!(seeked["at"].as_f64() < ended["at"].as_f64());
    let (at, duration) = (ended["at"].as_f64().unwrap(), ended["duration"].as_f64().unwrap());
    assert!((at - duration).abs() < 0.1, "{ended}");
    assert!(ended["sound"].as_u64() > Some(0), "sound was decoded: {ended}");
    assert_eq!(ended["troubles"], json!([]), "{ended}");
}
