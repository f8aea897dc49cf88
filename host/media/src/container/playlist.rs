//! HLS media playlists (RFC 8216) rendered from a value.
//!
//! A playlist only grows: every rendering of a running one is a prefix of the next, but for its end.

use crate::time::RoomTime;

/// One recording's media playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Playlist {
    /// The longest segment in whole seconds. It must not change while the playlist grows.
    pub target_seconds: u32,
    /// The segments, oldest first.
    pub entries: Vec<Entry>,
    /// Whether no segment will be added any more.
    pub ended: bool,
}

/// One segment of a playlist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The segment's file name, relative to the playlist.
    pub uri: String,
    /// The init segment's file name. A tag is written where it differs from the entry before.
    pub init_uri: String,
    /// Room time of the segment's start.
    pub start: RoomTime,
    /// Length in microseconds.
    pub micros: u64,
    /// Whether its timestamps or encoding don't go on from the entry before.
    pub discontinuity: bool,
}
