//! The composite job from files, as fast as it goes: decode, scale, paint, encode, mux.
//!
//! `bench-composite OUT WIDTHxHEIGHT KBIT h264|av1 SECONDS CLIP.ivf:CLIP.opus ...` writes an HLS
//! recording into OUT and prints one line of JSON: CPU seconds, peak memory, pictures. With
//! `BENCH_RAW=FILE` it also writes every unencoded picture as I420, for a comparison of quality.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark: a panic is its way to say no"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::container::playlist::{Entry, Playlist, render, target_seconds};
use capstan_media::frame::{Continuity, Frame, FrameKind, Picture, Size};
use capstan_media::room::RoomEvent;
use capstan_media::scene::Colour;
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;
use capstan_pipeline::composite::{Composite, CompositeSettings, Output, Typeface};
use capstan_pipeline::encode::{AudioSettings, OutputAudio, OutputVideo, VideoSettings};
use capstan_pipeline::mix::grid::grid;
use capstan_pipeline::segmenter::Segmenter;
use capstan_publish::file;
use capstan_publish::source::Source;

const FPS: u32 = 15;
const SEGMENT: Duration = Duration::from_secs(6);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, size, bitrate, codec, seconds, clips @ ..] = arguments.as_slice() else {
        panic!("OUT WIDTHxHEIGHT KBIT h264|av1 SECONDS CLIP.ivf:CLIP.opus ...");
    };
    let (width, height) = size.split_once('x').unwrap();
    let size = Size { width: width.parse().unwrap(), height: height.parse().unwrap() };
    let codec = if codec == "av1" { OutputVideo::Av1 } else { OutputVideo::H264 };
    let start = RoomTime::from_millis(1_700_000_000_000);
    let end = start + Duration::from_secs(seconds.parse().unwrap());
    let mut composite =
        Composite::new(settings(size, bitrate.parse().unwrap(), codec), start).unwrap();
    let mut senders: Vec<Sender> = clips
        .iter()
        .enumerate()
        .flat_map(|(number, clip)| Sender::of(number, clip, start))
        .collect();
    for number in 0..clips.len() {
        composite.push(&RoomEvent::Joined { uid: uid(number), at: start, since: start });
    }
    let mut raw = std::env::var_os("BENCH_RAW").map(|path| File::create(path).unwrap());
    let mut files = Files::new(PathBuf::from(out), start);
    while composite.next_tick() < end {
        let due = composite.due();
        for sender in &mut senders {
            sender.send_until(due, &mut composite);
        }
        if let Some(participants) = composite.roster() {
            composite.set_scene(grid(&participants, Colour::BLACK)).unwrap();
        }
        let outputs = composite.render().unwrap();
        files.take(outputs, &composite);
        if let (Some(raw), Some(picture)) = (&mut raw, composite.picture()) {
            write_i420(raw, picture);
        }
    }
    let outputs = composite.finish().unwrap();
    files.take(outputs, &composite);
    files.finish();
    let stats = composite.stats();
    println!(
        "{{\"cpu_seconds\":{:.3},\"peak_mb\":{:.1},\"pictures\":{},\"decoded\":{},\"packets\":{}}}",
        cpu_seconds(),
        peak_megabytes(),
        stats.pictures,
        stats.decoded,
        stats.packets
    );
}

fn settings(canvas: Size, bitrate_kbps: u32, codec: OutputVideo) -> CompositeSettings {
    CompositeSettings {
        canvas,
        fps: FPS,
        video: Some(VideoSettings { size: canvas, fps: FPS, bitrate_kbps, codec }),
        audio: Some(AudioSettings { channels: 1, bitrate_kbps: 48, codec: OutputAudio::Aac }),
        playout_delay: Duration::from_millis(600),
        segment: SEGMENT,
        background: Colour::BLACK,
        images: BTreeMap::new(),
        typeface: Typeface::default(),
    }
}

fn uid(number: usize) -> Uid {
    Uid::new(u32::try_from(number).unwrap() + 1).unwrap()
}

/// One track that sends a file.
struct Sender {
    track: TrackId,
    codec: Codec,
    source: Box<dyn Source>,
    start: RoomTime,
    first: Option<RoomTime>,
}

