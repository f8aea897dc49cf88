//! Where a recording's frames come from: the room, seen as two small traits.

use std::time::Duration;

use capstan_media::room::RoomEvent;
use capstan_media::track::Uid;

/// What waiting for the next event brought.
#[derive(Debug, Clone)]
pub enum Received {
    /// An event.
    Event(RoomEvent),
    /// None came in time.
    Timeout,
    /// None will come any more.
    Closed,
}

/// A bounded stream of one room's events, read by the tape thread.
///
/// It first yields `Joined` and `TrackStarted` for what is already there.
pub trait RoomEvents: Send {
    /// Waits up to `patience` for the next event.
    fn recv_timeout(&mut self, patience: Duration) -> Received;
}

/// Asks a room's publishers for key frames.
pub trait KeyFrames: Send + Sync {
    /// Asks every video track of the recorded room. The room bounds how often it really asks.
    fn request(&self);

    /// Asks one participant's video tracks.
    fn request_of(&self, uid: Uid);
}
