//! Whole recordings: scripted rooms with real VP8 and Opus through tape, mix, encoder and outbox.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use capstan_archive::folder::hls_folder;
use capstan_archive::settings::{LayoutChoice, RecordingSettings, Subscription, UidSelection};
use capstan_archive::{tape, timeline};
use capstan_media::frame::FrameKind;
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::scene::{Colour, Scene};
use capstan_media::time::RoomClock;
use capstan_media::timeline::Mark;
use capstan_media::track::Uid;
use capstan_outbox::Outbox;
use capstan_outbox::outcome::{Delivered, Outcome};
use capstan_outbox::ports::{Fault, FaultKind};
use capstan_pipeline::composite::{Image, Typeface};
use capstan_render::mix::Cut;
use capstan_render::pictures::Pictures;
use capstan_render::{Rendering, render};

use super::script::{Plan, Room, participant};
use super::*;
use crate::handle::{Equipment, Recording, RecordingHandle};
use crate::layout::{Layout, LayoutError};
use crate::maker::Renderer;
use crate::requests::{LayoutChange, UpdateLayoutError, UpdateSubscriptionError};
use crate::status::Phase;
use crate::testing::{DAWN, DrivenClock, World, mix, settings, until};

mod individual;
mod outputs;
mod troubles;

struct NoPictures;

impl Pictures for NoPictures {
    fn of(&self, _folder: &Path) -> std::io::Result<BTreeMap<String, Image>> {
        Ok(BTreeMap::new())
    }

    fn typeface(&self) -> Typeface {
        Typeface::default()
    }
}

struct Asked(AtomicUsize);

impl KeyFrames for Asked {
    fn request(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    fn request_of(&self, _uid: Uid) {
        self.request();
    }
}

/// A layout that paints everybody in the grid, but for what a test wants.
struct Grid {
    background: Colour,
    /// Answers before it breaks.
    good: usize,
}

const RED: Colour = Colour { red: 255, green: 0, blue: 0 };
const NEVER: usize = usize::MAX;

impl Layout for Grid {
    fn arrange(&mut self, input: &capstan_media::scene::LayoutInput) -> Result<Scene, LayoutError> {
        if self.good == 0 {
            let (plugin, kind, detail) = ("grid".into(), FaultKind::Trapped, "wasm trap".into());
            return Err(LayoutError::Fault(Fault { plugin, kind, detail }));
        }
        self.good -= usize::from(self.good != NEVER);
        Ok(capstan_pipeline::mix::grid::grid(&input.participants, self.background))
    }
}

/// A recording of a scripted room, and all around it.
struct Stage {
    world: World,
    outbox: Outbox,
    clock: Arc<DrivenClock>,
    handle: RecordingHandle,
    asked: Arc<Asked>,
    room: Arc<Room>,
}

impl Stage {
    fn open(plan: Plan, settings: RecordingSettings, good: usize) -> Self {
        let world =
            World { maker: Arc::new(Renderer::new(Arc::new(NoPictures))), ..World::default() };
        let clock = DrivenClock::start();
        let outbox = world.open(clock.clone());
        world.run(&outbox);
        let asked = Arc::new(Asked(AtomicUsize::new(0)));
        let (room, events) = Room::open(plan, Arc::clone(&clock));
        let equipment = Equipment {
            clock: clock.clone(),
            events: Box::new(events),
            keyframes: asked.clone(),
            layout: Some(Box::new(Grid { background: Colour::BLACK, good })),
            images: BTreeMap::new(),
            typeface: Typeface::default(),
            outbox: outbox.clone(),
            work_dir: world.work(),
        };
        let handle = Recording::start(settings, equipment).unwrap();
        room.watch(handle.clone());
        Self { world, outbox, clock, handle, asked, room }
    }

    /// Lets the script run out, then stops as a user would.
    async fn play(&self) -> Outcome {
        until("the script is over", || self.room.is_over()).await;
        self.handle.request_stop(StopReason::Asked);
        self.outcome().await
    }

    async fn outcome(&self) -> Outcome {
        self.handle.stopped().await;
        // Retries wait by the clock, which nobody moves any more.
        let left = || {
            self.clock.move_to(self.clock.now() + Duration::from_millis(50));
            self.outbox.outcome("sid1").is_some() && self.outbox.owed().events == 0
        };
        until("everything has left", left).await;
        self.handle.finished().await
    }

    fn folder(&self) -> std::path::PathBuf {
        self.world.work().join("sid1")
    }

    fn marks(&self) -> Vec<Mark> {
        let (marks, damaged) = timeline::read(&self.folder().join("timeline.jsonl")).unwrap();
        assert!(damaged.is_empty(), "{damaged:?}");
        marks
    }

