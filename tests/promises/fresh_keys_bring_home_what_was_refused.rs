//! Temporary keys that expire while a recording runs: what their vendor refuses is told and kept, and leaves
//! with the keys that `update` brings, or Capstan's own path once the recording is over; nothing is lost, and
//! no key is seen anywhere.

use std::time::Duration;

use harness::api::{Api, Started};
use harness::process::{Running, eventually};
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::vendors::{ALL, Vendor, Vendors};
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
    let _publisher = publish(&server);
    let (recording, first) = record_with_temporary_keys(&api, s3);

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

    let answers = [again.text(), updated.text(), queried.text(), stopped.text()].concat();
    let shown = details(&api, &recording).to_string() + &refused.to_string();
    no_key_is_seen(&server, &receiver, &[answers, shown], &[first, fresh]);
}

#[test]
fn by_its_own_path_when_it_is_over() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let [s3, ..] = ALL;
    let mut server = server(&vendors, &receiver);
    let api = server.api();
    let publisher = publish(&server);
    let (recording, first) = record_with_temporary_keys(&api, s3);
    let path = format!("/api/v1/recordings/{}/storage", recording.sid);
    vendors.expire(first["stsToken"].as_str().unwrap());
    eventually("files are refused", WITHIN, || {
        (details(&api, &recording)["uploads"]["parked"].as_u64()? >= 2).then_some(())
    });
    let stopped = api.stop(&recording);
    drop(publisher);
    assert_eq!(events(&receiver.wait_for(11, WITHIN), &[31, 11]), [11], "nothing is whole yet");
    let refused = details(&api, &recording);
    assert_eq!((&refused["state"], &refused["uploads"]["owed"]), (&json!("done"), &json!(0)));

    let mut fresh = s3.renewed();
    fresh["stsExpiration"] = LATER.into();
    let late = api.update(&recording, &json!({"storageConfig": fresh}));
    assert_eq!(late.status, 404, "{}", late.text());
    assert!(late.text().contains(&format!("PUT {path}")), "{}", late.text());
    let put = |api: &Api, body: &Value| {
        api.send("PUT", &path, &body.to_string(), "application/json").unwrap()
    };
    let stranger = server.api_of("other", "others");
    assert_eq!(put(&stranger, &fresh).status, 404, "{}", put(&stranger, &fresh).text());
    for (body, words) in [
        (json!([]), "object"),
        (json!({}), "there is nothing to change"),
        (json!({"bucket": "b"}), "/vendor"),
        (json!({"accessKey": 7}), "/accessKey"),
        (json!({"accessKey": "a", "secretKey": "b", "fileNamePrefix": ["x"]}), "/fileNamePrefix"),
    ] {
        let answer = put(&api, &body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(answer.text().contains(words), "{body}: {}", answer.text());
    }
    assert_eq!(details(&api, &recording)["uploads"]["parked"], refused["uploads"]["parked"]);

    // What is owed and by which keys is on disk: a process that dies at once forgets nothing.
    let taken = put(&api, &fresh);
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(taken.json()["parked"], 0, "{}", taken.text());
    server.crash();
    server.run();
    let api = server.api();
    eventually("everything has left", WITHIN, || {
        let uploads = &details(&api, &recording)["uploads"];
        (uploads["owed"] == 0 && uploads["parked"] == 0).then_some(())
    });
    assert_eq!(events(&receiver.wait_for(31, WITHIN), &[31, 11]), [11, 31], "told after the end");
    nothing_is_lost(&server, &vendors, &recording);
    let over = api.send("PUT", &path, &fresh.to_string(), "application/json").unwrap();
    assert_eq!(over.status, 409, "{}", over.text());
    let answers = [late.text(), taken.text(), over.text(), stopped.text()].concat();
    let shown = details(&api, &recording).to_string() + &refused.to_string();
    no_key_is_seen(&server, &receiver, &[answers, shown], &[first, fresh]);
}

fn publish(server: &Server) -> Running {
    server.publish("keys", 6, &["--codec", "vp8", "--size", "320x180"])
}

/// A recording whose first files have left by temporary keys, and those keys.
fn record_with_temporary_keys(api: &Api, s3: Vendor) -> (Started, Value) {
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
    (recording, first)
}

/// No key is in the log, an event, a metric or one of these texts.
fn no_key_is_seen(server: &Server, receiver: &Receiver, texts: &[String], keys: &[Value]) {
    let told: String =
        receiver.callbacks().iter().map(|callback| callback.body.to_string()).collect();
    let metrics = server.api().get("/metrics").unwrap().text();
    let all = [("the log", server.log()), ("events", told), ("metrics", metrics)];
    for (place, text) in all.into_iter().chain(texts.iter().map(|text| ("an answer", text.clone())))
    {
        for keys in keys {
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
            "[apps.callback]\nplugin = \"callback-agora\"\nurl = \"{}\"\nsecret = \"s\"\n\
             [[apps]]\nid = \"other\"\nkey = \"other\"\nsecret = \"others\"\n",
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
