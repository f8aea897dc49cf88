//! Rooms in virtual time: who is there, what is told, and what late listeners get.

use bytes::Bytes;
use capstan_media::frame::{Continuity, FrameKind};
use capstan_media::time::RtpTime;
use capstan_media::turn::Turn;

use super::*;
use crate::subscription::{Received, Subscription};

const fn ms(millis: i64) -> RoomTime {
    RoomTime::from_millis(millis)
}

fn id() -> RoomId {
    RoomId { app: "demo".into(), name: "r".into() }
}

fn uid() -> Uid {
    Uid::new(5).unwrap()
}

fn frame(at: i64) -> Frame {
    Frame {
        track: TrackId { uid: uid(), kind: TrackKind::Camera },
        arrived: ms(at),
        rtp_time: RtpTime(1),
        codec: Codec::Vp8,
        kind: FrameKind::Delta,
        continuity: Continuity::Contiguous,
        turn: Turn::None,
        data: Bytes::from_static(b"x"),
    }
}

fn names(events: &mut Subscription) -> Vec<String> {
    let mut names = Vec::new();
    while let Received::Event(event) = events.try_recv() {
        let name = format!("{event:?}");
        names.push(name.split([' ', '(']).next().unwrap().to_owned());
    }
    names
}

fn rooms() -> (Rooms, Subscription) {
    let mut rooms = Rooms::new(&IngestConfig::default());
    let events = Subscription::new(rooms.subscribe(&id(), VideoLayer::High));
    (rooms, events)
}

fn key(at: i64) -> Frame {
    Frame { kind: FrameKind::Key, rtp_time: RtpTime(u64::try_from(at).unwrap() * 90), ..frame(at) }
}

#[test]
fn a_late_subscriber_sees_the_present_and_asks_for_key_frames() {
    let (mut rooms, _first) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    let track = TrackId { uid: uid(), kind: TrackKind::Audio };
    let sound = Frame { track, codec: Codec::Opus, ..key(5) };
    rooms.frame(&id(), PeerId(1), sound, Start::First, View::Both);
    rooms.frame(&id(), PeerId(1), frame(10), Start::First, View::Both);
    assert_eq!(rooms.take_keyframes_wanted(), [PeerId(1)]);
    assert_eq!(rooms.take_keyframes_wanted(), []);
    rooms.tick(ms(5_000));
    let mut late = Subscription::new(rooms.subscribe(&id(), VideoLayer::High));
    assert_eq!(names(&mut late), ["Joined", "TrackStarted", "Muted", "TrackStarted"]);
    assert_eq!(rooms.take_keyframes_wanted(), [PeerId(1)]);
}

#[test]
fn a_still_picture_is_there_for_who_comes_later_until_its_sender_says_goodbye() {
    let (mut rooms, mut events) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    rooms.frame(&id(), PeerId(1), key(10), Start::First, View::Both);
    rooms.frame(&id(), PeerId(1), frame(20), Start::Next, View::Both);
    rooms.tick(ms(3_600_000));
    assert_eq!(names(&mut events), ["Joined", "TrackStarted", "Frame", "Frame"]);
    let mut late = Subscription::new(rooms.subscribe(&id(), VideoLayer::High));
    let seen: Vec<_> = std::iter::from_fn(|| match late.try_recv() {
        Received::Event(RoomEvent::Frame(frame)) => Some(Some((frame.arrived, frame.kind))),
        Received::Event(_) => Some(None),
        _ => None,
    })
    .flatten()
    .collect();
    let now = ms(3_600_000);
    assert_eq!(seen, [(now, FrameKind::Key), (now, FrameKind::Delta)]);

    let track = frame(0).track;
    rooms.over(&id(), PeerId(1), track, View::Both, now);
    rooms.frame(&id(), PeerId(1), frame(3_600_100), Start::Next, View::Both);
    rooms.tick(ms(3_602_000));
    assert_eq!(names(&mut events), ["Frame"], "it was on its way");
    rooms.tick(ms(3_602_200));
    assert_eq!(names(&mut events), ["Muted"]);
    let mut later = Subscription::new(rooms.subscribe(&id(), VideoLayer::High));
    assert_eq!(names(&mut later), ["Joined", "TrackStarted", "Muted"]);
    rooms.frame(&id(), PeerId(1), key(3_700_000), Start::Next, View::Both);
    rooms.tick(ms(3_800_000));
    assert_eq!(names(&mut events), ["Unmuted", "Frame"], "it goes on, and stands still");
}

