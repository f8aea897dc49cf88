//! The one place where room time meets the WebRTC library's clock.
//!
//! The library counts in `Instant`s but never reads a clock itself. One pair of readings, taken when
//! ingest starts, ties the two; everything else is arithmetic, so both run at the room clock's pace.

use std::time::{Duration, Instant};

use capstan_media::time::{RoomClock, RoomTime};

/// A moment known on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    instant: Instant,
    room: RoomTime,
}

impl Anchor {
    /// Reads both clocks once.
    #[expect(clippy::disallowed_methods, reason = "the anchor is the edge; nothing else reads it")]
    pub(crate) fn take(clock: &dyn RoomClock) -> Self {
        Self { instant: Instant::now(), room: clock.now() }
    }

    /// A room time in the library's terms. Times before the anchor are the anchor.
    pub(crate) fn instant(&self, at: RoomTime) -> Instant {
        self.instant + at.since(self.room)
    }

    /// A library time as room time, rounded up so that a timer never fires before it is due.
    pub(crate) fn room(&self, at: Instant) -> RoomTime {
        let span = at.saturating_duration_since(self.instant);
        self.room + span.saturating_add(Duration::from_nanos(999))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl RoomClock for Fixed {
        fn now(&self) -> RoomTime {
            RoomTime::from_millis(1_000)
        }
    }

    #[test]
    fn a_deadline_survives_the_way_there_and_back() {
        let anchor = Anchor::take(&Fixed);
        let due = anchor.instant + Duration::from_nanos(1_234_567_891);
        assert!(anchor.instant(anchor.room(due)) >= due);
        let at = RoomTime::from_micros(7_654_321);
        assert_eq!(anchor.room(anchor.instant(at)), at);
        assert_eq!(anchor.instant(RoomTime::from_micros(0)), anchor.instant);
    }
}
