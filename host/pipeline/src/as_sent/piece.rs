//! What goes into the making of a track's files, and the pieces that come out.

use std::time::Duration;

use bytes::Bytes;
use capstan_media::container::Container;
use capstan_media::frame::Size;
use capstan_media::sample::Segment;
use capstan_media::time::RoomTime;
use capstan_media::turn::Turn;

/// Media time of the recording's zero: tracks whose clocks turn out to lie a little before it still
/// have a time that isn't negative.
pub const LEAD: Duration = Duration::from_secs(10);

/// How a track is to be recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Making {
    /// The recording's zero.
    pub zero: RoomTime,
    /// The least length of a slice.
    pub slice: Duration,
    /// What slices are where the encoding has a place in it; fMP4 where it has none.
    pub container: Container,
    /// Whether sound is encoded again as AAC-LC.
    pub aac: bool,
}

/// What comes out of a track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// The init segment of the slices that follow.
    Init(Bytes),
    /// The next slice.
    Slice(Slice),
    /// A slice that couldn't be written.
    Lost {
        /// Its frames.
        frames: u64,
        /// Why, for an operator's eyes.
        why: String,
    },
}

/// A media segment and what isn't as before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slice {
    /// The segment.
    pub segment: Segment,
    /// What it is.
    pub container: Container,
    /// A session begins here: the first, or one after a break.
    pub begins: bool,
    /// It doesn't go on from the slice before: a session begins or the encoding changed.
    pub discontinuity: bool,
    /// The pictures' size and turn, where a session begins or one changed.
    pub shape: Option<Shape>,
}

/// How pictures look that are recorded as they were sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// As they are encoded.
    pub size: Size,
    /// How they are to be turned to stand upright.
    pub turn: Turn,
}
