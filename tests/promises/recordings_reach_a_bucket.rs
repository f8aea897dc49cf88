//! A room recorded by request of a client into a bucket of that client's: everything is there, playable;
//! what the bucket's vendor refuses is told at once; what it doesn't take for long is backed up, and moved
//! when it does.

use std::path::Path;
use std::time::{Duration, Instant};

use harness::api::{Api, Started};
use harness::process::eventually;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::vendors::{ALL, Vendors};
use harness::{judge, real_time_turn};
use serde_json::{Value, json};

use crate::common::events;

const WITHIN: Duration = Duration::from_secs(40);

/// A server that may reach the vendors' stand-ins and tells a receiver everything.
fn server(receiver: &Receiver, more: &str) -> Server {
    Server::start(&Setup {
        recording: "segment_seconds = 1".into(),
        sections: format!(
            "[uploads]\nconcurrency = 8\nretry_first_ms = 50\nretry_longest_seconds = 1\n{more}\
             [plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n"
        ),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n",
            receiver.url()
        ),
    })
}

/// Starts a recording into the stand-in's bucket as a client would, with changes.
fn record(api: &Api, vendors: &Vendors, changes: &Value) -> Started {
    let [s3, ..] = ALL;
    let mut storage = json!({
        "vendor": 11,
        "region": 0,
        "bucket": s3.bucket,
        "accessKey": s3.access_key(),
        "secretKey": s3.secret(),
        "fileNamePrefix": ["classes", "monday"],
        "extensionParams": {"endpoint": vendors.url("s3")},
    });
    for (name, value) in changes.as_object().unwrap() {
        storage[name] = value.clone();
    }
    let video = json!({"width": 320, "height": 180, "fps": 15, "bitrate": 300});
    let config = json!({"transcodingConfig": video});
    api.record("bucket", &json!({"recordingConfig": config, "storageConfig": storage}))
}

/// Brings every object of the stand-in into a folder; answers their keys with their media types.
fn fetch(vendors: &Vendors, folder: &Path) -> Vec<(String, String)> {
    let [s3, ..] = ALL;
    let mut fetched = Vec::new();
    for object in vendors.objects() {
        let key = object["key"].as_str().unwrap().to_owned();
        let path = folder.join(&key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, vendors.object("s3", s3.bucket, &key).unwrap()).unwrap();
        fetched.push((key, object["content_type"].as_str().unwrap().to_owned()));
    }
    fetched
}

#[test]
fn all_files_are_in_the_bucket_playable_and_no_key_is_anywhere_else() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let server = server(&receiver, "");
    let api = server.api();
    let _publisher = server.publish("bucket", 6, &["--codec", "vp8", "--size", "320x180"]);
    let recording = record(&api, &vendors, &json!({}));
    let queried = eventually("the playlist is uploaded", WITHIN, || {
        let answer = api.query(&recording);
        (answer.json()["serverResponse"]["status"] == 5).then_some(answer)
    });
    std::thread::sleep(Duration::from_secs(3));
    let stopped = api.stop(&recording);
    assert_eq!(
        stopped.json()["serverResponse"]["uploadingStatus"],
        "uploaded",
        "{}",
        stopped.text()
    );

    let folder = tempfile::tempdir().unwrap();
    let objects = fetch(&vendors, folder.path());
    let playlist = format!("classes/monday/{}_bucket.m3u8", recording.sid);
    for (key, kind) in &objects {
        assert!(key.starts_with("classes/monday/"), "{key}");
        let right =
            if key.ends_with(".m3u8") { "application/vnd.apple.mpegurl" } else { "video/mp4" };
        assert_eq!(kind, right, "{key}");
    }
    let path = folder.path().join(&playlist);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    judge::decodes_cleanly(&path);
    // Byte for byte what the server made, which is still there.
    let made = server.folder().join("work").join(&recording.sid).join("hls");
    for (key, _) in &objects {
        let name = key.rsplit('/').next().unwrap();
        let (there, here) = (folder.path().join(key), made.join(name));
        assert_eq!(std::fs::read(there).unwrap(), std::fs::read(here).unwrap(), "{key}");
    }
    let segments = text.lines().filter(|line| line.ends_with(".m4s")).count();
    assert!(segments >= 3 && objects.len() == segments + 2, "{objects:?}");

    let callbacks = receiver.wait_for(11, WITHIN);
    assert_eq!(events(&callbacks, &[40, 42, 4, 41, 31, 11]), [40, 42, 4, 41, 31, 11]);
    let [s3, ..] = ALL;
    let told = callbacks.iter().map(|callback| callback.body.to_string()).collect::<String>();
    for (place, text) in [
        ("the log", server.log()),
        ("events", told),
        ("answers", queried.text() + &stopped.text()),
        ("metrics", api.get("/metrics").unwrap().text()),
    ] {
        assert!(!text.contains(s3.secret()) && !text.contains(s3.access_key()), "{place}");
    }
    assert!(server.metric("capstan_upload_bytes_total", "storage-s3") > 10_000.0);
}

