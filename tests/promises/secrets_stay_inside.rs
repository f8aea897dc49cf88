//! Whatever is logged, told, answered or counted, no key and no token is in it: not with every log turned on,
//! not when a store echoes what it was sent, not when somebody comes with wrong ones.

use std::time::Duration;

use harness::process::eventually;
use harness::real_time_turn;
use harness::receiver::Receiver;
use harness::server::{APP, Server, Setup};
use harness::vendors::{ALL, Vendors};
use serde_json::json;

const WITHIN: Duration = Duration::from_secs(40);
/// Everything that the server says, but for the two libraries whose every step would be written: how code is
/// compiled in another process, and each packet.
const EVERYTHING: &str = "trace,str0m=debug,cranelift_codegen=info,regalloc2=info";

const APP_SECRET: &str = "app-secret-tXk29";
const WHIP_TOKEN: &str = "whip-bearer-pQ83k";
const CALLBACK_SECRET: &str = "callback-secret-zM4vv";
const CALLBACK_QUERY: &str = "url-token-b77Yw";
const CHANNEL_TOKEN: &str = "channel-token-Lw5e1";
const ROOM_KEY: &str = "room-encryption-R9d0s";
const WRONG: &str = "wrong-credentials-Hh61c";

#[test]
fn with_every_log_turned_on() {
    let _turn = real_time_turn();
    let (vendors, receiver) = (Vendors::start(), Receiver::start());
    let server = Server::start_logging(&setup(&vendors, &receiver), EVERYTHING);
    let api = server.api_of("second", APP_SECRET);
    let mut answers = Vec::new();
    let mut keep = |what: &str, text: String| answers.push((what.to_owned(), text));

    for (key, secret) in [("second", WRONG), (WRONG, APP_SECRET)] {
        let refused = server.api_of(key, secret).get("/api/v1/recordings").unwrap();
        assert_eq!(refused.status, 401);
        keep("a refusal of credentials", refused.head + &String::from_utf8(refused.body).unwrap());
    }
    let whip = server.api_of("not", "asked");
    let path = format!("/whip/{APP}/vault/9?token={WRONG}");
    let refused = whip.send("POST", &path, "v=0", "application/sdp").unwrap();
    assert_eq!(refused.status, 401, "{}", refused.text());
    keep("a refusal of a publisher", refused.text());
    let publisher = ["--token", WHIP_TOKEN, "--codec", "vp8", "--size", "320x180"];
    let _publisher = server.publish("vault", 6, &publisher);

    // A request that can't be served has its secrets, too.
    let encrypted = json!({"cname": "vault", "uid": "1", "clientRequest": {"token": CHANNEL_TOKEN,
        "recordingConfig": {"decryptionMode": 1, "secret": ROOM_KEY, "salt": ROOM_KEY}}});
    let resource = api.post("acquire", &encrypted).json()["resourceId"].clone();
    let start = format!("resourceid/{}/mode/mix/start", resource.as_str().unwrap());
    let refused = api.post(&start, &encrypted);
    assert_eq!(refused.json()["code"], 2, "{}", refused.text());
    keep("a refusal to start", refused.text());

    let [s3, ..] = ALL;
    let mut storage = s3.temporary().unwrap();
    let old = storage["stsToken"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("vendor", json!(1)),
        ("region", json!(0)),
        ("bucket", json!(s3.bucket)),
        ("accessKey", json!(s3.access_key())),
        ("secretKey", json!(s3.secret())),
        ("stsExpiration", json!(99_999_999_999_i64)),
    ] {
        storage[name] = value;
    }
    let video = json!({"width": 320, "height": 180, "fps": 15, "bitrate": 300});
    let request = json!({"token": CHANNEL_TOKEN, "storageConfig": storage,
        "recordingConfig": {"transcodingConfig": video}});
    let recording = api.record("vault", &request);
    let page = format!("/api/v1/recordings/{}", recording.sid);
    eventually("the playlist is uploaded", WITHIN, || {
        (api.query(&recording).json()["serverResponse"]["status"] == 5).then_some(())
    });
    // Stores that echo what they were sent, for now and for good.
    let echo = format!("no: {} with {} and {old}", s3.access_key(), s3.secret());
    for (status, code) in [(503, "SlowDown"), (403, "AccessDenied")] {
        vendors.order(&json!([{"kind": "status", "vendor": "s3", "status": status, "code": code,
            "message": echo}]));
        let said = eventually("the echo is shown", WITHIN, || {
            let shown = api.get(&page).unwrap().text();
            shown.contains(code).then_some(shown)
        });
        assert!(said.contains("no: (secret) with (secret) and (secret)"), "{said}");
        keep("the page of a recording in trouble", said);
        keep("query", api.query(&recording).text());
        vendors.no_faults();
    }
    receiver.refuse(true);
    let mut fresh = s3.renewed();
    fresh["stsExpiration"] = json!(99_999_999_999_i64);
    let updated = api.update(&recording, &json!({"storageConfig": fresh}));
    assert_eq!(updated.status, 200, "{}", updated.text());
    keep("update", updated.text());
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    keep("stop", stopped.text());
    receiver.refuse(false);
    let callbacks = receiver.wait_for(11, WITHIN);
    let told = callbacks.iter().map(|callback| {
        let headers: String = callback.headers.iter().map(|(_, value)| value.as_str()).collect();
        headers + &String::from_utf8_lossy(&callback.raw)
    });
    keep("events", told.collect());
    keep("replayed events", api.get(&format!("{page}/events")).unwrap().text());
    keep("the page of a recording", api.get(&page).unwrap().text());
    keep("metrics", api.get("/metrics").unwrap().text());
    keep("the plugins' page", api.get("/api/v1/plugins").unwrap().text());
    let log = server.log();
    assert!(log.contains("TRACE") && log.contains("event failed"), "every log is on");
    keep("the log", log);

    let given = [&storage, &fresh].map(|keys| {
        ["accessKey", "secretKey", "stsToken"].map(|name| keys[name].as_str().unwrap().to_owned())
    });
    let ours = [APP_SECRET, WHIP_TOKEN, CALLBACK_SECRET, CALLBACK_QUERY, CHANNEL_TOKEN, ROOM_KEY];
    let ours = ours.into_iter().chain([WRONG, basic()]).map(str::to_owned).collect::<Vec<_>>();
    for secret in given.into_iter().flatten().chain(ours) {
        for (place, text) in &answers {
            if let Some(at) = text.find(&secret) {
                let from = text[..at].rfind('\n').unwrap_or(0);
                let line: String = text[from..].chars().take(600).collect();
                panic!("{secret} is in {place}: {line}");
            }
        }
    }
}

/// The second key pair as it is sent.
const fn basic() -> &'static str {
    // second:app-secret-tXk29
    "c2Vjb25kOmFwcC1zZWNyZXQtdFhrMjk="
}

fn setup(vendors: &Vendors, receiver: &Receiver) -> Setup {
    Setup {
        recording: "segment_seconds = 1".into(),
        sections: format!(
            "[uploads]\nretry_first_ms = 50\nretry_longest_seconds = 1\n\
             [events]\nretry_first_seconds = 0.1\nretry_longest_seconds = 1\n\
             [storage.vendors.1.config]\nendpoint = \"{}\"\naddressing = \"path\"\n\
             [plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n",
            vendors.url("s3"),
        ),
        app: format!(
            "whip_token = \"{WHIP_TOKEN}\"\n\
             [[apps.keys]]\nkey = \"second\"\nsecret = \"{APP_SECRET}\"\n\
             [apps.callback]\nurl = \"{}?token={CALLBACK_QUERY}\"\nsecret = \"{CALLBACK_SECRET}\"\n",
            receiver.url(),
        ),
    }
}
