//! A browser that shares a picture and paints it once: who records later has it from the start to the end, in the
//! mix, in its own file and in screenshots, and it isn't told to be gone.

use std::path::PathBuf;
use std::time::Duration;

use harness::browser::Browser;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
/// What the page paints.
const PAINTED: [u8; 3] = [200, 30, 30];
/// How long the picture has stood before it is recorded: its only key frame is long gone.
const BEFORE: Duration = Duration::from_secs(6);
/// How long it is recorded: longer than a recording lasts in which nobody is seen or heard.
const RECORDED: Duration = Duration::from_secs(9);

#[test]
fn a_picture_that_was_painted_once_is_recorded_until_it_ends() {
    let _turn = real_time_turn();
    let receiver = Receiver::start();
    let server = Server::start(&Setup {
        sections: "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n".into(),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n",
            receiver.url()
        ),
        ..Setup::default()
    });
    let query = format!("whip={}&codec=VP8&still=1&seconds=40", server.whip_url("still", 7));
    let browser = Browser::open("publish.html", &query);
    let _ = browser.wait_for("connected", Duration::from_secs(30));
    std::thread::sleep(BEFORE);
    let api = server.api();
    let mixed = json!({"recordingConfig": {"maxIdleTime": 5, "transcodingConfig":
        {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 600, "mixedVideoLayout": 1}}});
    let mixed = api.record("still", &mixed);
    let apart = json!({
        "recordingConfig": {"maxIdleTime": 5, "subscribeUidGroup": 0},
        "recordingFileConfig": {},
        "snapshotConfig": {"captureInterval": 5, "fileType": ["jpg"]},
    });
    let apart = api.record_in("individual", "still", "4000000000", &apart);
    std::thread::sleep(RECORDED);
    for recording in [&mixed, &apart] {
        let stopped = api.stop(recording);
        assert_eq!(stopped.status, 200, "{}", stopped.text());
    }
    drop(browser);
    let is_painted = |picture: &[u8]| {
        let pixel = &picture[(HEIGHT / 2 * WIDTH + WIDTH / 2) * 3..][..3];
        pixel.iter().zip(PAINTED).all(|(seen, painted)| seen.abs_diff(painted) <= 12)
    };

    let file = |end: &str| files(&server, end);
    let list = file(&format!("{}_still.m3u8", mixed.sid)).remove(0);
    judge::decodes_cleanly(&list);
    let pictures = judge::rgb(&list, WIDTH, HEIGHT);
    assert!(pictures.len() >= 15 * 7, "{} pictures of the mix", pictures.len());
    let shown = pictures.iter().position(|picture| is_painted(picture));
    assert!(shown.is_some_and(|first| first < 15), "first seen in picture {shown:?}");
    let gone = pictures.iter().skip(15).position(|picture| !is_painted(picture));
    assert_eq!(gone, None, "it vanishes");

    let list = file("__uid_s_7__uid_e_video.m3u8").remove(0);
    judge::decodes_cleanly(&list);
    let text = std::fs::read_to_string(&list).unwrap();
    let lengths = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
    let seconds: f64 = lengths.map(|line| line.trim_end_matches(',').parse::<f64>().unwrap()).sum();
    assert!((7.0..12.0).contains(&seconds), "its own file lasts {seconds} s:\n{text}");
    assert!(is_painted(&judge::rgb(&list, WIDTH, HEIGHT)[0]));

    let shots = file(".jpg");
    assert!(shots.len() >= 2, "a screenshot every 5 s: {shots:?}");
    assert!(shots.iter().all(|shot| is_painted(&judge::rgb(shot, WIDTH, HEIGHT)[0])));

    for recording in [&mixed, &apart] {
        let of_it = |body: &serde_json::Value| body["payload"]["sid"] == *recording.sid;
        let told = receiver.callbacks();
        let told: Vec<_> = told.iter().map(|call| &call.body).filter(|body| of_it(body)).collect();
        let end = told.iter().position(|body| body["eventType"] == 41 || body["eventType"] == 11);
        let gone = |body: &&serde_json::Value| {
            body["eventType"] == 44 && body["payload"]["details"]["state"] == 1
        };
        let gone: Vec<_> =
            told.iter().take(end.unwrap_or(told.len())).copied().filter(gone).collect();
        assert!(gone.is_empty(), "told to be gone while it stood: {gone:?}");
        assert!(told.iter().any(|body| body["eventType"] == 44), "its coming is told: {told:?}");
    }
}

fn files(server: &Server, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(server.recordings()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_str().is_some_and(|path| path.ends_with(end))).collect()
}
