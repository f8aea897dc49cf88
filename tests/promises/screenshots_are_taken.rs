//! Screenshots of every participant: JPEG files that show whose they are and when, told of one by one,
//! alone or beside a recording.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use capstan_media::container::utc::Utc;
use capstan_media::time::RoomTime;
use capstan_publish::pattern::{self, Luma};
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::{Value, json};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// The uid and the 17 digits of a moment that a screenshot's name tells.
fn named(path: &Path) -> Option<(u32, &str)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".jpg")?;
    let (_, rest) = name.split_once("__uid_s_")?;
    let (uid, utc) = rest.split_once("__uid_e_video_")?;
    Some((uid.parse().ok()?, utc))
}

#[test]
fn each_shows_who_was_seen_and_when() {
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
    let _publishers = [(5, "vp8"), (6, "h264")]
        .map(|(uid, codec)| server.publish("shots", uid, &["--codec", codec]));
    let api = server.api();
    let shots = json!({"captureInterval": 5, "fileType": ["jpg"]});
    let alone = json!({"recordingConfig": {"subscribeUidGroup": 0}, "snapshotConfig": shots});
    let mut beside = alone.clone();
    beside["recordingFileConfig"] = json!({});
    let alone = api.record_in("individual", "shots", "4000000000", &alone);
    let beside = api.record_in("individual", "shots", "4000000001", &beside);
    std::thread::sleep(Duration::from_secs(13));
    for recording in [&alone, &beside] {
        let stopped = api.stop(recording);
        assert_eq!(stopped.status, 200, "{}", stopped.text());
        let files = files(&server, &recording.sid, ".jpg");
        for uid in [5, 6] {
            let of_uid: Vec<_> = files
                .iter()
                .filter(|file| named(file).is_some_and(|named| named.0 == uid))
                .collect();
            assert!(of_uid.len() >= 2, "{} pictures of {uid}: {files:?}", of_uid.len());
        }
        for file in &files {
            shows_what_its_name_says(file);
        }
        let told = told(&receiver, &recording.sid, files.len());
        for file in &files {
            let name = file.file_name().unwrap().to_str().unwrap();
            assert_eq!(told.iter().filter(|told| *told == name).count(), 1, "{name} in {told:?}");
        }
    }
    assert!(files(&server, &alone.sid, ".m3u8").is_empty(), "nothing but pictures was asked for");
    assert_eq!(files(&server, &beside.sid, ".m3u8").len(), 4, "sound and pictures of two");
}

fn files(server: &Server, sid: &str, suffix: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(server.recordings()).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.filter(|path| name(path).starts_with(sid) && name(path).ends_with(suffix)).collect()
}

fn shows_what_its_name_says(file: &Path) {
    judge::decodes_cleanly(file);
    let (uid, at) = named(file).unwrap_or_else(|| panic!("{} is named", file.display()));
    let luma = judge::luma(file, WIDTH, HEIGHT);
    let plane = Luma { data: &luma.pictures[0], stride: WIDTH, width: WIDTH, height: HEIGHT };
    let stamp = pattern::read_in(plane, pattern::whole(WIDTH, HEIGHT))
        .unwrap_or_else(|| panic!("{} shows a stamp", file.display()));
    assert_eq!(stamp.uid.get(), uid);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let drawn = stamp.unix_millis(i64::try_from(now).unwrap());
    let digits = |millis| Utc::of(RoomTime::from_millis(millis)).digits();
    let allowed = digits(drawn - 100)..digits(drawn + 2_000);
    assert!(allowed.contains(&at.to_owned()), "{} shows {}", file.display(), digits(drawn));
}

/// The names that events 45 of a recording told.
fn told(receiver: &Receiver, sid: &str, at_least: usize) -> Vec<String> {
    let events = || -> Vec<Value> {
        let of_it = |body: &Value| body["eventType"] == 45 && body["payload"]["sid"] == sid;
        receiver.callbacks().iter().map(|call| call.body.clone()).filter(of_it).collect()
    };
    let events = harness::process::eventually("events 45", Duration::from_secs(30), || {
        let events = events();
        (events.len() >= at_least).then_some(events)
    });
    let name = |event: &Value| {
        let text = event["payload"]["details"].to_string();
        let end = text.find(".jpg").expect("names a picture") + 4;
        let start = text[..end].rfind(['"', '/']).unwrap() + 1;
        text[start..end].to_owned()
    };
    events.iter().map(name).collect()
}
