//! Events reach a server that speaks TLS by a certificate of the operator's own authority, signed; one whose
//! certificate nobody vouches for gets nothing, and the log says why.

use std::time::Duration;

use harness::process::eventually;
use harness::real_time_turn;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::tls::Doorman;
use serde_json::json;

use crate::common::{events, hmac_sha1_hex};

const WITHIN: Duration = Duration::from_secs(30);

#[test]
fn signed_and_only_to_whom_the_authority_vouches_for() {
    let _turn = real_time_turn();
    let (known, stranger) = (Receiver::start(), Receiver::start());
    let (door, other_door) = (Doorman::before(known.port()), Doorman::before(stranger.port()));
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, door.authority()).unwrap();
    let server = Server::start(&Setup {
        sections: format!(
            "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"localhost\"]\nextra_ca = {:?}\n\
             [events]\nretry_first_seconds = 0.1\n",
            authority.display().to_string(),
        ),
        app: format!(
            "[apps.callback]\nurl = \"{}\"\nsecret = \"hush\"\n\
             [[apps]]\nid = \"unvouched\"\nkey = \"k\"\nsecret = \"k\"\n\
             [apps.callback]\nurl = \"{}\"\nsecret = \"hush\"\n",
            door.url(),
            other_door.url(),
        ),
        ..Setup::default()
    });
    let api = server.api();
    let recording = api.record("secure", &json!({}));
    assert_eq!(api.stop(&recording).json()["code"], 435);
    let callbacks = known.wait_for(11, WITHIN);
    assert_eq!(events(&callbacks, &[40, 30, 41, 11]), [40, 30, 41, 11]);
    for callback in &callbacks {
        assert_eq!(callback.signature, hmac_sha1_hex(b"hush", &callback.raw));
        assert_eq!(callback.body["payload"]["sid"], *recording.sid);
        assert!(callback.header("host").starts_with("localhost:"), "{}", callback.header("host"));
    }

    let of_other = server.api_of("k", "k");
    let acquire = "/v1/apps/unvouched/cloud_recording/acquire";
    let body = json!({"cname": "r", "uid": "1", "clientRequest": {}}).to_string();
    let kind = "application/json";
    let acquired = of_other.send("POST", acquire, &body, kind).unwrap().json();
    let resource = acquired["resourceId"].as_str().unwrap();
    let start = format!("/v1/apps/unvouched/cloud_recording/resourceid/{resource}/mode/mix/start");
    assert_eq!(of_other.send("POST", &start, &body, kind).unwrap().status, 200);
    let words = eventually("it is said why", WITHIN, || {
        let log = server.log();
        log.lines().find(|line| line.contains("event failed")).map(str::to_owned)
    });
    assert!(words.contains("certificate"), "{words}");
    assert!(!words.contains("hush"), "{words}");
    assert!(stranger.callbacks().is_empty());
}
