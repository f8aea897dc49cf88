//! A recording that asks for MP4 leaves one beside its playlist: the same pictures and sound, the index
//! first, in step by the burnt-in flashes and beeps.

use std::time::Duration;

use capstan_media::track::Uid;
use capstan_publish::measure::{self, Watch};
use capstan_publish::pattern::{self, Luma};
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

const WIDTH: usize = 640;
const HEIGHT: usize = 360;

#[test]
fn it_holds_what_the_playlist_holds() {
    let _turn = real_time_turn();
    let recording = "segment_seconds = 2".into();
    let server = Server::start(&Setup { recording, ..Setup::default() });
    let _publisher = server.publish("film", 5, &["--codec", "vp8"]);
    let api = server.api();
    let recording = api.record(
        "film",
        &json!({
            "recordingConfig": {"transcodingConfig":
                {"width": WIDTH, "height": HEIGHT, "fps": 15, "bitrate": 500}},
            "recordingFileConfig": {"avFileType": ["hls", "mp4"]},
        }),
    );
    std::thread::sleep(Duration::from_secs(9));
    let stopped = api.stop(&recording);
    assert_eq!(stopped.status, 200, "{}", stopped.text());
    let answer = stopped.json();
    let files = answer["serverResponse"]["fileList"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["fileName"].as_str().unwrap()).collect();
    let stem = format!("{}_film", recording.sid);
    assert_eq!(names, [format!("{stem}_0.mp4"), format!("{stem}.m3u8")]);

    let [mp4, list] = [names[0], names[1]].map(|name| server.recordings().join(name));
    judge::decodes_cleanly(&mp4);
    let bytes = std::fs::read(&mp4).unwrap();
    let at = |name: &[u8]| bytes.windows(4).position(|word| word == name).unwrap();
    assert!(at(b"moov") < at(b"mdat"), "the index comes first");
    let seconds = |file| -> f64 {
        judge::probe(file)["format"]["duration"].as_str().unwrap().parse().unwrap()
    };
    let off = seconds(&mp4) - seconds(&list);
    assert!(off.abs() < 1.0 / 15.0 + 0.001, "it is {off} s longer than the playlist");
    let (film, slices) = (judge::luma(&mp4, WIDTH, HEIGHT), judge::luma(&list, WIDTH, HEIGHT));
    let same = film.pictures.iter().zip(&slices.pictures).filter(|(a, b)| a == b).count();
    assert!(same + 2 >= film.pictures.len(), "{same} of {} pictures", film.pictures.len());

    let mut watch = Watch::default();
    for (number, picture) in film.pictures.iter().enumerate() {
        let plane = Luma { data: picture, stride: WIDTH, width: WIDTH, height: HEIGHT };
        watch.look(number as f64 / 15.0, plane, pattern::whole(WIDTH, HEIGHT));
    }
    let hertz = pattern::tone::frequency(Uid::new(5).unwrap());
    let beeps = measure::beeps(&judge::sound(&mp4), 48_000, hertz);
    let offset = measure::offset(watch.flashes(), &beeps).expect("flashes and beeps");
    assert!(offset.median.abs() < 0.12, "{offset:?}");
}
