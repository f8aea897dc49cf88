//! Whole rooms through a composite.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::frame::{Frame, FrameKind, Picture, Size};
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::sample::Sample;
use capstan_media::scene::Colour;
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, TrackKind};

use super::{Composite, CompositeSettings, Output};
use crate::decode::OpusDecoder;
use crate::encode::{AudioSettings, OutputAudio, OutputVideo, VideoSettings};
use crate::mix::grid::grid;
use crate::testing::{
    START, camera, encoded, flat, frame, microphone, moving, opus, sound, tone, uid, vpx,
};

const FPS: u32 = 15;

fn settings() -> CompositeSettings {
    let canvas = Size { width: 128, height: 48 };
    let codec = OutputVideo::H264;
    CompositeSettings {
        canvas,
        fps: FPS,
        video: Some(VideoSettings { size: canvas, fps: FPS, bitrate_kbps: 300, codec }),
        audio: Some(AudioSettings { channels: 2, bitrate_kbps: 64, codec: OutputAudio::Opus }),
        playout_delay: Duration::from_millis(600),
        segment: Duration::from_secs(2),
        background: Colour::BLACK,
        images: BTreeMap::new(),
        typeface: super::Typeface::default(),
    }
}

fn at(millis: i64) -> RoomTime {
    START.offset_micros(millis * 1_000)
}

/// The video of a participant, at 15 pictures a second from `from` on.
fn video(track: TrackId, codec: Codec, pictures: &[Picture], from: i64) -> Vec<RoomEvent> {
    let frames = encoded(codec, pictures, 1_000);
    let each = frames.into_iter().zip(0..).map(|((kind, data), n)| {
        let micros = from * 1_000 + n * 1_000_000 / 15;
        RoomEvent::Frame(Arc::new(frame(track, codec, micros, kind, data)))
    });
    each.collect()
}

fn voice(track: TrackId, amplitude: f32, seconds: usize) -> Vec<RoomEvent> {
    let packets = opus(&tone(amplitude, 48_000 * seconds));
    sound(track, &packets).into_iter().map(RoomEvent::Frame).collect()
}

/// Two people, the second joining after half a second, for `seconds`.
fn two_people(seconds: usize) -> Vec<RoomEvent> {
    let count = seconds * 15;
    let (left, right): (Vec<_>, Vec<_>) =
        (0..count).map(|n| (flat(64, 48, 60 + (n % 2) as u8), moving(64, 48, n))).unzip();
    let mut events = vec![
        RoomEvent::Joined { uid: uid(7), at: START, since: START },
        RoomEvent::Joined { uid: uid(3), at: at(500), since: at(500) },
    ];
    events.extend(video(camera(uid(7)), Codec::Vp8, &left, 0));
    events.extend(video(camera(uid(3)), Codec::Vp8, &right[..count - 8], 510));
    events.extend(voice(microphone(uid(7)), 0.2, seconds));
    events
}

/// Renders `ticks` ticks with the grid, pushing everything before each tick that is due.
fn rendered(
    mut composite: Composite,
    events: &[RoomEvent],
    ticks: usize,
) -> (Composite, Vec<Output>) {
    let mut sorted: Vec<&RoomEvent> = events.iter().collect();
    sorted.sort_by_key(|event| event.at());
    let mut sorted = sorted.into_iter().peekable();
    let mut out = Vec::new();
    for _ in 0..ticks {
        while let Some(event) = sorted.next_if(|event| event.at() <= composite.due()) {
            composite.push(event);
        }
        out.extend(tick(&mut composite));
    }
    (composite, out)
}

fn tick(composite: &mut Composite) -> Vec<Output> {
    if let Some(people) = composite.roster() {
        composite.set_scene(grid(&people, Colour::BLACK)).unwrap();
    }
    composite.render().unwrap()
}

fn samples(outputs: &[Output]) -> (Vec<Sample>, Vec<Sample>) {
    let (mut pictures, mut sounds) = (Vec::new(), Vec::new());
    for output in outputs.iter().cloned() {
        match output {
            Output::Video(sample) => pictures.push(sample),
            Output::Audio(sample) => sounds.push(sample),
        }
    }
    (pictures, sounds)
}

fn ticks_of(samples: &[Sample]) -> u64 {
    samples.iter().map(|sample| u64::from(sample.duration)).sum()
}

/// The mean luma of the left and the right half.
fn halves(composite: &Composite) -> (u32, u32) {
    let luma = &composite.picture().unwrap().planes[0];
    let mean = |from: usize| {
        let cells = luma.data.chunks(128).flat_map(|row| &row[from..from + 64]);
        cells.map(|&cell| u32::from(cell)).sum::<u32>() / (64 * 48)
    };
    (mean(0), mean(64))
}

