//! What a room tells of publishers who connect, fall silent, return, are replaced and quit.

mod common;

use std::time::Duration;

use capstan_ingest::{IngestConfig, NoSuchSession, PublishError};
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, FrameKind};
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::track::TrackKind;
use common::{Client, HERE, block_on, drain, room, start, uid, wait_for};

const fn left(event: &RoomEvent) -> Option<LeaveReason> {
    if let RoomEvent::Left { reason, .. } = event { Some(*reason) } else { None }
}

#[test]
fn frames_arrive_in_order_and_complete_until_the_session_is_deleted() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, published) = Client::publish(&ingest, 7);
    client.run(Duration::from_secs(2));
    let seen = drain(&mut events);
    assert!(matches!(seen.first(), Some(RoomEvent::Joined { uid, .. }) if uid.get() == 7));
    assert!(seen.windows(2).all(|pair| pair[0].at() <= pair[1].at()));

    for (kind, codec, ticks) in
        [(TrackKind::Camera, Codec::Vp8, 3_600), (TrackKind::Audio, Codec::Opus, 960)]
    {
        let mut frames = Vec::new();
        let mut started = Vec::new();
        for event in &seen {
            match event {
                RoomEvent::Frame(frame) if frame.track.kind == kind => frames.push(frame),
                RoomEvent::TrackStarted { track, codec, .. } if track.kind == kind => {
                    assert!(frames.is_empty());
                    started.push(*codec);
                }
                _ => {}
            }
        }
        assert_eq!(started, [codec]);
        assert!(frames.len() >= 20, "{} {kind:?} frames", frames.len());
        assert_eq!(frames[0].kind, FrameKind::Key);
        assert!(frames.iter().all(|frame| frame.continuity == Continuity::Contiguous));
        assert!(frames.windows(2).all(|f| f[1].rtp_time.0 - f[0].rtp_time.0 == ticks));
    }
    let reports = seen.iter().filter(|event| matches!(event, RoomEvent::Report(_))).count();
    assert!((1..40).contains(&reports), "{reports} reports");
    let roster = ingest.roster(&room());
    assert_eq!(roster.len(), 1);
    assert_eq!(
        roster[0].tracks,
        [(TrackKind::Audio, Codec::Opus), (TrackKind::Camera, Codec::Vp8)]
    );

    let session = published.session.as_str();
    block_on(ingest.delete(&room(), uid(7), session)).unwrap();
    assert_eq!(wait_for(&mut events, left), LeaveReason::Quit);
    client.run_until(|client| client.closed);
    let again = block_on(ingest.delete(&room(), uid(7), session));
    assert_eq!(again, Err(NoSuchSession { room: room(), uid: uid(7) }));
    assert!(ingest.roster(&room()).is_empty());
}

#[test]
fn a_silent_publisher_is_lost_and_its_return_keeps_the_time_of_joining() {
    let config = IngestConfig {
        silence_timeout: Duration::from_millis(1_500),
        mute_after: Duration::from_millis(400),
        ..IngestConfig::default()
    };
    let ingest = start(config);
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.run(Duration::from_millis(500));
    let joined = |event: &RoomEvent| match event {
        RoomEvent::Joined { since, .. } => Some(*since),
        _ => None,
    };
    let first = wait_for(&mut events, joined);
    // The client isn't run: nothing is sent, as after a kill.
    let muted = |event: &RoomEvent| matches!(event, RoomEvent::Muted { .. }).then_some(());
    wait_for(&mut events, muted);
    assert_eq!(wait_for(&mut events, left), LeaveReason::Lost);
    assert!(ingest.roster(&room()).is_empty());
    client.run(Duration::from_secs(1));
    assert_eq!(wait_for(&mut events, joined), first);
    let started = |event: &RoomEvent| matches!(event, RoomEvent::TrackStarted { .. }).then_some(());
    wait_for(&mut events, started);
    // A new session within the grace is the same participant, too.
    assert_eq!(wait_for(&mut events, left), LeaveReason::Lost);
    let (_other, _) = Client::publish(&ingest, 1);
    assert_eq!(wait_for(&mut events, joined), first);
}

#[test]
fn sound_that_stops_is_muted_and_a_picture_that_stops_stands() {
    let config = IngestConfig { mute_after: Duration::from_millis(500), ..IngestConfig::default() };
    let ingest = start(config);
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.run(Duration::from_millis(500));
    client.sends = false;
    client.run(Duration::from_secs(2));
    let seen = drain(&mut events);
    let muted = |seen: &[RoomEvent]| -> Vec<TrackKind> {
        let muted = seen.iter().filter_map(|event| match event {
            RoomEvent::Muted { track, .. } => Some(track.kind),
            _ => None,
        });
        muted.collect()
    };
    assert_eq!(muted(&seen), [TrackKind::Audio]);
    assert!(seen.iter().all(|event| left(event).is_none()));
    // A late subscriber is told, too, and gets the picture that stands.
    let late = drain(&mut ingest.subscribe(&room()));
    assert_eq!(muted(&late), [TrackKind::Audio]);
    let frames: Vec<_> = late
        .iter()
        .filter_map(|event| match event {
            RoomEvent::Frame(frame) => Some((frame.track.kind, frame.kind)),
            _ => None,
        })
        .collect();
    assert_eq!(frames.first(), Some(&(TrackKind::Camera, FrameKind::Key)));
    assert!(frames.len() > 5 && frames[1..].iter().all(|frame| frame.1 == FrameKind::Delta));

    client.sends = true;
    client.run(Duration::from_secs(1));
    let seen = drain(&mut events);
    let unmuted = seen.iter().filter(|event| matches!(event, RoomEvent::Unmuted { .. }));
    assert_eq!(unmuted.count(), 1);
}

