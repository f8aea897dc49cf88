//! What is encoded is still the test picture.

use capstan_media::time::RoomTime;
use capstan_media::track::Uid;
use capstan_pipeline::decode::video_decoder;
use capstan_pipeline::picture::filled;

use super::*;
use crate::live::LivePicture;
use crate::pattern::{Luma, Painter, Stamp, is_lit, read, scaled, whole};
use crate::source::Source;

fn settings(codec: Codec) -> VideoSettings {
    VideoSettings { codec, size: Size { width: 320, height: 180 }, fps: 15, bitrate_kbps: 150 }
}

#[test]
fn a_key_frame_comes_first_and_where_it_is_asked_for() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::H264] {
        let settings = settings(codec);
        let mut encoder = encoder(&settings).expect("an encoder");
        let mut painter = Painter::new(Uid::new(1).expect("not zero"), settings.size);
        let mut kinds = Vec::new();
        for number in 0..12 {
            let picture = painter.paint(RoomTime::from_millis(200 + number * 1_000 / 15));
            let kind = if number == 7 { FrameKind::Key } else { FrameKind::Delta };
            let frames = encoder.encode(picture, kind).expect("a frame");
            kinds.extend(frames.into_iter().map(|frame| frame.kind));
        }
        let keys: Vec<_> = (0..12).filter(|&at| kinds[at] == FrameKind::Key).collect();
        assert_eq!(keys, [0, 7], "{codec}");
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let good = settings(Codec::Vp8);
    let bad = [
        VideoSettings { codec: Codec::Opus, ..good },
        VideoSettings { size: Size { width: 321, height: 180 }, ..good },
        VideoSettings { size: Size { width: 0, height: 0 }, ..good },
        VideoSettings { fps: 0, ..good },
        VideoSettings { bitrate_kbps: 1, ..good },
    ];
    for bad in bad {
        assert!(matches!(encoder(&bad), Err(EncodeError::Setting { .. })), "{bad:?}");
    }
}

#[test]
fn a_picture_of_another_size_is_refused() {
    let mut encoder = encoder(&settings(Codec::Vp8)).expect("an encoder");
    let mut painter = Painter::new(Uid::new(1).expect("not zero"), Size { width: 64, height: 64 });
    let picture = painter.paint(RoomTime::from_millis(0));
    assert!(matches!(encoder.encode(picture, FrameKind::Key), Err(EncodeError::Size { .. })));
}

/// Two seconds of test picture at a low bitrate: every decoded picture must say what was painted,
/// and so it must when it is scaled to a quarter.
fn survives(settings: VideoSettings) {
    let VideoSettings { codec, size, .. } = settings;
    let uid = Uid::new(4_123_456_789).expect("not zero");
    let mut source = LivePicture::new(uid, &settings).expect("a source");
    let mut decoder = video_decoder(codec).expect("a decoder");
    let mut picture = filled(size, [0, 128, 128]);
    let mut now = RoomTime::from_millis(1_764_000_000_700);
    let (mut bytes, mut lit) = (0, Vec::new());
    for number in 0..30 {
        now = source.next_at(now);
        let unit = source.next(FrameKind::Delta).expect("a unit");
        assert_eq!(unit.at, now, "{codec}");
        bytes += unit.data.len();
        assert!(decoder.decode(&unit.data).expect("a picture"), "{codec}: picture {number}");
        decoder.picture().expect("a picture").copy_to(&mut picture);
        let due = Stamp::new(uid, unit.at.as_millis());
        let (width, height) = (size.width as usize, size.height as usize);
        let [luma, ..] = &picture.planes;
        let stamp = read(&luma.data, luma.stride, width, height);
        assert_eq!(stamp, Some(due), "{codec}: picture {number}");
        if width >= 640 {
            let small = scaled(&picture, width / 4, height / 4);
            let stamp = read(&small, width / 4, width / 4, height / 4);
            assert_eq!(stamp, Some(due), "{codec}: picture {number} at a quarter");
        }
        let luma = Luma { data: &luma.data, stride: luma.stride, width, height };
        lit.push(is_lit(luma, whole(width, height)).expect("a band"));
        assert_eq!(lit[number], unit.at.as_millis() % 1_000 < 80, "{codec}: picture {number}");
    }
    assert_eq!(lit.iter().filter(|&&lit| lit).count(), 4, "{codec}");
    let kbps = bytes * 8 * 15 / 30 / 1_000;
    assert!(kbps < 4 * settings.bitrate_kbps as usize, "{codec} took {kbps} kbit/s");
}

#[test]
fn stamps_survive_vp8_at_a_low_bitrate() {
    survives(VideoSettings { size: Size { width: 640, height: 360 }, ..settings(Codec::Vp8) });
}

#[test]
fn stamps_survive_vp9_at_a_low_bitrate() {
    survives(VideoSettings { size: Size { width: 640, height: 360 }, ..settings(Codec::Vp9) });
}

#[test]
fn stamps_survive_h264_at_a_low_bitrate() {
    survives(VideoSettings { size: Size { width: 640, height: 360 }, ..settings(Codec::H264) });
}

#[test]
fn stamps_survive_av1_at_a_low_bitrate() {
    survives(settings(Codec::Av1));
}
