//! Tracks with breaks, losses and changes: what slices say, and that no time is lost.

use bytes::Bytes;
use capstan_media::container::Container;
use capstan_media::frame::{Continuity, FrameKind, Size};
use capstan_media::time::RtpTime;
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;

use super::*;

mod heard;
mod losses;
mod pauses;
mod stereo;

use heard::heard;

const ZERO: RoomTime = RoomTime::from_millis(1_700_000_000_000);
const SLICE: Duration = Duration::from_secs(2);

const fn making(slice: Duration) -> Making {
    Making { zero: ZERO, slice, container: Container::Fmp4, aac: false }
}

fn at(ms: i64) -> RoomTime {
    ZERO.offset_micros(ms * 1_000)
}

/// VP8 of a size: a key frame's header, or a delta frame's.
fn picture(key: bool, width: u16) -> Bytes {
    let mut data = vec![u8::from(!key) | 0x10, 0, 0];
    if key {
        data.extend([0x9d, 0x01, 0x2a]);
        data.extend(width.to_le_bytes());
        data.extend(240_u16.to_le_bytes());
    }
    data.extend([0; 8]);
    data.into()
}

fn frame(codec: Codec, ms: i64, key: bool, data: Bytes) -> Arc<Frame> {
    let kind = if codec.is_video() { TrackKind::Camera } else { TrackKind::Audio };
    let ticks = 1_000_000 + ms * i64::from(codec.clock_rate()) / 1_000;
    Arc::new(Frame {
        track: TrackId { uid: Uid::new(7).unwrap(), kind },
        arrived: at(ms),
        rtp_time: RtpTime(u64::try_from(ticks).unwrap()),
        codec,
        kind: if key { FrameKind::Key } else { FrameKind::Delta },
        continuity: Continuity::Contiguous,
        turn: Turn::None,
        data,
    })
}

fn video(ms: i64, key: bool, width: u16) -> Arc<Frame> {
    frame(Codec::Vp8, ms, key, picture(key, width))
}

/// 20 ms of CELT.
fn sound(ms: i64) -> Arc<Frame> {
    frame(Codec::Opus, ms, true, Bytes::from_static(&[31 << 3, 1, 2, 3]))
}

/// Drives a track as a recording does: up to a second before each frame's arrival.
fn played(mut track: AsSent, frames: &[Arc<Frame>]) -> (Vec<Piece>, AsSent) {
    let mut pieces = Vec::new();
    for frame in frames {
        pieces.extend(track.advance(frame.arrived - SETTLE));
        track.push(frame);
    }
    pieces.extend(track.finish(None));
    (pieces, track)
}

fn slices(pieces: &[Piece]) -> Vec<&Slice> {
    fn slice(piece: &Piece) -> Option<&Slice> {
        match piece {
            Piece::Slice(slice) => Some(slice),
            Piece::Init(_) => None,
            Piece::Lost { why, .. } => panic!("{why}"),
        }
    }
    pieces.iter().filter_map(slice).collect()
}

/// Start, in ms after zero, and length of each slice in ms.
fn spans(pieces: &[Piece]) -> Vec<(i64, u64)> {
    let span = |slice: &&Slice| {
        let segment = &slice.segment;
        (segment.start.micros_from(ZERO) / 1_000, segment.micros / 1_000)
    };
    slices(pieces).iter().map(span).collect()
}

fn shape(width: u32, turn: Turn) -> Option<Shape> {
    Some(Shape { size: Size { width, height: 240 }, turn })
}

fn inits(pieces: &[Piece]) -> usize {
    pieces.iter().filter(|piece| matches!(piece, Piece::Init(_))).count()
}

#[test]
fn slices_begin_at_the_first_key_frame_that_is_late_enough() {
    let frames: Vec<_> =
        (0..60).map(|n| video(n * 100, [0, 15, 25, 50].contains(&n), 320)).collect();
    let (pieces, track) = played(AsSent::pictures(making(SLICE)), &frames);
    assert_eq!(spans(&pieces), [(0, 2_500), (2_500, 2_500), (5_000, 1_000)]);
    assert_eq!(inits(&pieces), 1);
    let first = slices(&pieces)[0];
    assert!(first.begins && first.discontinuity);
    assert_eq!(first.shape, shape(320, Turn::None));
    assert!(slices(&pieces)[1..].iter().all(|slice| !slice.begins && !slice.discontinuity));
    assert_eq!(track.left_out(), 0);
}