#[test]
fn a_second_post_of_a_uid_takes_over_without_a_leave() {
    let ingest = start(IngestConfig { max_publishers: 1, ..IngestConfig::default() });
    let mut events = ingest.subscribe(&room());
    let (mut first, published) = Client::publish(&ingest, 3);
    first.run(Duration::from_millis(400));
    let (mut second, _) = Client::publish(&ingest, 3);
    first.run_until(|client| client.closed);
    second.run(Duration::from_secs(1));
    let old = block_on(ingest.delete(&room(), uid(3), published.session.as_str()));
    assert!(old.is_err());

    let seen = drain(&mut events);
    let joins = seen.iter().filter(|event| matches!(event, RoomEvent::Joined { .. })).count();
    assert_eq!(joins, 1);
    assert!(!seen.iter().any(|event| matches!(event, RoomEvent::Left { .. })));
    let starts = |e: &&RoomEvent| matches!(e, RoomEvent::TrackStarted { track, .. } if track.kind.is_video());
    assert_eq!(seen.iter().filter(starts).count(), 2);
    assert_eq!(ingest.roster(&room()).len(), 1);
}

#[test]
fn a_closed_connection_is_a_quit_and_an_offer_without_a_connection_is_forgotten() {
    let config = IngestConfig {
        connect_timeout: Duration::from_millis(300),
        max_publishers: 1,
        ..IngestConfig::default()
    };
    let ingest = start(config);
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    let (_, offer) = Client::new();
    let full = block_on(ingest.publish(room(), uid(2), HERE, &offer));
    assert_eq!(full, Err(PublishError::ServerFull { limit: 1 }));
    client.close();
    assert_eq!(wait_for(&mut events, left), LeaveReason::Quit);

    let (_never, published) = Client::post(&ingest, 2);
    let end = common::now() + common::PATIENCE;
    while ingest.has_session(&room(), uid(2), published.session.as_str()) {
        assert!(common::now() < end, "the session stays");
        std::thread::yield_now();
    }
    let seen = drain(&mut events);
    assert!(seen.is_empty(), "{seen:?}");
}

#[test]
fn offers_that_never_connect_keep_nobody_out() {
    let config = IngestConfig {
        max_publishers: 2,
        max_waiting: 4,
        max_waiting_per_address: 3,
        ..IngestConfig::default()
    };
    let ingest = start(config);
    let idle: Vec<_> = (10..30).map(|n| Client::post(&ingest, n).1).collect();
    let waits = |n: usize| {
        ingest.has_session(&room(), uid(10 + u32::try_from(n).unwrap()), idle[n].session.as_str())
    };
    assert_eq!((0..20).filter(|n| waits(*n)).collect::<Vec<_>>(), [17, 18, 19]);
    let (mut first, _) = Client::publish(&ingest, 1);
    let (mut second, _) = Client::publish(&ingest, 2);
    first.run(Duration::from_millis(100));
    second.run(Duration::from_millis(100));
    assert_eq!(ingest.roster(&room()).len(), 2);
    let (_, offer) = Client::new();
    let full = block_on(ingest.publish(room(), uid(3), HERE, &offer));
    assert_eq!(full, Err(PublishError::ServerFull { limit: 2 }));
}

#[test]
fn of_two_that_come_for_the_last_place_one_is_told_goodbye() {
    let ingest = start(IngestConfig { max_publishers: 1, ..IngestConfig::default() });
    let (mut late, published) = Client::post(&ingest, 1);
    let (_first, _) = Client::publish(&ingest, 2);
    late.run_until(|client| client.closed);
    assert!(!ingest.has_session(&room(), uid(1), published.session.as_str()));
    assert_eq!(ingest.roster(&room()).len(), 1);
}

#[test]
fn a_shutdown_says_goodbye_and_ends_subscriptions() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    block_on(ingest.shutdown());
    assert_eq!(wait_for(&mut events, left), LeaveReason::Quit);
    assert!(events.blocking_recv().is_none());
    client.run_until(|client| client.closed);
    let (_, offer) = Client::new();
    let stopped = block_on(ingest.publish(room(), uid(1), HERE, &offer));
    assert_eq!(stopped, Err(PublishError::Stopped));
}
