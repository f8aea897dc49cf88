//! Everybody apart: scripted rooms, and files that hold what was sent, when it was sent.

use capstan_archive::settings::{Container, IndividualAudio, IndividualSettings, Mode, Streams};
use capstan_media::track::RoomId;
use capstan_render::{RenderError, render_into};
use serde_json::Value;

use super::super::script::{pictures, sounds};
use super::*;

fn as_sent() -> RecordingSettings {
    let individual =
        IndividualSettings { container: Container::Fmp4, audio: IndividualAudio::AsSent };
    // FFmpeg takes the names in a playlist as they are, percent signs and all.
    let room = RoomId { app: "demo".into(), name: "room".into() };
    RecordingSettings { mode: Mode::Individual(individual), room, ..settings("sid1") }
}

/// The object key of a participant's sound or pictures.
fn key(uid: u32, kind: &str) -> String {
    format!("a/b/sid1_room__uid_s_{uid}__uid_e_{kind}.m3u8")
}

/// The packets of a playlist as it lies on disk: time in microseconds and checksum.
fn packets(stage: &Stage, key: &str) -> Vec<(i64, u32)> {
    let path = hls_folder(&stage.folder()).join(key.rsplit('/').next().unwrap());
    // Every packet decodes without complaint.
    let mut decode = Command::new("ffmpeg");
    decode.args(["-v", "warning", "-i"]).arg(&path).args(["-f", "null", "-"]);
    let decoded = decode.output().expect("ffmpeg is installed");
    assert!(decoded.status.success() && decoded.stderr.is_empty(), "{key}: {decoded:?}");
    let mut copy = Command::new("ffmpeg");
    copy.args(["-v", "warning", "-copyts", "-i"]).arg(&path);
    let copied = copy.args(["-c", "copy", "-f", "framecrc", "-"]).output().unwrap();
    let text = String::from_utf8(copied.stdout).unwrap();
    let base = text.lines().find_map(|line| line.strip_prefix("#tb 0: 1/")).unwrap();
    let base: i64 = base.parse().unwrap();
    let packet = |line: &str| {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let crc = u32::from_str_radix(fields[5].trim_start_matches("0x"), 16).unwrap();
        (fields[2].parse::<i64>().unwrap() * 1_000_000 / base, crc)
    };
    text.lines().filter(|line| !line.starts_with('#')).map(packet).collect()
}