#[test]
fn the_apps_own_bucket_takes_what_names_none() {
    let _turn = real_time_turn();
    let vendors = Vendors::start();
    let [s3, ..] = ALL;
    let server = Server::start(&Setup {
        recording: "segment_seconds = 1".into(),
        sections: format!(
            "[storage.vendors.own]\nplugin = \"storage-s3\"\nsecret_key = {:?}\n\
             config = {{ endpoint = {:?}, bucket = {:?}, accessKey = {:?} }}\n\
             [plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n",
            s3.secret(),
            vendors.url("s3"),
            s3.bucket,
            s3.access_key(),
        ),
        app: "storage = \"own\"".into(),
    });
    let api = server.api();
    let _publisher = server.publish("bucket", 6, &["--codec", "vp8", "--size", "320x180"]);
    let recording = api.record("bucket", &json!({}));
    std::thread::sleep(Duration::from_secs(4));
    let stopped = api.stop(&recording);
    let status = &stopped.json()["serverResponse"]["uploadingStatus"];
    assert_eq!(status, "uploaded", "{}", stopped.text());
    let folder = tempfile::tempdir().unwrap();
    assert!(fetch(&vendors, folder.path()).len() >= 4);
    judge::decodes_cleanly(&folder.path().join(format!("{}_bucket.m3u8", recording.sid)));
    assert!(!server.log().contains(s3.secret()));
}

#[test]
fn wrong_keys_are_told_within_seconds_by_event_query_and_log() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let backup = tempfile::tempdir().unwrap();
    let server = server(&receiver, &backup_section(backup.path()));
    let api = server.api();
    let _publisher = server.publish("bucket", 6, &["--codec", "vp8", "--size", "320x180"]);
    let recording = record(&api, &vendors, &json!({"secretKey": "not-the-secret"}));
    let began = Instant::now();
    let callbacks = receiver.wait_for(1, WITHIN);
    // Segments last a second, and the first one needs a key frame.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let error = callbacks.iter().find(|callback| callback.event() == 1).unwrap();
    let details = &error.body["payload"]["details"];
    assert_eq!((&details["module"], &details["errorCode"]), (&json!(1), &json!(32)));
    let said = details["errorMsg"].as_str().unwrap();
    assert!(
        said.contains("bad-credentials: SignatureDoesNotMatch: The request signature"),
        "{said}"
    );
    let queried = api.query(&recording).json();
    let shown = queried["serverResponse"]["storageError"].as_str().unwrap();
    assert!(shown.contains("SignatureDoesNotMatch"), "{shown}");
    assert!(server.log().contains("SignatureDoesNotMatch"));
    assert!(!server.log().contains("not-the-secret"));
    let stopped = api.stop(&recording);
    assert!(stopped.text().contains("SignatureDoesNotMatch"), "{}", stopped.text());
    let callbacks = receiver.wait_for(11, WITHIN);
    let codes: Vec<i64> = callbacks.iter().map(harness::receiver::Callback::event).collect();
    assert!(!codes.contains(&32) && !codes.contains(&31), "{codes:?}");
    let backed_up = std::fs::read_dir(backup.path()).unwrap().count();
    assert_eq!(backed_up, 0, "what the vendor refuses doesn't go to the backup store");
    // One look for each file; none is tried again.
    let puts = vendors.log().len();
    let files = server.metric("capstan_outbox_uploads_parked", "storage-s3");
    assert!(puts as f64 <= files + 1.0, "{puts} requests for {files} files");
}

