//! Offers and datagrams from strangers: refused or ignored, never a panic, never somebody else's
//! trouble.

mod common;

use std::net::UdpSocket;
use std::sync::OnceLock;
use std::time::Duration;

use capstan_ingest::{Ingest, IngestConfig, PublishError};
use capstan_media::room::RoomEvent;
use common::{Client, HERE, block_on, drain, room, start, uid};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

/// As Chromium 156 makes them: camera and microphone, with and without simulcast.
const OFFERS: [&str; 2] =
    [include_str!("offers/chromium.sdp"), include_str!("offers/chromium_simulcast.sdp")];

fn ingest() -> &'static Ingest {
    static INGEST: OnceLock<Ingest> = OnceLock::new();
    INGEST.get_or_init(|| start(IngestConfig::default()))
}

fn publish(offer: &str) -> Result<(), PublishError> {
    block_on(ingest().publish(room(), uid(1), HERE, offer)).map(drop)
}

#[test]
fn real_offers_are_answered_one_way() {
    for offer in OFFERS {
        let answer = block_on(ingest().publish(room(), uid(9), HERE, offer)).unwrap().answer;
        assert!(answer.contains("a=recvonly") && answer.contains("a=ice-lite"), "{answer}");
        assert!(!answer.contains("a=sendrecv") && !answer.contains("a=sendonly"), "{answer}");
        for wanted in ["opus", "VP8", "VP9", "H264", "AV1", "rtx", "transport-cc", "nack pli"] {
            assert!(answer.contains(wanted), "no {wanted} in {answer}");
        }
    }
}

#[test]
fn each_bad_offer_is_refused_for_its_own_reason() {
    let renamed = ["opus", "VP8", "VP9", "H264", "H265", "AV1"].iter();
    let foreign =
        renamed.fold(OFFERS[0].to_owned(), |o, name| o.replace(&format!("{name}/"), "other/"));
    let refused = publish(&foreign);
    let Err(PublishError::NoUsableCodec { offered }) = refused else {
        unreachable!("{refused:?}");
    };
    assert!(offered.contains(&"other".to_owned()), "{offered:?}");
    let gibberish = publish("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n");
    let Err(PublishError::BadSdp { reason }) = gibberish else { unreachable!("{gibberish:?}") };
    assert!(!reason.contains("0x"), "an address of memory in {reason:?}");
    let without = |prefix: &str| {
        let kept = OFFERS[0].lines().filter(|line| !line.starts_with(prefix));
        kept.map(|line| format!("{line}\r\n")).collect::<String>()
    };
    for needed in ["a=ice-ufrag", "a=fingerprint", "a=mid"] {
        let refused = publish(&without(needed));
        assert!(matches!(refused, Err(PublishError::BadSdp { .. })), "{needed}: {refused:?}");
    }
    assert_eq!(publish(&without("m=")), Err(PublishError::NoMedia));
    let long = format!("{}{}", OFFERS[0], "a=x\r\n".repeat(20_000));
    assert!(matches!(publish(&long), Err(PublishError::TooLarge { .. })));
}

/// One way to spoil an offer; positions are taken modulo its length.
#[derive(Clone, Debug)]
enum Spoil {
    Byte(usize, char),
    Cut(usize),
    DropLine(usize),
    RepeatLine(usize, usize),
    SwapLines(usize, usize),
    Number(usize, u64),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        (any::<usize>(), any::<char>()).prop_map(|(at, c)| Spoil::Byte(at, c)),
        any::<usize>().prop_map(Spoil::Cut),
        any::<usize>().prop_map(Spoil::DropLine),
        (any::<usize>(), 1_usize..40).prop_map(|(at, times)| Spoil::RepeatLine(at, times)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Spoil::SwapLines(a, b)),
        (any::<usize>(), prop_oneof![Just(0), Just(u64::MAX), any::<u64>()])
            .prop_map(|(at, number)| Spoil::Number(at, number)),
    ]
}

fn apply(offer: &str, spoil: &Spoil) -> String {
    let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    match *spoil {
        Spoil::Byte(at, c) => {
            let mut text: Vec<char> = offer.chars().collect();
            let at = at % text.len().max(1);
            if let Some(place) = text.get_mut(at) {
                *place = c;
            }
            return text.into_iter().collect();
        }
        Spoil::Cut(at) => {
            return offer.chars().take(at % offer.len().max(1)).collect();
        }
        Spoil::DropLine(at) => drop(lines.drain(at % count..).next()),
        Spoil::RepeatLine(at, times) => {
            if let Some(line) = lines.get(at % count).cloned() {
                lines.extend(std::iter::repeat_n(line, times));
            }
        }
        Spoil::SwapLines(a, b) if !lines.is_empty() => lines.swap(a % count, b % count),
        Spoil::SwapLines(..) => {}
        Spoil::Number(at, number) => {
            if let Some(line) = lines.get_mut(at % count) {
                let digits = line.find(|c: char| c.is_ascii_digit()).unwrap_or(line.len());
                line.truncate(digits);
                line.push_str(&number.to_string());
            }
        }
    }
    lines.join("\r\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_offers_are_answered_or_refused(which in 0..2_usize, spoils in vec(spoil(), 1..6)) {
        let spoilt = spoils.iter().fold(OFFERS[which].to_owned(), |o, s| apply(&o, s));
        // The library's own panics are contained; here none must happen at all.
        let refused = publish(&spoilt);
        let contained = PublishError::BadSdp { reason: "it cannot be processed".into() };
        assert_ne!(refused, Err(contained), "{spoilt}");
    }

    #[test]
    fn arbitrary_text_is_refused(text in any::<String>()) {
        assert!(publish(&text).is_err());
        assert!(publish(&format!("v=0\r\n{text}")).is_err());
    }
}

#[test]
fn rubbish_on_the_port_hurts_nobody() {
    let ingest = start(IngestConfig::default());
    let mut events = ingest.subscribe(&room());
    let (mut client, _) = Client::publish(&ingest, 1);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for round in 0..2_000_u32 {
        let length = usize::try_from(random() % 1_400).unwrap();
        let mut datagram: Vec<u8> = (0..length).map(|_| random().to_le_bytes()[0]).collect();
        // Every kind that shares the port gets its turn (RFC 7983).
        let first = [0, 1, 20, 22, 63, 128, 144, 191, 255][(round % 9) as usize];
        datagram.splice(..datagram.len().min(1), [first]);
        stranger.send_to(&datagram, ingest.local_addr()).unwrap();
        // The publisher's own address is no better protected than by the packets' authentication.
        client.send_raw(&datagram);
        if round % 50 == 0 {
            client.run(Duration::from_millis(20));
        }
    }
    drain(&mut events);
    client.run(Duration::from_millis(600));
    let seen = drain(&mut events);
    assert!(!seen.iter().any(|event| matches!(event, RoomEvent::Left { .. })));
    let frames = seen.iter().filter(|event| matches!(event, RoomEvent::Frame(_))).count();
    assert!(frames > 10, "{frames} frames");
}
