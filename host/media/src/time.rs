//! Times: the room clock, and the conversions at its edges.

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment on the room clock, in microseconds since the Unix epoch.
///
/// The process reads the wall clock once at its start and carries it forward with the monotone
/// clock, so room time never jumps or goes backwards while a process lives. Every room of a process
/// shares it. A recording takes it as corrected at its start, see [`RoomClock::wall`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomTime(i64);

impl RoomTime {
    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since the Unix epoch; saturates at the ends of the clock.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// How long after `earlier` this is; zero if it isn't after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Signed distance from `origin` in microseconds, negative if this is earlier.
    #[must_use]
    pub const fn micros_from(self, origin: Self) -> i64 {
        self.0.saturating_sub(origin.0)
    }

    /// This moment moved by a signed number of microseconds.
    #[must_use]
    pub const fn offset_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl Add<Duration> for RoomTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for RoomTime {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// Where room time comes from. Implemented once by the process and by tests.
pub trait RoomClock: Send + Sync {
    /// The present moment.
    fn now(&self) -> RoomTime;

    /// What the machine's own clock says at the present moment: what others compare with theirs. It
    /// jumps when somebody sets it.
    fn wall(&self) -> RoomTime {
        self.now()
    }
}

/// A track's RTP time: the 32-bit stamp of RFC 3550 extended so that it never wraps, in ticks of
/// the codec's clock rate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RtpTime(pub u64);

impl RtpTime {
    /// Signed distance from `origin`, in microseconds at `rate` ticks a second.
    #[must_use]
    pub fn micros_from(self, origin: Self, rate: u32) -> i64 {
        let ticks = i128::from(self.0) - i128::from(origin.0);
        let micros = ticks * 1_000_000 / i128::from(rate.max(1));
        i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_zero_for_the_future() {
        let a = RoomTime::from_millis(5);
        let b = RoomTime::from_millis(7);
        assert_eq!(a.since(b), Duration::ZERO);
        assert_eq!(b.since(a), Duration::from_millis(2));
        assert_eq!(a.micros_from(b), -2_000);
    }

    #[test]
    fn rtp_distance_is_signed_and_scaled() {
        assert_eq!(RtpTime(180_000).micros_from(RtpTime(90_000), 90_000), 1_000_000);
        assert_eq!(RtpTime(0).micros_from(RtpTime(48_000), 48_000), -1_000_000);
    }
}