fn backup_section(folder: &Path) -> String {
    format!("give_up_seconds = 1\n[backup]\nurl = {:?}\n", folder.display().to_string())
}

#[test]
fn a_bucket_that_is_down_is_backed_up_and_gets_its_files_when_it_is_up() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let backup = tempfile::tempdir().unwrap();
    let mut server = server(&receiver, &backup_section(backup.path()));
    vendors.order(&json!([{"kind": "unavailable", "vendor": "s3"}]));
    let api = server.api();
    let publisher = server.publish("bucket", 6, &["--codec", "vp8", "--size", "320x180"]);
    let recording = record(&api, &vendors, &json!({}));
    std::thread::sleep(Duration::from_secs(4));
    let stopped = api.stop(&recording);
    assert_eq!(
        stopped.json()["serverResponse"]["uploadingStatus"],
        "backuped",
        "{}",
        stopped.text()
    );
    let callbacks = receiver.wait_for(11, WITHIN);
    let codes: Vec<i64> = callbacks.iter().map(harness::receiver::Callback::event).collect();
    assert!(codes.ends_with(&[32, 11]), "{codes:?}");
    let warned = |code: i64| {
        let of = |body: &Value| body["payload"]["details"]["warnCode"] == code;
        callbacks.iter().filter(|callback| callback.event() == 2 && of(&callback.body)).count()
    };
    assert_eq!((warned(31), warned(32)), (1, 1), "sent again, and to the backup store: each once");
    let copy = backup.path().join(format!("classes/monday/{}_bucket.m3u8", recording.sid));
    judge::decodes_cleanly(&copy);
    assert!(vendors.objects().is_empty());
    drop(publisher);

    // The move survives the process.
    server.crash();
    server.run();
    vendors.no_faults();
    let callbacks = receiver.wait_for(31, WITHIN);
    let last = callbacks.last().unwrap();
    assert_eq!(last.event(), 31, "the move is told after the exit");
    let folder = tempfile::tempdir().unwrap();
    fetch(&vendors, folder.path());
    let moved = folder.path().join(format!("classes/monday/{}_bucket.m3u8", recording.sid));
    judge::decodes_cleanly(&moved);
    eventually("the backup store is empty", WITHIN, || (!copy.exists()).then_some(()));
}

#[test]
fn unknown_vendors_and_regions_are_answered_with_those_that_there_are() {
    let receiver = Receiver::start();
    let server = server(&receiver, "");
    let api = server.api();
    let start = |storage: Value| {
        let who = json!({"cname": "x", "uid": "9", "clientRequest": {}});
        let resource = api.post("acquire", &who).json()["resourceId"].as_str().unwrap().to_owned();
        let request =
            json!({"cname": "x", "uid": "9", "clientRequest": {"storageConfig": storage}});
        let answer = api.post(&format!("resourceid/{resource}/mode/mix/start"), &request).json();
        assert_eq!(answer["code"], 2, "{answer}");
        answer["reason"].as_str().unwrap().to_owned()
    };
    let keys = json!({"bucket": "b", "accessKey": "a", "secretKey": "s"});
    let with = |vendor: Value, region: Value| {
        let mut storage = keys.clone();
        storage["vendor"] = vendor;
        storage["region"] = region;
        start(storage)
    };
    let vendor = with(json!(9), json!(0));
    assert!(vendor.contains("/storageConfig/vendor is 9"), "{vendor}");
    assert!(vendor.contains("0 (qiniu), 1 (s3), 2 (aliyun)"), "{vendor}");
    let region = with(json!("s3"), json!(26));
    assert!(region.contains("/storageConfig/region is 26"), "{region}");
    assert!(region.contains("28 il-central-1"), "{region}");
    let private = start(json!({"vendor": 11, "region": 0, "bucket": "b", "accessKey": "a",
        "secretKey": "s", "extensionParams": {"endpoint": "http://10.0.0.1:9000"}}));
    assert!(private.contains("not-granted") && private.contains("10.0.0.1"), "{private}");
}
