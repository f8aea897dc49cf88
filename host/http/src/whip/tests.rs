//! WHIP as a client sees it, over TCP.

use capstan_ingest::IngestConfig;
use capstan_media::time::{RoomClock, RoomTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const OFFER: &str = include_str!("../../../ingest/tests/offers/chromium.sdp");
const SDP: &str = "Content-Type: application/sdp\r\n";

struct Still;

impl RoomClock for Still {
    fn now(&self) -> RoomTime {
        RoomTime::from_millis(1_000)
    }
}

/// A server with an open app `demo`, an app `safe` with a token and an app `home` for loopback.
async fn serve(origins: &[&str], max_publishers: usize) -> SocketAddr {
    let config = IngestConfig { max_publishers, ..IngestConfig::default() };
    let whip = Whip {
        ingest: Ingest::start(config, Arc::new(Still)).unwrap(),
        apps: Arc::new(|app| match app {
            "demo" => Some(WhipApp::default()),
            "safe" => Some(WhipApp { token: Some("s3cret".into()), ..WhipApp::default() }),
            "home" => Some(WhipApp { loopback_only: true, ..WhipApp::default() }),
            "page" => {
                let origins = Some(vec!["https://page.example".to_owned()]);
                Some(WhipApp { origins, ..WhipApp::default() })
            }
            _ => None,
        }),
        origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        base_path: String::new(),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = routes::<()>(whip).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| {
            line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        self.head.lines().find(named).and_then(|line| line.split_once(": ")).map(|(_, v)| v)
    }

    /// The name of the problem, after checking that the document is complete.
    fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["status"], self.status);
        assert!(body["title"].is_string() && body["detail"].as_str().unwrap().len() > 10);
        let kind = body["type"].as_str().unwrap();
        kind.strip_prefix("urn:capstan:problem:whip:").unwrap().to_owned()
    }
}

async fn ask(server: SocketAddr, request: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\
         {headers}\r\n{body}"
    );
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

#[tokio::test]
async fn a_session_is_created_answered_and_deleted_once() {
    let server = serve(&["*"], 10).await;
    let created = ask(server, "POST /whip/demo/a%20b%3F/7", SDP, OFFER).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.header("content-type"), Some("application/sdp"));
    assert!(created.body.starts_with("v=0") && created.body.contains("a=recvonly"));
    assert!(created.header("etag").unwrap().starts_with('"'));
    let location = created.header("location").unwrap().to_owned();
    assert!(location.starts_with("/whip/demo/a%20b%3F/7/"), "{location}");

    let put = ask(server, &format!("PUT {location}"), "", "").await;
    assert_eq!((put.status, put.problem().as_str()), (405, "method"));
    assert_eq!(put.header("allow"), Some("DELETE, PATCH, OPTIONS"));
    let other = location.replace("/7/", "/8/");
    assert_eq!(ask(server, &format!("DELETE {other}"), "", "").await.problem(), "no-session");
    assert_eq!(ask(server, &format!("DELETE {location}"), "", "").await.status, 200);
    let again = ask(server, &format!("DELETE {location}"), "", "").await;
    assert_eq!((again.status, again.problem().as_str()), (404, "no-session"));
    let fragment = "Content-Type: application/trickle-ice-sdpfrag\r\nIf-Match: *\r\n";
    let patch = ask(server, &format!("PATCH {location}"), fragment, "a=end-of-candidates").await;
    assert_eq!((patch.status, patch.problem().as_str()), (404, "no-session"));
}

#[tokio::test]
async fn candidates_are_noted_and_new_credentials_restart_ice() {
    let server = serve(&["*"], 10).await;
    let created = ask(server, "POST /whip/demo/r/7", SDP, OFFER).await;
    let (location, etag) = (created.header("location").unwrap(), created.header("etag").unwrap());
    let patch = async |headers: &str, body: &str| {
        let kind = "Content-Type: application/trickle-ice-sdpfrag\r\n";
        ask(server, &format!("PATCH {location}"), &format!("{kind}{headers}"), body).await
    };
    let tagged = format!("If-Match: {etag}\r\n");
    let candidate =
        "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 9 10.0.0.1 9 typ host\r\n";
    assert_eq!(patch(&tagged, candidate).await.status, 204);
    for (headers, body, status, problem) in [
        ("", candidate, 428, "no-tag"),
        ("If-Match: \"other\"\r\n", candidate, 412, "other-tag"),
        (&tagged, "a=ice-ufrag:abcd\r\n", 400, "bad-fragment"),
        (&tagged, "", 400, "bad-fragment"),
    ] {
        let answer = patch(headers, body).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, problem),
            "{headers}{body}"
        );
    }
    let answer =
        ask(server, &format!("PATCH {location}"), &format!("{SDP}{tagged}"), candidate).await;
    assert_eq!((answer.status, answer.problem().as_str()), (415, "content-type"));
    assert_eq!(answer.header("accept-patch"), Some("application/trickle-ice-sdpfrag"));

    let new = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\n";
    let restarted = patch("If-Match: *\r\n", new).await;
    assert_eq!(restarted.status, 200, "{}", restarted.body);
    assert_eq!(restarted.header("content-type"), Some("application/trickle-ice-sdpfrag"));
    let fresh = restarted.header("etag").unwrap();
    assert_ne!(fresh, etag);
    for line in ["a=ice-lite", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=mid:0"] {
        assert!(restarted.body.contains(line), "no {line} in {}", restarted.body);
    }
    assert!(restarted.body.contains(&format!("a=ice-ufrag:{}", fresh.trim_matches('"'))));
    assert_eq!(
        patch(&tagged, candidate).await.problem(),
        "other-tag",
        "the old generation is over"
    );
    let again = patch(&format!("If-Match: {fresh}\r\n"), new).await;
    assert_eq!(again.status, 204, "the same credentials are no restart");
}

