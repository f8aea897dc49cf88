//! A process that is killed in the middle of a segment: its next start brings home what the tapes hold, in the
//! same playlist, so that pictures and sound go on over the seam as if nothing had happened.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use capstan_media::container::utc::Utc;
use capstan_media::track::Uid;
use capstan_publish::pattern::{self, tone};
use harness::process::eventually;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

use crate::common::{events, render};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const UID: u32 = 6;
const WITHIN: Duration = Duration::from_secs(60);
/// How far a picture's burnt-in clock may stray from its place: frames arrive unevenly.
const EVEN: f64 = 300.0;
/// How exactly a beep follows the one before, in seconds.
const EXACT: f64 = 0.08;

#[test]
fn of_a_mixed_recording_in_fmp4() {
    goes_on_over_the_seam("fmp4");
}

#[test]
fn of_a_mixed_recording_as_transport_stream() {
    goes_on_over_the_seam("ts");
}

fn goes_on_over_the_seam(container: &str) {
    let _turn = real_time_turn();
    let receiver = Receiver::start();
    let mut server = Server::start(&Setup {
        recording: format!("segment_seconds = 5\nhls_container = \"{container}\""),
        sections: "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n".into(),
        app: format!("[apps.callback]\nurl = \"{}\"\nsecret = \"s\"\n", receiver.url()),
    });
    let publisher = server.publish("crash", UID, &["--codec", "vp8", "--size", "320x180"]);
    let recording = server.api().record(
        "crash",
        &json!({
            "recordingConfig": {"transcodingConfig":
                {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 300}},
            "recordingFileConfig": {"avFileType": ["hls", "mp4"]},
        }),
    );
    let name = format!("{}_crash.m3u8", recording.sid);
    let folder = server.folder().join("work").join(&recording.sid);
    let live = folder.join("hls").join(&name);
    eventually("two segments", WITHIN, || (slices(&live).len() == 2).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    let cut = slices(&live);
    server.crash();
    let killed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    drop(publisher);
    server.run();
    let callbacks = receiver.wait_for(11, WITHIN);
    assert_eq!(events(&callbacks, &[40, 42, 4, 41, 31, 11]), [40, 42, 4, 41, 31, 11]);

    let file = server.recordings().join(&name);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY").count(), 0, "{text}");
    let all = slices(&file);
    assert_eq!(all[..cut.len()], cut, "what was cut stays as it was");
    assert!(all.len() > cut.len(), "the tapes hold more than {cut:?}");
    let end = all.last().unwrap();
    let lost = killed - (end.0 + end.1);
    assert!(lost < 1.5, "the last {lost:.2} s before the kill are missing: {text}");
    for pair in all.windows(2) {
        let off = pair[0].0 + pair[0].1 - pair[1].0;
        assert!(off.abs() < 0.003, "a seam of {off} s: {text}");
    }
    judge::decodes_cleanly(&file);
    in_step(&file, cut.iter().map(|slice| slice.1).sum());

    // What is rendered from the tapes by hand is as long, and so is the MP4 file.
    let again = render(&server, &recording.sid).join(&name);
    let mp4 = server.recordings().join(format!("{}_crash_0.mp4", recording.sid));
    judge::decodes_cleanly(&mp4);
    let whole = judge::seconds(&file);
    for other in [judge::seconds(&again), judge::seconds(&mp4)] {
        assert!((whole - other).abs() < 0.15, "{whole} s and {other} s");
    }
    let page = server.api().get(&format!("/api/v1/recordings/{}", recording.sid)).unwrap();
    assert!(page.text().contains("were made from its tapes"), "{}", page.text());
}

/// The burnt-in clock and the beeps go on evenly, over the seam at `seam` seconds too.
fn in_step(file: &Path, seam: f64) {
    let luma = judge::luma(file, WIDTH, HEIGHT);
    let read = |picture: &Vec<u8>| pattern::read(picture, WIDTH, WIDTH, HEIGHT);
    let strays: Vec<(f64, f64)> = luma
        .pictures
        .iter()
        .enumerate()
        .filter_map(|(number, picture)| {
            let at = number as f64 / 15.0;
            Some((at, f64::from(read(picture)?.millis) - at * 1000.0))
        })
        .collect();
    let share = strays.len() as f64 / luma.pictures.len() as f64;
    assert!(share > 0.9, "{share:.2} of the pictures are whole");
    let behind = strays.iter().filter(|(at, _)| *at > seam).count();
    assert!(behind >= 15, "{behind} pictures behind the seam at {seam} s");
    let middle = strays[strays.len() / 2].1;
    let odd: Vec<_> = strays.iter().filter(|(_, off)| (off - middle).abs() > EVEN).collect();
    assert!(odd.is_empty(), "the clock jumps around {seam} s: {odd:?}");

    let hertz = tone::frequency(Uid::new(UID).unwrap());
    let beeps = judge::beeps(&judge::sound(file), hertz);
    assert!(beeps.last().is_some_and(|last| *last > seam), "beeps at {beeps:?}, seam {seam}");
    let odd: Vec<_> =
        beeps.windows(2).filter(|pair| (pair[1] - pair[0] - 1.0).abs() > EXACT).collect();
    assert!(odd.is_empty(), "beeps don't come each second: {odd:?}, seam {seam}");
}

/// When each slice starts, in Unix seconds by its name, and its length.
fn slices(playlist: &Path) -> Vec<(f64, f64)> {
    let text = std::fs::read_to_string(playlist).unwrap_or_default();
    let names = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let lengths = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
    names.map(unix).zip(lengths.map(|line| line.trim_end_matches(',').parse().unwrap())).collect()
}

/// The Unix seconds of the UTC digits in a slice's name.
fn unix(name: &str) -> f64 {
    let digits = name.rsplit(['_', '.']).nth(1).unwrap();
    let (day, time) = digits.split_at(8);
    let (year, month, day) = (&day[..4], &day[4..6], &day[6..]);
    let (hour, minute, second, millis) = (&time[..2], &time[2..4], &time[4..6], &time[6..]);
    let date = format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{millis}Z");
    Utc::parse(&date).unwrap().as_millis() as f64 / 1_000.0
}
