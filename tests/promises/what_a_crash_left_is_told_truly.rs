//! A process is killed while it records: whoever asks the next one about the recording hears how it stands, from
//! the first moment until everything has left.

use std::time::Duration;

use harness::process::eventually;
use harness::real_time_turn;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::vendors::{ALL, Vendors};
use serde_json::json;

const WITHIN: Duration = Duration::from_secs(60);

#[test]
fn while_its_tail_is_made_and_uploaded() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let mut server = Server::start(&Setup {
        recording: "segment_seconds = 2".into(),
        sections: "[uploads]\nretry_first_ms = 50\nretry_longest_seconds = 1\n\
                   [plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n"
            .into(),
        app: format!("[apps.callback]\nurl = \"{}\"\nsecret = \"s\"\n", receiver.url()),
    });
    let [s3, ..] = ALL;
    let storage = json!({"vendor": 11, "region": 0, "bucket": s3.bucket,
        "accessKey": s3.access_key(), "secretKey": s3.secret(), "fileNamePrefix": ["left"],
        "extensionParams": {"endpoint": vendors.url("s3")}});
    let mixed = json!({"storageConfig": storage, "recordingConfig": {"transcodingConfig":
        {"width": 320, "height": 180, "fps": 15, "bitrate": 300}}});
    let apart = json!({"storageConfig": storage, "recordingConfig": {"subscribeUidGroup": 0}});
    let publisher = server.publish("left", 6, &["--codec", "vp8", "--size", "320x180"]);
    let api = server.api();
    let mix = api.record_in("mix", "left", "1", &mixed);
    let individual = api.record_in("individual", "left", "2", &apart);
    let nobody = api.record_in("mix", "empty", "3", &mixed);
    eventually("a slice of the mix", WITHIN, || {
        let made = api.query(&mix).json();
        (made["serverResponse"]["sliceStartTime"].as_i64()? > 0).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    vendors.order(&json!([{"kind": "unavailable", "vendor": "s3"}]));
    std::thread::sleep(Duration::from_secs(1));
    server.crash();
    drop(publisher);
    server.run();

    let playlist = format!("left/{}_left.m3u8", mix.sid);
    for recording in [&mix, &individual] {
        let answer = api.query(recording);
        let body = answer.json();
        let made = &body["serverResponse"];
        assert_eq!((answer.status, &made["status"]), (200, &json!(7)), "{body}");
        assert_eq!(
            (&body["sid"], &body["cname"]),
            (&json!(recording.sid), &json!("left")),
            "{body}"
        );
        // Nobody's own slice was finished before the crash.
        if recording.mode == "mix" {
            assert!(made["sliceStartTime"].as_i64().unwrap() > 0, "{body}");
            assert_eq!(
                (&made["fileListMode"], &made["fileList"]),
                (&json!("string"), &json!(playlist))
            );
        } else {
            assert_eq!(made["fileListMode"], "json", "{body}");
        }
        let stopped = api.stop(recording);
        let body = stopped.json();
        assert_eq!((stopped.status, &body["code"]), (400, &json!(49)), "{body}");
        let reason = body["reason"].as_str().unwrap();
        assert!(reason.contains("the process died"), "{body}");
        assert_eq!(body["serverResponse"]["fileListMode"], made["fileListMode"], "{body}");
        let update = api.update(recording, &json!({"streamSubscribe": {}}));
        let body = update.json();
        assert_eq!((update.status, &body["code"]), (404, &json!(404)), "{body}");
        assert!(body["reason"].as_str().unwrap().contains("the process died"), "{body}");
    }
    // Wrong names are told as such, not as a recording that isn't there.
    let mut other = individual.clone();
    other.mode = "mix".into();
    assert_eq!(api.query(&other).json()["code"], 2);
    // What nothing was recorded of names no file.
    let answer = api.query(&nobody);
    let made = &answer.json()["serverResponse"];
    assert!(answer.status == 404 || made["fileList"].is_null(), "{}", answer.text());

    vendors.no_faults();
    for recording in [&mix, &individual, &nobody] {
        let over = eventually("everything has left", WITHIN, || {
            Some(api.query(recording)).filter(|answer| answer.status == 404)
        });
        assert!(over.text().contains("the recording is over: it failed"), "{}", over.text());
    }
    let text = vendors.object("s3", s3.bucket, &playlist).expect("the playlist");
    assert!(text.ends_with(b"#EXT-X-ENDLIST\n"));
}