    fn playlist(&self) -> String {
        self.world.bucket.text("a/b/sid1_a room.m3u8")
    }

    /// The sum of `EXTINF` in microseconds.
    fn micros(&self) -> i64 {
        let playlist = self.playlist();
        let lengths = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:"));
        lengths
            .map(|line| line.trim_end_matches(',').replace('.', "").parse::<i64>().unwrap())
            .sum()
    }
}

/// The MD5 of every decoded picture and piece of sound; complains of whatever FFmpeg complains of.
fn decoded(file: &Path, stream: &str) -> Vec<String> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "warning", "-i"]).arg(file).args(["-map", stream, "-f", "framemd5", "-"]);
    let output = ffmpeg.output().expect("ffmpeg is installed");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// The live recording's init segment and segments in one file, as its playlist names them.
fn joined(stage: &Stage) -> Vec<u8> {
    let names = capstan_archive::listing::files(&stage.playlist());
    let hls = hls_folder(&stage.folder());
    names.iter().flat_map(|name| std::fs::read(hls.join(name)).unwrap()).collect()
}

/// Renders a recording again from its tapes, sees that it gives the same, and answers its pictures.
fn rendered_alike(stage: &Stage) -> Vec<String> {
    let status = stage.handle.status();
    let live = stage.world.folder.path().join("live.mp4");
    std::fs::write(&live, joined(stage)).unwrap();
    let again = stage.world.folder.path().join("again.mp4");
    let mut bytes = Vec::new();
    let rendering = Rendering {
        folder: stage.folder(),
        output: None,
        images: BTreeMap::new(),
        typeface: Typeface::default(),
    };
    let rendered = render(rendering, |cut| {
        bytes.extend_from_slice(match &cut {
            Cut::Init(init) => init,
            Cut::Segment(segment) => &segment.bytes,
        });
        Ok(())
    });
    let rendered = rendered.unwrap();
    assert!(rendered.damaged_tapes.is_empty() && rendered.damaged_lines.is_empty());
    assert_eq!(rendered.segments, status.segments);
    std::fs::write(&again, bytes).unwrap();
    let pictures = decoded(&live, "0:v");
    // A picture like the one before only makes that one's sample longer.
    assert!(!pictures.is_empty() && pictures.len() as u64 <= rendered.pictures);
    assert!(pictures == decoded(&again, "0:v"), "rendered again, the pictures differ");
    assert!(decoded(&live, "0:a") == decoded(&again, "0:a"), "rendered again, the sound differs");
    pictures
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_recorded_told_of_and_rendered_again_alike() {
    let mut plan = Plan::until(6_000);
    plan.add(participant(1, 300, 5_500));
    plan.add(participant(2, 1_700, 4_000));
    plan.left(2, 4_200, LeaveReason::Quit);
    let stage = Stage::open(plan, settings("sid1"), NEVER);
    let outcome = stage.play().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    let status = stage.handle.status();
    assert_eq!(status.phase, Phase::Done);
    assert_eq!((status.pictures_skipped, status.frames_lost), (0, 0), "{status:?}");
    assert_eq!(status.participants, [Uid::new(1).unwrap()]);
    assert!(stage.asked.0.load(SeqCst) >= 2, "key frames are asked for");

    let heard = stage.world.listener.heard();
    let (streams, others): (Vec<_>, Vec<_>) =
        heard.iter().partition(|notice| notice.kind.ends_with("stream_state_changed"));
    let expected = [
        "recorder_started",
        "uploader_started",
        "recorder_slice_start",
        "cloud_recording_file_infos",
        "recorder_leave",
        "uploading_progress",
        "uploaded",
        "session_exit",
    ];
    assert_eq!(others.iter().map(|notice| &notice.kind).collect::<Vec<_>>(), expected);
    let of_two = |state: u8| {
        let details = streams.iter().map(|notice| &notice.details);
        details.filter(|of| of["streamUid"] == "2" && of["state"] == state).count()
    };
    assert_eq!((of_two(0), of_two(1)), (2, 2), "sound and pictures came and went: {streams:?}");
    let zero = status.slice_start.unwrap();
    assert_eq!(
        stage.world.listener.details("recorder_slice_start")["startUtcMs"],
        zero.as_millis()
    );
    let end = stage.marks().iter().find_map(|mark| match mark {
        Mark::Stopped { at } => Some(*at),
        _ => None,
    });
    let recorded = end.unwrap().micros_from(zero);
    let off = stage.micros() - recorded;
    assert!((0..=66_667).contains(&off), "playlist is {off} us longer than the recording");
    assert!(stage.playlist().ends_with("#EXT-X-ENDLIST\n"));

    let pictures = rendered_alike(&stage);
    let distinct: std::collections::BTreeSet<_> =
        pictures.iter().filter_map(|line| line.rsplit(' ').next()).collect();
    assert!(distinct.len() > 30, "the test picture moves: {} pictures", distinct.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_subscription_holds_at_once_and_is_rendered_again_alike() {
    let only = |uid| UidSelection::Only([Uid::new(uid).unwrap()].into());
    let of =
        move |uid| Subscription { audio: only(uid), video: only(uid), ..Subscription::default() };
    let mut plan = Plan::until(6_000);
    plan.add(participant(1, 0, 5_900));
    plan.add(participant(2, 100, 5_900));
    plan.pause(2_500);
    let settings = RecordingSettings { subscription: of(1), ..settings("sid1") };
    let stage = Stage::open(plan, settings, NEVER);
    until("the script pauses", || stage.room.is_paused()).await;
    let handle = stage.handle.clone();
    let update = tokio::spawn(async move { handle.update_subscription(of(2)).await });
    stage.room.go_on();
    update.await.unwrap().unwrap();
    let outcome = stage.play().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    let later = stage.handle.update_subscription(of(1)).await;
    assert!(matches!(later, Err(UpdateSubscriptionError::Over { .. })), "{later:?}");

    let marks = stage.marks();
    let place = |wanted: fn(&Mark) -> bool| marks.iter().position(wanted).unwrap();
    let changed = marks.iter().rposition(|mark| matches!(mark, Mark::Subscribed { .. })).unwrap();
    let left = place(|mark| matches!(mark, Mark::Left { uid, .. } if uid.get() == 1));
    let came = place(|mark| matches!(mark, Mark::Joined { uid, .. } if uid.get() == 2));
    assert!(changed < left && changed < came, "{marks:?}");
    let layers = marks.iter().filter_map(|mark| match mark {
        Mark::Scene { scene, .. } => Some(scene.layers.len()),
        _ => None,
    });
    assert_eq!(layers.max(), Some(1), "never both are shown");
    assert!(rendered_alike(&stage).len() > 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sends_and_the_recording_ends_by_itself() {
    let mut plan = Plan::until(60_000);
    plan.joined(1, 100);
    let mut settings = settings("sid1");
    settings.max_idle = Duration::from_secs(5);
    settings.keep_tapes = false;
    let stage = Stage::open(plan, settings, NEVER);
    let outcome = stage.outcome().await;
    assert_eq!((outcome.stopped, outcome.delivered), (StopReason::Idle, Delivered::Nothing));
    let kinds = stage.world.listener.kinds();
    let expected = ["recorder_started", "uploader_started", "recorder_leave", "session_exit"];
    assert_eq!(kinds, expected);
    assert_eq!(stage.world.listener.details("recorder_leave")["leaveCode"], 4);
    assert!(stage.world.bucket.names().is_empty());
    let (choice, layout) = (LayoutChoice { name: "x".into(), options: "{}".into() }, None);
    let over =
        stage.handle.update_layout(LayoutChange { choice, layout, images: BTreeMap::new() }).await;
    assert!(matches!(over, Err(UpdateLayoutError::Over { .. })), "{over:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layout_that_traps_costs_its_answer_and_nothing_else() {
    for good in [0, 1] {
        let mut plan = Plan::until(2_500);
        plan.add(participant(1, 0, 2_400));
        plan.add(participant(2, 900, 2_400));
        let stage = Stage::open(plan, settings("sid1"), good);
        let outcome = stage.play().await;
        assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
        let kinds = stage.world.listener.kinds();
        let warnings = kinds.iter().filter(|kind| *kind == "cloud_recording_warning").count();
        assert_eq!(warnings, 1, "told once, not at each question: {kinds:?}");
        let warning = stage.world.listener.details("cloud_recording_warning");
        assert!(warning["warnMsg"].as_str().unwrap().contains("wasm trap"), "{warning}");
        let marks = stage.marks();
        assert!(marks.iter().any(|mark| matches!(mark, Mark::Fault { .. })));
        let scenes = marks.iter().filter_map(|mark| match mark {
            Mark::Scene { scene, .. } => Some(scene.layers.len()),
            _ => None,
        });
        // With one good answer the last good scene stays; with none the built-in grid shows both.
        let most = scenes.max().unwrap();
        assert_eq!(most, if good == 0 { 2 } else { most.min(1) }, "after {good} good answers");
        assert_eq!(stage.handle.status().pictures_skipped, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_layout_holds_from_the_next_picture_and_a_refusal_changes_nothing() {
    let mut plan = Plan::until(4_000);
    plan.add(participant(1, 0, 3_900));
    plan.pause(2_000);
    let stage = Stage::open(plan, settings("sid1"), NEVER);
    until("the script pauses", || stage.room.is_paused()).await;
    let choice = LayoutChoice { name: "red".into(), options: "{\"a\":1}".into() };
    let layout = |good| Some(Box::new(Grid { background: RED, good }) as Box<dyn Layout>);
    let broken =
        LayoutChange { choice: choice.clone(), layout: layout(0), images: BTreeMap::new() };
    let refused = stage.handle.update_layout(broken).await;
    assert!(matches!(refused, Err(UpdateLayoutError::Layout(_))), "{refused:?}");
    let before = stage.handle.status().rendered_to.unwrap();
    stage
        .handle
        .update_layout(LayoutChange { choice, layout: layout(NEVER), images: BTreeMap::new() })
        .await
        .unwrap();
    stage.room.go_on();
    stage.play().await;
    let scenes: Vec<_> = stage
        .marks()
        .into_iter()
        .filter_map(|mark| match mark {
            Mark::Scene { at, scene } => Some((at, scene.background)),
            _ => None,
        })
        .collect();
    let changed = scenes.iter().find(|(_, background)| *background == RED).unwrap().0;
    assert!(changed.since(before) <= Duration::from_millis(134), "within two pictures");
    assert_eq!(scenes[0].1, Colour::BLACK);
    assert!(scenes.iter().skip_while(|(at, _)| *at < changed).all(|(_, colour)| *colour == RED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_too_slow_leaves_out_pictures_and_no_time() {
    let mut plan = Plan::until(6_000);
    plan.add(participant(1, 0, 5_900));
    // The room's clock leaps ahead of the composite by this much at once.
    plan.leap(1_000, 3_500);
    let mut settings = settings("sid1");
    mix(&mut settings).overload_after = Duration::from_millis(500);
    let stage = Stage::open(plan, settings, NEVER);
    let outcome = stage.play().await;
    assert_eq!(outcome.delivered, Delivered::Uploaded);
    let status = stage.handle.status();
    assert!(status.pictures_skipped > 0, "{status:?}");
    let marked: u64 = stage
        .marks()
        .iter()
        .map(|mark| match mark {
            Mark::Overloaded { pictures, from, to } => {
                assert!(to > from);
                *pictures
            }
            _ => 0,
        })
        .sum();
    assert_eq!(marked, status.pictures_skipped);
    let warning = stage.world.listener.details("cloud_recording_warning");
    assert_eq!(warning["warnCode"], 1003);
    let longest =
        |line: &str| line.strip_prefix("#EXTINF:").is_some_and(|length| length > "2.000000,");
    assert!(!stage.playlist().lines().any(longest), "segments keep their length");
    let recorded = 6_000_000 - status.slice_start.unwrap().micros_from(DAWN);
    let off = stage.micros() - recorded;
    assert!((0..=150_000).contains(&off), "{off} us off");
    let whole = stage.world.folder.path().join("whole.mp4");
    std::fs::write(&whole, joined(&stage)).unwrap();
    let sound = decoded(&whole, "0:a").len() as i64 * 1024 * 1_000 / 48;
    assert!((sound - recorded).abs() < 100_000, "sound of {sound} us for {recorded} us");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_the_tape_is_told_and_the_recording_goes_on() {
    let mut plan = Plan::until(2_500);
    plan.add(participant(1, 500, 2_400));
    plan.pause(100);
    let stage = Stage::open(plan, settings("sid1"), NEVER);
    until("the script pauses", || stage.room.is_paused()).await;
    std::fs::remove_dir(tape_folder(&stage.folder())).unwrap();
    stage.room.go_on();
    let outcome = stage.play().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    let error = stage.world.listener.details("cloud_recording_error");
    assert_eq!((&error["errorCode"], &error["module"]), (&51.into(), &0.into()));
    assert!(error["errorMsg"].as_str().unwrap().contains("goes on without a tape"), "{error}");
    let kinds = stage.world.listener.kinds();
    let told = kinds.iter().filter(|kind| *kind == "cloud_recording_error").count();
    let marked = stage.marks().iter().filter(|mark| matches!(mark, Mark::Lost { .. })).count();
    assert_eq!(told, 1, "told once: {kinds:?}");
    assert!((1..=10).contains(&marked), "{marked} marks, one a sync and not one a frame");
    let status = stage.handle.status();
    assert_eq!(status.frames_lost, status.frames);
    assert!(status.segments > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tapes_hold_every_frame_and_go_once_everything_is_uploaded() {
    for keep_tapes in [true, false] {
        let mut plan = Plan::until(1_500);
        let frames = participant(1, 0, 1_400);
        let sent = frames.iter().filter(|event| matches!(event, RoomEvent::Frame(_))).count();
        plan.add(frames);
        let stage = Stage::open(plan, RecordingSettings { keep_tapes, ..settings("sid1") }, NEVER);
        stage.play().await;
        let tapes = tape_folder(&stage.folder());
        if keep_tapes {
            let read = ["1-audio.tape", "1-camera.tape"].map(|name| {
                let records = tape::reader::open(&tapes.join(name)).unwrap();
                let frames: Vec<_> = records.map(Result::unwrap).collect();
                let first = frames.first().cloned();
                assert!(matches!(first, Some(tape::record::Record::Frame(f)) if f.kind == FrameKind::Key));
                frames.len()
            });
            assert_eq!(read.iter().sum::<usize>(), sent);
        } else {
            until("the tapes are removed", || !tapes.exists()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_wait_for_a_disk_that_takes_nothing_for_a_while() {
    let mut plan = Plan::until(6_000);
    plan.add(participant(1, 0, 5_900));
    plan.pause(5_000);
    let stage = Stage::open(plan, settings("sid1"), NEVER);
    // Without its folder nothing can be written, as on a full disk.
    let hls = hls_folder(&stage.folder());
    std::fs::remove_dir(&hls).unwrap();
    until("the script pauses", || stage.room.is_paused()).await;
    let refused = || stage.handle.status().trouble.is_some();
    until("the first segment is refused", refused).await;
    std::fs::create_dir(&hls).unwrap();
    stage.room.go_on();
    let outcome = stage.play().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    assert!(!stage.playlist().contains("DISCONTINUITY"), "nothing is missing");
    let recorded = 6_000_000 - stage.handle.status().slice_start.unwrap().micros_from(DAWN);
    assert!((0..=66_667).contains(&(stage.micros() - recorded)));
    let kinds = stage.world.listener.kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "cloud_recording_error").count(), 1);
}

/// A recording that is stopped while its disk takes nothing: without its folder nothing can be written, as
/// on a full one.
async fn stopped_on_a_full_disk() -> Stage {
    let mut plan = Plan::until(6_000);
    plan.add(participant(1, 0, 5_900));
    plan.pause(5_000);
    let stage = Stage::open(plan, settings("sid1"), NEVER);
    until("the script pauses", || stage.room.is_paused()).await;
    until("a segment is listed", || stage.handle.status().segments > 0).await;
    std::fs::rename(hls_folder(&stage.folder()), stage.folder().join("away")).unwrap();
    stage.room.go_on();
    until("the script is over", || stage.room.is_over()).await;
    stage.handle.request_stop(StopReason::Asked);
    until("the disk refuses", || stage.handle.status().trouble.is_some()).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_segments_and_the_end_wait_for_a_disk_that_takes_nothing() {
    let stage = stopped_on_a_full_disk().await;
    assert!(stage.outbox.outcome("sid1").is_none(), "it isn't over");
    std::fs::rename(stage.folder().join("away"), hls_folder(&stage.folder())).unwrap();
    let outcome = stage.outcome().await;
    assert_eq!((outcome.delivered, outcome.failure), (Delivered::Uploaded, None));
    let playlist = stage.playlist();
    assert!(playlist.ends_with("#EXT-X-ENDLIST\n"), "{playlist}");
    let recorded = 6_000_000 - stage.handle.status().slice_start.unwrap().micros_from(DAWN);
    assert!((0..=66_667).contains(&(stage.micros() - recorded)), "nothing is missing");
    assert_eq!(stage.world.listener.details("session_exit")["exitStatus"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_disk_refuses_for_long_is_given_up_and_no_success() {
    let stage = stopped_on_a_full_disk().await;
    until("it is given up", || {
        stage.clock.move_to(stage.clock.now() + Duration::from_secs(30));
        stage.outbox.outcome("sid1").is_some() && stage.outbox.owed().events == 0
    })
    .await;
    assert_eq!(stage.world.listener.details("session_exit")["exitStatus"], 1);
    let report = stage.outbox.record("sid1").unwrap().report.unwrap();
    let lost: Vec<&str> = report
        .troubles
        .iter()
        .filter(|trouble| trouble.kind.name() == "segment")
        .map(|trouble| trouble.what.as_str())
        .collect();
    assert!(lost.iter().any(|what| what.contains("couldn't be written")), "{lost:?}");
    assert!(lost.iter().any(|what| what.contains("couldn't be ended")), "{lost:?}");
}