#[tokio::test]
async fn each_refusal_has_its_status_and_says_what_to_change() {
    let server = serve(&["*"], 1).await;
    let foreign = ["opus", "VP8", "VP9", "H264", "H265", "AV1"]
        .iter()
        .fold(OFFER.to_owned(), |offer, name| offer.replace(&format!("{name}/"), "other/"));
    let silent = OFFER.replace("a=sendonly", "a=recvonly");
    let long = format!("{OFFER}{}", "a=x\r\n".repeat(20_000));
    let table = [
        ("POST /whip/demo/r/1", "Content-Type: text/plain\r\n", OFFER, 415, "content-type"),
        ("POST /whip/demo/r/1", "", OFFER, 415, "content-type"),
        ("POST /whip/demo/r/1", SDP, "hello", 400, "bad-sdp"),
        ("POST /whip/demo/r/1", SDP, &foreign, 422, "no-usable-codec"),
        ("POST /whip/demo/r/1", SDP, &silent, 422, "no-media"),
        ("POST /whip/demo/r/1", SDP, &long, 413, "too-large"),
        ("POST /whip/none/r/1", SDP, OFFER, 404, "unknown-app"),
        ("POST /whip/demo/r/0", SDP, OFFER, 400, "bad-uid"),
        ("POST /whip/demo/r/me", SDP, OFFER, 400, "bad-uid"),
        ("POST /whip/demo/a%2Fb/1", SDP, OFFER, 400, "bad-room"),
        ("POST /whip/demo/%C3%A4/1", SDP, OFFER, 400, "bad-room"),
        ("GET /whip/demo/r/1", "", "", 405, "method"),
        ("GET /whip/demo/r/1/x", "", "", 405, "method"),
    ];
    for (request, headers, body, status, problem) in table {
        let answer = ask(server, request, headers, body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, problem), "{request}");
    }
    assert_eq!(ask(server, "POST /whip/demo/r/1", SDP, OFFER).await.status, 201);
    // Who only waits makes way for who comes, so that a server is full of connected publishers alone, or has no place.
    let full = ask(serve(&["*"], 0).await, "POST /whip/demo/r/2", SDP, OFFER).await;
    assert_eq!((full.status, full.problem().as_str()), (503, "server-full"));
    assert_eq!(full.header("retry-after"), Some(RETRY_SECONDS));
    // The same participant may come again.
    assert_eq!(ask(server, "POST /whip/demo/r/1", SDP, OFFER).await.status, 201);
}

#[tokio::test]
async fn a_token_guards_its_app_only() {
    let server = serve(&["*"], 10).await;
    let post = |authorization: &str| {
        let headers = format!("{SDP}{authorization}");
        async move { ask(server, "POST /whip/safe/r/1", &headers, OFFER).await }
    };
    let missing = post("").await;
    assert_eq!((missing.status, missing.problem().as_str()), (401, "unauthorized"));
    assert_eq!(missing.header("www-authenticate"), Some(r#"Bearer realm="whip""#));
    for wrong in ["Bearer s3cre", "Bearer s3crets", "Basic s3cret", "Bearer "] {
        let refused = post(&format!("Authorization: {wrong}\r\n")).await;
        assert_eq!(refused.status, 401, "{wrong}");
        assert!(!refused.body.contains("s3cret"));
    }
    assert_eq!(post("Authorization: Bearer s3cret\r\n").await.status, 201);
    assert_eq!(post("Authorization: bearer s3cret\r\n").await.status, 201);
    let delete = ask(server, "DELETE /whip/safe/r/1/x", "", "").await;
    assert_eq!(delete.status, 401);
    assert_eq!(ask(server, "POST /whip/home/r/1", SDP, OFFER).await.status, 201);
}

#[tokio::test]
async fn pages_from_allowed_origins_may_publish() {
    let server = serve(&["https://app.example"], 10).await;
    let preflight = |origin: &'static str| async move {
        let headers = format!(
            "Origin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: authorization, content-type\r\n"
        );
        ask(server, "OPTIONS /whip/demo/r/1", &headers, "").await
    };
    let allowed = preflight("https://app.example").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    let methods = allowed.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("POST") && methods.contains("DELETE"), "{methods}");
    assert_eq!(allowed.header("accept-post"), Some("application/sdp"));
    let foreign = preflight("https://evil.example").await;
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    for (origin, allowed) in [("https://page.example", true), ("https://app.example", false)] {
        let headers = format!("Origin: {origin}\r\nAccess-Control-Request-Method: POST\r\n");
        let answer = ask(server, "OPTIONS /whip/page/r/1", &headers, "").await;
        let header = answer.header("access-control-allow-origin");
        assert_eq!(header, allowed.then_some(origin), "an app's own origins count");
    }

    let headers = format!("{SDP}Origin: https://app.example\r\n");
    let created = ask(server, "POST /whip/demo/r/1", &headers, OFFER).await;
    let exposed = created.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("location") && exposed.contains("etag"), "{exposed}");
    assert_eq!(created.header("access-control-allow-origin"), Some("https://app.example"));
    // A refusal must be readable by the page, too.
    let refused = ask(server, "POST /whip/demo/r/1", "Origin: https://app.example\r\n", "").await;
    assert_eq!(refused.status, 415);
    assert!(refused.header("access-control-allow-origin").is_some());
}

#[test]
fn without_the_client_s_address_nobody_is_local() {
    assert!(!from_loopback(&Request::new(Body::empty())));
    let mut request = Request::new(Body::empty());
    let mapped: SocketAddr = "[::ffff:127.0.0.1]:9".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(mapped));
    assert!(from_loopback(&request));
}
