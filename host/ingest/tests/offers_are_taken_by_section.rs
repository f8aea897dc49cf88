//! Whatever stands in an offer in whatever order, what can be taken is taken and connects.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers that fail a test")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_ingest::{Ingest, IngestConfig, Refusal};
use capstan_media::room::RoomEvent;
use capstan_media::track::TrackKind;
use common::{Client, HERE, block_on, drain, room, start, uid};

/// The head of an SDP and its sections.
fn split(sdp: &str) -> (String, Vec<String>) {
    let mut parts = sdp.split("\r\nm=");
    let head = format!("{}\r\n", parts.next().unwrap());
    let sections = parts.map(|part| format!("m={}\r\n", part.trim_end())).collect();
    (head, sections)
}

fn mid(section: &str) -> Option<&str> {
    section.lines().find_map(|line| line.strip_prefix("a=mid:"))
}

fn without_group(head: &str) -> String {
    let kept = head.lines().filter(|line| !line.starts_with("a=group"));
    kept.map(|line| format!("{line}\r\n")).collect()
}

/// Every order of a list.
fn orders(items: &[String]) -> Vec<Vec<String>> {
    let Some((first, rest)) = items.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, first.clone());
            all.push(longer);
        }
    }
    all
}

/// Posts the client's own sections, and others among them, in this order; gives the client the part of
/// the answer that concerns it; and checks the answer's shape.
fn publish(ingest: &Ingest, number: u32, client: &mut Client, head: &str, sections: &[String]) {
    let bundled = sections.iter().filter(|s| !s.contains(" 0 UDP")).filter_map(|s| mid(s));
    let bundled: Vec<&str> = bundled.collect();
    let group = format!("a=group:BUNDLE {}\r\n", bundled.join(" "));
    let offer = format!("{}{group}{}", without_group(head), sections.concat());
    let published = block_on(ingest.publish(room(), uid(number), HERE, &offer)).unwrap();
    let (answer_head, answered) = split(&published.answer);
    assert_eq!(answered.len(), sections.len(), "{}", published.answer);
    let mut taken = BTreeMap::new();
    for (offered, answered) in sections.iter().zip(&answered) {
        assert_eq!(mid(offered), mid(answered), "{}", published.answer);
        let media = |section: &str| section.split(' ').next().unwrap().to_owned();
        assert_eq!(media(offered), media(answered));
        if answered.split(' ').nth(1) != Some("0") {
            taken.insert(mid(answered).unwrap(), answered.as_str());
        }
    }
    let (_, own) = split(&client.offer);
    let own: Vec<&str> = own.iter().filter_map(|section| mid(section)).collect();
    assert_eq!(taken.len(), own.len(), "{}", published.answer);
    let first = answered.iter().find(|section| section.split(' ').nth(1) != Some("0")).unwrap();
    assert!(first.contains("a=candidate:"), "{}", published.answer);
    let group = answer_head.lines().find_map(|line| line.strip_prefix("a=group:BUNDLE ")).unwrap();
    let mut grouped: Vec<&str> = group.split(' ').collect();
    grouped.sort_unstable();
    assert_eq!(grouped, taken.keys().copied().collect::<Vec<_>>());
    let own_sections: String = own.iter().map(|mid| taken[mid]).collect();
    let group = format!("a=group:BUNDLE {}\r\n", own.join(" "));
    client.accept(&format!("{}{group}{own_sections}", without_group(&answer_head)));
}

#[test]
fn every_order_of_taken_refused_and_stopped_sections_connects() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let kinds = [
        "AUDIO".to_owned(),
        "VIDEO".to_owned(),
        "UNKNOWN".to_owned(),
        // Stopped ones as browsers leave them: without a mid, and without formats.
        "m=audio 0 UDP/TLS/RTP/SAVPF\r\na=inactive\r\n".to_owned(),
    ];
    let mut number = 0;
    for order in orders(&kinds) {
        number += 1;
        let (mut client, offer) = Client::new();
        let (head, own) = split(&offer);
        let own = |section: &String| match section.as_str() {
            "AUDIO" => own[0].clone(),
            "VIDEO" => own[1].clone(),
            "UNKNOWN" => own[1].replace("VP8", "H265").replace("a=mid:", "a=mid:x"),
            other => other.to_owned(),
        };
        let sections: Vec<String> = order.iter().map(own).collect();
        publish(&ingest, number, &mut client, &head, &sections);
        client.run_until(|client| client.connected);
        client.run(Duration::from_millis(120));
        client.close();
    }
    let mut sent = BTreeMap::new();
    for event in drain(&mut events) {
        if let RoomEvent::TrackStarted { track, .. } = event {
            sent.entry(track.uid.get()).or_insert_with(Vec::new).push(track.kind);
        }
    }
    assert_eq!(sent.len(), 24);
    for (number, mut kinds) in sent {
        kinds.sort_unstable();
        assert_eq!(kinds, [TrackKind::Audio, TrackKind::Camera], "order {number}");
    }
}

#[test]
fn what_is_beyond_a_participant_is_refused_by_the_section() {
    let ingest = start(IngestConfig::default());
    let (mut client, offer) = Client::new();
    let (head, own) = split(&offer);
    let more = |n: usize, section: &str| section.replace("a=mid:", &format!("a=mid:{n}x"));
    let data =
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:d\r\n";
    // Streams must be one section's own; these have none yet.
    let silent = |section: &str| -> String {
        let kept = section.lines().filter(|line| !line.starts_with("a=ssrc"));
        kept.map(|line| format!("{line}\r\n")).collect()
    };
    let mut sections = vec![data.to_owned(), own[0].clone(), own[1].clone()];
    sections.extend((0..3).map(|n| more(n, &silent(&own[1]))));
    let bundled: Vec<&str> = sections.iter().filter_map(|section| mid(section)).collect();
    let group = format!("a=group:BUNDLE {}\r\n", bundled.join(" "));
    let offer = format!("{}{group}{}", without_group(&head), sections.concat());
    let published = block_on(ingest.publish(room(), uid(1), HERE, &offer)).unwrap();
    let whys: Vec<_> = published.refused.iter().map(|r| (r.section, r.why)).collect();
    let expected = [(0, Refusal::NotMedia), (4, Refusal::Beyond), (5, Refusal::Beyond)];
    assert_eq!(whys, expected);
    let (answer_head, answered) = split(&published.answer);
    let ports: Vec<_> = answered.iter().map(|s| s.split(' ').nth(1).unwrap()).collect();
    assert_eq!(ports, ["0", "9", "9", "9", "0", "0"]);
    let group = format!("a=group:BUNDLE {} {}\r\n", mid(&own[0]).unwrap(), mid(&own[1]).unwrap());
    let part = format!("{}{group}{}{}", without_group(&answer_head), answered[1], answered[2]);
    client.accept(&part);
    client.run_until(|client| client.connected);
}