#[test]
fn a_newer_session_ends_what_it_does_not_bring_and_one_heard_again_brings_it_back() {
    let (mut rooms, mut events) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    let screen = TrackId { uid: uid(), kind: TrackKind::Screen };
    rooms.frame(&id(), PeerId(1), Frame { track: screen, ..key(1) }, Start::First, View::Both);
    rooms.gone(&id(), uid(), PeerId(1), LeaveReason::Lost, ms(20_000));
    rooms.connected(&id(), uid(), PeerId(1), ms(25_000));
    let expected = ["Joined", "TrackStarted", "Frame", "Left", "Joined", "TrackStarted", "Frame"];
    assert_eq!(names(&mut events), expected);
    rooms.connected(&id(), uid(), PeerId(2), ms(30_000));
    rooms.frame(&id(), PeerId(2), key(30_100), Start::First, View::Both);
    rooms.tick(ms(33_000));
    assert_eq!(names(&mut events), ["TrackStarted", "Frame", "Muted"]);
}

#[test]
fn a_source_that_goes_on_for_long_is_asked_for_a_key_frame_once() {
    let (mut rooms, _events) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    rooms.take_keyframes_wanted();
    rooms.frame(&id(), PeerId(1), key(0), Start::First, View::Both);
    let asked = (1..1_000).filter(|n| {
        rooms.frame(&id(), PeerId(1), frame(n * 33), Start::Next, View::Both);
        !rooms.take_keyframes_wanted().is_empty()
    });
    assert_eq!(asked.count(), 1);
}

#[test]
fn the_replaced_session_has_no_say_any_more() {
    let (mut rooms, mut events) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    rooms.frame(&id(), PeerId(1), frame(1), Start::First, View::Both);
    rooms.connected(&id(), uid(), PeerId(2), ms(2));
    rooms.frame(&id(), PeerId(1), frame(3), Start::Next, View::Both);
    rooms.gone(&id(), uid(), PeerId(1), LeaveReason::Replaced, ms(4));
    rooms.frame(&id(), PeerId(2), frame(5), Start::First, View::Both);
    let expected = ["Joined", "TrackStarted", "Frame", "TrackStarted", "Frame"];
    assert_eq!(names(&mut events), expected);
}

#[test]
fn only_a_lost_participant_that_returns_in_time_keeps_its_age() {
    for (reason, back, joined) in [
        (LeaveReason::Lost, 20_000, 0),
        (LeaveReason::Lost, 50_000, 50_000),
        (LeaveReason::Quit, 2_000, 2_000),
    ] {
        let (mut rooms, _events) = rooms();
        rooms.connected(&id(), uid(), PeerId(1), ms(0));
        rooms.gone(&id(), uid(), PeerId(1), reason, ms(1_000));
        assert_eq!(rooms.roster(&id()), []);
        assert_eq!(rooms.occupied(), []);
        rooms.connected(&id(), uid(), PeerId(2), ms(back));
        assert_eq!(rooms.roster(&id()).first().map(|p| p.joined), Some(ms(joined)));
    }
}

#[test]
fn who_comes_back_joins_when_it_comes_back() {
    let (mut rooms, mut events) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    rooms.gone(&id(), uid(), PeerId(1), LeaveReason::Lost, ms(4_500));
    rooms.connected(&id(), uid(), PeerId(1), ms(4_700));
    let mut joins = Vec::new();
    while let Received::Event(event) = events.try_recv() {
        if let RoomEvent::Joined { at, since, .. } = event {
            joins.push((at, since));
        }
    }
    assert_eq!(joins, [(ms(0), ms(0)), (ms(4_700), ms(0))]);
}

#[test]
fn another_codec_starts_the_track_anew() {
    let (mut rooms, mut events) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    rooms.frame(&id(), PeerId(1), frame(1), Start::First, View::Both);
    let other = Frame { codec: Codec::Vp9, ..frame(2) };
    rooms.frame(&id(), PeerId(1), other, Start::Next, View::Both);
    let expected = ["Joined", "TrackStarted", "Frame", "TrackStarted", "Frame"];
    assert_eq!(names(&mut events), expected);
}

#[test]
fn rooms_that_nobody_needs_are_forgotten() {
    let (mut rooms, events) = rooms();
    rooms.connected(&id(), uid(), PeerId(1), ms(0));
    rooms.gone(&id(), uid(), PeerId(1), LeaveReason::Lost, ms(1));
    drop(events);
    rooms.tick(ms(2));
    assert_eq!(rooms.rooms.len(), 1);
    rooms.tick(ms(60_000));
    assert_eq!(rooms.rooms.len(), 0);
}
