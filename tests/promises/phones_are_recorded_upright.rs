//! A phone that is held upright sends its sensor's wide picture and says how it is held: it stands upright in the mix
//! and in screenshots, also when it is turned while it is recorded, and its own file says how it is to be turned.

use std::path::{Path, PathBuf};
use std::time::Duration;

use capstan_publish::pattern::{self, Luma};
use harness::server::{Server, Setup};
use harness::{judge, real_time_turn};
use serde_json::json;

/// The sensor's picture.
const WIDE: (usize, usize) = (640, 360);
const CANVAS: usize = 480;

#[test]
fn in_the_mix_in_screenshots_and_in_files_of_its_own() {
    let _turn = real_time_turn();
    let server = Server::start(&Setup::default());
    let api = server.api();
    let mixed = api.record(
        "phone",
        &json!({"recordingConfig": {"transcodingConfig": {
            "width": CANVAS, "height": CANVAS, "fps": 15, "bitrate": 800, "mixedVideoLayout": 3,
            "layoutConfig": [{"uid": "7", "x_axis": 0.0, "y_axis": 0.0, "width": 1.0, "height": 1.0,
                "alpha": 1.0, "render_mode": 1}]}}}),
    );
    let apart = json!({
        "recordingConfig": {"subscribeUidGroup": 0},
        "recordingFileConfig": {},
        "snapshotConfig": {"captureInterval": 5, "fileType": ["jpg"]},
    });
    let apart = api.record_in("individual", "phone", "4000000000", &apart);
    // Held upright for 7 s from its first picture on, then laid down.
    let publisher = server.publish("phone", 7, &["--codec", "h264", "--held", "90,0@7"]);
    std::thread::sleep(Duration::from_secs(14));
    for recording in [&mixed, &apart] {
        let stopped = api.stop(recording);
        assert_eq!(stopped.status, 200, "{}", stopped.text());
    }
    drop(publisher);

    let list = files(&server, &format!("{}_phone.m3u8", mixed.sid)).remove(0);
    judge::decodes_cleanly(&list);
    let pictures = judge::luma(&list, CANVAS, CANVAS).pictures;
    let held = |aspect: f64| {
        let area = pattern::whole(CANVAS, CANVAS).contained(aspect);
        let reads = |data: &Vec<u8>| {
            let plane = Luma { data, stride: CANVAS, width: CANVAS, height: CANVAS };
            pattern::read_in(plane, area).is_some_and(|stamp| stamp.uid.get() == 7)
        };
        pictures.iter().map(reads).collect::<Vec<bool>>()
    };
    let (upright, lying) = (held(9.0 / 16.0), held(16.0 / 9.0));
    let count = |reads: &[bool]| reads.iter().filter(|reads| **reads).count();
    let (up, down) = (count(&upright), count(&lying));
    assert!(up >= 60 && down >= 30, "{up} upright and {down} lying of {}", pictures.len());
    let last = upright.iter().rposition(|reads| *reads).unwrap();
    let first = lying.iter().position(|reads| *reads).unwrap();
    assert!(first.abs_diff(last) <= 3, "upright up to picture {last}, lying from {first} on");
    let unread = (0..pictures.len()).skip(8).filter(|n| !upright[*n] && !lying[*n]).count();
    assert!(unread <= pictures.len() / 10, "{unread} of {} on their side", pictures.len());

    let list = files(&server, "__uid_s_7__uid_e_video.m3u8").remove(0);
    let slices = slices(&list);
    let said: Vec<&str> = slices.iter().filter_map(|slice| slice.rotate.as_deref()).collect();
    // Degrees anticlockwise.
    assert_eq!(said, ["WIDTH=640,HEIGHT=360,ROTATE=270", "WIDTH=640,HEIGHT=360,ROTATE=0"]);
    let turned = slices.iter().rposition(|slice| slice.rotate.is_some()).unwrap();
    // FFmpeg turns pictures by the matrix of the init segment.
    for (slice, (width, height)) in [(&slices[0], (WIDE.1, WIDE.0)), (&slices[turned], WIDE)] {
        let file = server.folder().join("slice.mp4");
        let bytes = [&slice.init, &slice.file].map(|path| std::fs::read(path).unwrap()).concat();
        std::fs::write(&file, bytes).unwrap();
        judge::decodes_cleanly(&file);
        let read = reads_whole(&file, width, height);
        assert!(read > 0.9, "{read} of {} can be read as {width}x{height}", slice.file.display());
    }

    let shots = files(&server, ".jpg");
    assert!(shots.len() >= 2, "{shots:?}");
    let mut sizes = Vec::new();
    for shot in &shots {
        let probed = judge::probe(shot);
        let stream = judge::stream(&probed, "video");
        let side = |name: &str| usize::try_from(stream[name].as_u64().unwrap()).unwrap();
        let (width, height) = (side("width"), side("height"));
        assert!(reads_whole(shot, width, height) > 0.9, "{} can be read", shot.display());
        sizes.push((width, height));
    }
    assert!(sizes.contains(&(WIDE.1, WIDE.0)) && sizes.contains(&WIDE), "{sizes:?}");
}

/// What a playlist says of a slice of its.
struct Slice {
    init: PathBuf,
    file: PathBuf,
    rotate: Option<String>,
}

fn slices(list: &Path) -> Vec<Slice> {
    let text = std::fs::read_to_string(list).unwrap();
    let beside = |name: &str| list.with_file_name(name);
    let (mut init, mut rotate) = (PathBuf::new(), None);
    let mut slices = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("#EXT-X-MAP:URI=\"") {
            init = beside(rest.trim_end_matches('"'));
        } else if let Some(rest) = line.strip_prefix("#EXT-X-AGORA-ROTATE:") {
            rotate = rest.split_once(",TIME").map(|(said, _)| said.to_owned());
        } else if !line.starts_with('#') {
            slices.push(Slice { init: init.clone(), file: beside(line), rotate: rotate.take() });
        }
    }
    slices
}

/// The share of a file's pictures that show a whole test picture, upright.
fn reads_whole(file: &Path, width: usize, height: usize) -> f64 {
    let pictures = judge::luma(file, width, height).pictures;
    let reads = |data: &&Vec<u8>| {
        let plane = Luma { data, stride: width, width, height };
        pattern::read_in(plane, pattern::whole(width, height)).is_some()
    };
    pictures.iter().filter(reads).count() as f64 / pictures.len().max(1) as f64
}

fn files(server: &Server, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(server.recordings()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.to_str().is_some_and(|path| path.ends_with(end))).collect()
}
