//! From acquire to the end, with the relation checks between the calls.

use http::Method;
use serde_json::json;

use crate::server::{TestServer, basic, recording};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_room_from_acquire_to_the_end() {
    let server = TestServer::start().await;
    let resource = server.acquire("room 1", "7").await;
    let answer = server.start_recording(&resource, "room 1", "7", json!({})).await;
    answer.expect(200, 0);
    let started = answer.json();
    let sid = started["sid"].as_str().unwrap();
    assert!(sid.len() == 32 && sid.bytes().all(|b| b.is_ascii_hexdigit()), "{sid}");
    assert_eq!((&started["cname"], &started["uid"]), (&json!("room 1"), &json!("7")));

    let again = server.start_recording(&resource, "room 1", "7", json!({})).await;
    again.expect(201, 7);
    assert_eq!(
        (&again.json()["sid"], &again.json()["resourceId"]),
        (&json!(sid), &json!(resource))
    );

    let answer = server.get(&recording(&resource, sid, "query")).await;
    answer.expect(200, 0);
    let queried = answer.json()["serverResponse"].clone();
    assert_eq!(queried["fileList"], format!("{sid}_room 1.m3u8"));
    assert_eq!(queried["fileListMode"], "string");
    assert!(
        queried["status"].as_u64().is_some_and(|status| (1..=5).contains(&status)),
        "{queried}"
    );
    assert!(queried["sliceStartTime"].is_i64() || queried["sliceStartTime"].is_u64());
    let playback = queried["playbackUrl"].as_str().unwrap();
    assert!(playback.ends_with(&format!("/recordings/{sid}/{sid}_room%201.m3u8")), "{playback}");

    let layout = json!({"cname": "room 1", "uid": "7",
        "clientRequest": {"mixedVideoLayout": 1, "backgroundColor": "#112233"}});
    let update = recording(&resource, sid, "updateLayout");
    server.post(&update, &layout).await.expect(200, 0);
    let wrong = json!({"cname": "room 1", "uid": "7", "clientRequest": {"mixedVideoLayout": 9}});
    server.post(&update, &wrong).await.expect(400, 1028);
    let unknown = json!({"cname": "room 1", "uid": "7",
        "clientRequest": {"backgroundImage": "nobody"}});
    server.post(&update, &unknown).await.expect(400, 1028);

    let stop = json!({"cname": "room 1", "uid": "7", "clientRequest": {}});
    let answer = server.post(&recording(&resource, sid, "stop"), &stop).await;
    answer.expect(206, 435);
    let made = &answer.json()["serverResponse"];
    assert_eq!(made, &json!({"uploadingStatus": "unknown"}), "there never was a file to name");
    assert!(answer.reason().contains("nobody in room \"room 1\""), "{}", answer.reason());
    for method in ["stop", "updateLayout"] {
        let answer = server.post(&recording(&resource, sid, method), &stop).await;
        assert!(
            matches!((answer.status, answer.code()), (404, 404) | (400, 49)),
            "{}",
            answer.reason()
        );
    }
    let answer = server.get(&recording(&resource, sid, "query")).await;
    answer.expect(404, 404);
    assert!(answer.reason().contains("stopped as asked"), "{}", answer.reason());
    // The resource is used up for good.
    server.start_recording(&resource, "room 1", "7", json!({})).await.expect(201, 7);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_must_belong_together() {
    let server = TestServer::start().await;
    let resource = server.acquire("r", "1").await;
    server.start_recording("forged", "r", "1", json!({})).await.expect(400, 1001);
    server.start_recording(&resource, "r2", "1", json!({})).await.expect(400, 432);
    server.start_recording(&resource, "r", "2", json!({})).await.expect(400, 432);
    let other = basic("other:s2");
    let headers = [("authorization", other.as_str()), ("content-type", "application/json")];
    let body = json!({"cname": "r", "uid": "1", "clientRequest": {}}).to_string();
    let foreign = format!("/v1/apps/other/cloud_recording/resourceid/{resource}/mode/mix/start");
    server.request(Method::POST, &foreign, &headers, body).await.expect(400, 432);

    let answer = server.start_recording(&resource, "r", "1", json!({})).await;
    answer.expect(200, 0);
    let sid = answer.json()["sid"].as_str().unwrap().to_owned();
    let second = server.acquire("r", "1").await;
    let conflict = server.start_recording(&second, "r", "1", json!({})).await;
    conflict.expect(400, 53);
    assert!(conflict.reason().contains(&sid), "{}", conflict.reason());
    // The room can be recorded twice by recorders of different uids.
    let third = server.acquire("r", "2").await;
    server.start_recording(&third, "r", "2", json!({})).await.expect(200, 0);

    let zeros = "0".repeat(32);
    server.get(&recording(&resource, &zeros, "query")).await.expect(400, 1003);
    server.get(&recording(&second, &sid, "query")).await.expect(400, 1003);
    server.get(&recording("forged", &sid, "query")).await.expect(400, 1001);
    let wrong = json!({"cname": "r", "uid": "2", "clientRequest": {}});
    server.post(&recording(&resource, &sid, "stop"), &wrong).await.expect(400, 432);
    let async_stop = json!({"cname": "r", "uid": "1", "clientRequest": {"async_stop": true}});
    let answer = server.post(&recording(&resource, &sid, "stop"), &async_stop).await;
    answer.expect(200, 0);
    assert_eq!(answer.json()["serverResponse"]["uploadingStatus"], "unknown");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_expire_after_five_minutes() {
    let server = TestServer::start().await;
    let early = server.acquire("r", "1").await;
    let late = server.acquire("r", "2").await;
    server.clock.forward(4 * 60 + 50);
    server.start_recording(&early, "r", "1", json!({})).await.expect(200, 0);
    server.clock.forward(11);
    server.start_recording(&late, "r", "2", json!({})).await.expect(400, 433);
    // A started resource stays started.
    server.start_recording(&early, "r", "1", json!({})).await.expect(201, 7);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_after_a_restart_what_they_were_before() {
    let server = TestServer::start().await;
    let (kept, late) = (server.acquire("r", "1").await, server.acquire("r", "2").await);
    let used = server.acquire("r", "3").await;
    let answer = server.start_recording(&used, "r", "3", json!({})).await;
    answer.expect(200, 0);
    let sid = answer.json()["sid"].as_str().unwrap().to_owned();

    let server = server.again().await;
    server.start_recording(&kept, "r", "1", json!({})).await.expect(200, 0);
    server.start_recording(&used, "r", "3", json!({})).await.expect(201, 7);
    let over = server.get(&recording(&used, &sid, "query")).await;
    over.expect(404, 404);
    assert!(over.reason().contains("the server was shut down"), "{}", over.reason());
    for place in [0, late.len() / 2, late.len() - 1] {
        let mut changed = late.clone();
        let other = if changed[place..].starts_with('A') { "B" } else { "A" };
        changed.replace_range(place..=place, other);
        server.start_recording(&changed, "r", "2", json!({})).await.expect(400, 1001);
        server.get(&recording(&changed, &sid, "query")).await.expect(400, 1001);
    }
    server.clock.forward(5 * 60 + 1);
    server.start_recording(&late, "r", "2", json!({})).await.expect(400, 433);
    let answer = server.start_recording(&kept, "r", "1", json!({})).await;
    assert_eq!(answer.code(), 7, "what was started stays started: {}", answer.reason());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_used_up_though_nothing_is_remembered() {
    for forgetful in ["history_recordings = 0", "history_days = 0"] {
        let server = TestServer::with(&format!("[events]\n{forgetful}\n")).await;
        let used = server.acquire("r", "1").await;
        let started = server.start_recording(&used, "r", "1", json!({})).await;
        let sid = started.json()["sid"].as_str().unwrap().to_owned();
        let stop = json!({"cname": "r", "uid": "1", "clientRequest": {}});
        server.post(&recording(&used, &sid, "stop"), &stop).await.expect(206, 435);
        // The start of another is when what is too old is forgotten; a restart is another such moment.
        let other = server.acquire("r", "2").await;
        server.start_recording(&other, "r", "2", json!({})).await.expect(200, 0);
        server.start_recording(&used, "r", "1", json!({})).await.expect(201, 7);
        let server = server.again().await;
        server.start_recording(&used, "r", "1", json!({})).await.expect(201, 7);
        let over = server.get(&recording(&used, &sid, "query")).await;
        over.expect(404, 404);
        assert!(over.reason().contains("stopped as asked"), "{}", over.reason());
        // Once its resource id is too old, nothing is kept of it.
        server.clock.forward(11 * 60);
        let last = server.acquire("r", "3").await;
        server.start_recording(&last, "r", "3", json!({})).await.expect(200, 0);
        server.get(&recording(&used, &sid, "query")).await.expect(404, 404);
        server.start_recording(&used, "r", "1", json!({})).await.expect(400, 433);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_ends_after_resource_expired_hour() {
    let server = TestServer::start().await;
    for hours in [1, 720] {
        let uid = hours.to_string();
        let who = json!({"cname": "r", "uid": uid, "clientRequest": {}});
        let mut body = who.clone();
        body["clientRequest"] = json!({"resourceExpiredHour": hours});
        let answer = server.post("/acquire", &body).await;
        let resource = answer.json()["resourceId"].as_str().unwrap().to_owned();
        let forever = json!({"maxIdleTime": 4_294_967_295_u32});
        let answer = server.start_recording(&resource, "r", &uid, forever).await;
        answer.expect(200, 0);
        let sid = answer.json()["sid"].as_str().unwrap().to_owned();
        let query = recording(&resource, &sid, "query");
        server.get(&query).await.expect(200, 0);
        server.clock.forward(hours * 3_600 - 60);
        server.get(&query).await.expect(200, 0);
        server.clock.forward(61);
        server.get(&query).await.expect(400, 433);
        for method in ["update", "updateLayout", "stop"] {
            let answer = server.post(&recording(&resource, &sid, method), &who).await;
            answer.expect(400, 433);
            let hours = format!("resourceExpiredHour was {hours};");
            assert!(answer.reason().contains(&hours), "{method}: {}", answer.reason());
        }
        let auth = basic("demo:demo");
        let path = format!("/api/v1/recordings/{sid}");
        let shown = server.request(Method::GET, &path, &[("authorization", &auth)], "").await;
        assert_eq!(shown.json()["state"], "recording", "it goes on");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_recordings_than_admitted_are_refused() {
    let server = TestServer::start().await;
    let mut resources = Vec::new();
    for uid in ["1", "2", "3", "4"] {
        resources.push(server.acquire("r", uid).await);
    }
    for (resource, uid) in resources.iter().zip(["1", "2", "3"]) {
        server.start_recording(resource, "r", uid, json!({})).await.expect(200, 0);
    }
    server.start_recording(&resources[3], "r", "4", json!({})).await.expect(400, 406);
    let body = json!({"cname": "r", "uid": "5", "clientRequest": {}});
    server.post("/acquire", &body).await.expect(400, 406);
    let ready = server.request(Method::GET, "/readyz", &[], "").await;
    assert_eq!(ready.status, 503);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn start_brings_what_acquire_announced() {
    let server = TestServer::start().await;
    let promised = json!({"recordingConfig": {"maxIdleTime": 60, "streamTypes": 0}});
    let body = json!({"cname": "r", "uid": "1", "clientRequest": {"startParameter": promised}});
    let answer = server.post("/acquire", &body).await;
    let resource = answer.json()["resourceId"].as_str().unwrap().to_owned();
    let refused = server.start_recording(&resource, "r", "1", json!({"maxIdleTime": 61})).await;
    refused.expect(400, 2);
    assert!(refused.reason().contains("request_hash mismatch!"), "{}", refused.reason());
    let kept = json!({"streamTypes": 0, "maxIdleTime": 60});
    server.start_recording(&resource, "r", "1", kept).await.expect(200, 0);
    server.stop().await;
}
