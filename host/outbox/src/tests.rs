//! What is owed leaves: in order, after failures, after refusals, after the process died.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::folder::{hls_folder, tape_folder, write_whole};
use capstan_archive::settings::TrackType;
use capstan_media::time::{RoomClock, RoomTime};

use crate::event::{Code, Event, Module, Problem};
use crate::outcome::{Delivered, Outcome, Owed};
use crate::testing::{DAWN, DrivenClock, RunningClock, World, settings, until};
use crate::*;

mod backup;
mod fair;
mod history;
mod keys;
mod late;
mod mp4;
mod tail;

const NORMAL: [&str; 8] = [
    "recorder_started",
    "uploader_started",
    "recorder_slice_start",
    "cloud_recording_file_infos",
    "recorder_leave",
    "uploading_progress",
    "uploaded",
    "session_exit",
];

/// A recording whose files a test writes itself.
struct Files {
    hls: PathBuf,
    playlist: String,
    segments: usize,
}

impl Files {
    fn begin(world: &World, outbox: &Outbox, sid: &str) -> Self {
        let folder = world.work().join(sid);
        let hls = hls_folder(&folder);
        std::fs::create_dir_all(&hls).unwrap();
        std::fs::create_dir_all(tape_folder(&folder)).unwrap();
        let mut timeline =
            capstan_archive::timeline::Timeline::open(&folder.join("timeline.jsonl")).unwrap();
        timeline.append(&capstan_media::timeline::Mark::Started { at: DAWN }).unwrap();
        outbox.begin(&settings(sid), &folder).unwrap();
        let facts = FileFacts::mixed(PLAYLIST.into(), TrackType::AudioAndVideo, DAWN);
        outbox.begin_list(sid, facts).unwrap();
        Self { hls, playlist: "#EXTM3U\n".into(), segments: 0 }
    }

    /// Writes the next segment, and the playlist that names it.
    fn write(&mut self, end: bool) -> Vec<NewFile> {
        let mut new = Vec::new();
        let playlist = settings("sid1").playlist_name();
        let mut write = |name: String, bytes: &[u8]| {
            let path = self.hls.join(name);
            write_whole(&path, bytes).unwrap();
            new.push(NewFile::segment(&playlist, path, bytes.len() as u64));
        };
        if self.segments == 0 {
            write("init.mp4".into(), b"init");
            self.playlist.push_str("#EXT-X-MAP:URI=\"init.mp4\"\n");
        }
        let name = format!("s{}.m4s", self.segments);
        write(name.clone(), &vec![7; 100 + self.segments]);
        self.segments += 1;
        self.playlist.push_str(&format!("#EXTINF:2.0,\n{name}\n"));
        if end {
            self.playlist.push_str("#EXT-X-ENDLIST\n");
        }
        let path = self.hls.join(&playlist);
        write_whole(&path, self.playlist.as_bytes()).unwrap();
        new.push(NewFile::playlist(path, self.playlist.len() as u64));
        new
    }

    fn cut(&mut self, outbox: &Outbox, end: bool) {
        let new = self.write(end);
        outbox.file("sid1", &new).unwrap();
    }
}

const PLAYLIST: &str = "a/b/sid1_a room.m3u8";

async fn ended(outbox: &Outbox) -> Outcome {
    until("the recording has left", || {
        outbox.outcome("sid1").is_some() && outbox.owed().events == 0
    })
    .await;
    outbox.outcome("sid1").unwrap()
}

