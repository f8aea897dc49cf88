//! A killed publisher is noticed within five seconds, may come back, and a second publisher of the
//! same uid takes over cleanly; the recording's clock never stops for any of it.

use std::time::{Duration, Instant};

use capstan_publish::pattern;
use harness::process::eventually;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

const WIDTH: usize = 320;
const HEIGHT: usize = 180;

#[test]
fn a_killed_publisher_comes_back() {
    let _turn = real_time_turn();
    let server = Server::start(&Setup::default());
    let small = ["--codec", "vp8", "--size", "320x180"];
    let mut first = server.publish("door", 4, &small);
    let api = server.api();
    let recording = api.record(
        "door",
        &json!({"recordingConfig": {"maxIdleTime": 60, "transcodingConfig":
            {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 300, "mixedVideoLayout": 1}}}),
    );
    let publishers = || server.metric("capstan_publishers", "");
    eventually("it publishes", Duration::from_secs(20), || (publishers() == 1.0).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    first.kill();
    let killed = Instant::now();
    eventually("it is missed", Duration::from_secs(20), || (publishers() == 0.0).then_some(()));
    // A second of grace for a busy machine between noticing and being asked.
    assert!(killed.elapsed() < Duration::from_secs(6), "noticed after {:?}", killed.elapsed());
    std::thread::sleep(Duration::from_secs(1));
    let _second = server.publish("door", 4, &small);
    eventually("it is back", Duration::from_secs(20), || (publishers() == 1.0).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    let _takes_over = server.publish("door", 4, &["--codec", "h264", "--size", "320x180"]);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(publishers(), 1.0, "one session a uid");
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());

    let file = server.recordings().join(format!("{}_door.m3u8", recording.sid));
    judge::decodes_cleanly(&file);
    let luma = judge::luma(&file, WIDTH, HEIGHT);
    let stamps: Vec<Option<u32>> = luma
        .pictures
        .iter()
        .map(|picture| pattern::read(picture, WIDTH, WIDTH, HEIGHT).map(|stamp| stamp.millis))
        .collect();
    let gap = longest_run(&stamps, |stamp| stamp.is_none());
    let first_stamp = stamps.iter().flatten().next().copied().unwrap();
    let last_at = stamps.iter().rposition(Option::is_some).unwrap();
    let first_at = stamps.iter().position(Option::is_some).unwrap();
    let burnt = i64::from(stamps[last_at].unwrap()) - i64::from(first_stamp);
    let played = (last_at - first_at) as f64 * 1000.0 / 15.0;
    let drift = burnt as f64 - played;
    assert!(drift.abs() < 500.0, "burnt-in clock and playing time differ by {drift} ms");
    assert!(gap < 15 * 12, "nobody was there for {gap} pictures");
}

fn longest_run<T>(items: &[T], matches: impl Fn(&T) -> bool) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for item in items {
        run = if matches(item) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
