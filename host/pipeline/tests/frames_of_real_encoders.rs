//! H.264 as encoders outside of browsers send it, with B-frames: files as sent say when each picture is shown, and
//! hold what FFmpeg decodes of the same frames, each picture once and in order.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of a test fail it by panicking"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_media::bitstream::h264;
use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;
use capstan_pipeline::as_sent::{AsSent, Making, Piece};

const START: RoomTime = RoomTime::from_millis(1_700_000_000_000);
const WIDTH: usize = 640;
const HEIGHT: usize = 360;

/// A frame as it arrives, with the parameter sets where decoding may begin, as ingest gives it. Times in 90 kHz.
fn frame(sets: &mut h264::KnownSets, data: Vec<u8>, pts: i64, dts: i64) -> Arc<Frame> {
    sets.learn(&data);
    let key = h264::is_key(&data);
    let data = if key { sets.completed(&data) } else { None }.unwrap_or_else(|| data.into());
    Arc::new(Frame {
        track: TrackId { uid: Uid::new(7).unwrap(), kind: TrackKind::Camera },
        arrived: START.offset_micros(dts * 100 / 9),
        rtp_time: RtpTime(u64::try_from(pts).unwrap() + 1_000_000),
        codec: Codec::H264,
        kind: if key { FrameKind::Key } else { FrameKind::Delta },
        continuity: Continuity::Contiguous,
        turn: Turn::None,
        data,
    })
}

/// Frames with two B-frames between each two others, as x264 made them.
fn b_frames() -> Vec<Arc<Frame>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/frames/b_frames.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let mut sets = h264::KnownSets::default();
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let ticks = |name: &str| line[name].as_i64().unwrap();
        let mut data = Vec::new();
        for nal in line["d"].as_array().unwrap() {
            h264::push_annex_b(&mut data, &STANDARD.decode(nal.as_str().unwrap()).unwrap());
        }
        frame(&mut sets, data, ticks("pts"), ticks("dts"))
    };
    text.lines().skip(1).map(line).collect()
}

/// The pictures that FFmpeg makes of the frames, as luma.
fn decoded(folder: &Path, frames: &[Arc<Frame>]) -> Vec<Vec<u8>> {
    let path = folder.join("frames.h264");
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.data.to_vec()).collect();
    std::fs::write(&path, bytes).unwrap();
    lumas(&path, &[])
}

fn lumas(path: &Path, before: &[&str]) -> Vec<Vec<u8>> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error"]).args(before).arg("-i").arg(path);
    ffmpeg.args(["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"]);
    let output = ffmpeg.output().expect("ffmpeg is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.chunks(WIDTH * HEIGHT).map(<[u8]>::to_vec).collect()
}

/// The mean difference of two pictures.
fn off(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let sum: u64 = one.iter().zip(other).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}

#[test]
fn files_as_sent_say_when_b_frames_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let frames = b_frames();
    let expected = decoded(folder.path(), &frames);
    for container in [Container::Fmp4, Container::Ts] {
        let making = Making { zero: START, slice: Duration::from_secs(4), container, aac: false };
        let mut track = AsSent::pictures(making);
        let mut pieces = Vec::new();
        for frame in &frames {
            pieces.extend(track.advance(frame.arrived - Duration::from_secs(1)));
            track.push(frame);
        }
        pieces.extend(track.finish(None));
        assert_eq!(track.left_out(), 0, "{container:?}");
        let mut file = Vec::new();
        let mut slices = 0;
        for piece in pieces {
            match piece {
                Piece::Init(init) => file.extend_from_slice(&init),
                Piece::Slice(slice) => {
                    slices += 1;
                    file.extend_from_slice(&slice.segment.bytes);
                }
                Piece::Lost { why, .. } => panic!("{why}"),
            }
        }
        assert!(slices >= 5, "{slices} slices");
        let path = folder.path().join(format!("slices{}", container.extension()));
        std::fs::write(&path, file).unwrap();
        let shown = lumas(&path, &[]);
        assert_eq!(shown.len(), expected.len(), "{container:?}");
        for (number, (one, other)) in shown.iter().zip(&expected).enumerate() {
            assert!(off(one, other) < 0.01, "{container:?}: picture {number} is another");
        }
        let times = times(&path);
        let mut sorted: Vec<f64> = times.iter().map(|(shown, _)| *shown).collect();
        sorted.sort_by(f64::total_cmp);
        let steady = sorted.windows(2).all(|two| (two[1] - two[0] - 1.0 / 15.0).abs() < 0.002);
        assert!(steady, "{container:?}: shown 15 times a second: {sorted:?}");
        assert!(times.windows(2).all(|two| two[0].1 < two[1].1), "{container:?}: {times:?}");
        assert!(times.iter().all(|(shown, decoded)| decoded <= shown), "{container:?}: {times:?}");
        assert!(times.iter().any(|(shown, decoded)| decoded < shown), "{container:?}");
    }
}

/// When each packet is shown and decoded, in seconds, in the order of the file.
fn times(path: &Path) -> Vec<(f64, f64)> {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-show_entries", "packet=pts_time,dts_time", "-of", "csv=p=0"]);
    let output = ffprobe.arg(path).output().expect("ffprobe is installed");
    let text = String::from_utf8(output.stdout).unwrap();
    let pair = |line: &str| {
        let mut numbers = line.split(',').map(|number| number.trim().parse::<f64>().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(pair).collect()
}
