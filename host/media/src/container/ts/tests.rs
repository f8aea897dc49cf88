//! What the muxer makes, read back packet by packet by a strict receiver.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::frame::Size;
use crate::sample::Sample;

const WRAP: u64 = 1 << 33;

fn video() -> TrackConfig {
    let set = |bytes| vec![Bytes::from_static(bytes)];
    let (sps, pps) = (set(&[0x67, 1, 2]), set(&[0x68, 3]));
    let coding = Coding::H264 { size: Size { width: 16, height: 16 }, sps, pps };
    TrackConfig { timescale: 15_000, coding }
}

fn audio() -> TrackConfig {
    let config = Bytes::from_static(&[0x11, 0x90]);
    TrackConfig { timescale: 48_000, coding: Coding::Aac { config, channels: 2, rate: 48_000 } }
}

fn picture(len: usize, duration: u32, kind: FrameKind) -> Sample {
    let mut data = u32::try_from(len).unwrap().to_be_bytes().to_vec();
    data.extend((0..len).map(|at| u8::try_from(at % 251).unwrap() | 1));
    Sample { data: data.into(), duration, offset: 0, kind }
}

fn sound(len: usize) -> Sample {
    Sample { data: vec![7; len].into(), duration: 1_024, offset: 0, kind: FrameKind::Key }
}

/// What one packet identifier carried, as a receiver puts it together.
#[derive(Debug, Default)]
struct Stream {
    units: Vec<(u64, Vec<u8>)>,
    clocks: Vec<u64>,
    starts: usize,
    counter: Option<u8>,
}

fn time(bytes: &[u8]) -> u64 {
    let [a, b, c, d, e] = *bytes.first_chunk::<5>().unwrap();
    assert_eq!((a >> 4, a & 1, c & 1, e & 1), (0b0010, 1, 1, 1), "marker bits");
    let bits = |byte: u8, from: u32| u64::from(byte) << from;
    bits(a >> 1 & 7, 30) | bits(b, 22) | bits(c >> 1, 15) | bits(d, 7) | bits(e >> 1, 0)
}

/// A receiver that checks every rule that these tests are about.
fn receive(stream: &[u8], into: &mut BTreeMap<u16, Stream>) {
    assert_eq!(stream.len() % packet::LEN, 0);
    for packet in stream.chunks(packet::LEN) {
        let [sync, high, low, control] = *packet.first_chunk::<4>().unwrap();
        assert_eq!(sync, 0x47);
        let pid = u16::from_be_bytes([high & 0x1f, low]);
        let of = into.entry(pid).or_default();
        let mut payload = &packet[4..];
        if control & 0x20 != 0 {
            let len = usize::from(payload[0]);
            let field = &payload[1..=len];
            payload = &payload[len + 1..];
            if field.first().is_some_and(|flags| flags & 0x10 != 0) {
                let [a, b, c, d, e] = *field[1..].first_chunk::<5>().unwrap();
                let high = u64::from(u32::from_be_bytes([a, b, c, d]));
                of.clocks.push(high << 1 | u64::from(e >> 7));
            }
        }
        let counts = control & 0x10 != 0;
        assert_eq!(counts, !payload.is_empty());
        let before = of.counter.unwrap_or(15);
        assert_eq!(control & 15, if counts { (before + 1) & 15 } else { before }, "pid {pid}");
        of.counter = Some(control & 15);
        if !counts {
            continue;
        }
        if high & 0x40 != 0 {
            of.starts += 1;
            if (0x100..packet::PMT_PID).contains(&pid) {
                assert_eq!(payload[..3], [0, 0, 1]);
                assert_eq!(payload[8], 5);
                of.units.push((time(&payload[9..]), Vec::new()));
                payload = &payload[14..];
            }
        }
        if let Some((_, data)) = of.units.last_mut() {
            data.extend_from_slice(payload);
        }
    }
}

