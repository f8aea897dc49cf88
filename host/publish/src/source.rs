//! Where a publisher's frames come from.
//!
//! A source says when its next frame is due and makes it; the publisher waits and sends. All times
//! are room time, so that sound and picture of one publisher can't drift apart.

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use capstan_media::time::RoomTime;
use capstan_media::turn::Turn;

use crate::encode::EncodeError;

/// One encoded picture or packet of sound, with its media time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unit {
    /// When it should leave.
    pub at: RoomTime,
    /// Its media time: the same, but for pictures that leave in another order than they are shown.
    pub media: RoomTime,
    /// In the form that [`Codec`] names.
    pub data: Bytes,
    /// Key or delta; sound is always key.
    pub kind: FrameKind,
    /// How a picture is to be turned to stand upright.
    pub turn: Turn,
    /// Whether it is to arrive.
    pub fate: Fate,
}

/// What becomes of a unit's packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// They are sent.
    Sent,
    /// They are numbered and never sent, as if the network lost them and every repetition.
    Lost,
}

impl Unit {
    /// A unit that leaves at its media time, upright.
    #[must_use]
    pub const fn new(at: RoomTime, data: Bytes, kind: FrameKind) -> Self {
        Self { at, media: at, data, kind, turn: Turn::None, fate: Fate::Sent }
    }
}

/// Makes the units of one track, in the order of their times.
pub trait Source: Send {
    /// How the units are encoded.
    fn codec(&self) -> Codec;

    /// What the offer says of the encoding (`a=fmtp`), if that isn't the usual.
    fn parameters(&self) -> Option<&str> {
        None
    }

    /// When the next unit is due, asked at `now`. A source that makes its units leaves out what is
    /// over already; one that reads them can't.
    fn next_at(&mut self, now: RoomTime) -> RoomTime;

    /// Whether it is turned off until the next unit, as far as it said when that is due: then the receiver is
    /// told goodbye.
    fn is_off(&self) -> bool {
        false
    }

    /// The next unit. It is a key frame if one is asked for and the source can choose.
    ///
    /// # Errors
    /// If the unit can't be encoded.
    fn next(&mut self, kind: FrameKind) -> Result<Unit, EncodeError>;
}