#[test]
fn key_frames_are_wanted_at_the_start_after_a_loss_and_when_a_slice_is_due() {
    let mut track = AsSent::pictures(making(SLICE));
    let mut wanted = Vec::new();
    for n in 0..50 {
        let mut frame = Frame::clone(&video(n * 100, [0, 2, 31, 40].contains(&n), 320));
        if n == 36 {
            frame.continuity = Continuity::AfterGap;
        }
        track.advance(frame.arrived - SETTLE);
        if track.wants_key() {
            wanted.push(n - 10);
        }
        track.push(&Arc::new(frame));
    }
    // A slice of 2 s is due from the frame at 2.0 s to the key frame at 3.1 s, which waits from 3.1 s
    // on; a loss at 3.6 s lasts until the key frame at 4.0 s, which has arrived when it is noticed.
    assert_eq!(wanted, [-10, 20, 21]);
    assert_eq!(track.left_out(), 4);
}

#[test]
fn a_change_of_size_begins_a_slice_with_an_init_segment_of_its_own() {
    let frames: Vec<_> =
        (0..30).map(|n| video(n * 100, n % 10 == 0, if n < 20 { 320 } else { 640 })).collect();
    let (pieces, _) = played(AsSent::pictures(making(SLICE)), &frames);
    assert_eq!(spans(&pieces), [(0, 2_000), (2_000, 1_000)]);
    assert_eq!(inits(&pieces), 2);
    let second = slices(&pieces)[1];
    assert!(second.discontinuity && !second.begins);
    assert_eq!(second.shape, shape(640, Turn::None));
}

#[test]
fn a_turn_begins_a_slice_at_that_picture_with_a_matrix_of_its_own() {
    // A phone is turned between two key frames, and back at the second one.
    let turned = |n: i64| Frame {
        turn: if (7..20).contains(&n) { Turn::Quarter } else { Turn::None },
        ..Frame::clone(&video(n * 100, n % 20 == 0, 320))
    };
    let frames: Vec<_> = (0..30).map(|n| Arc::new(turned(n))).collect();
    let (pieces, track) = played(AsSent::pictures(making(Duration::from_secs(60))), &frames);
    assert_eq!(spans(&pieces), [(0, 700), (700, 1_300), (2_000, 1_000)]);
    let said: Vec<_> = slices(&pieces).iter().map(|slice| slice.shape).collect();
    assert_eq!(said, [shape(320, Turn::None), shape(320, Turn::Quarter), shape(320, Turn::None)]);
    assert!(slices(&pieces)[1..].iter().all(|slice| slice.discontinuity && !slice.begins));
    // The slice in between begins with the key frame and what follows it.
    let second = &slices(&pieces)[1].segment.bytes;
    let before: Vec<u8> = frames[..8].iter().flat_map(|frame| frame.data.to_vec()).collect();
    assert!(second.windows(before.len()).any(|bytes| bytes == before));
    let quarter = [0, 1, -1, 0].map(|one: i32| (one << 16).to_be_bytes());
    let matrix = [&quarter[0][..], &quarter[1], &[0; 4], &quarter[2], &quarter[3]].concat();
    let has: Vec<bool> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Init(bytes) => Some(bytes.windows(20).any(|bytes| bytes == matrix)),
            _ => None,
        })
        .collect();
    assert_eq!((has, track.left_out()), (vec![false, true, false], 0));
}

#[test]
fn short_absences_are_held_and_long_ones_end_the_session() {
    let mut track = AsSent::pictures(making(Duration::from_secs(60)));
    let mut pieces = Vec::new();
    let mut play = |track: &mut AsSent, frames: &[Arc<Frame>]| {
        for frame in frames {
            pieces.extend(track.advance(frame.arrived - SETTLE));
            track.push(frame);
        }
    };
    play(&mut track, &(0..10).map(|n| video(n * 100, n == 0, 320)).collect::<Vec<_>>());
    track.end(at(2_900));
    play(&mut track, &(0..10).map(|n| video(10_000 + n * 100, false, 320)).collect::<Vec<_>>());
    track.end(at(12_000));
    // 15 s later, with a delta frame first: nothing can begin there.
    play(&mut track, &(0..10).map(|n| video(27_000 + n * 100, n == 3, 320)).collect::<Vec<_>>());
    pieces.extend(track.finish(None));
    assert_eq!(spans(&pieces), [(0, 12_000), (27_300, 700)]);
    assert_eq!(inits(&pieces), 1);
    assert!(slices(&pieces)[1].begins && slices(&pieces)[1].shape.is_some());
    assert_eq!(track.left_out(), 3);
}

