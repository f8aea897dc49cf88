//! What `[api] profile = "today"` answers otherwise than the documents of 2020, which the table of answers has.

use serde_json::json;

use crate::server::{TestServer, recording};

#[tokio::test(flavor = "multi_thread")]
async fn today_has_numbers_and_ranges_of_its_own() {
    let server = TestServer::with("[api]\nprofile = \"today\"\n").await;
    let body = json!({"cname": "a/b", "uid": "1", "clientRequest": {}});
    let answer = server.post("/acquire", &body).await;
    answer.expect(400, 401);
    assert!(answer.reason().starts_with("invalid_channel_name"), "{}", answer.reason());

    let resource = server.acquire("r", "1").await;
    let answer = server.start_recording(&resource, "r", "1", json!({})).await;
    answer.expect(200, 0);
    let sid = answer.json()["sid"].as_str().unwrap().to_owned();
    let wrong = json!({"cname": "r", "uid": "1", "clientRequest": {"mixedVideoLayout": 9}});
    server.post(&recording(&resource, &sid, "updateLayout"), &wrong).await.expect(400, 2);

    let resource = server.acquire("r", "2").await;
    for (seconds, status, code) in [(0, 400, 2), (3_601, 400, 2), (1, 200, 0)] {
        let body = json!({"cname": "r", "uid": "2", "clientRequest": {
            "recordingConfig": {"subscribeUidGroup": 0},
            "snapshotConfig": {"captureInterval": seconds, "fileType": ["jpg"]},
        }});
        let start = format!("/resourceid/{resource}/mode/individual/start");
        server.post(&start, &body).await.expect(status, code);
    }
    server.stop().await;
}
