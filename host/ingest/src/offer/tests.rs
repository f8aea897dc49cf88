//! What becomes of the sections of an offer.

use super::*;

const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

fn read(body: &str) -> Result<Offer, PublishError> {
    Offer::read(&format!("{HEAD}{body}"), 10_000)
}

/// A section with a port, a `mid` (none if empty) and further lines.
fn section(media: &str, port: u16, mid: &str, more: &str) -> String {
    let mid = if mid.is_empty() { String::new() } else { format!("a=mid:{mid}\r\n") };
    format!("m={media} {port} UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 X/90000\r\n{mid}{more}")
}

fn whys(offer: &Offer) -> Vec<(usize, Refusal)> {
    offer.refused().iter().map(|refused| (refused.section, refused.why)).collect()
}

#[test]
fn both_ways_becomes_one_way_and_silence_means_both_ways() {
    let offer = read(
        "a=group:BUNDLE 0 v\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
         a=mid:0\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n\
         a=mid:v\r\n",
    )
    .unwrap();
    let sdp = offer.sdp();
    assert_eq!(sdp.matches("a=sendonly").count(), 2);
    assert_eq!(sdp.matches("a=sendrecv").count(), 0);
    assert!(sdp.contains("a=group:BUNDLE 0 v\r\n"), "{sdp}");
    assert_eq!(offer.taken(), [(Kind::Audio, "0".to_owned()), (Kind::Video, "v".to_owned())]);
    assert_eq!(whys(&offer), []);
}

