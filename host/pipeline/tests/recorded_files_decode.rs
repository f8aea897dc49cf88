//! What the encoders and the segmenter make is read by FFmpeg without an error.
//!
//! Pictures and sound start at the same zero, nothing is missing and nothing is added, and a click
//! is heard at the very sample at which it was made.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of a test fail it by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use bytes::Bytes;
use capstan_media::container::Container;
use capstan_media::container::playlist::{self, Entry, Playlist};
use capstan_media::frame::{FrameKind, Picture, Plane, Size};
use capstan_media::sample::{Sample, Segment, TrackConfig};
use capstan_media::time::RoomTime;
use capstan_pipeline::encode::{
    AudioSettings, OutputAudio, OutputVideo, SAMPLE_RATE, VideoSettings, audio_encoder,
    video_encoder,
};
use capstan_pipeline::segmenter::{Segmenter, starts_segment};
use tempfile::TempDir;

const FPS: u32 = 15;
const SEGMENT: Duration = Duration::from_secs(2);
const START: RoomTime = RoomTime::from_millis(1_700_000_000_123);
/// Where the click is, in samples from the start.
const CLICK: usize = 60_001;

/// What was recorded into a folder.
struct Recorded {
    folder: TempDir,
    pictures: u64,
    segments: usize,
}

impl Recorded {
    fn playlist(&self) -> String {
        self.folder.path().join("list.m3u8").to_string_lossy().into_owned()
    }
}

struct Job {
    video: Option<(OutputVideo, Size)>,
    audio: Option<(OutputAudio, u8)>,
    seconds: u64,
    container: Container,
}

/// Where a transport stream begins in players' eyes: no earlier than its clock (`ts.rs`, `ZERO`).
const TS_ZERO: u64 = 1_000_000;

#[test]
fn h264_and_aac() {
    let size = Size { width: 640, height: 360 };
    let video = Some((OutputVideo::H264, size));
    let job =
        Job { video, audio: Some((OutputAudio::Aac, 1)), seconds: 7, container: Container::Fmp4 };
    let recorded = record(&job);
    assert_eq!(recorded.segments, 4);
    decodes_whole(&recorded, &job, size);
    click_is_in_place(&recorded);
}

#[test]
fn h264_and_opus_in_an_odd_upright_canvas() {
    let video = Some((OutputVideo::H264, Size { width: 271, height: 481 }));
    let job =
        Job { video, audio: Some((OutputAudio::Opus, 2)), seconds: 5, container: Container::Fmp4 };
    let recorded = record(&job);
    assert_eq!(recorded.segments, 3);
    decodes_whole(&recorded, &job, Size { width: 270, height: 480 });
    click_is_in_place(&recorded);
}

#[test]
fn av1_and_opus() {
    let size = Size { width: 320, height: 180 };
    let video = Some((OutputVideo::Av1, size));
    let job =
        Job { video, audio: Some((OutputAudio::Opus, 1)), seconds: 3, container: Container::Fmp4 };
    let recorded = record(&job);
    assert_eq!(recorded.segments, 2);
    decodes_whole(&recorded, &job, size);
    click_is_in_place(&recorded);
}

#[test]
fn h264_and_aac_as_transport_stream() {
    let size = Size { width: 640, height: 360 };
    let video = Some((OutputVideo::H264, size));
    let (audio, container) = (Some((OutputAudio::Aac, 2)), Container::Ts);
    let job = Job { video, audio, seconds: 7, container };
    let recorded = record(&job);
    assert_eq!(recorded.segments, 4);
    decodes_whole(&recorded, &job, size);
    click_is_in_place(&recorded);
    // Every segment decodes alone, without a word.
    for number in 0..recorded.segments {
        let segment = recorded.folder.path().join(format!("{number}.ts"));
        let segment = segment.to_string_lossy();
        let decoded = run("ffmpeg", &["-v", "warning", "-i", &segment, "-f", "null", "-"]);
        assert_eq!(text(&decoded.stderr), "", "segment {number}");
    }
}

#[test]
fn aac_alone_as_transport_stream() {
    let (audio, container) = (Some((OutputAudio::Aac, 1)), Container::Ts);
    let job = Job { video: None, audio, seconds: 5, container };
    let recorded = record(&job);
    decodes_whole(&recorded, &job, Size { width: 0, height: 0 });
    click_is_in_place(&recorded);
}

#[test]
fn full_hd_alone() {
    let size = Size { width: 1920, height: 1080 };
    let job = Job {
        video: Some((OutputVideo::H264, size)),
        audio: None,
        seconds: 1,
        container: Container::Fmp4,
    };
    decodes_whole(&record(&job), &job, size);
}

