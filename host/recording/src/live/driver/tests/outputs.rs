//! What a recording leaves beside fMP4: transport streams, MP4 files, screenshots.

use capstan_archive::settings::{Container, MixFiles, Mode, Mp4Limits, Snapshots};
use capstan_media::container::utc::Utc;
use capstan_media::track::RoomId;

use super::*;
use crate::testing::MP4;

/// FFmpeg takes the names in a playlist as they are, percent signs and all.
fn plain(sid: &str) -> RecordingSettings {
    RecordingSettings { room: RoomId { app: "demo".into(), name: "room".into() }, ..settings(sid) }
}

fn files(container: Container, mp4: Option<Mp4Limits>) -> RecordingSettings {
    let mut settings = plain("sid1");
    mix(&mut settings).files = MixFiles { container, mp4 };
    settings
}

fn hls(stage: &Stage, name: &str) -> std::path::PathBuf {
    hls_folder(&stage.folder()).join(name)
}

/// The checksums alone: where things are in time is another question.
fn sums(file: &Path, stream: &str) -> Vec<String> {
    let line = |line: String| line.rsplit(' ').next().unwrap_or_default().to_owned();
    decoded(file, stream).into_iter().map(line).collect()
}

/// Seconds of a stream's start, or of the whole file's length.
fn seconds(file: &Path, arguments: &[&str]) -> f64 {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "warning"]).args(arguments).args(["-of", "csv=p=0"]).arg(file);
    let output = ffprobe.output().expect("ffprobe is installed");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().next().unwrap().trim_matches(',').parse().unwrap()
}

