//! Where a publisher's frames come from.
//!
//! A source says when its next frame is due and makes it; the publisher waits and sends. All times
//! are room time, so that sound and picture of one publisher can't drift apart.

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use capstan_media::time::RoomTime;

use crate::encode::EncodeError;

/// One encoded picture or packet of sound, with its media time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unit {
    /// The media time, which is also when it should leave.
    pub at: RoomTime,
    /// In the form that [`Codec`] names.
    pub data: Bytes,
    /// Key or delta; sound is always key.
    pub kind: FrameKind,
}

/// Makes the units of one track, in the order of their times.
pub trait Source: Send {
    /// How the units are encoded.
    fn codec(&self) -> Codec;

    /// When the next unit is due, asked at `now`. A source that makes its units leaves out what is
    /// over already; one that reads them can't.
    fn next_at(&mut self, now: RoomTime) -> RoomTime;

    /// The next unit. It is a key frame if one is asked for and the source can choose.
    ///
    /// # Errors
    /// If the unit can't be encoded.
    fn next(&mut self, kind: FrameKind) -> Result<Unit, EncodeError>;
}
