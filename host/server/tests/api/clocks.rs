//! A machine whose clock is set while the server runs: new recordings have the right time, running ones
//! keep theirs, and both are told.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: a panic is their way to say no"
)]

use std::sync::Arc;
use std::time::Duration;

use capstan_media::container::utc::Utc;
use capstan_media::time::RoomClock;
use capstan_media::track::Uid;
use capstan_publish::live::LiveSound;
use capstan_publish::{Publish, Publisher};
use capstan_server::clock::SystemClock;
use http::Method;
use serde_json::{Value, json};

use crate::server::{TestServer, basic, recording};

const TWO_HOURS: i64 = 7_200;
const SOUND: &str = r#"{"streamTypes": 0, "maxIdleTime": 30}"#;

async fn look(server: &TestServer, path: &str) -> Value {
    let auth = [("authorization", &*basic("demo:demo"))];
    server.request(Method::GET, path, &auth, "").await.json()
}

/// Starts a recording of the sound in room `r`; its resource and sid.
async fn start(server: &TestServer, uid: &str) -> (String, String) {
    let resource = server.acquire("r", uid).await;
    let config = serde_json::from_str(SOUND).unwrap();
    let started = server.start_recording(&resource, "r", uid, config).await;
    started.expect(200, 0);
    (resource, started.json()["sid"].as_str().unwrap().to_owned())
}

/// Asks until the answer is there.
async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            match ask().await {
                Some(there) => return there,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    let there = tokio::time::timeout(Duration::from_secs(40), asking).await;
    there.unwrap_or_else(|_| panic!("{what}"))
}

/// When each segment of a playlist begins, in Unix milliseconds.
fn dates(playlist: &str) -> Vec<i64> {
    let dates = playlist.lines().filter_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"));
    dates.map(|text| Utc::parse(text).unwrap().as_millis()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_recordings_take_the_new_time_and_running_ones_go_on() {
    let server = TestServer::with("").await;
    let url = format!("http://{}/whip/demo/r/7", server.address()).parse().unwrap();
    let source = Box::new(LiveSound::new(Uid::new(7).unwrap(), 32).unwrap());
    let publish = Publish { url, token: None, sources: vec![source] };
    let publisher = Publisher::start(publish, Arc::new(SystemClock::start())).await.unwrap();

    let before = server.clock.now().as_millis();
    let (old_resource, old) = start(&server, "1").await;
    let slice = async |resource: &str, sid: &str| {
        let answer = server.get(&recording(resource, sid, "query")).await.json();
        let at = answer["serverResponse"]["sliceStartTime"].as_i64()?;
        (at > 0).then_some(at)
    };
    let old_slice = eventually("the first slice", async || slice(&old_resource, &old).await).await;
    assert!((old_slice - before).abs() < 40_000, "{old_slice} and {before}");
    server.clock.set(TWO_HOURS);
    let (new_resource, new) = start(&server, "2").await;
    let new_slice = eventually("the other one's", async || slice(&new_resource, &new).await).await;
    let wall = server.clock.wall().as_millis();
    assert!((wall - new_slice).abs() < 40_000, "{new_slice} and {wall}");
    eventually("it is told", async || {
        let events = look(&server, &format!("/api/v1/recordings/{old}/events")).await;
        let events = events["events"].as_array()?.clone();
        let told = events.iter().find(|event| event["details"].to_string().contains("1020"))?;
        assert!(told["details"].to_string().contains("+7200."), "{told}");
        Some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;

    for (resource, sid, uid, first) in
        [(&old_resource, &old, "1", old_slice), (&new_resource, &new, "2", new_slice)]
    {
        let body = json!({"cname": "r", "uid": uid, "clientRequest": {}});
        let stopped = server.post(&recording(resource, sid, "stop"), &body).await;
        stopped.expect(200, 0);
        let playlist = format!("/recordings/{sid}/{sid}_r.m3u8");
        let answer = server.request(Method::GET, &playlist, &[], "").await;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        let dates = dates(&text);
        assert!((dates[0] - first).abs() < 2, "{text}");
        assert!(dates.windows(2).all(|pair| (0..8_000).contains(&(pair[1] - pair[0]))), "{text}");
        // Whatever tells of it is on its own clock.
        let events = look(&server, &format!("/api/v1/recordings/{sid}/events")).await;
        for event in events["events"].as_array().unwrap() {
            let at = event["at"].as_i64().unwrap();
            assert!((at - first).abs() < 60_000, "{first}: {event}");
        }
        let record = look(&server, &format!("/api/v1/recordings/{sid}")).await;
        for key in ["startedAt", "endedAt"] {
            assert!((record[key].as_i64().unwrap() - first).abs() < 60_000, "{first}: {record}");
        }
    }
    publisher.stop().await.unwrap();
    server.stop().await;
}
