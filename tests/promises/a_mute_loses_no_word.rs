//! Who is muted by taking the track away, as web applications do, is heard again from the first word on, in
//! the mix and in files of their own, and sound and pictures stay together. Chromium's RTP clock stands
//! still meanwhile.

use std::time::Duration;

use harness::browser::Browser;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::{Value, json};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
/// Beeps and flashes come so often, in ms of the wall clock.
const PERIOD: i64 = 500;

#[test]
fn chromium_replaces_its_track_by_nothing_and_comes_back() {
    let _turn = real_time_turn();
    let recording = "individual = { slice_seconds = 3 }".into();
    let server = Server::start(&Setup { recording, ..Setup::default() });
    let api = server.api();
    let query = format!("whip={}&until=5000&from=4200&end=5000", server.whip_url("mute", 7));
    let browser = Browser::open("talk.html", &query);
    let _ = browser.wait_for("connected", Duration::from_secs(40));
    let mixed = json!({"recordingConfig": {"transcodingConfig":
        {"width": WIDTH, "height": HEIGHT, "fps": 30, "bitrate": 500, "mixedVideoLayout": 1}}});
    let mix = api.record_in("mix", "mute", "4000000000", &mixed);
    let group = json!({"recordingConfig": {"subscribeUidGroup": 0}});
    let apart = api.record_in("individual", "mute", "4000000001", &group);
    let said = browser.wait_for("said", Duration::from_secs(60));
    let _ = browser.wait_for("deleted", Duration::from_secs(10));

    let stopped = api.stop(&mix);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let list = server.recordings().join(format!("{}_mute.m3u8", mix.sid));
    let start = wall_start(&stopped.json()["serverResponse"]["fileList"][0]);
    let mix_ages = ages(start, &judge::beeps(&judge::sound(&list), 880.0), &said);
    let flashes = ages(start, &flashes(&judge::luma(&list, WIDTH, HEIGHT)), &said);

    let stopped = api.stop(&apart);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let files = stopped.json()["serverResponse"]["fileList"].clone();
    let audio = files.as_array().unwrap().iter().find(|file| file["trackType"] == "audio").unwrap();
    let list = server.recordings().join(audio["fileName"].as_str().unwrap());
    let apart_ages = ages(wall_start(audio), &judge::beeps(&judge::sound(&list), 880.0), &said);

    let muted = said["muted"].as_i64().unwrap();
    let unmuted = said["unmuted"].as_i64().unwrap();
    for (what, ages) in [("mix", &mix_ages), ("individual", &apart_ages)] {
        // Each beep of the time after the mute is there, the first with the rest.
        let ended = said["ended"].as_i64().unwrap();
        let due = (unmuted + 100).div_euclid(PERIOD) + 1..(ended - 1_500).div_euclid(PERIOD);
        for number in due {
            let heard = ages.iter().any(|(of, _)| *of == number * PERIOD);
            assert!(heard, "{what}: the beep {} ms after the mute", number * PERIOD - unmuted);
        }
        let before = median(ages.iter().filter(|(of, _)| *of < muted));
        let after = ages.iter().filter(|(of, _)| *of > unmuted);
        assert!((-50..400).contains(&before), "{what}: {before} ms old before the mute");
        for (of, age) in after {
            let moved = age - before;
            assert!(moved.abs() <= 60, "{what}: {} ms after the mute off by {moved}", of - unmuted);
        }
    }
    let sound = median(mix_ages.iter());
    for (of, age) in &flashes {
        let off = age - sound;
        assert!(
            off.abs() <= 100,
            "picture and sound {off} ms apart {} ms after the mute",
            of - unmuted
        );
    }
    let (first, last) = (flashes[0].0, flashes[flashes.len() - 1].0);
    assert_eq!(flashes.len() as i64, (last - first) / PERIOD + 1, "each flash is seen");
}

fn wall_start(file: &Value) -> i64 {
    file["sliceStartTime"].as_i64().unwrap()
}

/// Which beep or flash each is, by its time of the wall clock in ms, and how old it is where it lies.
fn ages(start: i64, at: &[f64], said: &Value) -> Vec<(i64, i64)> {
    let ended = said["ended"].as_i64().unwrap();
    let each = at.iter().map(|at| {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a test")]
        let at = start + (at * 1_000.0) as i64;
        // At most 400 ms old and 100 ms early.
        let of = (at + 100).div_euclid(PERIOD) * PERIOD;
        (of, at - of)
    });
    each.filter(|(of, _)| *of < ended).collect()
}

/// When pictures begin to be white, in seconds.
fn flashes(luma: &judge::Luma) -> Vec<f64> {
    let white = |picture: &[u8]| {
        let sum: u64 = picture.iter().map(|&sample| u64::from(sample)).sum();
        sum / picture.len() as u64 > 128
    };
    let begins = luma
        .pictures
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| !white(&pair[0]) && white(&pair[1]));
    begins.map(|(at, _)| (at + 1) as f64 / 15.0).collect()
}

fn median<'a>(ages: impl Iterator<Item = &'a (i64, i64)>) -> i64 {
    let mut ages: Vec<i64> = ages.map(|(_, age)| *age).collect();
    ages.sort_unstable();
    ages[ages.len() / 2]
}
