//! Apps on one server don't see, change or end each other's recordings, and admit web pages each for itself.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests: a panic is their way to say no"
)]

use http::Method;
use serde_json::{Value, json};

use crate::server::{Answer, TestServer, basic};

/// Two apps with origins of their own, behind those that every server of these tests has.
const APPS: &str = "allowed_origins = [\"https://other.example\"]\n\
     [[apps]]\nid = \"third\"\nkey = \"third\"\nsecret = \"s3\"\n\
     allowed_origins = [\"https://third.example\"]\n";

/// A call with an app's credentials.
async fn call(server: &TestServer, pair: &str, method: Method, path: &str, body: &Value) -> Answer {
    let auth = basic(pair);
    let headers = [("authorization", auth.as_str()), ("content-type", "application/json")];
    let body = if method == Method::GET { String::new() } else { body.to_string() };
    server.request(method, path, &headers, body).await
}

fn who() -> Value {
    json!({"cname": "r", "uid": "1", "clientRequest": {}})
}

/// Records room `r` for an app; the recording's address without a method, and its sid.
async fn record(server: &TestServer, app: &str, pair: &str) -> (String, String) {
    let base = format!("/v1/apps/{app}/cloud_recording");
    let answer = call(server, pair, Method::POST, &format!("{base}/acquire"), &who()).await;
    answer.expect(200, 0);
    let resource = answer.json()["resourceId"].as_str().unwrap().to_owned();
    let start = format!("{base}/resourceid/{resource}/mode/mix/start");
    let answer = call(server, pair, Method::POST, &start, &who()).await;
    answer.expect(200, 0);
    let sid = answer.json()["sid"].as_str().unwrap().to_owned();
    (format!("resourceid/{resource}/sid/{sid}/mode/mix"), sid)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_app_is_not_there_for_another() {
    let server = TestServer::with(APPS).await;
    let (theirs, sid) = record(&server, "other", "other:s2").await;
    // The same room and recorder of another app are others.
    let (ours, own_sid) = record(&server, "third", "third:s3").await;

    let mut seen = String::new();
    for (method, verb) in [
        ("query", Method::GET),
        ("update", Method::POST),
        ("updateLayout", Method::POST),
        ("stop", Method::POST),
    ] {
        let ask = async |path: String| call(&server, "third:s3", verb.clone(), &path, &who()).await;
        let app = |app: &str, what: &str| format!("/v1/apps/{app}/cloud_recording/{what}/{method}");
        ask(app("third", &theirs)).await.expect(400, 1003);
        ask(app("other", &theirs)).await.expect(400, 400);
        let mixed = ours.replace(&own_sid, &sid);
        ask(app("third", &mixed)).await.expect(400, 1003);
    }
    let get = async |path: &str| call(&server, "third:s3", Method::GET, path, &Value::Null).await;
    let listed = get("/api/v1/recordings").await;
    assert_eq!(listed.json()["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(listed.json()["recordings"][0]["sid"], *own_sid);
    for path in ["", "/events"] {
        assert_eq!(get(&format!("/api/v1/recordings/{sid}{path}")).await.status, 404, "{path}");
    }
    assert_eq!(get("/api/v1/recordings?app=other").await.status, 400);
    // Who knows a sid may watch, so that nothing that the app may read tells it.
    for path in ["/metrics", "/api/v1/plugins", "/api/v1/recordings", "/openapi.json", "/readyz"] {
        seen.push_str(&String::from_utf8_lossy(&get(path).await.bytes));
    }
    let own = get(&format!("/api/v1/recordings/{own_sid}")).await;
    seen.push_str(&String::from_utf8_lossy(&own.bytes));
    assert!(seen.contains(&own_sid) && !seen.contains(&sid), "another app's sid is told");

    let query = format!("/v1/apps/other/cloud_recording/{theirs}/query");
    let still = call(&server, "other:s2", Method::GET, &query, &Value::Null).await;
    still.expect(200, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_play_and_publish_where_their_app_admits_them() {
    let server = TestServer::with(APPS).await;
    let (address, sid) = record(&server, "other", "other:s2").await;
    let playlist = format!("/recordings/{sid}/{sid}_r.m3u8");
    let api = format!("/v1/apps/other/cloud_recording/{address}/query");
    for (origin, theirs, everybodys) in [
        ("https://other.example", true, true),
        ("https://third.example", false, true),
        ("https://other.example.evil.example", false, true),
        ("null", false, true),
    ] {
        let admitted = async |method: Method, path: &str| {
            let headers = [("origin", origin), ("access-control-request-method", "POST")];
            let answer = server.request(method, path, &headers, "").await;
            let header = answer.headers.get("access-control-allow-origin");
            header.is_some_and(|value| value == origin || value == "*")
        };
        assert_eq!(admitted(Method::GET, &playlist).await, theirs, "{origin} plays");
        assert_eq!(admitted(Method::OPTIONS, &playlist).await, theirs, "{origin} asks first");
        assert_eq!(admitted(Method::OPTIONS, "/whip/other/r/7").await, theirs, "{origin}");
        assert_eq!(admitted(Method::OPTIONS, "/whip/demo/r/7").await, everybodys, "{origin}");
        // The API's keys have no place in a page.
        assert!(!admitted(Method::GET, &api).await && !admitted(Method::OPTIONS, &api).await);
        assert!(!admitted(Method::GET, "/api/v1/recordings").await);
    }
    server.stop().await;
}
