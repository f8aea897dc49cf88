//! Addresses are true for whoever uses them: behind a proxy, with a slash at the end, wrong ones too.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests: a panic is their way to say no"
)]

use http::Method;
use serde_json::json;

use crate::server::{Answer, TestServer};

const OFFER: &str = include_str!("../../../ingest/tests/offers/chromium.sdp");
const SDP: [(&str, &str); 2] =
    [("content-type", "application/sdp"), ("origin", "https://page.example")];

async fn publish(server: &TestServer, path: &str) -> Answer {
    server.request(Method::POST, path, &SDP, OFFER).await
}

async fn delete(server: &TestServer, path: &str) -> u16 {
    server.request(Method::DELETE, path, &[], "").await.status
}

fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.bytes));
    answer.headers["location"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_where_its_publisher_reaches_it() {
    let at = "public_url = \"https://rec.example/a/capstan/\"\n";
    let server = TestServer::with_http(at, "").await;
    let lent = "/a/capstan/whip/demo/a%20b/7";
    // A proxy that takes its path off, one that doesn't, and a publisher beside the proxy.
    for path in ["/whip/demo/a%20b/7", lent, "/whip/demo/a%20b/7/"] {
        let session = location(&publish(&server, path).await);
        assert!(session.starts_with(&format!("{lent}/")), "{session}");
        assert!(!session.contains("//"), "{session}");
        assert_eq!(delete(&server, &session).await, 200, "as told");
        assert_eq!(delete(&server, &session).await, 404, "it ended");
    }
    let session = location(&publish(&server, lent).await);
    assert_eq!(delete(&server, session.strip_prefix("/a/capstan").unwrap()).await, 200);
    for path in ["/a/capstan/healthz", "/healthz"] {
        assert_eq!(server.request(Method::GET, path, &[], "").await.status, 200, "{path}");
    }
    for path in ["/a/capstan", "/a/capstan/", "/a/capstan/etc", "/a/healthz"] {
        assert_eq!(server.request(Method::GET, path, &[], "").await.status, 404, "{path}");
    }
    server.stop().await;
    let plain = TestServer::start().await;
    let session = location(&publish(&plain, "/whip/demo/r/7/").await);
    assert!(session.starts_with("/whip/demo/r/7/") && !session.contains("//"), "{session}");
    assert_eq!(delete(&plain, &format!("{session}/")).await, 200, "a slash changes nothing");
    plain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_can_read_every_refusal() {
    let apps = "allowed_origins = [\"https://other.example\"]\n";
    let server = TestServer::with(apps).await;
    let text = [("content-type", "text/plain"), SDP[1]];
    let long = "x".repeat(70_000);
    for (method, path, headers, body, status) in [
        (Method::POST, "/whip/demo/r/7/", &text, "x", 415),
        (Method::POST, "/whip/demo/r/7", &SDP, "x", 400),
        (Method::POST, "/whip/demo/r/7", &SDP, &*long, 413),
        (Method::POST, "/whip/demo/r", &SDP, OFFER, 404),
        (Method::POST, "/whip/demo/r/7/8/9", &SDP, OFFER, 404),
        (Method::POST, "/whip/demo/%2e%2E/7", &SDP, OFFER, 400),
        (Method::POST, "/whip/nobody/r/7", &SDP, OFFER, 404),
        (Method::POST, "/whip", &SDP, OFFER, 404),
        (Method::POST, "/whipp/demo/r/7", &SDP, OFFER, 404),
        (Method::GET, "/", &SDP, "", 404),
        (Method::GET, "/whip/demo/r/7", &SDP, "", 405),
        (Method::DELETE, "/whip/demo/r/7/none", &SDP, "", 404),
        (Method::GET, "/recordings/none/none.m3u8", &SDP, "", 404),
        (Method::POST, "/recordings/none/none.m3u8", &SDP, "", 404),
    ] {
        let answer = server.request(method.clone(), path, headers, body.to_owned()).await;
        let told = answer.headers.get("access-control-allow-origin");
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(told.unwrap(), "https://page.example", "{method} {path}");
    }
    let preflight = [SDP[1], ("access-control-request-method", "POST")];
    let answer = server.request(Method::OPTIONS, "/whip/demo/r", &preflight, "").await;
    assert!(answer.status < 300 && answer.headers.contains_key("access-control-allow-origin"));
    // Another app's pages stay out of it.
    for path in ["/whip/other/r", "/whip/other/r/7"] {
        let answer = server.request(Method::POST, path, &text, "x").await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_nobody_could_publish_to_is_refused_at_once() {
    for (profile, code) in [("", 1013), ("[api]\nprofile = \"today\"\n", 401)] {
        let server = TestServer::with(profile).await;
        for name in [".", ".."] {
            let body = json!({"cname": name, "uid": "1", "clientRequest": {}});
            let answer = server.post("/acquire", &body).await;
            answer.expect(400, code);
            assert!(answer.reason().contains("/cname is") && answer.reason().contains("publish"));
        }
        for name in ["...", ". .", "%2e", "a/..".trim_end_matches("/..")] {
            server.acquire(name, "1").await;
        }
        server.stop().await;
    }
}
