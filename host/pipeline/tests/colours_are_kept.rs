//! Twelve patches in the colours that others send, BT.709 and full range, come out as they went in: in the mix, in
//! files as sent and in screenshots, as FFmpeg sees them, within 4 of 255.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of a test fail it by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::container::fmp4::{TrackRun, init_segment, media_segment};
use capstan_media::frame::{Continuity, Frame, FrameKind, Size};
use capstan_media::room::RoomEvent;
use capstan_media::sample::Sample;
use capstan_media::scene::Colour;
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;
use capstan_pipeline::as_sent::{AsSent, Making, Piece};
use capstan_pipeline::composite::{Composite, CompositeSettings, Output, Typeface};
use capstan_pipeline::encode::{OutputVideo, VideoSettings};
use capstan_pipeline::mix::grid::grid;
use capstan_pipeline::snapshots::{Snapshots, Taken};

const START: RoomTime = RoomTime::from_millis(1_700_000_000_123);
const SIZE: Size = Size { width: 640, height: 360 };
const FPS: u32 = 15;
/// Four across, three down.
const PATCHES: [[u8; 3]; 12] = [
    [191, 191, 191],
    [191, 191, 0],
    [0, 191, 191],
    [0, 191, 0],
    [191, 0, 191],
    [191, 0, 0],
    [0, 0, 191],
    [16, 16, 16],
    [235, 235, 235],
    [224, 172, 150],
    [128, 64, 200],
    [60, 120, 40],
];
/// How far off a channel may be.
const ALLOWED: u8 = 4;

/// One key frame of each: x264's, libvpx's and libaom's.
const SENT: [(&str, Codec, &[u8]); 4] = [
    ("BT.709 in H.264", Codec::H264, include_bytes!("frames/bt709.h264")),
    ("full range in H.264", Codec::H264, include_bytes!("frames/bt709-full.h264")),
    ("BT.709 in VP9", Codec::Vp9, include_bytes!("frames/bt709.vp9")),
    ("BT.709 in AV1", Codec::Av1, include_bytes!("frames/bt709.av1")),
];

fn event(codec: Codec, data: &'static [u8]) -> RoomEvent {
    RoomEvent::Frame(Arc::new(Frame {
        track: TrackId { uid: Uid::new(7).unwrap(), kind: TrackKind::Camera },
        arrived: START,
        rtp_time: RtpTime(1_000_000),
        codec,
        kind: FrameKind::Key,
        continuity: Continuity::Contiguous,
        turn: Turn::None,
        data: Bytes::from_static(data),
    }))
}

#[test]
fn in_the_mix() {
    for codec in [OutputVideo::H264, OutputVideo::Av1] {
        for (what, sent, data) in SENT {
            let file = write(&mixed(codec, &event(sent, data)), "mp4");
            shows_the_patches(file.path(), &format!("{what} mixed as {codec:?}"));
            let said = said(file.path());
            let (matrix, range) = (&said["color_space"], &said["color_range"]);
            assert_eq!(
                (matrix.as_str(), range.as_str()),
                ("smpte170m", "tv"),
                "{codec:?}: {said:?}"
            );
        }
    }
}

#[test]
fn in_files_as_sent_and_in_what_they_say() {
    for (what, codec, data) in SENT {
        let making = Making {
            zero: START,
            slice: Duration::from_secs(15),
            container: Container::Fmp4,
            aac: false,
        };
        let mut track = AsSent::pictures(making);
        let RoomEvent::Frame(frame) = event(codec, data) else { panic!("a frame") };
        track.push(&frame);
        let mut bytes = Vec::new();
        for piece in track.finish(None) {
            match piece {
                Piece::Init(init) => {
                    let nclx = init.windows(4).any(|four| four == b"nclx");
                    assert!(nclx, "{what}: a player that doesn't look inside is told");
                    bytes.extend_from_slice(&init);
                }
                Piece::Slice(slice) => bytes.extend_from_slice(&slice.segment.bytes),
                Piece::Lost { why, .. } => panic!("{what}: {why}"),
            }
        }
        let file = write(&bytes, "mp4");
        shows_the_patches(file.path(), &format!("{what} as sent"));
        let said = said(file.path());
        let range = if what.starts_with("full") { "pc" } else { "tv" };
        assert_eq!((said["color_space"].as_str(), said["color_range"].as_str()), ("bt709", range));
    }
}

#[test]
fn in_screenshots() {
    for (what, codec, data) in SENT {
        let mut snapshots = Snapshots::new(Duration::from_secs(5));
        snapshots.push(&event(codec, data));
        let Some(Taken::Snapshot(snapshot)) = snapshots.poll(START) else { panic!("{what}") };
        let file = write(&snapshot.jpeg, "jpg");
        shows_the_patches(file.path(), &format!("{what} as a screenshot"));
    }
}

/// Two seconds of a room in which nobody else is.
fn mixed(codec: OutputVideo, sent: &RoomEvent) -> Vec<u8> {
    let settings = CompositeSettings {
        canvas: SIZE,
        fps: FPS,
        video: Some(VideoSettings { size: SIZE, fps: FPS, bitrate_kbps: 2_000, codec }),
        audio: None,
        playout_delay: Duration::from_millis(600),
        segment: Duration::from_secs(2),
        background: Colour::BLACK,
        images: BTreeMap::new(),
        typeface: Typeface::default(),
    };
    let mut composite = Composite::new(settings, START).unwrap();
    composite.push(&RoomEvent::Joined { uid: Uid::new(7).unwrap(), at: START, since: START });
    composite.push(sent);
    let mut outputs = Vec::new();
    for _ in 0..2 * FPS {
        if let Some(people) = composite.roster() {
            composite.set_scene(grid(&people, Colour::BLACK)).unwrap();
        }
        outputs.extend(composite.render().unwrap());
    }
    outputs.extend(composite.finish().unwrap());
    let samples: Vec<Sample> = outputs
        .into_iter()
        .map(|output| match output {
            Output::Video(sample) => sample,
            Output::Audio(_) => panic!("no sound was asked for"),
        })
        .collect();
    let run = TrackRun { track: 0, start: 0, samples: &samples };
    let init = init_segment(&composite.tracks().unwrap()).unwrap();
    [init, media_segment(1, &[run]).unwrap()].concat()
}

struct Written {
    folder: tempfile::TempDir,
    name: String,
}

impl Written {
    fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }
}

fn write(bytes: &[u8], end: &str) -> Written {
    let file = Written { folder: tempfile::tempdir().unwrap(), name: format!("file.{end}") };
    std::fs::write(file.path(), bytes).unwrap();
    file
}

/// Looks at the middle of each patch of the last picture.
fn shows_the_patches(file: impl AsRef<Path>, what: &str) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file.as_ref())
        .args(["-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    let (width, height) = (SIZE.width as usize, SIZE.height as usize);
    let picture = output.stdout.chunks_exact(width * height * 3).last().unwrap();
    for (number, wanted) in PATCHES.iter().enumerate() {
        let (x, y) = (number % 4 * 160 + 80, number / 4 * 120 + 60);
        let seen = &picture[(y * width + x) * 3..][..3];
        let off = seen.iter().zip(wanted).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(off <= ALLOWED, "{what}: patch {number} is {seen:?} and not {wanted:?}");
    }
}

/// What the file says of its colours.
fn said(file: impl AsRef<Path>) -> BTreeMap<String, String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=color_space,color_range"])
        .args(["-of", "default=noprint_wrappers=1"])
        .arg(file.as_ref())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
