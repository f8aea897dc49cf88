//! A client that hangs up in the middle of a request leaves nothing that can't be found, stopped or counted.
#![expect(clippy::unwrap_used, reason = "tests: a panic is their way to say no")]

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::server::{TestServer, basic, recording};

/// Sends a request and hangs up after so long, without reading a word.
async fn hang_up(server: &TestServer, path: &str, body: &Value, after: Duration) {
    let body = body.to_string();
    let head = format!(
        "POST /v1/apps/demo/cloud_recording{path} HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        basic("demo:demo"),
        body.len(),
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(after).await;
    // With a reset, as a killed client's system says it.
    stream.set_zero_linger().unwrap();
}

fn who(room: &str) -> Value {
    json!({"cname": room, "uid": "1", "clientRequest": {"recordingConfig": {"maxIdleTime": 30}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_whole_or_was_never_made() {
    let server = TestServer::start().await;
    for step in 0..12_u64 {
        let room = format!("r{step}");
        let resource = server.acquire(&room, "1").await;
        let start = format!("/resourceid/{resource}/mode/mix/start");
        hang_up(&server, &start, &who(&room), Duration::from_micros(step * step * 400)).await;
        // Asking again waits for what is under way, and tells its sid.
        let again = server.post(&start, &who(&room)).await;
        assert!(matches!((again.status, again.code()), (201, 7) | (200, 0)), "{}", again.reason());
        let sid = again.json()["sid"].as_str().unwrap().to_owned();
        server.get(&recording(&resource, &sid, "query")).await.expect(200, 0);
        server.post(&recording(&resource, &sid, "stop"), &who(&room)).await.expect(206, 435);
    }
    let numbers = server.request(http::Method::GET, "/metrics", &[], "").await;
    assert!(String::from_utf8_lossy(&numbers.bytes).contains("capstan_recordings 0"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_began_counts_and_ends_with_the_server() {
    let server = TestServer::start().await;
    for room in ["a", "b", "c"] {
        let resource = server.acquire(room, "1").await;
        let start = format!("/resourceid/{resource}/mode/mix/start");
        hang_up(&server, &start, &who(room), Duration::from_millis(1)).await;
        let again = server.post(&start, &who(room)).await;
        assert!(matches!((again.status, again.code()), (201, 7) | (200, 0)), "{}", again.reason());
    }
    // All three places of this server are taken.
    let full = server.post("/acquire", &who("d")).await;
    full.expect(400, 406);
    let server = server.again().await;
    let auth = [("authorization", &*basic("demo:demo"))];
    let listed = server.request(http::Method::GET, "/api/v1/recordings", &auth, "").await.json();
    let all = listed["recordings"].as_array().unwrap();
    assert_eq!(all.len(), 3, "{listed}");
    for one in all {
        assert_eq!((&one["state"], &one["stopped"]), (&json!("done"), &json!("shutdown")), "{one}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_stops_happen_without_their_connection() {
    let server = TestServer::start().await;
    for step in 0..6_u64 {
        let room = format!("r{step}");
        let resource = server.acquire(&room, "1").await;
        let started = server.start_recording(&resource, &room, "1", json!({})).await;
        let sid = started.json()["sid"].as_str().unwrap().to_owned();
        let on = |method: &str| recording(&resource, &sid, method);
        let after = Duration::from_micros(step * 300);
        let layout = json!({"cname": room, "uid": "1", "clientRequest": {"mixedVideoLayout": 1}});
        hang_up(&server, &on("updateLayout"), &layout, after).await;
        let update = json!({"cname": room, "uid": "1", "clientRequest": {"streamSubscribe":
            {"videoUidList": {"subscribeVideoUids": ["7"]}}}});
        hang_up(&server, &on("update"), &update, after).await;
        server.get(&on("query")).await.expect(200, 0);
        // What hung up before the server read it wasn't begun; all else goes through.
        hang_up(&server, &on("stop"), &layout, Duration::from_millis(20)).await;
        let ends = async {
            while server.get(&on("query")).await.status == 200 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ends).await.unwrap();
        let over = server.get(&on("query")).await;
        assert!(over.reason().contains("stopped as asked"), "{}", over.reason());
    }
    server.stop().await;
}