fn asked_to_stop(outbox: &Outbox) {
    outbox.close("sid1", StopReason::Asked, None, DAWN).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_parks_no_playlist() {
    let world = World::default();
    let outbox = world.open(RunningClock::start());
    let run = world.run(&outbox);
    let mut files = Files::begin(&world, &outbox, "sid1");
    // The copy of the playlist that leaves can't be made where a folder is, as on a full disk.
    let obstacle = files.hls.join(format!("{}.out", settings("sid1").playlist_name()));
    std::fs::create_dir(&obstacle).unwrap();
    files.cut(&outbox, true);
    asked_to_stop(&outbox);
    let said = || outbox.uploads(None).iter().any(|owed| owed.failures > 2);
    until("it was tried in vain", said).await;
    assert!(outbox.uploads(None).iter().all(|owed| owed.parked.is_none()));
    std::fs::remove_dir(&obstacle).unwrap();
    let outcome = ended(&outbox).await;
    assert_eq!(outcome.delivered, Delivered::Uploaded);
    assert_eq!(world.bucket.text(PLAYLIST), files.playlist);
    assert_eq!(world.listener.details("session_exit")["exitStatus"], 0);
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_leaves_in_order_over_a_flaky_network() {
    for (transient, deaf) in [(0, 0), (7, 3)] {
        let world = World::default();
        world.bucket.transient.store(transient, SeqCst);
        world.listener.deaf.store(deaf, SeqCst);
        let outbox = world.open(RunningClock::start());
        let run = world.run(&outbox);
        let mut files = Files::begin(&world, &outbox, "sid1");
        for end in [false, false, true] {
            files.cut(&outbox, end);
        }
        asked_to_stop(&outbox);
        let outcome = ended(&outbox).await;
        assert_eq!(outcome.delivered, Delivered::Uploaded);
        assert_eq!(outcome.files[0].key, PLAYLIST);
        let told = world.listener.kinds();
        let (warnings, others): (Vec<_>, Vec<_>) =
            told.iter().map(String::as_str).partition(|kind| *kind == "cloud_recording_warning");
        assert_eq!(others, NORMAL);
        assert_eq!(warnings.len(), usize::from(transient > 0), "trouble is told once");
        for (number, notice) in world.listener.heard().iter().enumerate() {
            assert_eq!(notice.sequence, number as u64);
            assert_eq!((notice.room.as_str(), notice.recorder_uid), ("a room", 527_841));
        }
        assert_eq!(world.listener.details("recorder_leave")["leaveCode"], 16);
        assert_eq!(world.listener.details("session_exit")["exitStatus"], 0);
        let file = &world.listener.details("uploaded")["fileList"][0];
        assert_eq!(file["fileName"], PLAYLIST);
        assert_eq!(world.bucket.text(PLAYLIST), files.playlist);
        assert_eq!(world.bucket.names().len(), 5);
        assert_eq!(*world.bucket.lies.lock().unwrap(), Vec::<String>::new());
        assert_eq!(world.bucket.found_saved.lock().unwrap().is_empty(), transient == 0);
        assert_eq!(outbox.owed(), Owed::default());
        run.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_without_media_leaves_only_its_end() {
    let world = World::default();
    let outbox = world.open(RunningClock::start());
    let run = world.run(&outbox);
    Files::begin(&world, &outbox, "sid1");
    outbox.close("sid1", StopReason::Idle, None, DAWN).unwrap();
    asked_to_stop(&outbox);
    let outcome = ended(&outbox).await;
    assert_eq!((outcome.delivered, outcome.stopped), (Delivered::Nothing, StopReason::Idle));
    let expected = ["recorder_started", "uploader_started", "recorder_leave", "session_exit"];
    assert_eq!(world.listener.kinds(), expected);
    assert_eq!(world.listener.details("recorder_leave")["leaveCode"], 4);
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_files_are_parked_told_once_and_tried_by_the_next_process() {
    let world = World::default();
    world.bucket.refuses.store(true, SeqCst);
    let outbox = world.open(RunningClock::start());
    let run = world.run(&outbox);
    let mut files = Files::begin(&world, &outbox, "sid1");
    files.cut(&outbox, false);
    files.cut(&outbox, true);
    asked_to_stop(&outbox);
    let outcome = ended(&outbox).await;
    assert_eq!(outcome.delivered, Delivered::Parked);
    let kinds = world.listener.kinds();
    let errors = kinds.iter().filter(|kind| *kind == "cloud_recording_error").count();
    assert_eq!(errors, 2, "one for the refusal, one instead of `uploaded`: {kinds:?}");
    let error = world.listener.details("cloud_recording_error");
    let number = |field: &str| error[field].as_u64().unwrap();
    assert_eq!(["module", "errorCode", "errorLevel"].map(number), [1, 32, 5]);
    assert!(error["errorMsg"].as_str().unwrap().contains("NoSuchBucket"), "{error}");
    assert_eq!(kinds.last().unwrap(), "session_exit");
    assert_eq!(world.listener.details("session_exit")["exitStatus"], 1);
    let parked = outbox.uploads(Some("sid1"));
    assert_eq!(parked.len(), 4);
    assert!(parked.iter().all(|upload| upload.parked.is_some()), "{parked:?}");
    run.abort();
    let _ = run.await;
    drop(outbox);

    world.bucket.refuses.store(false, SeqCst);
    let outbox = world.open(RunningClock::start());
    assert!(outbox.recovered().is_empty());
    let run = world.run(&outbox);
    until("parked files are uploaded", || outbox.owed() == Owed::default()).await;
    assert_eq!(world.bucket.text(PLAYLIST), files.playlist);
    until("it is told", || outbox.owed().events == 0).await;
    let told = world.listener.kinds();
    assert_eq!(told[..kinds.len()], kinds, "nothing follows the exit");
    assert_eq!(told[kinds.len()..], ["uploaded"], "but that all has left");
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_loses_nothing_that_was_owed() {
    let world = World::default();
    world.bucket.hangs.store(true, SeqCst);
    let outbox = world.open(RunningClock::start());
    let run = world.run(&outbox);
    let mut files = Files::begin(&world, &outbox, "sid1");
    files.cut(&outbox, false);
    until("the first events are heard", || world.listener.kinds().len() == 3).await;
    world.listener.deaf.store(usize::MAX, SeqCst);
    let (module, code, message) = (Module::Recorder, Code::Overload, "slow".to_owned());
    let warning = Event::Warning(Problem { module, level: 3, code, message });
    outbox.tell("sid1", &warning, DAWN).unwrap();
    files.cut(&outbox, false);
    // Written, and named by the playlist, but the process dies before it is owed.
    files.write(false);
    run.abort();
    let _ = run.await;
    drop(outbox);

    world.bucket.hangs.store(false, SeqCst);
    world.listener.deaf.store(0, SeqCst);
    let outbox = world.open(RunningClock::start());
    assert_eq!(outbox.recovered(), ["sid1"]);
    let run = world.run(&outbox);
    let outcome = ended(&outbox).await;
    assert_eq!(outcome.delivered, Delivered::Uploaded);
    assert!(outcome.failure.is_some());
    assert_eq!(world.bucket.names().len(), 5, "{:?}", world.bucket.names());
    let text = world.bucket.text(PLAYLIST);
    assert_eq!(text, format!("{}#EXT-X-ENDLIST\n", files.playlist));
    let expected = [
        "recorder_started",
        "uploader_started",
        "recorder_slice_start",
        "cloud_recording_warning",
        "cloud_recording_file_infos",
        "recorder_leave",
        "uploading_progress",
        "uploaded",
        "session_exit",
    ];
    // What became of its tapes is told beside the first upload, in either order, before it leaves.
    let mut kinds = world.listener.kinds();
    let at = kinds.iter().position(|kind| *kind == "cloud_recording_error").unwrap();
    assert!((4..=5).contains(&at), "{kinds:?}");
    kinds.remove(at);
    assert_eq!(kinds, expected);
    let sequences: Vec<u64> = world.listener.heard().iter().map(|n| n.sequence).collect();
    assert_eq!(sequences, (0..10).collect::<Vec<_>>());
    assert_eq!(world.listener.details("session_exit")["exitStatus"], 1);
    assert_eq!(*world.bucket.lies.lock().unwrap(), Vec::<String>::new());
    run.abort();
}

#[test]
fn the_file_is_the_owners_and_one_process_has_it() {
    let world = World::default();
    let outbox = world.open(RunningClock::start());
    let second = Outbox::open(&world.database(), OutboxSettings::default(), RunningClock::start());
    assert!(second.is_err_and(|error| !error.reason.is_empty()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.database()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    Files::begin(&world, &outbox, "sid1");
    let folder = world.work().join("sid1");
    assert!(outbox.begin(&settings("sid1"), &folder).is_err(), "a sid begins once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_too_long_is_given_up_and_told() {
    let world = World::default();
    world.bucket.transient.store(usize::MAX, SeqCst);
    let patience = OutboxSettings {
        retry_first: Duration::from_millis(1),
        retry_longest: Duration::from_millis(2),
        uploads_give_up_after: Some(Duration::from_millis(1)),
        ..OutboxSettings::default()
    };
    let outbox = Outbox::open(&world.database(), patience, RunningClock::start()).unwrap();
    let run = world.run(&outbox);
    Files::begin(&world, &outbox, "sid1").cut(&outbox, true);
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Parked);
    assert_eq!(world.listener.details("cloud_recording_error")["errorCode"], 47);
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_set_right_gets_what_it_refused() {
    let world = World::default();
    world.bucket.refuses.store(true, SeqCst);
    let outbox = world.open(RunningClock::start());
    let run = world.run(&outbox);
    let mut files = Files::begin(&world, &outbox, "sid1");
    files.cut(&outbox, false);
    until("all is parked", || outbox.owed().parked == 3).await;
    world.bucket.refuses.store(false, SeqCst);
    files.cut(&outbox, true);
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Uploaded);
    assert_eq!(world.bucket.text(PLAYLIST), files.playlist);
    assert_eq!(world.listener.details("session_exit")["exitStatus"], 0);
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_each_minute_while_it_records() {
    let world = World::default();
    let clock = DrivenClock::start();
    let outbox = world.open(clock.clone());
    let run = world.run(&outbox);
    let mut files = Files::begin(&world, &outbox, "sid1");
    files.cut(&outbox, false);
    until("the first events are heard", || world.listener.kinds().len() == 4).await;
    clock.move_to(DAWN + Duration::from_secs(61));
    files.cut(&outbox, true);
    let told = || world.listener.kinds().contains(&"uploading_progress".into());
    until("progress is told", told).await;
    let progress = world.listener.details("uploading_progress")["progress"].as_u64().unwrap();
    assert!((1..=10_000).contains(&progress), "{progress}");
    run.abort();
}
