//! The one place of the process that reads a clock.
//!
//! Room time reads the wall clock once, at the start; after that the monotone clock carries it forward. So
//! it never jumps, whatever somebody does to the machine's clock. What the machine's clock says at any moment
//! is told apart from it: new recordings and signatures go by that.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use capstan_media::time::{RoomClock, RoomTime};

/// Room time of this process.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    started_at: RoomTime,
}

impl SystemClock {
    /// Reads the wall clock. Make one per process: two would drift apart.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the edge at which clocks are read")]
    pub fn start() -> Self {
        Self { started: Instant::now(), started_at: of_the_machine() }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the edge at which clocks are read")]
fn of_the_machine() -> RoomTime {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    RoomTime::from_micros(i64::try_from(wall.as_micros()).unwrap_or(i64::MAX))
}

impl RoomClock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the edge at which clocks are read")]
    fn now(&self) -> RoomTime {
        self.started_at + Instant::now().saturating_duration_since(self.started)
    }

    fn wall(&self) -> RoomTime {
        of_the_machine()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_time_is_wall_time_and_never_goes_back() {
        let clock = SystemClock::start();
        let first = clock.now();
        assert!(first > RoomTime::from_millis(1_700_000_000_000), "{first:?}");
        assert!(clock.now() >= first);
        assert!(clock.wall().micros_from(first).abs() < 60_000_000);
    }
}
