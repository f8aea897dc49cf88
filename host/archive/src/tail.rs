//! What was made of a recording whose process died, as plain values.

use capstan_media::time::RoomTime;

use crate::facts::FileFacts;

/// What was made of a recording's tapes behind its last segments.
#[derive(Debug, Default)]
pub struct Tail {
    /// The playlists that name a segment. Their keys are names of files.
    pub lists: Vec<FileFacts>,
    /// Sessions of tracks that begin in it, but for the first of each playlist.
    pub begun: Vec<Begun>,
    /// New segments.
    pub segments: u64,
    /// Up to when the files go.
    pub to: Option<RoomTime>,
    /// That is the end that the recording had: nothing is missing behind it.
    pub whole: bool,
    /// What can't be read of tapes and timeline, beyond what a process that dies leaves torn.
    pub damage: Vec<String>,
    /// Where a mixed recording's init segment changed.
    pub joint: Option<Joint>,
}

/// A place in a playlist from which on another init segment holds.
#[derive(Clone, Copy, Debug)]
pub struct Joint {
    /// Segments before it.
    pub before: usize,
    /// Where they end.
    pub at: RoomTime,
    /// The number of the new one.
    pub init: u64,
}

/// A session of a track that begins behind a break.
#[derive(Debug)]
pub struct Begun {
    /// Whose, and when.
    pub facts: FileFacts,
    /// Where the session before ends.
    pub before: RoomTime,
}
