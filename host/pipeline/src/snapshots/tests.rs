//! Pictures taken from real encoders' streams, and none where none can be.

use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, FrameKind};
use capstan_media::kept::{MAX_BYTES, MAX_FRAMES};
use capstan_media::room::LeaveReason;

use super::*;
use crate::testing::{START, camera, encoded, frame, moving, uid};

const INTERVAL: Duration = Duration::from_secs(5);

/// Pictures of 15 a second with a key frame every `gop`, each of another height by its uid.
fn film(number: u32, seconds: usize, gop: usize) -> Vec<RoomEvent> {
    let pictures: Vec<_> = (0..seconds * 15).map(|n| moving(64, 32 + 16 * number, n)).collect();
    let frames = encoded(Codec::Vp8, &pictures, gop).into_iter().zip(0_i64..);
    let event = |((kind, data), n): ((FrameKind, _), i64)| {
        let track = camera(uid(number));
        RoomEvent::Frame(Arc::new(frame(track, Codec::Vp8, n * 1_000_000 / 15, kind, data)))
    };
    frames.map(event).collect()
}

/// What was taken, by uid and milliseconds after the start, and when key frames were wanted.
#[derive(Default)]
struct Seen {
    taken: Vec<(u32, u128)>,
    missing: usize,
    keys: Vec<u128>,
}

fn play(snapshots: &mut Snapshots, events: &[RoomEvent], seen: &mut Seen) {
    for event in events {
        snapshots.push(event);
        let now = event.at();
        while let Some(taken) = snapshots.poll(now) {
            match taken {
                Taken::Snapshot(Snapshot { track, at, jpeg }) => {
                    let height = 32 + 16 * track.uid.get();
                    let header = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
                    assert_eq!(u32::from(jpeg[header + 6]), height);
                    seen.taken.push((track.uid.get(), at.since(START).as_millis()));
                }
                Taken::Missing { .. } => seen.missing += 1,
                Taken::Failed { error, .. } => panic!("{error}"),
            }
        }
        if snapshots.wants_keys() {
            seen.keys.push(now.since(START).as_millis());
        }
    }
}

fn merged(mut events: Vec<RoomEvent>) -> Vec<RoomEvent> {
    events.sort_by_key(RoomEvent::at);
    events
}

#[test]
fn the_first_picture_comes_at_once_and_the_others_on_one_grid() {
    let mut events = film(1, 12, 30);
    // The second comes 3 s later; its first picture is too near to the grid's next point.
    events.extend(film(2, 9, 30).into_iter().map(|event| match event {
        RoomEvent::Frame(frame) => RoomEvent::Frame(Arc::new(Frame {
            arrived: frame.arrived + Duration::from_secs(3),
            ..Frame::clone(&frame)
        })),
        other => other,
    }));
    let mut seen = Seen::default();
    play(&mut Snapshots::new(INTERVAL), &merged(events), &mut seen);
    assert_eq!(seen.taken, [(1, 0), (2, 3_000), (1, 5_000), (1, 10_000), (2, 9_933)]);
    assert_eq!((seen.missing, seen.keys.len()), (0, 0));
}

#[test]
fn a_picture_that_stands_is_taken_again_as_long_as_the_track_lives() {
    // Pictures come every two seconds, and one is wanted every second. The last one stands.
    let mut events = film(1, 9, 30);
    events.retain(|event| event.at().since(START).as_millis() % 2_000 == 0);
    let tick = |at| {
        let at = START + Duration::from_millis(at * 100);
        RoomEvent::Joined { uid: uid(9), at, since: at }
    };
    events.extend((0..90_u64).map(tick));
    let mut seen = Seen::default();
    play(&mut Snapshots::new(Duration::from_secs(1)), &merged(events), &mut seen);
    assert_eq!(seen.taken.len(), 9);
    assert!(
        seen.taken.iter().zip(0..).all(|(taken, n)| *taken == (1, n * 1_000)),
        "{:?}",
        seen.taken
    );
    let mut snapshots = Snapshots::new(INTERVAL);
    let mut seen = Seen::default();
    let tick =
        |at| RoomEvent::Joined { uid: uid(9), at: START + Duration::from_secs(at), since: START };
    let mut still = film(1, 1, 1_000);
    still.truncate(1);
    still.extend((1..60).map(tick));
    play(&mut snapshots, &still, &mut seen);
    let (times, keys): (Vec<u128>, _) =
        (seen.taken.iter().map(|taken| taken.1).collect(), seen.keys);
    assert_eq!(times, (0..12).map(|n| n * 5_000).collect::<Vec<_>>());
    assert_eq!((seen.missing, keys.len()), (0, 0));
}

