//! A publisher whose address changes goes on without a gap; nobody else can move it.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "helpers that fail a test")]

mod common;

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use capstan_ingest::{Generation, IngestConfig, PatchError, Subscription};
use capstan_media::frame::{Continuity, Frame};
use capstan_media::room::RoomEvent;
use common::{Client, block_on, drain, room, start, uid};

/// The frames so far, of both kinds, after checking that nobody left.
fn frames(events: &mut Subscription) -> Vec<Arc<Frame>> {
    let mut frames = Vec::new();
    for event in drain(events) {
        match event {
            RoomEvent::Frame(frame) => frames.push(frame),
            RoomEvent::Left { .. } => panic!("the publisher left"),
            _ => {}
        }
    }
    frames
}

/// Nothing is missing, neither picture nor sound.
fn assert_whole(frames: &[Arc<Frame>]) {
    for (video, ticks) in [(true, 3_600), (false, 960)] {
        let of_kind: Vec<_> = frames.iter().filter(|f| f.track.kind.is_video() == video).collect();
        assert!(of_kind.len() > 80, "{} frames", of_kind.len());
        assert!(of_kind.iter().all(|frame| frame.continuity == Continuity::Contiguous));
        assert!(of_kind.windows(2).all(|f| f[1].rtp_time.0 - f[0].rtp_time.0 == ticks));
    }
}

#[test]
fn a_publisher_whose_address_changes_goes_on_without_a_gap() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    for _ in 0..4 {
        client.run(Duration::from_millis(900));
        client.rebind();
    }
    client.run(Duration::from_millis(900));
    assert_whole(&frames(&mut events));
    assert_eq!(client.keyframe_requests.len(), 0);
}

#[test]
fn ice_restarts_in_another_network_without_a_gap() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, published) = Client::publish(&ingest, 1);
    client.run(Duration::from_secs(1));
    client.restart_ice(&ingest, 1, &published);
    client.rebind();
    client.run(Duration::from_secs(4));
    assert_whole(&frames(&mut events));
    assert_eq!(client.keyframe_requests.len(), 0);
    let session = published.session.as_str();
    let trickle = |tag: &str, fragment: &str| {
        let tag = Generation::Tagged(tag.to_owned());
        block_on(ingest.patch(&room(), uid(1), session, tag, fragment))
    };
    let outdated = trickle(&published.etag, "a=end-of-candidates");
    assert!(matches!(outdated, Err(PatchError::OtherGeneration { .. })), "{outdated:?}");
    block_on(ingest.delete(&room(), uid(1), session)).unwrap();
    let gone = trickle(&published.etag, "a=end-of-candidates");
    assert!(matches!(gone, Err(PatchError::NoSession(_))), "{gone:?}");
}

#[test]
fn what_is_lost_after_a_change_of_address_is_asked_for_at_the_new_one() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.run(Duration::from_millis(500));
    client.rebind();
    client.loses_one_in = Some(17);
    client.run(Duration::from_secs(4));
    client.loses_one_in = None;
    client.run(Duration::from_secs(1));
    let mut frames = frames(&mut events);
    // What repairs sound isn't agreed to here.
    frames.retain(|frame| frame.track.kind.is_video());
    assert!(frames.len() > 100, "{} frames", frames.len());
    assert!(frames.iter().all(|frame| frame.continuity == Continuity::Contiguous));
    assert!(frames.windows(2).all(|f| f[1].rtp_time.0 - f[0].rtp_time.0 == 3_600));
    assert_eq!(client.keyframe_requests.len(), 0);
}

#[test]
fn a_stranger_cannot_draw_a_publishers_feedback_to_itself() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.run(Duration::from_millis(500));
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let mut forged = 0;
    for _ in 0..100 {
        client.run(Duration::from_millis(20));
        // What the publisher itself sent, with a byte of its seal changed.
        let Some(mut packet) = client.newest_media.clone() else { continue };
        *packet.last_mut().unwrap() ^= 1;
        // Another number, so that it isn't taken for the same one.
        packet[3] = packet[3].wrapping_add(100);
        stranger.send_to(&packet, ingest.local_addr()).unwrap();
        forged += 1;
    }
    assert!(forged > 50, "{forged} packets forged");
    client.run(Duration::from_secs(1));
    assert!(stranger.recv_from(&mut [0; 2_000]).is_err(), "the stranger got something");
    assert_whole(&frames(&mut events));
}
