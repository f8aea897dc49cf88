//! What is served beside the API: playback without a way out of its folder, health, numbers, WHIP.

use http::Method;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_a_recording_is_served() {
    let server = TestServer::start().await;
    let sid = "0123456789abcdef0123456789abcdef";
    for path in [
        format!("/recordings/{sid}/{sid}_r.m3u8"),
        format!("/recordings/{sid}/..%2f..%2fcapstan.toml"),
        format!("/recordings/{sid}/{sid}%2f..%2f..%2f..%2fcapstan.toml"),
        "/recordings/../capstan.toml".into(),
        "/recordings/%2e%2e/capstan.toml".into(),
        "/recordings/..%2f..%2f..%2f..%2fetc/passwd".into(),
        format!("/recordings/{sid}/%00.m3u8"),
    ] {
        let answer = server.request(Method::GET, &path, &[], "").await;
        assert_eq!(answer.status, 404, "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_numbers_and_whip_are_mounted() {
    let server = TestServer::start().await;
    let get = async |path: &str| server.request(Method::GET, path, &[], "").await;
    assert_eq!(get("/healthz").await.status, 200);
    assert_eq!(get("/readyz").await.status, 200);
    let numbers = get("/metrics").await;
    let text = String::from_utf8_lossy(&numbers.bytes).into_owned();
    assert!(text.contains("capstan_recordings 0"), "{text}");
    let origin = [("origin", "https://page.example")];
    let preflight = [origin[0], ("access-control-request-method", "POST")];
    let answer = server.request(Method::OPTIONS, "/whip/demo/r/7", &preflight, "").await;
    assert!(answer.status < 300, "{}", answer.status);
    assert!(answer.headers.contains_key("access-control-allow-origin"));
    let kind = [("content-type", "text/plain")];
    let answer = server.request(Method::POST, "/whip/demo/r/7", &kind, "x").await;
    assert_eq!(answer.status, 415);
    server.stop().await;
}