#[test]
fn a_segment_begins_with_its_tables_and_a_whole_key_picture() {
    let mut muxer = TsMuxer::new(&[video(), audio()]).unwrap();
    let pictures = [picture(300, 1_000, FrameKind::Key), picture(20, 1_000, FrameKind::Delta)];
    let sounds: Vec<_> = (0..7).map(|_| sound(100)).collect();
    let runs = [
        TrackRun { track: 0, start: 15_000, samples: &pictures },
        TrackRun { track: 1, start: 48_000, samples: &sounds },
    ];
    for round in 1..=2 {
        let segment = muxer.segment(&runs).unwrap();
        assert_eq!(segment[..4], [0x47, 0x40, 0, 0x10 | (round - 1)]);
        assert_eq!(segment[188..192], [0x47, 0x50, 0, 0x10 | (round - 1)]);
        let mut streams = BTreeMap::new();
        if round == 1 {
            receive(&segment, &mut streams);
            let video = &streams[&0x100];
            let unit = &video.units[0].1;
            assert_eq!(unit[..6], [0, 0, 0, 1, 9, 0xf0]);
            assert_eq!(unit[6..19], [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3]);
            assert_eq!(unit.len(), 19 + 4 + 300);
            assert_eq!(video.units[1].1.len(), 6 + 4 + 20, "no parameter sets before the second");
            let times: Vec<_> = video.units.iter().map(|(at, _)| *at).collect();
            assert_eq!(times, [180_000, 186_000]);
            let audio = &streams[&0x101];
            let lengths: Vec<_> = audio.units.iter().map(|(at, data)| (*at, data.len())).collect();
            assert_eq!(lengths, [(180_000, 4 * 107), (187_680, 3 * 107)]);
        }
    }
}

#[test]
fn sound_that_does_not_go_on_exactly_has_a_time_of_its_own() {
    let mut muxer = TsMuxer::new(&[audio()]).unwrap();
    let mut sounds = vec![sound(10), sound(10), sound(10)];
    sounds[1].duration = 2_048;
    let runs = [TrackRun { track: 0, start: 0, samples: &sounds }];
    let mut streams = BTreeMap::new();
    receive(&muxer.segment(&runs).unwrap(), &mut streams);
    let times: Vec<_> = streams[&0x100].units.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [90_000, 95_760]);
}

#[test]
fn other_tracks_go_on_in_the_same_stream() {
    let mut muxer = TsMuxer::new(&[video()]).unwrap();
    let pictures = [picture(9, 1_000, FrameKind::Key)];
    let runs = [TrackRun { track: 0, start: 0, samples: &pictures }];
    let mut both = muxer.segment(&runs).unwrap().to_vec();
    let pps = vec![Bytes::from_static(&[0x68, 99])];
    let Coding::H264 { size, sps, .. } = video().coding else { panic!("no video") };
    muxer
        .change(&[TrackConfig { timescale: 90_000, coding: Coding::H264 { size, sps, pps } }])
        .unwrap();
    both.extend(muxer.segment(&[TrackRun { start: 6_000, ..runs[0] }]).unwrap());
    let mut streams = BTreeMap::new();
    receive(&both, &mut streams);
    let units = &streams[&0x100].units;
    assert_eq!(units.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [90_000, 96_000]);
    assert_eq!(units[1].1[17..19], [0x68, 99]);
    let of_pmt = both.chunks(packet::LEN).filter(|packet| packet[1] == 0x50);
    let versions: Vec<_> = of_pmt.map(|packet| packet[10] >> 1 & 31).collect();
    assert_eq!(versions, [0, 1]);
}

#[test]
fn what_has_no_place_in_a_transport_stream_is_refused() {
    let refused = |coding| TsMuxer::new(&[TrackConfig { timescale: 1, coding }]).unwrap_err();
    assert_eq!(refused(Coding::Opus { channels: 2 }), TsError::Coding { coding: "opus" });
    let size = Size { width: 16, height: 16 };
    let av1 = refused(Coding::Av1 { size, sequence_header: Bytes::new() });
    assert_eq!(av1.to_string(), "av1 can't be carried in MPEG-TS: only H.264 and AAC can");
    assert_eq!(TsMuxer::new(&[]).unwrap_err(), TsError::TrackCount { count: 0 });
    let mut muxer = TsMuxer::new(&[audio()]).unwrap();
    let missing = muxer.segment(&[TrackRun { track: 1, start: 0, samples: &[] }]).unwrap_err();
    assert_eq!(missing, TsError::NoTrack { track: 1, tracks: 1 });
}

