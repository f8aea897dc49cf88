//! More silent connections than the process may have files: the API answers, recordings begin, and the one
//! that runs misses nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::process::eventually;
use harness::real_time_turn;
use harness::server::{Server, Setup};
use serde_json::json;

/// The usual limit of a shell.
const FILES: u64 = 1_024;
const SILENT: usize = 1_100;
const WITHIN: Duration = Duration::from_secs(40);

#[test]
fn eleven_hundred_at_a_limit_of_a_thousand_files() {
    let _turn = real_time_turn();
    // This process holds the other ends.
    assert!(rlimit::increase_nofile_limit(u64::MAX).unwrap() > 2 * FILES);
    let server = Server::start_with_files(
        &Setup { recording: "segment_seconds = 1".into(), ..Setup::default() },
        FILES,
    );
    let publisher = server.publish("crowd", 6, &["--codec", "vp8", "--size", "320x180"]);
    let api = server.api();
    let request = json!({"recordingConfig": {"transcodingConfig":
        {"width": 320, "height": 180, "fps": 15, "bitrate": 300}}});
    let recording = api.record("crowd", &request);
    let slices = || {
        let text = api.get(&format!("/recordings/{0}/{0}_crowd.m3u8", recording.sid)).ok()?.text();
        Some(text.matches("#EXTINF").count())
    };
    eventually("slices", WITHIN, || slices().filter(|count| *count >= 2));

    let address = server.url().trim_start_matches("http://").to_owned();
    let mut crowd = Vec::new();
    for number in 0..SILENT {
        let mut stream = TcpStream::connect(&address).unwrap();
        if number % 3 == 0 {
            stream.write_all(b"POST /v1/apps/school/").unwrap();
        }
        crowd.push(stream);
    }
    let asked = Instant::now();
    for uid in ["1", "2"] {
        let other = api.record_in(
            "individual",
            "crowd",
            uid,
            &json!(
            {"recordingConfig": {"subscribeUidGroup": 0}}),
        );
        assert_eq!(api.query(&other).status, 200);
        assert_eq!(api.stop_async(&other).status, 200);
    }
    assert_eq!(api.get("/readyz").unwrap().status, 200);
    let answered = asked.elapsed();
    let seen = slices().unwrap();
    eventually("more slices", WITHIN, || slices().filter(|count| *count >= seen + 3));
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    eprintln!("{SILENT} silent connections: answers in {answered:?}, {files} files open");
    assert!(files < 700, "{files} files are open");
    assert!(server.metric("capstan_http_connections_sent_away_total", "") > 700.0);

    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let text =
        std::fs::read_to_string(server.recordings().join(format!("{}_crowd.m3u8", recording.sid)))
            .unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n") && !text.contains("GAP"), "{text}");
    let details = api.get(&format!("/api/v1/recordings/{}", recording.sid)).unwrap().json();
    assert_eq!(details["troubles"], json!([]), "{details}");
    // The first of the crowd were sent away.
    let first = crowd.first_mut().unwrap();
    first.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(matches!(first.read(&mut [0; 64]), Ok(0)) || first.write_all(b"x").is_err());
    drop(publisher);
}
