//! A room as a recording listens to it: ingest behind the recording's two small traits.

use std::time::Duration;

use capstan_ingest::{Ingest, Received as Came, Subscription};
use capstan_media::track::{RoomId, Uid};
use capstan_recording::source::{KeyFrames, Received, RoomEvents};

/// One subscription to one room.
pub(crate) struct Room {
    /// The room.
    pub(crate) events: Subscription,
    /// How far the recording's clock is ahead of the room's, in microseconds.
    pub(crate) ahead_micros: i64,
}

impl RoomEvents for Room {
    fn recv_timeout(&mut self, patience: Duration) -> Received {
        match self.events.recv_timeout(patience) {
            Came::Event(event) if self.ahead_micros == 0 => Received::Event(event),
            Came::Event(event) => Received::Event(event.moved(self.ahead_micros)),
            Came::TimedOut => Received::Timeout,
            Came::Ended => Received::Closed,
        }
    }
}

/// Asks one room's publishers for key frames.
pub(crate) struct Asker {
    /// The process's ingest.
    pub(crate) ingest: Ingest,
    /// The room.
    pub(crate) room: RoomId,
}

impl KeyFrames for Asker {
    fn request(&self) {
        self.ingest.request_keyframes(&self.room);
    }

    fn request_of(&self, uid: Uid) {
        self.ingest.request_keyframes_of(&self.room, uid);
    }
}
