//! Temporary keys that expire while a recording runs: what their vendor refuses is told and kept, and leaves
//! with the keys that `update` brings; nothing is lost, and no key is seen anywhere.

use std::time::Duration;

use harness::api::{Api, Started};
use harness::process::eventually;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::vendors::{ALL, Vendors};
use harness::{judge, real_time_turn};
use serde_json::{Value, json};

use crate::common::events;

const WITHIN: Duration = Duration::from_secs(40);
/// Unix seconds far ahead.
const LATER: i64 = 99_999_999_999;

#[test]
fn by_update_while_it_records() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let [s3, ..] = ALL;
    let server = server(&vendors, &receiver);
    let api = server.api();
    let _publisher = server.publish("keys", 6, &["--codec", "vp8", "--size", "320x180"]);
    let mut first = s3.temporary().unwrap();
    for (name, value) in [("accessKey", s3.access_key()), ("secretKey", s3.secret())] {
        first[name] = value.into();
    }
    first["stsExpiration"] = LATER.into();
    let mut storage = json!({"vendor": 1, "region": 0, "bucket": s3.bucket});
    storage.as_object_mut().unwrap().extend(first.as_object().unwrap().clone());
    let video = json!({"width": 320, "height": 180, "fps": 15, "bitrate": 300});
    let request =
        json!({"recordingConfig": {"transcodingConfig": video}, "storageConfig": storage});
    let recording = api.record("keys", &request);
    eventually("the playlist is uploaded", WITHIN, || {
        (api.query(&recording).json()["serverResponse"]["status"] == 5).then_some(())
    });

    vendors.expire(first["stsToken"].as_str().unwrap());
    let refused = eventually("files are refused", WITHIN, || {
        let shown = details(&api, &recording);
        (shown["uploads"]["parked"].as_u64()? >= 2).then_some(shown)
    });
    let words = "expired-credentials: ExpiredToken: The provided token has expired.";
    assert!(refused["uploads"]["waiting"].to_string().contains(words), "{refused}");
    let queried = api.query(&recording);
    assert!(queried.text().contains(words), "{}", queried.text());
    // The same keys again change nothing, and their refusal is told again.
    let again = api.update(&recording, &json!({"storageConfig": first}));
    assert_eq!(again.status, 200, "{}", again.text());
    let told = eventually("both refusals are told", WITHIN, || {
        let told = receiver.callbacks();
        let errors = told.iter().filter(|callback| callback.event() == 1).count();
        (errors >= 2).then_some(told)
    });
    let error = told.iter().find(|callback| callback.event() == 1).unwrap();
    let error = &error.body["payload"]["details"];
    assert_eq!((&error["module"], &error["errorCode"]), (&json!(1), &json!(32)), "{error}");
    assert!(error["errorMsg"].as_str().unwrap().contains(words), "{error}");

    let mut fresh = s3.renewed();
    fresh["stsExpiration"] = LATER.into();
    let updated = api.update(&recording, &json!({"storageConfig": fresh}));
    assert_eq!(updated.status, 200, "{}", updated.text());
    eventually("what was refused has left", WITHIN, || {
        let shown = details(&api, &recording);
        (shown["uploads"]["parked"] == 0 && shown["state"] == "recording").then_some(())
    });
    let stopped = api.stop(&recording);
    let answer = stopped.json();
    assert_eq!(answer["serverResponse"]["uploadingStatus"], "uploaded", "{}", stopped.text());
    let callbacks = receiver.wait_for(11, WITHIN);
    assert_eq!(events(&callbacks, &[31, 32, 11]), [31, 11]);
    let exit = callbacks.iter().find(|callback| callback.event() == 11).unwrap();
    assert_eq!(exit.body["payload"]["details"]["exitStatus"], 0);
    nothing_is_lost(&server, &vendors, &recording);

    let told: String =
        receiver.callbacks().iter().map(|callback| callback.body.to_string()).collect();
    let answers = [again.text(), updated.text(), queried.text(), stopped.text()].concat();
    let shown = details(&api, &recording).to_string() + &refused.to_string();
    let metrics = api.get("/metrics").unwrap().text();
    for (place, text) in [
        ("the log", server.log()),
        ("events", told),
        ("answers", answers),
        ("its page", shown),
        ("metrics", metrics),
    ] {
        for keys in [&first, &fresh] {
            for name in ["accessKey", "secretKey", "stsToken"] {
                let secret = keys[name].as_str().unwrap();
                assert!(!text.contains(secret), "{name} is in {place}");
            }
        }
    }
}

/// A server whose vendor 1 is the stand-in.
fn server(vendors: &Vendors, receiver: &Receiver) -> Server {
    Server::start(&Setup {
        recording: "segment_seconds = 1".into(),
        sections: format!(
            "[uploads]\nretry_first_ms = 50\nretry_longest_seconds = 1\n\
             [storage.vendors.1.config]\nendpoint = \"{}\"\naddressing = \"path\"\n\
             [plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n",
            vendors.url("s3"),
        ),
        app: format!(
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n",
            receiver.url()
        ),
    })
}

fn details(api: &Api, recording: &Started) -> Value {
    api.get(&format!("/api/v1/recordings/{}", recording.sid)).unwrap().json()
}

/// Every file that the server made is in the bucket, byte for byte, and the whole decodes.
fn nothing_is_lost(server: &Server, vendors: &Vendors, recording: &Started) {
    let [s3, ..] = ALL;
    let made = server.folder().join("work").join(&recording.sid).join("hls");
    let playlist = format!("{}_keys.m3u8", recording.sid);
    let text = std::fs::read_to_string(made.join(&playlist)).unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    let fetched = tempfile::tempdir().unwrap();
    let segments = text.lines().filter(|line| line.ends_with(".m4s")).map(str::to_owned);
    let init = format!("{}_keys_init.mp4", recording.sid);
    let names: Vec<String> = segments.chain([init, playlist.clone()]).collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in &names {
        let object = vendors.object("s3", s3.bucket, name);
        let object = object.unwrap_or_else(|| panic!("{name} is not in the bucket"));
        assert_eq!(object, std::fs::read(made.join(name)).unwrap(), "{name}");
        std::fs::write(fetched.path().join(name), object).unwrap();
    }
    judge::decodes_cleanly(&fetched.path().join(&playlist));
}