#[test]
fn picture_and_sound_are_as_long_as_the_clock_says() {
    let composite = Composite::new(settings(), START).unwrap();
    let (mut composite, mut out) = rendered(composite, &two_people(5), 75);
    out.extend(composite.finish().unwrap());
    let (pictures, sounds) = samples(&out);
    assert_eq!(ticks_of(&pictures), 75 * 1_000);
    let frame = 960;
    assert_eq!(ticks_of(&sounds), (5_u64 * 48_000).next_multiple_of(frame));
    // Key pictures at every second second, nowhere else.
    let starts = pictures.iter().scan(0, |sum, sample| {
        let start = *sum;
        *sum += u64::from(sample.duration);
        Some((start, sample.kind))
    });
    let keys: Vec<u64> =
        starts.filter(|&(_, kind)| kind == FrameKind::Key).map(|(start, _)| start).collect();
    assert_eq!(keys, [0, 30_000, 60_000]);
    let tracks = composite.tracks().unwrap();
    assert_eq!((tracks[0].timescale, tracks[1].timescale), (15_000, 48_000));
    assert_eq!(composite.stats().broken + composite.stats().late, 0);
}

#[test]
fn people_appear_in_order_of_joining_and_are_heard() {
    let composite = Composite::new(settings(), START).unwrap();
    let (composite, _) = rendered(composite, &two_people(3), 30);
    let people = composite.participants();
    let uids: Vec<u32> = people.iter().map(|person| person.uid.get()).collect();
    assert_eq!(uids, [7, 3]);
    assert_eq!(people[0].camera, Some(Size { width: 64, height: 48 }));
    assert!(people[0].has_audio && people[0].speaking && people[0].level < 30);
    assert!(!people[1].has_audio && !people[1].speaking && people[1].level == 127);
    let (left, right) = halves(&composite);
    assert!(left.abs_diff(60) < 3 && right > 90, "{left} {right}");
}

#[test]
fn the_same_events_give_the_same_output_however_they_are_pushed() {
    let events = two_people(3);
    let (mut live, mut out) = rendered(Composite::new(settings(), START).unwrap(), &events, 40);
    out.extend(live.finish().unwrap());
    // All at once, track by track, as tapes give them.
    let mut later = Composite::new(settings(), START).unwrap();
    events.iter().for_each(|event| later.push(event));
    let mut again = Vec::new();
    for _ in 0..40 {
        again.extend(tick(&mut later));
    }
    again.extend(later.finish().unwrap());
    assert_eq!(out, again);
    assert_eq!(live.stats(), later.stats());
}

#[test]
fn a_frame_counts_only_if_it_came_within_the_playout_delay() {
    let pictures = [flat(64, 48, 60), flat(64, 48, 180)];
    let frames = video(camera(uid(1)), Codec::Vp8, &pictures, 0);
    let seen = |delay: i64| {
        let joined = RoomEvent::Joined { uid: uid(1), at: START, since: START };
        let mut events = vec![joined, frames[0].clone()];
        let RoomEvent::Frame(second) = &frames[1] else { panic!("a frame") };
        let arrived = second.arrived.offset_micros(delay * 1_000);
        events.push(RoomEvent::Frame(Arc::new(Frame { arrived, ..Frame::clone(second) })));
        let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 2);
        halves(&composite).0
    };
    assert!(seen(590) > 150, "the second picture is due at tick 1");
    assert!(seen(610) < 90);
}

#[test]
fn a_still_picture_stands_until_the_room_says_that_it_ended() {
    // A screen that sends one key frame and nothing more.
    let pictures = [flat(64, 48, 100)];
    let track = camera(uid(1));
    let mut events = vec![RoomEvent::Joined { uid: uid(1), at: START, since: START }];
    events.extend(video(track, Codec::Vp8, &pictures, 0));
    let shown = |composite: &Composite| halves(composite).0 > 60;
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 15 * 60);
    assert!(shown(&composite) && composite.starving().is_empty());
    assert!(composite.participants()[0].camera.is_some());

    events.push(RoomEvent::Muted { track, at: at(5_000) });
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 75);
    assert!(shown(&composite));
    assert_eq!(composite.participants().len(), 1);
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 77);
    assert!(!shown(&composite), "hidden at once");
    assert_eq!(composite.participants()[0].camera, None);

    events.push(RoomEvent::Left { uid: uid(1), at: at(1_500), reason: LeaveReason::Quit });
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 22);
    assert!(shown(&composite));
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 25);
    assert!(!shown(&composite) && composite.participants().is_empty());
}

