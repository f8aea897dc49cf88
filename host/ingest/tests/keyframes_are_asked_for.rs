//! A recording that begins gets a key frame soon, and no publisher is stormed with requests.

mod common;

use std::time::Duration;

use capstan_ingest::IngestConfig;
use capstan_media::frame::FrameKind;
use capstan_media::room::RoomEvent;
use common::{Client, drain, room, start};

#[test]
fn subscribing_brings_a_key_frame() {
    let ingest = start(IngestConfig::default());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.run(Duration::from_millis(1_500));
    // The first frame was a key frame: nobody had to ask.
    assert_eq!(client.keyframe_requests.len(), 0);
    let mut events = ingest.subscribe(&room());
    client.run_until(|client| !client.keyframe_requests.is_empty());
    client.run(Duration::from_millis(500));
    let key = |event: &RoomEvent| matches!(event, RoomEvent::Frame(f) if f.track.kind.is_video() && f.kind == FrameKind::Key);
    assert!(drain(&mut events).iter().any(key));
}

#[test]
fn wishes_without_number_make_few_requests() {
    let ingest = start(IngestConfig::default());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.obeys = false;
    for _ in 0..300 {
        ingest.request_keyframes(&room());
        let _unread = ingest.subscribe(&room());
        client.run(Duration::from_millis(10));
    }
    let requests = &client.keyframe_requests;
    assert!((1..=6).contains(&requests.len()), "{} requests", requests.len());
    // Asked at least half a second apart; the network may shorten it a little.
    assert!(requests.windows(2).all(|r| r[1] - r[0] > Duration::from_millis(350)));
}

#[test]
fn the_stream_that_sends_is_asked_whatever_else_is_declared() {
    let ingest = start(IngestConfig::default());
    let (client, mut offer) = Client::new();
    // The video section is the last one.
    for decoy in 1..=15 {
        offer += &format!("a=ssrc:{} cname:decoy\r\n", 4_000_000_000_u32 + decoy);
    }
    let (mut client, _) = client.post_offer(&ingest, 1, &offer);
    client.run_until(|client| client.connected);
    client.run(Duration::from_millis(500));
    let _events = ingest.subscribe(&room());
    client.run_until(|client| !client.keyframe_requests.is_empty());
}