#[test]
fn sections_that_only_receive_do_not_count() {
    let refused = read("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=recvonly\r\n");
    assert!(matches!(refused, Err(PublishError::NoMedia)));
    let session_level = read("a=inactive\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
    assert!(matches!(session_level, Err(PublishError::NoMedia)));
    let data = read("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
    assert!(matches!(data, Err(PublishError::NoMedia)));
    let stopped = read(&section("video", 0, "", "a=sendrecv\r\n"));
    assert!(matches!(stopped, Err(PublishError::NoMedia)));
}

#[test]
fn a_section_alone_needs_neither_mid_nor_group() {
    let offer = read(&section("video", 9, "", "")).unwrap();
    assert_eq!(offer.taken(), [(Kind::Video, "0".to_owned())]);
    let answer =
        offer.answer("v=0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n");
    assert_eq!(answer, "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
}

#[test]
fn a_stopped_section_is_passed_over_wherever_it_stands() {
    for place in 0..3 {
        let mut sections =
            vec![section("audio", 9, "a", ""), section("video", 9, "b", "a=ice-ufrag:u\r\n")];
        // Browsers leave the mid away, and some the formats, too.
        sections.insert(place, "m=audio 0 UDP/TLS/RTP/SAVPF\r\na=sendrecv\r\n".into());
        let offer = read(&format!("a=group:BUNDLE a b\r\n{}", sections.concat())).unwrap();
        assert_eq!(offer.taken(), [(Kind::Audio, "a".into()), (Kind::Video, "b".into())]);
        assert_eq!(offer.sdp().matches("m=").count(), 2);
        assert_eq!(whys(&offer), [], "nothing is lost by it");
        let part = "v=0\r\na=group:BUNDLE a b\r\nm=audio 9 X\r\na=candidate:1\r\na=mid:a\r\nm=video 9 Y\r\na=mid:b\r\n";
        let answer = offer.answer(part);
        let lines: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
        let mut expected = vec!["m=audio 9 X", "m=video 9 Y"];
        expected.insert(place, "m=audio 0 UDP/TLS/RTP/SAVPF 0");
        assert_eq!(lines, expected);
    }
}

#[test]
fn port_0_within_a_group_shares_the_others_port() {
    let shared = section("video", 0, "b", "a=bundle-only\r\n");
    let offer =
        read(&format!("a=group:BUNDLE a b\r\n{}{shared}", section("audio", 9, "a", ""))).unwrap();
    assert_eq!(offer.taken().len(), 2);
}

#[test]
fn sections_that_say_nothing_of_their_transport_share_the_refused_ones() {
    let tagged = section("audio", 9, "a", "a=ice-ufrag:one\r\na=ice-pwd:p\r\n");
    let other = section("video", 0, "b", "a=bundle-only\r\na=setup:actpass\r\n");
    let mut offer = read(&format!("a=group:BUNDLE a b\r\n{tagged}{other}")).unwrap();
    assert_eq!(offer.heed("m=audio 0 X\r\nm=video 9 X\r\n"), Ok(true));
    assert_eq!(whys(&offer), [(0, Refusal::NoCodec)]);
    let sdp = offer.sdp();
    let head = sdp.split("m=").next().unwrap();
    for line in ["a=ice-ufrag:one", "a=ice-pwd:p", "a=setup:actpass", "a=group:BUNDLE b"] {
        assert!(head.contains(line), "no {line} in {sdp}");
    }
    assert_eq!(offer.heed("m=video 9 X\r\n"), Ok(false));
    assert_eq!(offer.credentials().map(|creds| creds.ufrag), Some("one".to_owned()));
    let own = "a=ice-ufrag:two\r\na=ice-pwd:q\r\n";
    let apart = format!("a=group:BUNDLE a b\r\n{tagged}{other}{own}");
    let mut apart = read(&apart).unwrap();
    apart.heed("m=audio 0 X\r\nm=video 9 X\r\n").unwrap();
    assert_eq!(apart.credentials().map(|creds| creds.ufrag), Some("two".to_owned()));
    let nothing = offer.heed("m=video 0 X\r\n");
    assert_eq!(nothing, Err(PublishError::NoUsableCodec { offered: vec!["X".into()] }));
}

#[test]
fn what_a_participant_cannot_send_is_refused_by_the_section() {
    let many = |media: &str, count: usize| -> String {
        (0..count).map(|n| section(media, 9, &format!("{media}{n}"), "")).collect()
    };
    let group = |media: &str, count: usize| -> String {
        (0..count).map(|n| format!(" {media}{n}")).collect()
    };
    let mids = group("audio", AUDIO_TRACKS + 1) + &group("video", VIDEO_TRACKS + 2);
    let offer = read(&format!(
        "a=group:BUNDLE{mids} d t\r\n{}{}{}{}",
        many("audio", AUDIO_TRACKS + 1),
        many("video", VIDEO_TRACKS + 2),
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n",
        "m=video 9 TCP/MSRP 96\r\na=mid:t\r\n",
    ))
    .unwrap();
    assert_eq!(offer.taken().len(), AUDIO_TRACKS + VIDEO_TRACKS);
    let (a, v) = (AUDIO_TRACKS, AUDIO_TRACKS + 1 + VIDEO_TRACKS);
    let expected = [
        (a, Refusal::Beyond),
        (v, Refusal::Beyond),
        (v + 1, Refusal::Beyond),
        (v + 2, Refusal::NotMedia),
        (v + 3, Refusal::NotRtp),
    ];
    assert_eq!(whys(&offer), expected);
}

#[test]
fn sections_on_another_transport_are_refused() {
    let three = ["a", "b", "c"].map(|mid| section("video", 9, mid, "")).concat();
    let offer = read(&format!("a=group:BUNDLE a c\r\n{three}")).unwrap();
    assert_eq!(whys(&offer), [(1, Refusal::Apart)]);
    let offer = read(&three).unwrap();
    assert_eq!(whys(&offer), [(1, Refusal::Apart), (2, Refusal::Apart)]);
}

#[test]
fn what_is_no_offer_is_refused_as_a_whole() {
    let many = read(&"m=application 9 X y\r\n".repeat(99));
    assert!(matches!(many, Err(PublishError::BadSdp { .. })));
    assert!(matches!(read("m=video\r\n"), Err(PublishError::BadSdp { .. })));
    let nameless = read("a=group:BUNDLE 1\r\nm=video 9 X 1\r\n");
    assert!(matches!(nameless, Err(PublishError::BadSdp { .. })));
    let twice = read("m=video 9 X 1\r\na=mid:1\r\na=mid:2\r\n");
    assert!(matches!(twice, Err(PublishError::BadSdp { .. })));
    assert!(matches!(Offer::read("hello", 99), Err(PublishError::BadSdp { .. })));
    let long = Offer::read("v=0", 2);
    assert!(matches!(long, Err(PublishError::TooLarge { bytes: 3, limit: 2 })));
}

#[test]
fn stereo_is_answered_where_it_is_offered() {
    let opus = |mid: &str, more: &str| {
        format!(
            "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n\
             a=fmtp:111 minptime=10;useinbandfec=1{more}\r\na=mid:{mid}\r\n"
        )
    };
    let sections = [opus("a", ""), opus("b", ";stereo=1"), opus("c", "; sprop-stereo=1")].concat();
    let offer = read(&format!("a=group:BUNDLE a b c\r\n{sections}")).unwrap();
    let part = |mid: &str| {
        format!("m=audio 9 X 111\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=mid:{mid}\r\n")
    };
    let answer = offer.answer(&["a", "b", "c"].map(part).concat());
    let parameters: Vec<&str> = answer.lines().filter(|line| line.starts_with("a=fmtp")).collect();
    let mono = "a=fmtp:111 minptime=10;useinbandfec=1";
    let stereo = format!("{mono};stereo=1");
    assert_eq!(parameters, [mono, &stereo, &stereo]);
}
