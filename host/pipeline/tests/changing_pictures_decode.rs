//! Pictures as sent whose parameter sets change on the way decode without a complaint, before and after.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test fail it by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use capstan_media::bitstream::h264;
use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::container::playlist::{self, Entry, Playlist};
use capstan_media::frame::{Continuity, Frame, FrameKind, Picture, Plane, Size};
use capstan_media::sample::Coding;
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;
use capstan_pipeline::as_sent::{AsSent, Making, Piece, SETTLE};
use capstan_pipeline::encode::{OutputVideo, VideoSettings, video_encoder};

const FPS: u32 = 10;
const ZERO: RoomTime = RoomTime::from_millis(1_700_000_000_000);
const LARGE: Size = Size { width: 640, height: 360 };
const SMALL: Size = Size { width: 320, height: 180 };
/// Pictures of each encoding.
const EACH: u64 = 15;

#[test]
fn in_fmp4() {
    let folder = tempfile::tempdir().unwrap();
    let list = record(folder.path(), Container::Fmp4);
    assert_eq!(list.matches("#EXT-X-MAP").count(), 3, "{list}");
    changes_are_told(&list);
    decodes(folder.path());
}

#[test]
fn in_a_transport_stream() {
    let folder = tempfile::tempdir().unwrap();
    let list = record(folder.path(), Container::Ts);
    assert!(!list.contains("#EXT-X-MAP"), "{list}");
    changes_are_told(&list);
    decodes(folder.path());
}

fn changes_are_told(list: &str) {
    assert_eq!(list.matches("#EXT-X-DISCONTINUITY\n").count(), 3, "{list}");
    assert_eq!(list.matches("#EXTINF").count(), 3, "{list}");
}

/// FFmpeg reads every picture of every encoding and says nothing.
fn decodes(folder: &Path) {
    let list = folder.join("list.m3u8");
    let mut ffmpeg = Command::new("ffmpeg");
    // It warns that it skips the later init segments.
    ffmpeg.args(["-v", "error", "-i"]).arg(&list);
    ffmpeg.args(["-vf", "scale=16:16,format=gray", "-f", "rawvideo", "-"]);
    let decoded = ffmpeg.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&decoded.stderr), "");
    let pictures = decoded.stdout.chunks(256).count() as u64;
    assert_eq!(pictures, 3 * EACH);
}

/// Records a camera that becomes smaller and larger again, as H.264 of an encoder of its own each time.
fn record(folder: &Path, container: Container) -> String {
    let making = Making { zero: ZERO, slice: Duration::from_secs(60), container, aac: false };
    let mut track = AsSent::pictures(making);
    let mut pieces = Vec::new();
    for frame in [LARGE, SMALL, LARGE].iter().enumerate().flat_map(|(part, &size)| sent(part, size))
    {
        pieces.extend(track.advance(frame.arrived - SETTLE));
        track.push(&Arc::new(frame));
    }
    pieces.extend(track.finish(None));
    assert_eq!(track.left_out(), 0);
    let mut init_uri = None;
    let mut entries = Vec::new();
    for (number, piece) in pieces.into_iter().enumerate() {
        match piece {
            Piece::Init(bytes) => {
                init_uri = Some(format!("{number}.mp4"));
                fs::write(folder.join(format!("{number}.mp4")), bytes).unwrap();
            }
            Piece::Slice(slice) => {
                assert_eq!(slice.container, container);
                let uri = format!("{number}.{}", container.extension());
                fs::write(folder.join(&uri), &slice.segment.bytes).unwrap();
                let (start, micros) = (slice.segment.start, slice.segment.micros);
                let (init_uri, discontinuity) = (init_uri.clone(), slice.discontinuity);
                entries.push(Entry { uri, init_uri, start, micros, discontinuity, sync: vec![] });
            }
            Piece::Lost { why, .. } => panic!("{why}"),
        }
    }
    let list = Playlist { container, target_seconds: 2, entries, independent: false, ended: true };
    let list = playlist::render(&list);
    fs::write(folder.join("list.m3u8"), &list).unwrap();
    list
}

/// What a publisher sends: Annex B, with the parameter sets before each key frame.
fn sent(part: usize, size: Size) -> Vec<Frame> {
    let settings = VideoSettings { size, fps: FPS, bitrate_kbps: 300, codec: OutputVideo::H264 };
    let mut encoder = video_encoder(&settings).unwrap();
    let first = part as u64 * EACH;
    let mut frames = Vec::new();
    for number in first..first + EACH {
        for coded in encoder.encode(&picture(size, number), FrameKind::Delta).unwrap() {
            let mut data = Vec::new();
            if let (FrameKind::Key, Some(Coding::H264 { sps, pps, .. })) =
                (coded.kind, encoder.coding())
            {
                sps.iter().chain(&pps).for_each(|set| h264::push_annex_b(&mut data, set));
            }
            for nal in h264::length_prefixed_units(&coded.data) {
                h264::push_annex_b(&mut data, nal);
            }
            frames.push(frame(number, coded.kind, data.into()));
        }
    }
    frames
}

fn frame(number: u64, kind: FrameKind, data: Bytes) -> Frame {
    let micros = i64::try_from(number * 1_000_000 / u64::from(FPS)).unwrap();
    Frame {
        track: TrackId { uid: Uid::new(7).unwrap(), kind: TrackKind::Camera },
        arrived: ZERO.offset_micros(micros),
        rtp_time: RtpTime(1_000_000 + number * 90_000 / u64::from(FPS)),
        codec: Codec::H264,
        kind,
        continuity: Continuity::Contiguous,
        turn: Turn::None,
        data,
    }
}

/// A texture that moves, so that a frame that leans on the wrong ones would show.
fn picture(size: Size, number: u64) -> Picture {
    let [width, height, number] =
        [size.width.into(), size.height.into(), number].map(|n: u64| usize::try_from(n).unwrap());
    let plane = |width: usize, height: usize| {
        let value = |at: usize| {
            let (x, y) = (at % width + 3 * number, at / width);
            u8::try_from(40 + (x ^ y) % 160).unwrap()
        };
        Plane { data: (0..width * height).map(value).collect(), stride: width }
    };
    let chroma = || plane(width / 2, height / 2);
    Picture { size, planes: [plane(width, height), chroma(), chroma()] }
}
