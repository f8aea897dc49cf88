//! Names of a recording's files: `<sid>_<room>` and what follows it.

use capstan_media::container::Container;
use capstan_media::container::utc::Utc;
use capstan_media::time::RoomTime;

/// The init segment.
#[must_use]
pub(crate) fn init(stem: &str) -> String {
    format!("{stem}_init.mp4")
}

/// A slice, by its start.
#[must_use]
pub(crate) fn slice(stem: &str, start: RoomTime, container: Container) -> String {
    format!("{stem}_{}.{}", Utc::of(start).digits(), container.extension())
}

/// The timeline in a recording's folder.
pub(crate) const TIMELINE: &str = "timeline.jsonl";
/// What the output is to be, in a recording's folder.
pub(crate) const OUTPUT: &str = "output.json";
