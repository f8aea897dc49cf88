//! A real browser: headless Chromium, or Firefox, on a page of ours that reports back over HTTP.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;

use crate::process::{Running, eventually};
use crate::root;

/// A browser on a page, closed when dropped.
#[derive(Debug)]
pub struct Browser {
    reports: Arc<Mutex<Vec<Value>>>,
    _running: Running,
    profile: tempfile::TempDir,
}

/// The player under test and its page's name for it.
const HLS_JS: &str = ".tools/hls-1.7.4/hls.min.js";
/// The page that shows newcomers how to publish.
const EXAMPLE: &str = "examples/02-publish-from-a-browser/index.html";

/// Settings of Firefox: loopback may be used, sound needs no gesture, and nothing is fetched unasked.
const FIREFOX: &str = r#"
user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
user_pref("media.autoplay.default", 0);
user_pref("media.autoplay.blocking_policy", 0);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "http://127.0.0.1:9");
user_pref("toolkit.telemetry.enabled", false);
"#;

impl Browser {
    /// Opens `tests/pages/<page>`, or the example's page as `example.html`, with a query string.
    #[must_use]
    pub fn open(page: &str, query: &str) -> Self {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let port = serve_pages(Arc::clone(&reports));
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new("chromium");
        command
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                "--allow-loopback-in-peer-connection",
                "--autoplay-policy=no-user-gesture-required",
                "--disable-features=WebRtcHideLocalIpsWithMdns",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("http://localhost:{port}/{page}?{query}"));
        let running = Running::start("chromium", &mut command, profile.path().join("browser.log"));
        Self { reports, _running: running, profile }
    }

    /// The same in Firefox.
    #[must_use]
    pub fn open_firefox(page: &str, query: &str) -> Self {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let port = serve_pages(Arc::clone(&reports));
        let profile = tempfile::tempdir().unwrap();
        std::fs::write(profile.path().join("user.js"), FIREFOX).unwrap();
        let mut command = Command::new("firefox-esr");
        command
            .args(["--headless", "--no-remote", "--profile"])
            .arg(profile.path())
            .arg(format!("http://localhost:{port}/{page}?{query}"))
            .env("HOME", profile.path())
            .env("MOZ_CRASHREPORTER_DISABLE", "1");
        let running = Running::start("firefox", &mut command, profile.path().join("browser.log"));
        Self { reports, _running: running, profile }
    }

    /// Waits until the page reports something with this `what` and answers it.
    #[must_use]
    pub fn wait_for(&self, what: &str, within: Duration) -> Value {
        eventually(&format!("the page's report {what:?}"), within, || {
            let reports = self.reports.lock().unwrap();
            if let Some(error) = reports.iter().find(|report| report["what"] == "error") {
                panic!("the page failed: {error}");
            }
            reports.iter().find(|report| report["what"] == what).cloned()
        })
    }

    /// What the browser itself said, for a failing test's eyes.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.profile.path().join("browser.log")).unwrap_or_default()
    }
}

fn serve_pages(reports: Arc<Mutex<Vec<Value>>>) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new()
        .route("/report", post(report))
        .route("/hls.js", get(|| file(HLS_JS, "text/javascript")))
        .route("/publish.html", get(|| file("tests/pages/publish.html", "text/html")))
        .route("/example.html", get(|| file(EXAMPLE, "text/html")))
        .route("/peer.html", get(|| file("tests/pages/peer.html", "text/html")))
        .route("/play.html", get(|| file("tests/pages/play.html", "text/html")))
        .with_state(reports);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    port
}

async fn report(State(reports): State<Arc<Mutex<Vec<Value>>>>, body: Bytes) -> StatusCode {
    reports.lock().unwrap().push(serde_json::from_slice(&body).unwrap_or(Value::Null));
    StatusCode::NO_CONTENT
}

async fn file(path: &str, kind: &str) -> impl IntoResponse {
    let path = root().join(path);
    let text = std::fs::read(&path)
        .unwrap_or_else(|_| panic!("{} is missing: run scripts/setup test", path.display()));
    ([(header::CONTENT_TYPE, kind.to_owned())], text)
}