#[test]
fn who_comes_back_is_shown_from_the_first_frame_on() {
    let pictures: Vec<_> = (0..15).map(|n| flat(64, 48, 100 + n % 2)).collect();
    let mut events = vec![
        RoomEvent::Joined { uid: uid(1), at: START, since: START },
        RoomEvent::Left { uid: uid(1), at: at(1_050), reason: LeaveReason::Lost },
        RoomEvent::Joined { uid: uid(1), at: at(1_200), since: START },
    ];
    events.extend(video(camera(uid(1)), Codec::Vp8, &pictures, 0));
    // A new session: RTP time begins elsewhere, and its only key frame is the first.
    for event in video(camera(uid(1)), Codec::Vp8, &pictures, 1_250) {
        let RoomEvent::Frame(frame) = event else { panic!("a frame") };
        let rtp_time = capstan_media::time::RtpTime(frame.rtp_time.0 - 2_000_000_000);
        events.push(RoomEvent::Frame(Arc::new(Frame { rtp_time, ..Frame::clone(&frame) })));
    }
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 18);
    assert!(halves(&composite).0 < 30, "gone");
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 22);
    assert!(halves(&composite).0 > 60, "back");
    assert_eq!(composite.participants()[0].joined, START, "with its age");
    assert_eq!(composite.stats().jumps, 1);
}

#[test]
fn who_comes_back_before_the_leave_is_due_is_there_to_the_end() {
    let pictures: Vec<_> = (0..30).map(|n| flat(64, 48, 100 + n % 2)).collect();
    // The leave waits for its tick until 1650 by the clock, the return comes at 1300.
    let mut events = vec![
        RoomEvent::Joined { uid: uid(1), at: START, since: START },
        RoomEvent::Left { uid: uid(1), at: at(1_050), reason: LeaveReason::Lost },
        RoomEvent::Joined { uid: uid(1), at: at(1_300), since: START },
    ];
    events.extend(video(camera(uid(1)), Codec::Vp8, &pictures[..8], 0));
    events.extend(video(camera(uid(1)), Codec::Vp8, &pictures, 1_310));
    for ticks in [24, 30, 45] {
        let composite = Composite::new(settings(), START).unwrap();
        let (composite, _) = rendered(composite, &events, ticks);
        assert_eq!(composite.participants().len(), 1, "after {ticks} ticks");
        assert!(halves(&composite).0 > 60, "after {ticks} ticks");
    }
}

#[test]
fn three_sounds_of_one_participant_are_heard_together() {
    let mut events = vec![RoomEvent::Joined { uid: uid(1), at: START, since: START }];
    // Each its own second of three.
    for (second, kind) in (0..).zip(TrackKind::SOUNDS) {
        let track = TrackId { uid: uid(1), kind };
        events.extend(voice(track, 0.3, 1).into_iter().map(|event| {
            let RoomEvent::Frame(frame) = event else { panic!("a frame") };
            let arrived = frame.arrived.offset_micros(second * 1_000_000);
            RoomEvent::Frame(Arc::new(Frame { arrived, ..Frame::clone(&frame) }))
        }));
    }
    let (composite, out) = rendered(Composite::new(settings(), START).unwrap(), &events, 45);
    let mut decoder = OpusDecoder::new(1).unwrap();
    let sound: Vec<f32> = samples(&out)
        .1
        .iter()
        .flat_map(|sample| decoder.decode(&sample.data).unwrap().to_vec())
        .collect();
    for middle in [24_000, 72_000, 120_000] {
        let peak = sound[middle..middle + 960].iter().fold(0.0_f32, |peak, s| peak.max(s.abs()));
        assert!((0.2..0.4).contains(&peak), "{peak} at sample {middle}");
    }
    assert!(composite.participants()[0].has_audio);
    assert_eq!(composite.stats().packets, 150);
}

#[test]
fn skipped_ticks_lengthen_the_picture_before_and_owe_their_key() {
    let mut composite = Composite::new(settings(), START).unwrap();
    two_people(5).iter().for_each(|event| composite.push(event));
    let mut out = Vec::new();
    for n in 0..60 {
        // Ticks 28 to 32 are passed over; a key picture is due at 30.
        if (28..=32).contains(&n) {
            out.extend(composite.skip().unwrap());
        } else {
            out.extend(tick(&mut composite));
        }
    }
    out.extend(composite.finish().unwrap());
    let (pictures, sounds) = samples(&out);
    assert_eq!(ticks_of(&pictures), 60_000);
    assert_eq!(ticks_of(&sounds), 4 * 48_000);
    assert_eq!((pictures[27].duration, pictures[28].kind), (6_000, FrameKind::Key));
    assert_eq!(composite.stats().skipped, 5);
}

