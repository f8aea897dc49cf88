//! A recording that asks for MP4 leaves one beside its playlist: the same pictures and sound, the index
//! first, in step by the burnt-in flashes and beeps; a long one goes on in further files without a gap.

use std::path::Path;
use std::time::Duration;

use capstan_media::track::Uid;
use capstan_publish::measure::{self, Watch};
use capstan_publish::pattern::{self, Luma};
use harness::process::eventually;
use harness::receiver::Receiver;
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::{Value, json};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
const WITHIN: Duration = Duration::from_secs(40);

#[test]
fn it_holds_what_the_playlist_holds() {
    let _turn = real_time_turn();
    let recording = "segment_seconds = 2".into();
    let server = Server::start(&Setup { recording, ..Setup::default() });
    let _publisher = server.publish("film", 5, &["--codec", "vp8"]);
    let api = server.api();
    let recording = api.record("film", &request());
    std::thread::sleep(Duration::from_secs(9));
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let answer = stopped.json();
    let files = answer["serverResponse"]["fileList"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["fileName"].as_str().unwrap()).collect();
    let stem = format!("{}_film", recording.sid);
    assert_eq!(names, [format!("{stem}_0.mp4"), format!("{stem}.m3u8")]);

    let [mp4, list] = [names[0], names[1]].map(|name| server.recordings().join(name));
    plays_from_its_beginning(&mp4);
    let off = judge::seconds(&mp4) - judge::seconds(&list);
    assert!(off.abs() < 1.0 / 15.0 + 0.001, "it is {off} s longer than the playlist");
    let (film, slices) = (judge::luma(&mp4, WIDTH, HEIGHT), judge::luma(&list, WIDTH, HEIGHT));
    let same = film.pictures.iter().zip(&slices.pictures).filter(|(a, b)| a == b).count();
    assert!(same + 2 >= film.pictures.len(), "{same} of {} pictures", film.pictures.len());

    in_step(&mp4, &film);
}

#[test]
fn a_long_one_goes_on_in_the_next_file() {
    let _turn = real_time_turn();
    let receiver = Receiver::start();
    let server = Server::start(&Setup {
        recording: "segment_seconds = 1\nmp4_max_seconds = 3".into(),
        app: format!("[apps.callback]\nurl = \"{}\"\nsecret = \"s\"\n", receiver.url()),
        sections: "[plugins]\nfolders = [\"PLUGINS\"]\nallow_private = [\"127.0.0.1\"]\n".into(),
    });
    let _publisher = server.publish("film", 5, &["--codec", "vp8"]);
    let api = server.api();
    let recording = api.record("film", &request());
    let stem = format!("{}_film", recording.sid);
    eventually("two files are full", WITHIN, || {
        let queried = api.query(&recording);
        queried.text().contains(&format!("{stem}_1.mp4")).then_some(())
    });
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let files = stopped.json()["serverResponse"]["fileList"].as_array().unwrap().clone();
    let count = files.len() - 1;
    let names: Vec<&str> = files.iter().map(|file| file["fileName"].as_str().unwrap()).collect();
    let mut expected: Vec<String> = (0..count).map(|n| format!("{stem}_{n}.mp4")).collect();
    expected.push(format!("{stem}.m3u8"));
    assert!(count >= 2 && names == expected, "{names:?}");
    let callbacks = receiver.wait_for(11, WITHIN);
    let uploaded = callbacks.iter().find(|callback| callback.event() == 31).unwrap();
    let told = uploaded.body["payload"]["details"]["fileList"].as_array().unwrap();
    let told: Vec<_> =
        told.iter().map(|file| (&file["fileName"], &file["sliceStartTime"])).collect();
    let listed: Vec<_> =
        files.iter().map(|file| (&file["fileName"], &file["sliceStartTime"])).collect();
    assert_eq!(told, listed);

    let mut next = files[count]["sliceStartTime"].as_i64().unwrap();
    let mut total = 0.0;
    for (name, facts) in names.iter().zip(&files).take(count) {
        let mp4 = server.recordings().join(name);
        plays_from_its_beginning(&mp4);
        let length = judge::seconds(&mp4);
        assert!(length <= 3.0 + 0.1, "{name} has {length} s");
        let start = facts["sliceStartTime"].as_i64().unwrap();
        // An AAC frame lasts 21 ms; a picture 67 ms.
        assert!((start - next).abs() <= 67, "{name} begins {} ms late", start - next);
        next = start + (length * 1_000.0) as i64;
        total += length;
        if length > 2.5 {
            in_step(&mp4, &judge::luma(&mp4, WIDTH, HEIGHT));
        }
    }
    let whole = judge::seconds(&server.recordings().join(names[count]));
    assert!((total - whole).abs() < 0.07 * count as f64, "{total} s of {whole} s");
}

fn request() -> Value {
    json!({
        "recordingConfig": {"transcodingConfig":
            {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 500}},
        "recordingFileConfig": {"avFileType": ["hls", "mp4"]},
    })
}

fn plays_from_its_beginning(mp4: &Path) {
    judge::decodes_cleanly(mp4);
    let bytes = std::fs::read(mp4).unwrap();
    let at = |name: &[u8]| bytes.windows(4).position(|word| word == name).unwrap();
    assert!(at(b"moov") < at(b"mdat"), "the index comes first");
}

/// The burnt-in flashes come with their beeps.
fn in_step(mp4: &Path, film: &judge::Luma) {
    let mut watch = Watch::default();
    for (number, picture) in film.pictures.iter().enumerate() {
        let plane = Luma { data: picture, stride: WIDTH, width: WIDTH, height: HEIGHT };
        watch.look(number as f64 / 15.0, plane, pattern::whole(WIDTH, HEIGHT));
    }
    let hertz = pattern::tone::frequency(Uid::new(5).unwrap());
    let beeps = measure::beeps(&judge::sound(mp4), 48_000, hertz);
    let offset = measure::offset(watch.flashes(), &beeps).expect("flashes and beeps");
    assert!(offset.median.abs() < 0.12, "{offset:?}");
}
