//! A recording that is stopped while its bucket is down: every answer until the last file has left is the
//! documented one, and nobody who asks twice harms it.

use std::time::Duration;

use harness::process::eventually;
use harness::real_time_turn;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::vendors::{ALL, Vendors};
use serde_json::json;

const WITHIN: Duration = Duration::from_secs(40);

#[test]
fn at_once_and_after_twenty_seconds_in_vain() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let server = Server::start(&Setup {
        recording: "segment_seconds = 1".into(),
        sections: "[uploads]\nretry_first_ms = 50\nretry_longest_seconds = 1\n\
                   [plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n"
            .into(),
        app: format!("[apps.callback]\nurl = \"{}\"\nsecret = \"s\"\n", receiver.url()),
    });
    let api = server.api();
    let _publisher = server.publish("late", 6, &["--codec", "vp8", "--size", "320x180"]);
    let [s3, ..] = ALL;
    let request = json!({
        "recordingConfig": {"transcodingConfig":
            {"width": 320, "height": 180, "fps": 15, "bitrate": 300}},
        "storageConfig": {"vendor": 11, "region": 0, "bucket": s3.bucket,
            "accessKey": s3.access_key(), "secretKey": s3.secret(), "fileNamePrefix": ["late"],
            "extensionParams": {"endpoint": vendors.url("s3")}},
    });
    vendors.order(&json!([{"kind": "unavailable", "vendor": "s3"}]));
    let [one, other] = ["1", "2"].map(|uid| api.record_in("mix", "late", uid, &request));
    for recording in [&one, &other] {
        eventually("slices", WITHIN, || {
            let answer = api.query(recording).json();
            (answer["serverResponse"]["sliceStartTime"].as_i64()? > 0).then_some(())
        });
    }
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| api.stop(&other));
        let asked = api.stop_async(&one);
        assert_eq!((asked.status, &asked.json()["code"]), (200, &json!(null)), "{}", asked.text());
        let playlist = format!("late/{}_late.m3u8", one.sid);
        for answer in [&asked, &api.stop(&one), &api.stop_async(&one)] {
            let body = answer.json();
            let made = &body["serverResponse"];
            assert_eq!(made["uploadingStatus"], "unknown", "{body}");
            assert_eq!(made["fileList"], *playlist, "{body}");
            if answer.status != 200 {
                assert_eq!((answer.status, &body["code"]), (400, &json!(49)), "{body}");
                assert!(body["reason"].as_str().unwrap().contains("is stopping already"), "{body}");
            }
        }
        eventually("it is uploading, in vain", WITHIN, || {
            let answer = api.query(&one).json();
            let made = &answer["serverResponse"];
            let trouble = made["storageError"].as_str()?;
            (made["status"] == 7 && trouble.contains("ServiceUnavailable")).then_some(())
        });
        let layout = api.update_layout(&one, &json!({"mixedVideoLayout": 1}));
        assert_eq!(
            (layout.status, &layout.json()["code"]),
            (404, &json!(404)),
            "{}",
            layout.text()
        );

        let vain = waits.join().unwrap();
        let body = vain.json();
        assert_eq!((vain.status, &body["code"]), (206, &json!(50)), "{body}");
        assert!(body["reason"].as_str().unwrap().contains("its uploads go on"), "{body}");
        assert_eq!(body["serverResponse"]["uploadingStatus"], "unknown", "{body}");
    });
    let callbacks = receiver.wait_for(3, WITHIN);
    let misused = callbacks.iter().find(|callback| callback.event() == 3).unwrap();
    assert_eq!(misused.body["payload"]["sid"], *one.sid, "{}", misused.body);
    vendors.no_faults();
    for recording in [&one, &other] {
        eventually("everything has left", WITHIN, || {
            (api.query(recording).status == 404).then_some(())
        });
        let again = api.stop(recording);
        assert_eq!((again.status, &again.json()["code"]), (404, &json!(404)), "{}", again.text());
        assert!(again.text().contains("stopped as asked"), "{}", again.text());
        let playlist = format!("late/{}_late.m3u8", recording.sid);
        let text = vendors.object("s3", s3.bucket, &playlist).expect("the playlist");
        assert!(text.ends_with(b"#EXT-X-ENDLIST\n"));
    }
}