#[test]
fn a_canvas_that_does_not_change_is_encoded_seldom() {
    let mut composite = Composite::new(settings(), START).unwrap();
    let mut out = Vec::new();
    for _ in 0..90 {
        out.extend(tick(&mut composite));
    }
    out.extend(composite.finish().unwrap());
    let (pictures, _) = samples(&out);
    assert_eq!(ticks_of(&pictures), 90_000);
    assert!(pictures.len() < 20, "{} pictures of nothing", pictures.len());
    assert!(pictures.iter().all(|picture| picture.duration <= 15_000));
    assert_eq!(composite.stats().unchanged + pictures.len() as u64, 90);
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = |change: fn(&mut CompositeSettings)| {
        let mut settings = settings();
        change(&mut settings);
        Composite::new(settings, START).unwrap_err().to_string()
    };
    assert!(refused(|s| s.fps = 0).contains("0 ticks a second"));
    assert!(refused(|s| s.canvas.width = 64).contains("64x48"));
    assert!(refused(|s| s.playout_delay = Duration::from_secs(6)).contains("playout delay 6s"));
    assert!(refused(|s| s.segment = Duration::ZERO).contains("no length"));
    assert!(refused(|s| (s.video, s.audio) = (None, None)).contains("neither"));
    let image = || super::Image { size: Size { width: 2, height: 2 }, rgba: Arc::from([0_u8; 3]) };
    let mut settings = settings();
    settings.images.insert("logo".into(), image());
    assert!(Composite::new(settings, START).unwrap_err().to_string().contains("logo"));
}

#[test]
fn sound_alone_needs_no_pictures() {
    let settings = CompositeSettings { video: None, ..settings() };
    let composite = Composite::new(settings, START).unwrap();
    let (mut composite, mut out) = rendered(composite, &two_people(2), 30);
    out.extend(composite.finish().unwrap());
    let (pictures, sounds) = samples(&out);
    assert_eq!((pictures.len(), ticks_of(&sounds)), (0, 2 * 48_000));
    assert_eq!((composite.stats().decoded, composite.starving().len()), (0, 0));
    assert_eq!(composite.tracks().map(|tracks| tracks.len()), Some(1));
}

#[test]
fn frames_that_nothing_needs_are_not_decoded_at_a_lower_rate() {
    // 30 frames a second in two temporal layers, 15 pictures a second out.
    let size = Size { width: 64, height: 48 };
    let mut encoder = vpx::Encoder::layered(Codec::Vp8, size);
    let mut composite = Composite::new(settings(), START).unwrap();
    composite.push(&RoomEvent::Joined { uid: uid(1), at: START, since: START });
    for n in 0..60_usize {
        let picture = moving(64, 48, n);
        let kind = if n == 0 { FrameKind::Key } else { FrameKind::Delta };
        let data = if n.is_multiple_of(2) {
            encoder.encode(&picture, kind)
        } else {
            encoder.encode_droppable(&picture)
        };
        let micros = i64::try_from(n).unwrap() * 1_000_000 / 30;
        let frame = frame(camera(uid(1)), Codec::Vp8, micros, kind, data);
        composite.push(&RoomEvent::Frame(Arc::new(frame)));
    }
    for _ in 0..29 {
        tick(&mut composite);
    }
    let stats = composite.stats();
    assert!(stats.superseded >= 27, "{stats:?}");
    assert!(stats.decoded <= 31 && stats.broken == 0, "{stats:?}");
}

#[test]
fn lost_events_make_videos_wait_for_a_key_frame() {
    let pictures: Vec<_> = (0..30).map(|n| flat(64, 48, 100 + (n % 2) as u8)).collect();
    let mut events = vec![RoomEvent::Joined { uid: uid(1), at: START, since: START }];
    events.extend(video(camera(uid(1)), Codec::Vp8, &pictures, 0));
    events.push(RoomEvent::Lost { at: at(500), events: 3 });
    let (composite, _) = rendered(Composite::new(settings(), START).unwrap(), &events, 20);
    assert_eq!(composite.starving(), [camera(uid(1))]);
    assert!(composite.stats().undecodable > 5);
    assert!(halves(&composite).0 > 60, "the last good picture stays");
}