impl Sender {
    fn of(number: usize, clip: &str, start: RoomTime) -> Vec<Self> {
        let kinds = [TrackKind::Camera, TrackKind::Audio];
        let open = |(path, kind): (&str, TrackKind)| {
            let source = file::open(Path::new(path), FPS).unwrap();
            let track = TrackId { uid: uid(number), kind };
            Self { track, codec: source.codec(), source, start, first: None }
        };
        clip.split(':').zip(kinds).map(open).collect()
    }

    fn send_until(&mut self, until: RoomTime, composite: &mut Composite) {
        while self.source.next_at(self.start) <= until {
            let unit = self.source.next(FrameKind::Delta).unwrap();
            let first = *self.first.get_or_insert(unit.at);
            let micros = u64::try_from(unit.at.micros_from(first)).unwrap();
            composite.push(&RoomEvent::Frame(Arc::new(Frame {
                track: self.track,
                arrived: unit.at,
                rtp_time: RtpTime(micros * u64::from(self.codec.clock_rate()) / 1_000_000),
                codec: self.codec,
                kind: unit.kind,
                continuity: Continuity::Contiguous,
                turn: Turn::None,
                data: unit.data,
            })));
        }
    }
}

/// The recording's files.
struct Files {
    folder: PathBuf,
    start: RoomTime,
    waiting: Vec<Output>,
    segmenter: Option<Segmenter>,
    playlist: Playlist,
}

impl Files {
    fn new(folder: PathBuf, start: RoomTime) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let micros = u64::try_from(SEGMENT.as_micros()).unwrap();
        let playlist = Playlist {
            container: Container::Fmp4,
            target_seconds: target_seconds(micros),
            entries: Vec::new(),
            independent: true,
            ended: false,
        };
        Self { folder, start, waiting: Vec::new(), segmenter: None, playlist }
    }

    fn take(&mut self, outputs: Vec<Output>, composite: &Composite) {
        self.waiting.extend(outputs);
        if self.segmenter.is_none() {
            let Some(tracks) = composite.tracks() else { return };
            self.segmenter =
                Some(Segmenter::new(self.start, SEGMENT, Container::Fmp4, &tracks).unwrap());
        }
        for output in std::mem::take(&mut self.waiting) {
            let (track, sample) = match output {
                Output::Video(sample) => (0, sample),
                Output::Audio(sample) => (1, sample),
            };
            if let Some(segment) = self.segmenter.as_mut().unwrap().push(track, sample).unwrap() {
                self.write(&segment);
            }
        }
    }

    fn finish(&mut self) {
        let mut segmenter = self.segmenter.take().unwrap();
        for segment in segmenter.flush().unwrap() {
            self.write(&segment);
        }
        std::fs::write(self.folder.join("init.mp4"), segmenter.init().unwrap()).unwrap();
        self.playlist.ended = true;
        std::fs::write(self.folder.join("out.m3u8"), render(&self.playlist)).unwrap();
    }

    fn write(&mut self, segment: &capstan_media::sample::Segment) {
        let uri = format!("{}.m4s", segment.index);
        std::fs::write(self.folder.join(&uri), &segment.bytes).unwrap();
        self.playlist.entries.push(Entry {
            uri,
            init_uri: Some("init.mp4".into()),
            start: segment.start,
            micros: segment.micros,
            discontinuity: false,
            sync: Vec::new(),
        });
    }
}

fn write_i420(file: &mut File, picture: &Picture) {
    let Size { width, height } = picture.size;
    let halves = [(width, height), (width.div_ceil(2), height.div_ceil(2))];
    for (number, plane) in picture.planes.iter().enumerate() {
        let (width, height) = halves[number.min(1)];
        for row in plane.data.chunks(plane.stride).take(height as usize) {
            file.write_all(&row[..width as usize]).unwrap();
        }
    }
}

/// User and system time of this process so far (proc(5): fields 14 and 15, in hundredths).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |field: usize| fields[field - 3].parse::<f64>().unwrap();
    (ticks(14) + ticks(15)) / 100.0
}

fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
