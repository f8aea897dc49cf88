//! A process that is killed in the middle of a segment: its next start brings home what the tapes hold, in the
//! same playlist, so that pictures and sound go on over the seam as if nothing had happened.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use capstan_media::track::Uid;
use capstan_publish::pattern::{self, tone};
use harness::process::{capstan, eventually};
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

use crate::common::events;

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const UID: u32 = 6;
const WITHIN: Duration = Duration::from_secs(60);
/// How far a picture's burnt-in clock may stray from its place: frames arrive unevenly.
const EVEN: f64 = 300.0;
/// How exactly a beep follows the one before, in seconds.
const EXACT: f64 = 0.08;
/// Sound is looked at in pieces of 10 ms.
const PIECE: usize = 480;

#[test]
fn of_a_mixed_recording_in_fmp4() {
    goes_on_over_the_seam("fmp4", "m4s");
}

#[test]
fn of_a_mixed_recording_as_transport_stream() {
    goes_on_over_the_seam("ts", "ts");
}

fn goes_on_over_the_seam(container: &str, extension: &str) {
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
    eventually("two segments", WITHIN, || (slices(&live, extension).len() == 2).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    let cut = slices(&live, extension);
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
    let all = slices(&file, extension);
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
    let again = render(&server, &folder).join(&name);
    let mp4 = server.recordings().join(format!("{}_crash_0.mp4", recording.sid));
    judge::decodes_cleanly(&mp4);
    let whole = seconds(&file);
    for other in [seconds(&again), seconds(&mp4)] {
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
    let loud: Vec<f64> =
        judge::sound(file).chunks_exact(PIECE).map(|piece| judge::tone(piece, hertz)).collect();
    let peak = loud.iter().copied().fold(0.0, f64::max);
    let begins = |at: &usize| loud[*at] > peak / 3.0 && loud[at - 1] <= peak / 3.0;
    let beeps: Vec<f64> =
        (1..loud.len()).filter(begins).map(|at| (at * PIECE) as f64 / 48_000.0).collect();
    assert!(beeps.last().is_some_and(|last| *last > seam), "beeps at {beeps:?}, seam {seam}");
    let odd: Vec<_> =
        beeps.windows(2).filter(|pair| (pair[1] - pair[0] - 1.0).abs() > EXACT).collect();
    assert!(odd.is_empty(), "beeps don't come each second: {odd:?}, seam {seam}");
}

/// When each slice starts, by Unix seconds within the day, and its length.
fn slices(playlist: &Path, extension: &str) -> Vec<(f64, f64)> {
    let text = std::fs::read_to_string(playlist).unwrap_or_default();
    let lengths = text.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
    let lengths = lengths.map(|line| line.trim_end_matches(',').parse().unwrap());
    let ends = |line: &&str| line.ends_with(&format!(".{extension}"));
    text.lines().filter(ends).map(unix).zip(lengths).collect()
}

/// The Unix seconds of the UTC digits in a slice's name.
fn unix(name: &str) -> f64 {
    let digits = name.rsplit(['_', '.']).nth(1).unwrap();
    let number = |from: usize, to: usize| digits[from..to].parse::<i64>().unwrap();
    let output = Command::new("date")
        .args(["-u", "+%s", "-d"])
        .arg(format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..8]))
        .output()
        .unwrap();
    let midnight: i64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    let seconds = midnight + number(8, 10) * 3_600 + number(10, 12) * 60 + number(12, 14);
    seconds as f64 + number(14, 17) as f64 / 1_000.0
}

fn render(server: &Server, folder: &Path) -> PathBuf {
    let out = server.folder().join("rendered");
    let command = Command::new(capstan()).arg("render").arg(folder).arg("--out").arg(&out).status();
    assert!(command.unwrap().success());
    out
}

fn seconds(file: &Path) -> f64 {
    judge::probe(file)["format"]["duration"].as_str().unwrap().parse().unwrap()
}
