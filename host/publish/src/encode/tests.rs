//! What is encoded is still the test picture.

use capstan_media::time::RoomTime;
use capstan_media::track::Uid;

use super::*;
use crate::pattern::Painter;

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
