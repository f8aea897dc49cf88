//! Publishers whose network blocks UDP come over TCP, and are served as well.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "helpers that fail a test")]

mod common;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use capstan_ingest::{Ingest, IngestConfig, Subscription};
use capstan_media::frame::Continuity;
use capstan_media::room::RoomEvent;
use common::{Client, drain, room, start};

fn ingest() -> Ingest {
    let listen_tcp = Some((Ipv4Addr::LOCALHOST, 0).into());
    start(IngestConfig { listen_tcp, ..IngestConfig::default() })
}

/// Nothing is missing of what came so far, neither picture nor sound, and nobody left.
fn assert_whole(events: &mut Subscription) {
    let mut frames = Vec::new();
    for event in drain(events) {
        match event {
            RoomEvent::Frame(frame) => frames.push(frame),
            RoomEvent::Left { .. } => panic!("the publisher left"),
            _ => {}
        }
    }
    for (video, ticks) in [(true, 3_600), (false, 960)] {
        let of_kind: Vec<_> = frames.iter().filter(|f| f.track.kind.is_video() == video).collect();
        assert!(of_kind.len() > 40, "{} frames", of_kind.len());
        assert!(of_kind.iter().all(|frame| frame.continuity == Continuity::Contiguous));
        assert!(of_kind.windows(2).all(|f| f[1].rtp_time.0 - f[0].rtp_time.0 == ticks));
    }
}

#[test]
fn nothing_is_missing_and_requests_arrive() {
    let ingest = ingest();
    let mut events = ingest.subscribe(&room());
    let (client, offer) = Client::over_tcp(&ingest);
    let (mut client, published) = client.post_offer(&ingest, 1, &offer);
    let tcp = ingest.tcp_addr().unwrap().port();
    let told = |line: &str| {
        line.contains(" tcp ") && line.contains(&format!(" {tcp} typ host tcptype passive"))
    };
    assert!(published.answer.lines().any(told), "{}", published.answer);
    client.run_until(|client| client.connected);
    client.run(Duration::from_secs(2));
    assert_whole(&mut events);
    let _late = ingest.subscribe(&room());
    client.run_until(|client| !client.keyframe_requests.is_empty());
}

#[test]
fn a_new_connection_goes_on_where_the_old_one_broke() {
    let ingest = ingest();
    let mut events = ingest.subscribe(&room());
    let (client, offer) = Client::over_tcp(&ingest);
    let (mut client, _) = client.post_offer(&ingest, 1, &offer);
    client.run_until(|client| client.connected);
    client.run(Duration::from_secs(1));
    client.rebind();
    client.run(Duration::from_secs(1));
    assert_whole(&mut events);
    let _late = ingest.subscribe(&room());
    client.run_until(|client| !client.keyframe_requests.is_empty());
}

#[test]
fn who_breaks_the_rules_is_cut_off_and_hurts_nobody() {
    let ingest = ingest();
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    let mut strangers: Vec<TcpStream> = Vec::new();
    for rubbish in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 70_000], &[0, 0, 0], &[0, 9, 1]] {
        let mut stranger = TcpStream::connect(ingest.tcp_addr().unwrap()).unwrap();
        // It may be cut off while it sends.
        let _ = stranger.write_all(rubbish);
        strangers.push(stranger);
    }
    client.run(Duration::from_secs(2));
    assert_whole(&mut events);
    for stranger in strangers.iter_mut().take(3) {
        stranger.set_read_timeout(Some(common::PATIENCE)).unwrap();
        let ended = stranger.read(&mut [0; 10]);
        assert!(
            matches!(&ended, Ok(0))
                || ended.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset)
        );
    }
}