#[test]
fn a_key_frame_is_asked_for_where_too_much_would_be_decoded() {
    let mut seen = Seen::default();
    play(&mut Snapshots::new(INTERVAL), &film(1, 8, 1_000), &mut seen);
    // None came, so all that was kept was decoded in the end.
    assert_eq!(seen.taken, [(1, 0), (1, 7_000)]);
    assert!(seen.keys.iter().all(|at| (5_000..7_000).contains(at)) && !seen.keys.is_empty());

    let mut seen = Seen::default();
    let mut snapshots = Snapshots::new(INTERVAL);
    play(&mut snapshots, &film(1, 8, 80), &mut seen);
    // The 81st frame is the next key frame.
    assert_eq!(seen.taken, [(1, 0), (1, 5_333)]);
}

#[test]
fn nothing_is_taken_of_who_sends_no_pictures() {
    let mut events = film(1, 16, 15);
    let track = camera(uid(1));
    let second = |second| START + Duration::from_secs(second);
    events.retain(|event| !(second(3)..second(11)).contains(&event.at()));
    events.push(RoomEvent::Muted { track, at: second(4) });
    // Others' events are what time goes by.
    events.extend((4..11).map(|at| RoomEvent::Joined {
        uid: uid(9),
        at: second(at),
        since: second(at),
    }));
    events.push(RoomEvent::Unmuted { track, at: second(11) });
    let mut seen = Seen::default();
    let mut snapshots = Snapshots::new(INTERVAL);
    play(&mut snapshots, &merged(events), &mut seen);
    assert_eq!(seen.taken, [(1, 0), (1, 15_000)]);
    assert_eq!(seen.missing, 0, "pausing is no failure");
    let left = RoomEvent::Left { uid: uid(1), at: second(17), reason: LeaveReason::Quit };
    let later = RoomEvent::Joined { uid: uid(9), at: second(30), since: second(30) };
    play(&mut snapshots, &[left, later], &mut seen);
    assert_eq!(seen.taken.len(), 2);
    assert!(snapshots.tracks.is_empty());
}

#[test]
fn after_a_gap_the_last_good_picture_serves_for_a_while() {
    let mut seen = Seen::default();
    let lose = |lost: std::ops::Range<i64>| {
        let mut events = film(1, 12, 1_000);
        events.retain(|event| {
            let tick = event.at().micros_from(START) * 15 / 1_000_000;
            !lost.contains(&tick)
        });
        let after = events
            .iter_mut()
            .find(|event| event.at().micros_from(START) * 15 / 1_000_000 >= lost.end);
        if let Some(RoomEvent::Frame(frame)) = after {
            let gap = Frame { continuity: Continuity::AfterGap, ..Frame::clone(frame) };
            *frame = Arc::new(gap);
        }
        events
    };
    // Lost at 4.4 s: what was there before it is young enough at 7 s.
    play(&mut Snapshots::new(INTERVAL), &lose(66..67), &mut seen);
    assert_eq!((seen.taken, seen.missing), (vec![(1, 0), (1, 4_333)], 0));
    // Lost at 2 s: at 7 s there is nothing to show.
    let mut seen = Seen::default();
    play(&mut Snapshots::new(INTERVAL), &lose(30..31), &mut seen);
    assert_eq!((seen.taken, seen.missing), (vec![(1, 0)], 1));
}

#[test]
fn what_is_kept_is_bounded() {
    let mut snapshots = Snapshots::new(Duration::from_secs(3_600));
    let (key, delta) = match &film(1, 1, 1_000)[..2] {
        [RoomEvent::Frame(key), RoomEvent::Frame(delta)] => (key.clone(), delta.clone()),
        other => panic!("{other:?}"),
    };
    snapshots.push(&RoomEvent::Frame(key));
    for _ in 0..2 * MAX_FRAMES {
        snapshots.push(&RoomEvent::Frame(Arc::clone(&delta)));
    }
    let large = Frame { data: vec![0; MAX_BYTES].into(), ..Frame::clone(&delta) };
    snapshots.push(&RoomEvent::Frame(Arc::new(large)));
    let track = &snapshots.tracks[&camera(uid(1))];
    assert_eq!(track.kept.frames().len(), MAX_FRAMES);
    assert!(track.kept.is_broken());
    for number in 2..400 {
        let other = Frame { track: camera(uid(number)), ..Frame::clone(&delta) };
        snapshots.push(&RoomEvent::Frame(Arc::new(other)));
    }
    assert_eq!(snapshots.tracks.len(), MAX_TRACKS);
}
