//! Individual recordings from files, as fast as they go: frames placed on the clock, cut, written.
//!
//! `bench-as-sent OUT SECONDS PARTICIPANTS CLIP.ivf:CLIP.opus ...` records that many participants, each
//! with a camera and a microphone that send one of the clips, and prints one line of JSON. Frames are in
//! memory before the time is taken, so it is the cost of recording them alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark: a panic is its way to say no"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use capstan_media::container::Container;
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;
use capstan_pipeline::as_sent::{AsSent, Making, Piece, SETTLE};
use capstan_publish::file;

const START: RoomTime = RoomTime::from_millis(1_700_000_000_000);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, seconds, participants, clips @ ..] = arguments.as_slice() else {
        panic!("OUT SECONDS PARTICIPANTS CLIP.ivf:CLIP.opus ...");
    };
    let seconds: u64 = seconds.parse().unwrap();
    let participants: usize = participants.parse().unwrap();
    std::fs::create_dir_all(out).unwrap();
    let end = START + Duration::from_secs(seconds);
    let sent: Vec<[Vec<Arc<Frame>>; 2]> = clips.iter().map(|clip| frames(clip, end)).collect();
    let making = Making {
        zero: START,
        slice: Duration::from_secs(15),
        container: Container::Fmp4,
        aac: false,
    };
    let before = cpu_seconds();
    let (mut slices, mut bytes) = (0_u64, 0_u64);
    for participant in 0..participants {
        for (number, frames) in sent[participant % sent.len()].iter().enumerate() {
            let mut track =
                if number == 0 { AsSent::pictures(making) } else { AsSent::sound(making) };
            let name = PathBuf::from(out).join(format!("{participant}-{number}"));
            let mut write = |pieces: Vec<Piece>| {
                for piece in pieces {
                    let data = match &piece {
                        Piece::Init(init) => init,
                        Piece::Slice(slice) => &slice.segment.bytes,
                        Piece::Lost { why, .. } => panic!("{why}"),
                    };
                    std::fs::write(name.with_extension(slices.to_string()), data).unwrap();
                    slices += 1;
                    bytes += data.len() as u64;
                }
            };
            for frame in frames {
                write(track.advance(frame.arrived - SETTLE));
                track.push(frame);
            }
            write(track.finish(None));
            assert_eq!(track.left_out(), 0);
        }
    }
    let cpu = cpu_seconds() - before;
    let each = participants as f64 * seconds as f64 / cpu.max(0.01);
    println!(
        "{{\"cpu_seconds\":{cpu:.3},\"participants_per_core\":{each:.0},\
         \"files\":{slices},\"bytes\":{bytes}}}"
    );
}

/// The frames of a clip's pictures and of its sound, to be sent until then.
fn frames(clip: &str, until: RoomTime) -> [Vec<Arc<Frame>>; 2] {
    let mut paths = clip.split(':');
    [TrackKind::Camera, TrackKind::Audio].map(|kind| {
        let mut source = file::open(Path::new(paths.next().unwrap()), 15).unwrap();
        let (codec, uid) = (source.codec(), Uid::new(1).unwrap());
        let mut frames = Vec::new();
        while source.next_at(START) < until {
            let unit = source.next(FrameKind::Delta).unwrap();
            let micros = u64::try_from(unit.at.micros_from(START)).unwrap();
            frames.push(Arc::new(Frame {
                track: TrackId { uid, kind },
                arrived: unit.at,
                rtp_time: RtpTime(micros * u64::from(codec.clock_rate()) / 1_000_000),
                codec,
                kind: unit.kind,
                continuity: Continuity::Contiguous,
                turn: Turn::None,
                data: unit.data,
            }));
        }
        frames
    })
}

/// User and system time of this process so far (proc(5): fields 14 and 15, in hundredths).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |field: usize| fields[field - 3].parse::<f64>().unwrap();
    (ticks(14) + ticks(15)) / 100.0
}