#[test]
fn a_picture_that_stands_lasts_to_the_end_in_slices_that_decode_alone() {
    let frames = [video(0, true, 320), video(100, false, 320)];
    let sent: usize = frames.iter().map(|frame| frame.data.len()).sum();
    for step in [50, 7_000, 100_000] {
        let mut track = AsSent::pictures(making(Duration::from_secs(15)));
        frames.iter().for_each(|frame| track.push(frame));
        let mut pieces = Vec::new();
        for n in (0..40_000).step_by(step) {
            pieces.extend(track.advance(at(n) - SETTLE));
        }
        pieces.extend(track.finish(Some(at(40_000))));
        assert_eq!(spans(&pieces), [(0, 15_000), (15_000, 15_000), (30_000, 10_000)]);
        for slice in slices(&pieces) {
            let bytes = &slice.segment.bytes;
            assert!(bytes.ends_with(&[&frames[0].data[..], &frames[1].data[..]].concat()));
            assert!(bytes.len() < sent + 400 && !slice.begins | (slice.segment.index == 0));
        }
        assert!(slices(&pieces)[1..].iter().all(|slice| !slice.discontinuity));
    }
    // What goes on afterwards goes on in time, and a goodbye ends it where it was said.
    let mut track = AsSent::pictures(making(Duration::from_secs(15)));
    frames.iter().for_each(|frame| track.push(frame));
    let mut pieces = track.advance(at(20_000));
    track.push(&video(22_000, false, 320));
    pieces.extend(track.advance(at(23_000)));
    track.end(at(24_000));
    pieces.extend(track.advance(at(60_000)));
    pieces.extend(track.finish(Some(at(70_000))));
    assert_eq!(spans(&pieces), [(0, 15_000), (15_000, 9_000)]);
}

#[test]
fn a_session_that_fell_silent_ends_by_time_alone() {
    let mut track = AsSent::sound(making(SLICE));
    track.push(&sound(0));
    track.push(&sound(20));
    assert_eq!(spans(&track.advance(at(15_000))), []);
    let pieces = track.advance(at(15_020));
    assert_eq!(spans(&pieces), [(0, 40)]);
}

#[test]
fn lost_packets_are_silence_of_the_same_length() {
    let frames: Vec<_> =
        (0..200).filter(|n| !(50..57).contains(n)).map(|n| sound(n * 20)).collect();
    let (pieces, _) = played(AsSent::sound(making(SLICE)), &frames);
    assert_eq!(spans(&pieces), [(0, 2_000), (2_000, 2_000)]);
    let bytes = &slices(&pieces)[0].segment.bytes;
    let silent = bytes.windows(3).filter(|three| *three == [0xfc, 0xff, 0xfe]).count();
    assert_eq!(silent, 7);
}

#[test]
fn sound_goes_on_over_another_stream_and_a_drifting_clock() {
    let mut track = AsSent::sound(making(Duration::from_secs(60)));
    let mut pieces = Vec::new();
    // 200 ppm slow: its own time falls behind by 8 ms in 40 s.
    for n in 0..2_000_i64 {
        if n == 1_000 {
            track.start();
        }
        let mut frame = Frame::clone(&sound(n * 20));
        frame.arrived = ZERO.offset_micros(n * 20_004);
        pieces.extend(track.advance(frame.arrived - SETTLE));
        track.push(&Arc::new(frame));
    }
    pieces.extend(track.finish(None));
    let spans = spans(&pieces);
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert!(spans[0].1.abs_diff(40_008) <= 3, "{spans:?}");
    assert_eq!(track.left_out(), 0);
}

#[test]
fn what_is_no_frame_is_left_out() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::H264] {
        let frames: Vec<_> = (0..40_u8)
            .map(|n| {
                frame(
                    codec,
                    i64::from(n) * 40,
                    true,
                    vec![n.wrapping_mul(37); usize::from(n)].into(),
                )
            })
            .collect();
        let (pieces, track) = played(AsSent::pictures(making(SLICE)), &frames);
        assert_eq!(pieces, []);
        assert_eq!(track.left_out(), 40);
    }
    let frames = [frame(Codec::Opus, 0, true, Bytes::from_static(&[3])), video(20, true, 320)];
    let (pieces, track) = played(AsSent::sound(making(SLICE)), &frames);
    assert_eq!((pieces, track.left_out()), (vec![], 2));
}

#[cfg(feature = "aac")]
#[test]
fn sound_as_aac_and_h264_go_into_a_transport_stream_and_vp8_does_not() {
    let ts = |slice| Making { container: Container::Ts, aac: true, ..making(slice) };
    let frames: Vec<_> =
        (0..200).filter(|n| !(50..57).contains(n)).map(|n| sound(n * 20)).collect();
    let (pieces, _) = played(AsSent::sound(ts(SLICE)), &frames);
    assert_eq!(inits(&pieces), 0);
    assert!(slices(&pieces).iter().all(|slice| slice.container == Container::Ts));
    let spans = spans(&pieces);
    // Cut at a frame of 1024 samples; the last one is filled up.
    let total: u64 = spans.iter().map(|(_, length)| length).sum();
    assert!(spans[0].0 == 0 && (2_000..2_022).contains(&spans[0].1), "{spans:?}");
    assert!((4_000..=4_023).contains(&(total + 1)), "{spans:?}");
    let frames: Vec<_> = (0..30).map(|n| video(n * 100, n == 0, 320)).collect();
    let (pieces, _) = played(AsSent::pictures(ts(SLICE)), &frames);
    assert_eq!((inits(&pieces), slices(&pieces)[0].container), (1, Container::Fmp4));
}
