//! Uploads and events that couldn't leave before a crash leave after it, in order, and a recording
//! that was live is finished from what was on disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use harness::process::eventually;
use harness::receiver::{Callback, Receiver};
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

use crate::common::{events, render};

/// A server that tells a receiver what happens.
fn server(receiver: &Receiver, recording: &str) -> Server {
    Server::start(&Setup {
        recording: recording.into(),
        sections: "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n".into(),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n",
            receiver.url()
        ),
    })
}

/// The numbers of a recording's events as a receiver gets them: each at least once, in order.
fn in_order_without_gaps(callbacks: &[Callback]) {
    let number = |callback: &Callback| callback.body["payload"]["sequence"].as_u64().unwrap();
    let mut sequence: Vec<u64> = callbacks.iter().map(number).collect();
    sequence.dedup();
    assert_eq!(sequence, (0..sequence.len() as u64).collect::<Vec<_>>(), "without gaps");
}

#[test]
fn a_crash_loses_neither_upload_nor_event() {
    let _turn = real_time_turn();
    let receiver = Receiver::start();
    receiver.refuse(true);
    let mut server = server(&receiver, "segment_seconds = 2");
    let publisher = server.publish("crash", 6, &["--codec", "vp8", "--size", "320x180"]);
    let api = server.api();
    let recording = api.record(
        "crash",
        &json!({"recordingConfig": {"transcodingConfig":
            {"width": 320, "height": 180, "fps": 15, "bitrate": 300}}}),
    );
    eventually("slices", Duration::from_secs(30), || {
        (api.query(&recording).json()["serverResponse"]["status"] == 5).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    server.crash();
    drop(publisher);
    assert!(receiver.callbacks().is_empty(), "nothing was taken before the crash");
    receiver.refuse(false);
    server.run();
    let callbacks = receiver.wait_for(11, Duration::from_secs(60));
    assert_eq!(events(&callbacks, &[40, 42, 4, 41, 31, 11]), [40, 42, 4, 41, 31, 11]);
    in_order_without_gaps(&callbacks);
    let exit = &callbacks.last().unwrap().body["payload"]["details"];
    assert_eq!(exit["exitStatus"], 1, "an interrupted recording says so: {exit}");
    let file = server.recordings().join(format!("{}_crash.m3u8", recording.sid));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    judge::decodes_cleanly(&file);

    // It holds all that the tapes do.
    let out = render(&server, &recording.sid);
    let rendered = out.join(file.file_name().unwrap());
    judge::decodes_cleanly(&rendered);
    let (made, all) = (judge::seconds(&file), judge::seconds(&rendered));
    assert!((all - made).abs() < 0.15, "{all} s are on tape, {made} s in the files");
}

#[test]
fn a_crash_ends_every_playlist_of_those_recorded_apart_where_its_tape_ends() {
    let _turn = real_time_turn();
    let receiver = Receiver::start();
    let mut server = server(&receiver, "individual = { slice_seconds = 2 }");
    let publishers = [(5, "vp8"), (6, "h264")]
        .map(|(uid, codec)| server.publish("apart", uid, &["--codec", codec, "--size", "320x180"]));
    let group = json!({"recordingConfig": {"subscribeUidGroup": 0}});
    let recording = server.api().record_in("individual", "apart", "4000000000", &group);
    eventually("slices of all", Duration::from_secs(40), || {
        let callbacks = receiver.callbacks();
        (callbacks.iter().filter(|callback| callback.event() == 4).count() == 4).then_some(())
    });
    std::thread::sleep(Duration::from_secs(4));
    server.crash();
    drop(publishers);
    let cut = lists(&server.folder().join("work").join(&recording.sid).join("hls"));
    assert_eq!(cut.len(), 4, "{cut:?}");
    server.run();
    let callbacks = receiver.wait_for(11, Duration::from_secs(60));
    in_order_without_gaps(&callbacks);
    let mut told: Vec<&Callback> = callbacks.iter().collect();
    told.dedup_by_key(|callback| &callback.body["noticeId"]);
    let count = |event: i64| told.iter().filter(|callback| callback.event() == event).count();
    // Every playlist begins once and is there once.
    assert_eq!([42, 4, 41, 31, 11].map(count), [4, 4, 1, 1, 1]);
    let uploaded = told.iter().find(|callback| callback.event() == 31).unwrap();
    let files = uploaded.body["payload"]["details"]["fileList"].as_array().unwrap();
    let mut named: Vec<&str> =
        files.iter().map(|file| file["fileName"].as_str().unwrap()).collect();
    named.sort_unstable();
    let ended = lists(&server.recordings());
    assert_eq!(named, ended.keys().map(String::as_str).collect::<Vec<_>>());
    for (name, slices) in &ended {
        let path = server.recordings().join(name);
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("#EXT-X-ENDLIST\n"), "{name}");
        assert_eq!(
            slices[..cut[name].len()],
            cut[name],
            "{name} names what was cut before the crash"
        );
        assert!(slices.len() >= 2, "{name}: {slices:?}");
        follow_each_other(slices);
        judge::decodes_cleanly(&path);
    }
    let uploads = std::fs::read_dir(server.recordings()).unwrap().count();
    let slices: usize = ended.values().map(Vec::len).sum();
    // A playlist and an init segment each.
    assert_eq!(uploads, slices + 2 * ended.len(), "nothing else is in the bucket");

    // They hold all that the tapes do, which is more than was cut.
    let rendered = lists(&render(&server, &recording.sid));
    assert_eq!(rendered.len(), 4, "{rendered:?}");
    for (name, slices) in &rendered {
        judge::decodes_cleanly(&server.folder().join("rendered").join(name));
        follow_each_other(slices);
        let length =
            |slices: &[(String, f64)]| slices.iter().map(|(_, length)| length).sum::<f64>();
        let (cut, made, all) = (length(&cut[name]), length(&ended[name]), length(slices));
        assert!(made >= cut + 0.3, "{name}: {made} s in the files, {cut} s were cut");
        assert!((all - made).abs() < 0.1, "{name}: {all} s are on tape, {made} s in the files");
    }
}

/// The slices of each playlist in a folder, each with its seconds.
fn lists(folder: &Path) -> BTreeMap<String, Vec<(String, f64)>> {
    let mut lists = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.ends_with(".m3u8") {
            continue;
        }
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        let seconds = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
        let seconds = seconds.map(|line| line.trim_end_matches(',').parse().unwrap());
        let slices = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lists.insert(name, slices.map(str::to_owned).zip(seconds).collect());
    }
    lists
}

/// Each slice begins where the one before ends, by the UTC time of day in its name.
fn follow_each_other(slices: &[(String, f64)]) {
    let millis = |name: &str| {
        let digits: i64 = name.rsplit(['_', '.']).nth(1).unwrap()[8..].parse().unwrap();
        let part = |unit: i64| digits / unit % 100;
        (part(10_000_000) * 60 + part(100_000)) * 60_000 + digits % 100_000
    };
    for pair in slices.windows(2) {
        let [(before, seconds), (after, _)] = pair else { continue };
        let between = (millis(after) - millis(before)).rem_euclid(86_400_000);
        let off = between as f64 - seconds * 1_000.0;
        assert!(off.abs() <= 2.0, "{after} begins {off} ms after the end of {before}");
    }
}
