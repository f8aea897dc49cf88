//! Lost packets are sent again; what is lost for good is flagged and a key frame asked for.

mod common;

use std::sync::Arc;
use std::time::Duration;

use capstan_ingest::{IngestConfig, Subscription};
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::RoomEvent;
use common::{Client, drain, room, start};

fn pictures(events: &mut Subscription) -> Vec<Arc<Frame>> {
    frames(events, true)
}

fn frames(events: &mut Subscription, video: bool) -> Vec<Arc<Frame>> {
    let frames = drain(events).into_iter().filter_map(|event| match event {
        RoomEvent::Frame(frame) if frame.track.kind.is_video() == video => Some(frame),
        _ => None,
    });
    frames.collect()
}

#[test]
fn repeated_packets_leave_no_gap() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.run(Duration::from_millis(500));
    client.loses_one_in = Some(17);
    client.run(Duration::from_secs(4));
    client.loses_one_in = None;
    client.run(Duration::from_secs(1));
    let frames = pictures(&mut events);
    assert!(frames.len() > 80, "{} frames", frames.len());
    assert!(frames.iter().all(|frame| frame.continuity == Continuity::Contiguous));
    assert!(frames.windows(2).all(|f| f[1].rtp_time.0 - f[0].rtp_time.0 == 3_600));
    assert_eq!(client.keyframe_requests.len(), 0);
}

#[test]
fn a_lost_frame_is_flagged_and_a_key_frame_follows() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (client, offer) = Client::new();
    // Without a repair format nothing can be sent again. Its stream goes too: left without its
    // group it would be a second stream of pictures, and either might be asked for a key frame.
    let repair = offer.lines().find_map(|line| line.strip_prefix("a=ssrc-group:FID ")).unwrap();
    let repair = format!("a=ssrc:{} ", repair.split(' ').nth(1).unwrap());
    let offer = offer
        .lines()
        .filter(|line| !line.contains("rtx") && !line.contains("apt=") && !line.contains("FID"))
        .filter(|line| !line.starts_with(&repair))
        .map(|line| format!("{}\r\n", line.replace("SAVPF 96 97", "SAVPF 96")))
        .collect::<String>();
    let (mut client, _) = client.post_offer(&ingest, 1, &offer);
    client.run_until(|client| client.connected);
    client.run(Duration::from_millis(800));
    let before = pictures(&mut events);
    assert!(before.iter().all(|frame| frame.continuity == Continuity::Contiguous));
    client.loses_one_in = Some(2);
    client.run(Duration::from_millis(300));
    client.loses_one_in = None;
    client.run_until(|client| !client.keyframe_requests.is_empty());
    client.run(Duration::from_secs(1));
    let after = pictures(&mut events);
    let gap = after.iter().position(|frame| frame.continuity == Continuity::AfterGap);
    let key = after.iter().rposition(|frame| frame.kind == FrameKind::Key);
    assert!(gap.is_some() && key >= gap, "gap at {gap:?}, key at {key:?}");
    assert!(client.keyframe_requests.len() <= 4);
}

#[test]
fn redundant_sound_brings_back_what_was_lost_alone() {
    let heard = |redundant: bool| {
        let ingest = start(IngestConfig::default());
        let mut events = ingest.subscribe(&room());
        let (client, offer) =
            if redundant { Client::with_redundant_sound() } else { Client::new() };
        let (mut client, published) = client.post_offer(&ingest, 1, &offer);
        assert_eq!(published.answer.contains("red/48000/2"), redundant, "{}", published.answer);
        client.run_until(|client| client.connected);
        client.run(Duration::from_millis(500));
        client.loses_one_in = Some(11);
        client.run(Duration::from_secs(4));
        client.loses_one_in = None;
        client.run(Duration::from_millis(500));
        let sound = frames(&mut events, false);
        // What was brought back comes behind what brought it.
        let mut times: Vec<u64> = sound.iter().map(|frame| frame.rtp_time.0).collect();
        times.sort_unstable();
        let steps = times.windows(2).map(|t| t[1] - t[0]);
        let lost: u64 = steps.map(|ticks| ticks / 960 - 1).sum();
        (sound.len(), lost)
    };
    let ((_, without), (sounds, with)) = (heard(false), heard(true));
    assert!(sounds > 200, "{sounds} sounds");
    assert!(without >= 5, "only {without} sounds were lost without redundancy");
    assert_eq!(with, 0, "{with} of {sounds} sounds are missing in spite of it");
}

#[test]
fn sound_that_overtakes_itself_comes_whole() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    client.jitter = 250;
    client.run(Duration::from_secs(3));
    client.sends = false;
    client.run(Duration::from_millis(400));
    let sounds = frames(&mut events, false);
    let mut times: Vec<u64> = sounds.iter().map(|frame| frame.rtp_time.0).collect();
    assert!(times.len() > 100 && !times.is_sorted(), "{} packets", times.len());
    // Whatever leaves some out says so: what is before it may be missing.
    let mut newest = None;
    for sound in &sounds {
        let time = sound.rtp_time.0;
        let whole = newest.is_none_or(|newest| time <= newest + 960);
        assert_eq!(sound.continuity == Continuity::Contiguous, whole, "{time} after {newest:?}");
        newest = newest.max(Some(time));
    }
    times.sort_unstable();
    assert!(times.windows(2).all(|t| t[1] - t[0] == 960), "all of them, each once");
}
