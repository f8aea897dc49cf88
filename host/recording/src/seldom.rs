//! What may happen only so often.

use std::time::Duration;

use capstan_media::time::RoomTime;

/// Lets something happen at most once in a while.
pub(crate) struct Seldom {
    every: Duration,
    last: Option<RoomTime>,
}

impl Seldom {
    pub(crate) const fn new(every: Duration) -> Self {
        Self { every, last: None }
    }

    /// Whether it may happen now; if so, it does.
    pub(crate) fn may(&mut self, now: RoomTime) -> bool {
        if self.last.is_some_and(|last| now.since(last) < self.every) {
            return false;
        }
        self.last = Some(now);
        true
    }
}
