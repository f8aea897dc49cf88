//! Room time against the machine's clock, which may be set while the process lives: a machine that boots
//! learns the time late.
//!
//! A recording takes the time as it is corrected at its start and keeps to it: within a recording time never
//! jumps. When the two have parted, that is told.

use std::sync::Arc;
use std::time::Duration;

use capstan_media::time::{RoomClock, RoomTime};

use crate::recorder::Recorder;

/// Less isn't worth two recordings of a room on different clocks.
const TOLERATED: Duration = Duration::from_millis(100);
/// More is told.
const TOLD: Duration = Duration::from_secs(1);
/// How often the clocks are compared.
const ROUND: Duration = Duration::from_secs(5);

/// Room time moved by a fixed span: the clock of one recording.
pub(crate) struct Corrected {
    clock: Arc<dyn RoomClock>,
    ahead_micros: i64,
}

impl Corrected {
    /// The clock of a recording that begins now.
    pub(crate) fn now(clock: &Arc<dyn RoomClock>) -> Self {
        let parted = parted(&**clock, 0);
        let ahead_micros = if is_over(parted, TOLERATED) { parted } else { 0 };
        Self { clock: Arc::clone(clock), ahead_micros }
    }

    /// How far it is ahead of room time, in microseconds.
    pub(crate) const fn ahead_micros(&self) -> i64 {
        self.ahead_micros
    }
}

impl RoomClock for Corrected {
    fn now(&self) -> RoomTime {
        self.clock.now().offset_micros(self.ahead_micros)
    }

    fn wall(&self) -> RoomTime {
        self.clock.wall()
    }
}

/// How far the machine's clock has gone from one that is so far ahead of room time, in microseconds.
pub(crate) fn parted(clock: &dyn RoomClock, ahead_micros: i64) -> i64 {
    clock.wall().micros_from(clock.now()).saturating_sub(ahead_micros)
}

/// Whether that is worth telling.
pub(crate) const fn is_told(parted_micros: i64) -> bool {
    is_over(parted_micros, TOLD)
}

/// Compares the clocks for as long as it is polled.
pub async fn watch(recorder: Arc<Recorder>, clock: Arc<dyn RoomClock>) {
    let mut rounds = tokio::time::interval(ROUND);
    let mut told = 0;
    loop {
        rounds.tick().await;
        let parted = parted(&*clock, 0);
        let seconds = parted as f64 / 1e6;
        metrics::gauge!("capstan_clock_parted_seconds").set(seconds);
        if is_over(parted - told, TOLD) {
            told = parted;
            tracing::warn!(
                seconds,
                "the machine's clock was set: recordings that begin now take the new time, those that \
                 run keep theirs"
            );
        }
        recorder.tell_of_clocks();
    }
}

const fn is_over(micros: i64, span: Duration) -> bool {
    micros.unsigned_abs() as u128 >= span.as_micros()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Set(i64);

    impl RoomClock for Set {
        fn now(&self) -> RoomTime {
            RoomTime::from_millis(1_000)
        }

        fn wall(&self) -> RoomTime {
            RoomTime::from_millis(1_000 + self.0)
        }
    }

    #[test]
    fn a_recording_takes_the_time_as_it_is_set_at_its_start() {
        for (set, ahead) in
            [(0, 0), (99, 0), (-99, 0), (7_200_000, 7_200_000), (-3_600_000, -3_600_000)]
        {
            let clock: Arc<dyn RoomClock> = Arc::new(Set(set));
            let own = Corrected::now(&clock);
            assert_eq!(own.now(), RoomTime::from_millis(1_000 + ahead), "{set}");
            assert_eq!(own.ahead_micros(), ahead * 1_000);
            assert!(!is_told(parted(&*clock, own.ahead_micros())));
        }
        assert!(is_told(parted(&Set(1_000), 0)) && is_told(parted(&Set(-1_000), 0)));
    }
}