/// Adler-32 as `framecrc` has it: it starts at 0.
fn checksum(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((0_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

fn sums(frames: &[bytes::Bytes], count: usize) -> Vec<u32> {
    frames[..count].iter().map(|frame| checksum(frame)).collect()
}

/// The events of one kind about one participant's sound or pictures.
fn slices_of(stage: &Stage, uid: &str, kind: &str) -> Vec<Value> {
    let heard = stage.world.listener.heard().into_iter();
    heard
        .filter(|notice| notice.kind == "recorder_slice_start")
        .map(|notice| notice.details)
        .filter(|details| details["streamUid"] == uid && details["trackType"] == kind)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_participant_is_recorded_apart_as_sent_on_one_clock() {
    let mut plan = Plan::until(7_000);
    plan.add(participant(1, 300, 5_500));
    plan.add(participant(2, 1_700, 4_000));
    plan.left(2, 4_200, LeaveReason::Quit);
    let stage = Stage::open(plan, as_sent(), NEVER);
    let outcome = stage.play().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    let mut keys: Vec<String> = outcome.files.iter().map(|file| file.key.clone()).collect();
    keys.sort();
    let expected = [key(1, "audio"), key(1, "video"), key(2, "audio"), key(2, "video")];
    assert_eq!(keys, expected);
    assert_eq!(*stage.world.bucket.lies.lock().unwrap(), Vec::<String>::new());

    // Room time of the recording's zero is 10 s in the files.
    let zero = stage.handle.status().slice_start.unwrap();
    let in_file = |ms: i64| 10_000_000 + DAWN.offset_micros(ms * 1_000).micros_from(zero);
    for (uid, from, to) in [(1, 300_i64, 5_500_i64), (2, 1_700, 4_000)] {
        let video = packets(&stage, &key(uid, "video"));
        let sent = |each: i64| usize::try_from(((to - from) * each + 999) / 1_000).unwrap();
        let got: Vec<u32> = video.iter().map(|(_, sum)| *sum).collect();
        assert_eq!(got, sums(pictures(), sent(15)), "pictures of {uid}");
        let audio = packets(&stage, &key(uid, "audio"));
        let got: Vec<u32> = audio.iter().map(|(_, sum)| *sum).collect();
        assert_eq!(got, sums(sounds(), sent(50)), "sound of {uid}");
        for first in [video[0].0, audio[0].0] {
            let off = first - in_file(from);
            assert!(off.abs() <= 10_000, "{uid} begins {off} us off");
        }
        let off = video.last().unwrap().0 - video[0].0 - 66_667 * (video.len() as i64 - 1);
        assert!(off.abs() <= 2_000, "time of {uid} is {off} us off");
    }
    let list = stage.world.bucket.text(&key(1, "video"));
    let tags: Vec<&str> = list.lines().filter(|line| line.contains("AGORA")).collect();
    assert_eq!(tags.len(), 2, "{list}");
    assert!(tags[0].contains("EVENT=START,TRACK_TYPE=VIDEO,TIME=20260102030405"), "{list}");
    assert!(tags[1].contains("ROTATE:WIDTH=320,HEIGHT=240,ROTATE=0,TIME=2026"), "{list}");
    assert_eq!(list.matches("#EXT-X-DISCONTINUITY").count(), 1, "{list}");
    assert!(list.matches("#EXTINF").count() >= 2 && list.ends_with("#EXT-X-ENDLIST\n"), "{list}");
    let told = slices_of(&stage, "2", "audio");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["startUtcMs"], told[0]["discontinueUtcMs"]);
    let uploaded = stage.world.listener.details("uploaded");
    let of_one = uploaded["fileList"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["uid"] == "1" && file["trackType"] == "video");
    assert_eq!(of_one.unwrap()["isPlayable"], false, "no browser plays VP8 in MP4");
    let facts = stage.handle.status().track_facts;
    assert_eq!(facts.len(), 4);
    assert!(facts.iter().all(|facts| facts.playlist.is_some() && facts.slices > 0), "{facts:?}");
    rendered_alike(&stage);
}

/// Renders a recording again from its tapes and sees that it gives the same files, byte by byte.
fn rendered_alike(stage: &Stage) {
    let out = stage.world.folder.path().join("again");
    let rendering = Rendering {
        folder: stage.folder(),
        output: None,
        images: BTreeMap::new(),
        typeface: Typeface::default(),
    };
    let mixed = render(rendering.clone(), |_| Ok(()));
    assert!(matches!(mixed, Err(RenderError::NotMixed { .. })), "{mixed:?}");
    let (playlists, rendered) = render_into(rendering, &out).unwrap();
    assert_eq!((playlists.len(), &rendered.lost), (4, &vec![]));
    assert!(rendered.damaged_tapes.is_empty() && rendered.damaged_lines.is_empty());
    let files = |folder: &Path| -> BTreeMap<String, Vec<u8>> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        // Beside them lie the copies of playlists that were uploaded.
        let files = paths.filter(|path| path.extension().is_none_or(|end| end != "out"));
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        files.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
    };
    let (live, again) = (files(&hls_folder(&stage.folder())), files(&out));
    assert_eq!(live.keys().collect::<Vec<_>>(), again.keys().collect::<Vec<_>>());
    for (name, bytes) in &live {
        assert!(*bytes == again[name], "rendered again, {name} differs");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_after_a_break_goes_on_in_the_same_playlist() {
    let mut plan = Plan::until(21_000);
    plan.add(participant(1, 0, 1_500));
    plan.left(1, 1_600, LeaveReason::Lost);
    // The clock leaps once all before it is in the files: to whoever is behind then, what waits looks old.
    plan.pause(1_600);
    plan.leap(1_600, 18_001);
    plan.add(participant(1, 18_000, 19_500));
    let settings = RecordingSettings {
        subscription: Subscription { streams: Streams::Audio, ..Subscription::default() },
        ..as_sent()
    };
    let stage = Stage::open(plan, settings, NEVER);
    until("the script pauses", || stage.room.is_paused()).await;
    until("what came is taken", || {
        let behind = stage.clock.now().since(stage.handle.status().rendered_to.unwrap_or(DAWN));
        behind <= capstan_pipeline::as_sent::SETTLE + Duration::from_millis(100)
    })
    .await;
    stage.room.go_on();
    stage.play().await;
    assert_eq!(stage.handle.status().files.len(), 1, "only sound was subscribed");
    let list = stage.world.bucket.text(&key(1, "audio"));
    assert_eq!(list.matches("#EXT-X-DISCONTINUITY").count(), 2, "{list}");
    assert_eq!(list.matches("EVENT=START,TRACK_TYPE=AUDIO").count(), 2, "{list}");
    let told = slices_of(&stage, "1", "audio");
    assert_eq!(told.len(), 2, "{told:?}");
    let gap =
        told[1]["startUtcMs"].as_i64().unwrap() - told[1]["discontinueUtcMs"].as_i64().unwrap();
    assert!((16_490..=16_520).contains(&gap), "{told:?}");
    let times: Vec<i64> = packets(&stage, &key(1, "audio")).iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 150);
    let off = times[75] - times[0] - 18_000_000;
    assert!(off.abs() <= 10_000, "the second session is {off} us off");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_than_seventeen_the_first_to_join_are_recorded() {
    let mut plan = Plan::until(3_000);
    for uid in 1..=19 {
        // The highest uid joins first.
        plan.add(participant(uid, 200 - i64::from(uid) * 10, 1_000));
    }
    let settings = RecordingSettings {
        subscription: Subscription { streams: Streams::Audio, ..Subscription::default() },
        ..as_sent()
    };
    let stage = Stage::open(plan, settings, NEVER);
    let outcome = stage.play().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    let mut uids: Vec<u32> =
        outcome.files.iter().filter_map(|file| file.uid).map(Uid::get).collect();
    uids.sort_unstable();
    assert_eq!(uids, (3..=19).collect::<Vec<_>>());
}
