//! Names of a recording's files: a stem, and what follows it.
//!
//! The stem of a mixed recording is `<sid>_<room>`; a participant's sound or pictures add who and what.

use capstan_media::container::Container;
use capstan_media::container::utc::Utc;
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, TrackKind};

/// The stem of one track's files. A screen's are told apart from the camera's and the microphone's, which
/// Agora's recordings, having one video and one sound a participant, don't know.
#[must_use]
pub fn of_track(stem: &str, track: TrackId) -> String {
    let kind = match track.kind {
        TrackKind::Audio => "audio",
        TrackKind::Camera => "video",
        TrackKind::Screen => "screen",
        TrackKind::ScreenAudio => "screenaudio",
        TrackKind::OtherAudio => "otheraudio",
    };
    format!("{stem}__uid_s_{}__uid_e_{kind}", track.uid)
}

/// The playlist.
#[must_use]
pub fn playlist(stem: &str) -> String {
    format!("{stem}.m3u8")
}

/// The stem behind a playlist's name.
#[must_use]
pub fn stem(playlist: &str) -> &str {
    playlist.strip_suffix(".m3u8").unwrap_or(playlist)
}

/// An init segment: the first, or one of those after it.
#[must_use]
pub fn init(stem: &str, number: u64) -> String {
    match number {
        0 => format!("{stem}_init.mp4"),
        _ => format!("{stem}_init{number}.mp4"),
    }
}

/// A slice, by its start.
#[must_use]
pub fn slice(stem: &str, start: RoomTime, container: Container) -> String {
    format!("{stem}_{}.{}", Utc::of(start).digits(), container.extension())
}

/// An MP4 file of a mixed recording: the first has number 0.
#[must_use]
pub fn mp4(stem: &str, number: usize) -> String {
    format!("{stem}_{number}.mp4")
}

/// A screenshot, by when its picture came.
#[must_use]
pub fn snapshot(stem: &str, track: TrackId, at: RoomTime) -> String {
    format!("{}_{}.jpg", of_track(stem, track), Utc::of(at).digits())
}

/// The timeline in a recording's folder.
pub const TIMELINE: &str = "timeline.jsonl";
/// What the output is to be, in a recording's folder.
pub const OUTPUT: &str = "output.json";