#[test]
fn stereo_aac_alone() {
    let job = Job {
        video: None,
        audio: Some((OutputAudio::Aac, 2)),
        seconds: 5,
        container: Container::Fmp4,
    };
    let recorded = record(&job);
    assert_eq!(recorded.segments, 3);
    decodes_whole(&recorded, &job, Size { width: 0, height: 0 });
    click_is_in_place(&recorded);
}

/// Encodes moving pictures and a click, cuts them and writes everything that a player needs.
fn record(job: &Job) -> Recorded {
    let (video, video_config) = job.video.map(|v| encode_video(v, job.seconds)).unzip();
    let (audio, audio_config) = job.audio.map(|a| encode_audio(a, job.seconds)).unzip();
    let configs: Vec<_> = video_config.into_iter().chain(audio_config).collect();
    let mut segmenter = Segmenter::new(START, SEGMENT, job.container, &configs).unwrap();
    let mut segments = Vec::new();
    let pictures = video.as_ref().map_or(0, Vec::len);
    for (track, sample) in as_they_come(video.into_iter().chain(audio), &configs) {
        segments.extend(segmenter.push(track, sample).unwrap());
    }
    segments.extend(segmenter.flush().unwrap());
    let folder = TempDir::new().unwrap();
    write(folder.path(), job.container, segmenter.init(), &segments);
    Recorded { folder, pictures: pictures.try_into().unwrap(), segments: segments.len() }
}

/// Samples with their tracks' numbers in the order of their times, as a live recording has them.
fn as_they_come(
    tracks: impl Iterator<Item = Vec<Sample>>,
    configs: &[TrackConfig],
) -> impl Iterator<Item = (usize, Sample)> {
    let mut timed = Vec::new();
    for (track, (samples, config)) in tracks.zip(configs).enumerate() {
        let mut ticks = 0.0;
        for sample in samples {
            let at = ticks / f64::from(config.timescale);
            ticks += f64::from(sample.duration);
            timed.push((at, track, sample));
        }
    }
    timed.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    timed.into_iter().map(|(_, track, sample)| (track, sample))
}

fn write(folder: &Path, container: Container, init: Option<Bytes>, segments: &[Segment]) {
    let init_uri = init.map(|init| {
        fs::write(folder.join("init.mp4"), init).unwrap();
        "init.mp4".to_owned()
    });
    let mut entries = Vec::new();
    for segment in segments {
        let uri = format!("{}.{}", segment.index, container.extension());
        fs::write(folder.join(&uri), &segment.bytes).unwrap();
        let (start, micros) = (segment.start, segment.micros);
        let (init_uri, discontinuity, sync) = (init_uri.clone(), false, Vec::new());
        entries.push(Entry { uri, init_uri, start, micros, discontinuity, sync });
    }
    let longest = entries.iter().map(|entry| entry.micros).max().unwrap();
    let target_seconds = playlist::target_seconds(2_000_000);
    let list = Playlist { container, target_seconds, entries, independent: true, ended: true };
    assert!((longest + 500_000) / 1_000_000 <= list.target_seconds.into());
    fs::write(folder.join("list.m3u8"), playlist::render(&list)).unwrap();
}

fn encode_video((codec, size): (OutputVideo, Size), seconds: u64) -> (Vec<Sample>, TrackConfig) {
    let settings = VideoSettings { size, fps: FPS, bitrate_kbps: 400, codec };
    let mut encoder = video_encoder(&settings).unwrap();
    let mut encoded = Vec::new();
    let mut asked = Vec::new();
    for tick in 0..seconds * u64::from(FPS) {
        let is_key = starts_segment(tick, FPS, SEGMENT);
        let kind = if is_key { FrameKind::Key } else { FrameKind::Delta };
        asked.push(kind);
        encoded.extend(encoder.encode(&picture(size, tick), kind).unwrap());
    }
    encoded.extend(encoder.flush().unwrap());
    let got: Vec<_> = encoded.iter().map(|picture| picture.kind).collect();
    assert_eq!(got, asked, "one picture out for each in, key pictures only where asked for");
    let sample = |data, kind| Sample { data, duration: 1_000, offset: 0, kind };
    let samples = encoded.into_iter().map(|picture| sample(picture.data, picture.kind)).collect();
    (samples, TrackConfig { timescale: FPS * 1_000, coding: encoder.coding().unwrap() })
}

