//! Two unlike publishers talk in a room; one recording shows and sounds both, in step, and every
//! event is told in order and signed.

use std::path::Path;
use std::time::Duration;

use capstan_publish::pattern::{self, Area, Luma};
use harness::api::Started;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

use crate::common::{events, hmac_sha1_hex, tile};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
const FPS: f64 = 15.0;

#[test]
fn both_are_seen_and_heard_in_step() {
    let _turn = real_time_turn();
    let receiver = Receiver::start();
    let callback = format!(
        "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"shh\"\n",
        receiver.url()
    );
    let server = Server::start(&Setup {
        app: callback,
        sections: "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n".into(),
        ..Setup::default()
    });
    let _one = server.publish("lesson", 101, &["--codec", "vp8"]);
    let _two = server.publish("lesson", 202, &["--codec", "h264"]);
    let api = server.api();
    let recording = api.record(
        "lesson",
        &json!({
            "recordingConfig": {"transcodingConfig":
                {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 800, "mixedVideoLayout": 1}},
            "storageConfig": null,
        }),
    );
    let first = api.query(&recording).json();
    assert_eq!(first["serverResponse"]["fileList"], playlist_name(&recording), "{first}");
    std::thread::sleep(Duration::from_secs(14));
    let live = api.query(&recording).json();
    assert_eq!(live["serverResponse"]["status"], 5, "{live}");
    let live_url = live["serverResponse"]["playbackUrl"].as_str().unwrap().to_owned();
    let path = live_url.strip_prefix(&server.url()).unwrap();
    let playlist = api.get(path).unwrap().text();
    assert!(playlist.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !playlist.contains("ENDLIST"));

    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    assert_eq!(stopped.json()["serverResponse"]["uploadingStatus"], "uploaded");
    let file = server.recordings().join(playlist_name(&recording));

    is_valid(&file);
    both_tiles_show_their_publisher(&file);
    both_are_heard_in_step(&file);

    let callbacks = receiver.wait_for(11, Duration::from_secs(20));
    assert_eq!(events(&callbacks, &[40, 42, 4, 41, 31, 11]), [40, 42, 4, 41, 31, 11]);
    for (number, callback) in callbacks.iter().enumerate() {
        assert_eq!(callback.body["payload"]["sequence"], number, "{}", callback.body);
        assert_eq!(callback.body["payload"]["sid"], *recording.sid);
        assert_eq!(callback.signature, hmac_sha1_hex(b"shh", &callback.raw));
    }
    let slice = callbacks.iter().find(|callback| callback.event() == 42).unwrap();
    let started_ms = slice.body["payload"]["details"]["startUtcMs"].as_i64().unwrap();
    assert_eq!(live["serverResponse"]["sliceStartTime"].as_i64(), Some(started_ms));
}

fn playlist_name(recording: &Started) -> String {
    format!("{}_lesson.m3u8", recording.sid)
}

fn is_valid(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    judge::decodes_cleanly(file);
    let probed = judge::probe(file);
    let (video, audio) = (judge::stream(&probed, "video"), judge::stream(&probed, "audio"));
    assert_eq!((&video["codec_name"], &audio["codec_name"]), (&json!("h264"), &json!("aac")));
    assert_eq!((&video["width"], &video["height"]), (&json!(WIDTH), &json!(HEIGHT)));
    assert_eq!(video["avg_frame_rate"], "15/1");
    let listed: f64 = text
        .lines()
        .filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(',')?.parse::<f64>().ok())
        .sum();
    let frames: f64 = video["nb_read_frames"].as_str().unwrap().parse().unwrap();
    assert!((listed - frames / FPS).abs() < 1.0 / FPS, "{listed} s listed, {frames} pictures");
}

fn both_tiles_show_their_publisher(file: &Path) {
    let luma = judge::luma(file, WIDTH, HEIGHT);
    for (number, uid) in [(0, 101), (1, 202)] {
        let stamps: Vec<u32> = luma
            .pictures
            .iter()
            .filter_map(|picture| {
                pattern::read_in(plane(picture), tile(number).covered(16.0 / 9.0))
            })
            .filter(|stamp| stamp.uid.get() == uid)
            .map(|stamp| stamp.millis)
            .collect();
        let share = stamps.len() as f64 / luma.pictures.len() as f64;
        assert!(share > 0.9, "tile {number} shows uid {uid} in {share:.2} of the pictures");
        let forward = stamps.windows(2).filter(|pair| pair[0] <= pair[1]).count();
        assert_eq!(forward, stamps.len() - 1, "the burnt-in clock of {uid} never goes back");
    }
}

fn both_are_heard_in_step(file: &Path) {
    let sound = judge::sound(file);
    let luma = judge::luma(file, WIDTH, HEIGHT);
    for (number, uid) in [(0, 101), (1, 202)] {
        let hertz = pattern::tone::frequency(capstan_media::track::Uid::new(uid).unwrap());
        let offsets = offsets_ms(&luma, &sound, tile(number).covered(16.0 / 9.0), hertz);
        assert!(offsets.len() >= 8, "uid {uid} flashes and beeps: {offsets:?}");
        let mut sorted = offsets.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted[sorted.len() / 2];
        // Two thirds of a picture either way: a picture is only as exact as its tick.
        assert!(middle.abs() < 90.0, "uid {uid}: sound is {middle:.0} ms off: {offsets:?}");
    }
}

/// For each flash: how much later than it the beep begins, in milliseconds.
fn offsets_ms(luma: &judge::Luma, sound: &[f32], area: Area, hertz: f64) -> Vec<f64> {
    let beeps: Vec<f64> = judge::beeps(sound, hertz).iter().map(|at| at * 1000.0).collect();
    let lit: Vec<bool> = luma
        .pictures
        .iter()
        .map(|picture| pattern::is_lit(plane(picture), area) == Some(true))
        .collect();
    let flashes = (1..lit.len()).filter(|at| lit[*at] && !lit[at - 1]);
    flashes
        .filter_map(|at| {
            let flash = at as f64 * 1000.0 / FPS;
            let nearest = beeps.iter().map(|beep| beep - flash);
            nearest.min_by(|a, b| a.abs().total_cmp(&b.abs())).filter(|off| off.abs() < 400.0)
        })
        .collect()
}

fn plane(picture: &[u8]) -> Luma<'_> {
    Luma { data: picture, stride: WIDTH, width: WIDTH, height: HEIGHT }
}
