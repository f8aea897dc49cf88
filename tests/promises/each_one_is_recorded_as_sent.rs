//! Individual mode: every participant's sound and pictures in files of their own, as they were sent, on
//! one clock; and of those who send several layers the one that was asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use capstan_media::track::Uid;
use capstan_publish::pattern::{self, Luma};
use harness::browser::Browser;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::{Value, json};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

fn setup() -> Setup {
    let recording = "individual = { slice_seconds = 3 }".into();
    Setup { recording, ..Setup::default() }
}

/// The entry of a participant's track in a list of files.
fn listed<'a>(files: &'a Value, uid: u32, kind: &str) -> &'a Value {
    let name = uid.to_string();
    let of_track = |file: &&Value| file["uid"] == name.as_str() && file["trackType"] == kind;
    let found = files.as_array().and_then(|files| files.iter().find(of_track));
    found.unwrap_or_else(|| panic!("no {kind} of {uid} in {files}"))
}

fn playlist(server: &Server, file: &Value) -> PathBuf {
    server.recordings().join(file["fileName"].as_str().unwrap())
}

/// The codec that ffprobe finds; the file decodes without a complaint.
fn codec(file: &Path, kind: &str) -> String {
    judge::decodes_cleanly(file);
    let probed = judge::probe(file);
    judge::stream(&probed, kind)["codec_name"].as_str().unwrap().to_owned()
}

/// How old the pictures of `capstan publish` are where they lie on the room's clock, in seconds; each
/// says whose it is.
fn age(server: &Server, file: &Value, uid: u32) -> f64 {
    let start = file["sliceStartTime"].as_i64().unwrap();
    let luma = judge::luma(&playlist(server, file), WIDTH, HEIGHT);
    let ages = luma.pictures.iter().enumerate().filter_map(|(number, picture)| {
        let plane = Luma { data: picture, stride: WIDTH, width: WIDTH, height: HEIGHT };
        let stamp = pattern::read_in(plane, pattern::whole(WIDTH, HEIGHT))?;
        assert_eq!(stamp.uid.get(), uid, "in the pictures of {uid}");
        let shown = number as f64 / 15.0;
        Some(shown - (stamp.unix_millis(start) - start) as f64 / 1_000.0)
    });
    let mut ages: Vec<f64> = ages.collect();
    assert!(ages.len() > 60, "{} stamps of {uid} could be read", ages.len());
    ages.sort_by(f64::total_cmp);
    ages[ages.len() / 2]
}

#[test]
fn four_codecs_of_chromium_and_two_of_capstan_are_recorded_apart() {
    let _turn = real_time_turn();
    let server = Server::start(&setup());
    let api = server.api();
    for (first, second, ours) in [("VP8", "H264", "h264"), ("VP9", "AV1", "vp8")] {
        let room = format!("apart-{first}");
        let browsers = [(7, first), (8, second)].map(|(uid, codec)| {
            let query = format!("whip={}&codec={codec}&seconds=12", server.whip_url(&room, uid));
            (uid, codec, Browser::open("publish.html", &query))
        });
        for (_, _, browser) in &browsers {
            let _ = browser.wait_for("connected", Duration::from_secs(40));
        }
        let publishers = [5, 6].map(|uid| server.publish(&room, uid, &["--codec", ours]));
        let group = json!({"recordingConfig": {"subscribeUidGroup": 1}});
        let recording = api.record_in("individual", &room, "4000000000", &group);
        for (_, _, browser) in &browsers {
            let _ = browser.wait_for("deleted", Duration::from_secs(40));
        }
        let stopped = api.stop(&recording);
        assert_eq!(stopped.status, 200, "{}", stopped.text());
        drop(publishers);
        let files = &stopped.json()["serverResponse"]["fileList"];
        for (uid, sent, _) in &browsers {
            let video = listed(files, *uid, "video");
            assert_eq!(codec(&playlist(&server, video), "video"), sent.to_lowercase());
            assert_eq!(video["isPlayable"], *sent != "VP8");
            let audio = listed(files, *uid, "audio");
            assert_eq!(codec(&playlist(&server, audio), "audio"), "opus");
        }
        let ages = [5, 6].map(|uid| {
            let audio = playlist(&server, listed(files, uid, "audio"));
            let sound = judge::sound(&audio);
            let hertz = pattern::tone::frequency(Uid::new(uid).unwrap());
            let parts = sound.chunks_exact(960).map(|part| judge::tone(part, hertz));
            let loudest = parts.fold(0.0, f64::max);
            assert!(loudest > 0.01, "{uid} is heard at {hertz} Hz: {loudest}");
            let video = listed(files, uid, "video");
            assert_eq!(codec(&playlist(&server, video), "video"), ours);
            age(&server, video, uid)
        });
        assert!(ages.iter().all(|age| (-0.1..1.0).contains(age)), "{ages:?}");
        assert!((ages[0] - ages[1]).abs() < 0.15, "both lie on one clock: {ages:?}");
        if first == "VP9" {
            plays(&server, &recording.sid, listed(files, 7, "video"));
        } else {
            plays(&server, &recording.sid, listed(files, 8, "video"));
            plays(&server, &recording.sid, listed(files, 5, "audio"));
        }
    }
}

/// hls.js in Chromium plays it to its end.
fn plays(server: &Server, sid: &str, file: &Value) {
    let name = file["fileName"].as_str().unwrap();
    let url = format!("{}/recordings/{sid}/{name}", server.url());
    let browser = Browser::open("play.html", &format!("src={url}"));
    let ended = browser.wait_for("ended", Duration::from_secs(60));
    assert_eq!(ended["troubles"], json!([]), "{ended}");
    let (at, duration) = (ended["at"].as_f64().unwrap(), ended["duration"].as_f64().unwrap());
    assert!((at - duration).abs() < 0.2 && duration > 5.0, "{ended}");
}

#[test]
fn the_layer_that_was_asked_for_is_recorded() {
    let _turn = real_time_turn();
    let server = Server::start(&setup());
    let query = format!("whip={}&codec=VP8&simulcast=1&seconds=25", server.whip_url("layers", 7));
    let browser = Browser::open("publish.html", &query);
    let _ = browser.wait_for("connected", Duration::from_secs(40));
    let api = server.api();
    let recordings = [(0, "4000000000"), (1, "4000000001")].map(|(layer, uid)| {
        let request = json!({"recordingConfig":
            {"subscribeUidGroup": 0, "streamTypes": 1, "videoStreamType": layer}});
        api.record_in("individual", "layers", uid, &request)
    });
    let _ = browser.wait_for("deleted", Duration::from_secs(60));
    let widths = recordings.map(|recording| {
        let stopped = api.stop(&recording);
        assert_eq!(stopped.status, 200, "{}", stopped.text());
        let files = &stopped.json()["serverResponse"]["fileList"];
        let list = playlist(&server, listed(files, 7, "video"));
        judge::decodes_cleanly(&list);
        let text = std::fs::read_to_string(&list).unwrap();
        let last = text.lines().rfind(|line| line.contains("AGORA-ROTATE")).unwrap();
        let width = last.split("WIDTH=").nth(1).and_then(|rest| rest.split(',').next());
        width.unwrap().parse::<u32>().unwrap()
    });
    assert_eq!(widths, [1_280, 320], "the largest layer, and the smallest");
}
