//! With `hls_container = "ts"` hls.js in Chromium and FFmpeg play a recording, and what can't be in a
//! transport stream is refused before anything is recorded.

use std::time::Duration;

use harness::browser::Browser;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

#[test]
fn a_transport_stream_plays_everywhere() {
    let _turn = real_time_turn();
    let recording = "segment_seconds = 2\nhls_container = \"ts\"".into();
    let server = Server::start(&Setup { recording, ..Setup::default() });
    let _publisher = server.publish("old", 5, &["--codec", "vp8"]);
    let api = server.api();
    let size = json!({"width": 640, "height": 360, "fps": 15, "bitrate": 500});
    let recording = api.record("old", &json!({"recordingConfig": {"transcodingConfig": size}}));
    let url = harness::process::eventually("slices", Duration::from_secs(30), || {
        let answer = api.query(&recording).json();
        let response = &answer["serverResponse"];
        (response["status"] == 5).then(|| response["playbackUrl"].as_str().unwrap().to_owned())
    });
    std::thread::sleep(Duration::from_secs(4));
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());

    let list = server.recordings().join(format!("{}_old.m3u8", recording.sid));
    let text = std::fs::read_to_string(&list).unwrap();
    assert!(text.contains("#EXT-X-VERSION:3\n") && !text.contains("EXT-X-MAP"), "{text}");
    judge::decodes_cleanly(&list);
    let probed = judge::probe(&list);
    assert_eq!(judge::stream(&probed, "video")["codec_name"], "h264");
    assert_eq!(judge::stream(&probed, "audio")["codec_name"], "aac");

    let finished = Browser::open("play.html", &format!("src={url}"));
    let ended = finished.wait_for("ended", Duration::from_secs(60));
    let (at, duration) = (ended["at"].as_f64().unwrap(), ended["duration"].as_f64().unwrap());
    assert!((at - duration).abs() < 0.1 && duration > 3.0, "{ended}");
    assert!(ended["sound"].as_u64() > Some(0), "sound was decoded: {ended}");
    assert_eq!(ended["troubles"], json!([]), "{ended}");
}