/// A texture that moves, so that a frame out of place or undecoded would show.
fn picture(size: Size, tick: u64) -> Picture {
    let [width, height, tick] =
        [size.width.into(), size.height.into(), tick].map(|n: u64| usize::try_from(n).unwrap());
    let plane = |width: usize, height: usize, scale: usize| {
        let value = |at: usize| {
            let (x, y) = (at % width * scale + 3 * tick, at / width * scale);
            u8::try_from(40 + (x ^ y) % 160).unwrap()
        };
        Plane { data: (0..width * height).map(value).collect(), stride: width }
    };
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let planes = [
        plane(width, height, 1),
        plane(half_width, half_height, 2),
        plane(half_width, half_height, 2),
    ];
    Picture { size, planes }
}

fn encode_audio((codec, channels): (OutputAudio, u8), seconds: u64) -> (Vec<Sample>, TrackConfig) {
    let settings = AudioSettings { channels, bitrate_kbps: 96, codec };
    let mut encoder = audio_encoder(&settings).unwrap();
    let len = usize::try_from(seconds * u64::from(SAMPLE_RATE)).unwrap();
    let frame_len = encoder.frame_len();
    let frames = len.div_ceil(frame_len);
    let mut samples = Vec::new();
    for frame in 0..frames {
        let sound: Vec<_> = (frame * frame_len..(frame + 1) * frame_len)
            .flat_map(|at| {
                let value = if at == CLICK { 0.9 } else { 0.0 };
                std::iter::repeat_n(value, channels.into())
            })
            .collect();
        samples.extend(encoder.encode(&sound).unwrap());
    }
    samples.extend(encoder.flush().unwrap());
    assert_eq!(samples.len(), frames, "one packet out for each frame in");
    (samples, TrackConfig { timescale: SAMPLE_RATE, coding: encoder.coding() })
}

fn decodes_whole(recorded: &Recorded, job: &Job, size: Size) {
    let list = recorded.playlist();
    let decoded = run("ffmpeg", &["-v", "warning", "-xerror", "-i", &list, "-f", "null", "-"]);
    assert_eq!(text(&decoded.stderr), "", "decoding complains");

    let zero = if job.container == Container::Ts { TS_ZERO } else { 0 };
    let start = format!("{}.{:06}", zero / 1_000_000, zero % 1_000_000);
    if job.video.is_some() {
        let expected = format!("{},{},{start},{}", size.width, size.height, recorded.pictures);
        assert_eq!(probe(&list, "v", "width,height,start_time,nb_read_frames"), expected);
        let times = frame_times(&list);
        let due: Vec<_> = (0..recorded.pictures).map(|tick| zero + tick * 1_000_000 / 15).collect();
        // A transport stream counts in 90 kHz.
        assert!(times.iter().zip(&due).all(|(is, due)| is.abs_diff(*due) <= 12), "{times:?}");
    }
    if let Some((_, channels)) = job.audio {
        assert_eq!(probe(&list, "a", "channels,start_time"), format!("{channels},{start}"));
    }
    let duration = run(
        "ffprobe",
        &["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", &list],
    );
    let duration: f64 = text(&duration.stdout).trim().parse().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let wanted = job.seconds as f64;
    assert!((duration - wanted).abs() < 0.03, "{duration} s instead of {wanted}");
}

/// Decodes the sound and looks where the click is.
fn click_is_in_place(recorded: &Recorded) {
    let list = recorded.playlist();
    let output = run("ffmpeg", &["-v", "error", "-i", &list, "-ac", "1", "-f", "f32le", "-"]);
    let samples: Vec<_> = output
        .stdout
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()).abs())
        .collect();
    let loudest = (0..samples.len()).max_by(|&a, &b| samples[a].total_cmp(&samples[b])).unwrap();
    assert_eq!(loudest, CLICK, "the click moved; it has {}", samples[loudest]);
}

fn frame_times(list: &str) -> Vec<u64> {
    let fields = "frame=best_effort_timestamp_time";
    let arguments = ["-v", "error", "-select_streams", "v", "-show_entries", fields];
    let output = run("ffprobe", &[&arguments[..], &["-of", "csv=p=0", list]].concat());
    let micros = |line: &str| {
        let (seconds, micros) = line.trim_end_matches(',').split_once('.').unwrap();
        seconds.parse::<u64>().unwrap() * 1_000_000 + micros.parse::<u64>().unwrap()
    };
    text(&output.stdout).lines().filter(|line| !line.is_empty()).map(micros).collect()
}

fn probe(list: &str, stream: &str, fields: &str) -> String {
    let fields = format!("stream={fields}");
    let arguments = ["-v", "error", "-count_frames", "-select_streams", stream, "-show_entries"];
    let output = run("ffprobe", &[&arguments[..], &[&fields, "-of", "csv=p=0", list]].concat());
    text(&output.stdout).lines().next().unwrap_or_default().to_owned()
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} must be installed for this test: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