proptest! {
    #[test]
    fn whatever_goes_in_comes_out(
        pictures in prop::collection::vec((0_usize..2_000, 1_u32..90), 0..40),
        sounds in prop::collection::vec(0_usize..800, 0..80),
        near_the_wrap: bool,
        video_first: bool,
        cut in 0_usize..40,
    ) {
        let tracks = if video_first { [video(), audio()] } else { [audio(), video()] };
        let (seen, heard) = (usize::from(!video_first), usize::from(video_first));
        let mut muxer = TsMuxer::new(&tracks).unwrap();
        // Some seconds before 33 bits are full, or at the recording's zero.
        let zero: u64 = if near_the_wrap { WRAP / 90_000 - 3 } else { 0 };
        let samples: Vec<_> = pictures.iter().enumerate().map(|(at, (len, millis))| {
            let kind = if at % 7 == 0 { FrameKind::Key } else { FrameKind::Delta };
            picture(*len, millis * 15, kind)
        }).collect();
        let packets: Vec<_> = sounds.iter().map(|len| sound(*len)).collect();
        let mut streams = BTreeMap::new();
        let (first, second) = samples.split_at(cut.min(samples.len()));
        let passed: u64 = first.iter().map(|sample| u64::from(sample.duration)).sum();
        receive(&muxer.segment(&[
            TrackRun { track: seen, start: zero * 15_000, samples: first },
            TrackRun { track: heard, start: zero * 48_000, samples: &packets },
        ]).unwrap(), &mut streams);
        // The clock is referred to often enough.
        let ahead = |from: u64, to: u64| (to + WRAP - from) % WRAP;
        let clocks = streams.get(&packet::pid(seen)).map_or(&[][..], |video| &video.clocks);
        prop_assert_eq!(clocks.is_empty(), first.is_empty() && packets.is_empty());
        for pair in clocks.windows(2) {
            prop_assert!((1..=CLOCK_EVERY).contains(&ahead(pair[0], pair[1])));
        }
        let start = zero * 15_000 + passed;
        let rest = [TrackRun { track: seen, start, samples: second }];
        receive(&muxer.segment(&rest).unwrap(), &mut streams);

        let mut at = zero * 15_000;
        let mut expected = Vec::new();
        for sample in &samples {
            let mut unit = vec![0, 0, 0, 1, 9, 0xf0];
            if sample.kind == FrameKind::Key {
                unit.extend([0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3]);
            }
            unit.extend([0, 0, 0, 1]);
            unit.extend_from_slice(&sample.data[4..]);
            expected.push(((at * 6 + ZERO) % WRAP, unit));
            at += u64::from(sample.duration);
        }
        let video = streams.remove(&packet::pid(seen)).unwrap_or_default();
        prop_assert_eq!(&video.units, &expected);
        let audio = streams.remove(&packet::pid(heard)).unwrap_or_default();
        let bytes: Vec<u8> = audio.units.iter().flat_map(|(_, data)| data.clone()).collect();
        prop_assert_eq!(bytes.len(), sounds.iter().map(|len| len + 7).sum::<usize>());
        for (place, (at, _)) in audio.units.iter().enumerate() {
            let ticks = (zero * 90_000 + place as u64 * 4 * 1_920 + ZERO) % WRAP;
            prop_assert_eq!(*at, ticks);
        }
        // Every picture brings the clock, in time before it is shown.
        for (shown, _) in &video.units {
            prop_assert!(video.clocks.contains(&((shown + WRAP - LEAD) % WRAP)));
        }
    }
}