fn length(file: &Path) -> f64 {
    seconds(file, &["-show_entries", "format=duration"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transport_stream_plays_and_all_its_clocks_agree() {
    for container in [Container::Ts, Container::Fmp4] {
        let mut plan = Plan::until(5_000);
        plan.add(participant(1, 300, 4_900));
        let stage = Stage::open(plan, files(container, None), NEVER);
        let outcome = stage.play().await;
        assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
        let playlist = stage.world.bucket.text("a/b/sid1_room.m3u8");
        let list = hls(&stage, "sid1_room.m3u8");
        assert!(!decoded(&list, "0:v").is_empty() && !decoded(&list, "0:a").is_empty());
        let version = if container == Container::Ts { 3 } else { 7 };
        assert!(playlist.contains(&format!("#EXT-X-VERSION:{version}\n")), "{playlist}");
        assert_eq!(playlist.contains("#EXT-X-MAP"), container == Container::Fmp4);

        // Event, answer, playlist and names say the same moment, to the millisecond.
        let zero = stage.handle.status().slice_start.unwrap();
        let told = stage.world.listener.details("recorder_slice_start")["startUtcMs"].clone();
        assert_eq!(told, zero.as_millis());
        let (date, digits) = (Utc::of(zero).to_string(), Utc::of(zero).digits());
        let tag = |tag: &str| playlist.lines().find(|line| line.starts_with(tag)).unwrap();
        assert_eq!(tag("#EXT-X-PROGRAM-DATE-TIME:"), format!("#EXT-X-PROGRAM-DATE-TIME:{date}"));
        let name = format!("sid1_room_{digits}.{}", container.extension());
        assert!(playlist.lines().any(|line| line == name), "{playlist}");
        for expected in [
            format!("#EXT-X-AGORA-TRACK-EVENT:EVENT=START,TRACK_TYPE=VIDEO,TIME={digits}"),
            format!("#EXT-X-AGORA-TRACK-EVENT:EVENT=START,TRACK_TYPE=AUDIO,TIME={digits}"),
            format!("#EXT-X-AGORA-ROTATE:WIDTH=320,HEIGHT=240,ROTATE=0,TIME={digits}"),
        ] {
            assert_eq!(playlist.matches(&expected).count(), 1, "{playlist}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mp4_files_hold_what_the_playlist_holds() {
    for container in [Container::Fmp4, Container::Ts] {
        let mut plan = Plan::until(6_000);
        plan.add(participant(1, 0, 5_900));
        plan.pause(5_000);
        let stage = Stage::open(plan, files(container, Some(MP4)), NEVER);
        until("the script pauses", || stage.room.is_paused()).await;
        until("a segment is cut", || stage.handle.status().segments > 0).await;
        // As if the first file were full.
        let zero = stage.handle.status().slice_start.unwrap();
        let second = zero + Duration::from_secs(2);
        stage.outbox.make_mp4("sid1", 1, second).unwrap();
        stage.room.go_on();
        let outcome = stage.play().await;
        assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));

        let names = ["sid1_room_0.mp4", "sid1_room_1.mp4"];
        let whole = hls(&stage, "sid1_room.m3u8");
        let mut told = Vec::new();
        let listed = stage.world.listener.details("uploaded");
        for file in listed["fileList"].as_array().unwrap() {
            told.push((file["fileName"].clone(), file["sliceStartTime"].as_i64().unwrap()));
        }
        let expected = [(names[0], zero), (names[1], second), ("sid1_room.m3u8", zero)]
            .map(|(name, start)| (format!("a/b/{name}").into(), start.as_millis()));
        assert_eq!(told, expected, "{container:?}");
        for stream in ["0:v", "0:a"] {
            let of_files: Vec<String> =
                names.iter().flat_map(|name| sums(&hls(&stage, name), stream)).collect();
            // Sound that crosses a file's end decodes differently without what was before.
            let of_list = sums(&whole, stream);
            assert_eq!(of_files.len(), of_list.len(), "{stream} of {container:?}");
            if stream == "0:v" {
                assert!(of_files == of_list, "the pictures differ");
            }
        }
        let lengths = names.map(|name| length(&hls(&stage, name)));
        assert!((lengths[0] - 2.0).abs() < 0.03, "{lengths:?}");
        assert!((lengths.iter().sum::<f64>() - length(&whole)).abs() < 0.067, "{lengths:?}");
        for name in names {
            let objects = stage.world.bucket.objects.lock().unwrap();
            let bytes = &objects[&format!("a/b/{name}")];
            let at = |kind: &[u8]| bytes.windows(4).position(|four| four == kind).unwrap();
            assert!(at(b"moov") < at(b"mdat"), "the index comes first");
        }
        assert!(!stage.folder().join("parts").exists() || container == Container::Ts);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mp4_that_the_disk_refuses_is_told_and_made_later() {
    let mut plan = Plan::until(3_000);
    plan.add(participant(1, 0, 2_900));
    let stage = Stage::open(plan, files(Container::Fmp4, Some(MP4)), NEVER);
    // The file can't be made where a folder is, as on a full disk.
    let obstacle = hls(&stage, "sid1_room_0.mp4.tmp");
    std::fs::create_dir(&obstacle).unwrap();
    until("the script is over", || stage.room.is_over()).await;
    stage.handle.request_stop(StopReason::Asked);
    stage.handle.stopped().await;
    let told = || stage.world.listener.kinds().iter().any(|kind| kind == "cloud_recording_error");
    until("the trouble is told", || {
        stage.clock.move_to(stage.clock.now() + Duration::from_millis(50));
        told()
    })
    .await;
    let error = stage.world.listener.details("cloud_recording_error");
    assert_eq!((&error["module"], &error["errorCode"]), (&0.into(), &51.into()));
    let message = error["errorMsg"].as_str().unwrap();
    assert!(message.contains("sid1_room_0.mp4 can't be made yet"), "{message}");
    assert!(stage.outbox.outcome("sid1").is_none(), "it isn't over");
    std::fs::remove_dir(&obstacle).unwrap();
    let outcome = stage.outcome().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    assert_eq!(outcome.files.len(), 2);
    assert!(stage.world.bucket.names().contains(&"a/b/sid1_room_0.mp4".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_mp4_that_the_disk_refuses_for_long_is_given_up_and_told() {
    let mut plan = Plan::until(3_000);
    plan.add(participant(1, 0, 2_900));
    let stage = Stage::open(plan, files(Container::Fmp4, Some(MP4)), NEVER);
    std::fs::create_dir(hls(&stage, "sid1_room_0.mp4.tmp")).unwrap();
    until("the script is over", || stage.room.is_over()).await;
    stage.handle.request_stop(StopReason::Asked);
    stage.handle.stopped().await;
    until("everything has left or is given up", || {
        stage.clock.move_to(stage.clock.now() + Duration::from_secs(5));
        stage.outbox.outcome("sid1").is_some() && stage.outbox.owed().events == 0
    })
    .await;
    let heard = stage.world.listener.heard();
    let errors = heard.iter().filter(|notice| notice.kind == "cloud_recording_error");
    let levels: Vec<i64> =
        errors.map(|notice| notice.details["errorLevel"].as_i64().unwrap()).collect();
    assert_eq!(levels, [4, 5], "that it can't be made yet, and that it never will be");
    let exit = stage.world.listener.details("session_exit");
    assert_eq!(exit["exitStatus"], 1, "something that was asked for is missing");
    let uploaded = stage.world.listener.details("uploaded");
    let listed: Vec<&str> = uploaded["fileList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["fileName"].as_str().unwrap())
        .collect();
    assert_eq!(listed, ["a/b/sid1_room.m3u8"]);
    let record = stage.outbox.record("sid1").unwrap();
    let [missing] = record.never_made.as_slice() else { panic!("{:?}", record.never_made) };
    assert_eq!(missing.kind.name(), "file");
    assert_eq!(Some(missing.from), stage.handle.status().slice_start);
    assert!(missing.to.is_some_and(|to| to > missing.from), "{missing:?}");
    assert!(missing.what.contains("sid1_room_0.mp4 is given up"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn screenshots_are_taken_with_a_recording_and_alone() {
    for alone in [false, true] {
        let mut settings = plain("sid1");
        settings.snapshots = Some(Snapshots { interval: Duration::from_secs(5) });
        if alone {
            settings.mode = Mode::SnapshotsOnly;
        }
        let mut plan = Plan::until(6_000);
        plan.add(participant(1, 300, 5_900));
        plan.add(participant(2, 1_700, 4_000));
        plan.left(2, 4_200, LeaveReason::Quit);
        // Nothing else waits for the thread that takes them, so here the room does.
        let taken = [(1_000, 1), (2_400, 2), (5_800, 3)];
        taken.iter().for_each(|(ms, _)| plan.pause(*ms));
        let stage = Stage::open(plan, settings, NEVER);
        for (_, count) in taken {
            until("the script pauses", || stage.room.is_paused()).await;
            until("its pictures are taken", || screenshots(&stage) == count).await;
            stage.room.go_on();
        }
        let outcome = stage.play().await;
        assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
        let objects = stage.world.bucket.names();
        let shots: Vec<&String> = objects.iter().filter(|name| name.ends_with(".jpg")).collect();
        // Each at once when they come, and the one who is still there 5 s after the first picture.
        let moment = |ms: i64| Utc::of(DAWN.offset_micros(ms * 1_000)).digits();
        let of = |uid: u32| format!("a/b/sid1_room__uid_s_{uid}__uid_e_video_");
        let times = |uid: u32| -> Vec<&str> {
            let prefix = of(uid);
            let time = |name: &&&String| name.starts_with(&prefix);
            shots.iter().filter(time).map(|name| &name[prefix.len()..name.len() - 4]).collect()
        };
        let (first, second) = (times(1), times(2));
        assert_eq!((first.len(), second.len()), (2, 1), "{shots:?}");
        assert!(*first[0] >= *moment(300) && *first[0] < *moment(1_100), "{shots:?}");
        assert!(*first[1] > *moment(4_800) && *first[1] < *moment(5_900), "{shots:?}");
        assert!(*second[0] >= *moment(1_700) && *second[0] < *moment(2_500), "{shots:?}");
        for name in &shots {
            let file = hls(&stage, name.rsplit('/').next().unwrap());
            assert_eq!(decoded(&file, "0:v").len(), 1);
            assert!((seconds(&file, &["-show_entries", "stream=width"]) - 320.0).abs() < 0.1);
            assert!((seconds(&file, &["-show_entries", "stream=height"]) - 240.0).abs() < 0.1);
        }
        let heard = stage.world.listener.heard();
        let told: std::collections::BTreeSet<String> = heard
            .iter()
            .filter(|notice| notice.kind == "recorder_snapshot_file")
            .map(|notice| notice.details["fileName"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(told, shots.iter().map(|name| (*name).clone()).collect());
        assert_eq!(objects.iter().any(|name| name.ends_with(".m3u8")), !alone);
        let tapes = std::fs::read_dir(tape_folder(&stage.folder())).unwrap().count();
        assert_eq!(tapes == 0, alone, "nothing else is kept of a room that is only looked at");
    }
}

fn screenshots(stage: &Stage) -> usize {
    let Ok(files) = std::fs::read_dir(hls_folder(&stage.folder())) else { return 0 };
    files
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "jpg"))
        .count()
}
