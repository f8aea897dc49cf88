//! When the composite may leave out pictures: a pure policy over how far it is behind.
//!
//! The further it is behind, the larger the share of pictures that it leaves out, and these lie evenly between
//! those that are made: a picture that stands for 2 ticks always is easier to look at than one that stands for 10
//! now and then. It never leaves out the one at which a segment starts, so that segments keep their length, and
//! still makes one a second. Sound is never left out.

use std::time::Duration;

use capstan_media::time::RoomTime;

/// What a whole share is counted in.
const WHOLE: u32 = 1 << 16;
/// The share moves towards what the lateness asks for by one part in this many a tick, so that a tick that took
/// long, as key pictures do, doesn't show as a burst.
const INERTIA: u32 = 8;

/// Decides for each tick whether its picture is made.
#[derive(Debug)]
pub(crate) struct Overload {
    after: Duration,
    fps: u32,
    span: Option<Span>,
    since_picture: u32,
    /// The share of pictures that is left out.
    share: u32,
    /// What of it wasn't left out yet.
    owed: u32,
}

/// From the first picture that is left out until it isn't behind any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: RoomTime,
    pub(crate) pictures: u64,
}

/// What to do with a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Make its picture.
    Render,
    /// Only its sound.
    Skip,
}

impl Overload {
    pub(crate) const fn new(after: Duration, fps: u32) -> Self {
        Self { after, fps, span: None, since_picture: 0, share: 0, owed: 0 }
    }

    /// Decides about the tick at `tick`, `behind` too late, which may start a segment. Returns a span
    /// that has just ended too.
    pub(crate) fn decide(
        &mut self,
        tick: RoomTime,
        behind: Duration,
        starts_segment: bool,
    ) -> (Tick, Option<Span>) {
        let keep_on = self.span.is_some() && behind > self.after / 2;
        if behind <= self.after && !keep_on {
            (self.since_picture, self.share, self.owed) = (0, 0, 0);
            return (Tick::Render, self.span.take());
        }
        let wanted = self.wanted(behind);
        self.share = match self.span {
            // It is late already.
            None => wanted,
            Some(_) => self.share - self.share / INERTIA + wanted / INERTIA,
        };
        self.owed += self.share;
        if starts_segment || self.since_picture + 1 >= self.fps || self.owed < WHOLE {
            // What a segment's start leaves owed isn't made up for in a row.
            self.owed = self.owed.min(WHOLE);
            self.since_picture = 0;
            return (Tick::Render, None);
        }
        self.owed -= WHOLE;
        self.since_picture += 1;
        let span = self.span.get_or_insert(Span { from: tick, pictures: 0 });
        span.pictures += 1;
        (Tick::Skip, None)
    }

    /// Nothing half as late as it may be, everything twice as late.
    fn wanted(&self, behind: Duration) -> u32 {
        let least = self.after / 2;
        let most = (self.after * 2).saturating_sub(least).as_micros().max(1);
        let over = behind.saturating_sub(least).as_micros().min(most);
        u32::try_from(over * u128::from(WHOLE) / most).unwrap_or(WHOLE)
    }

    /// Ends the span that is open.
    pub(crate) const fn end(&mut self) -> Option<Span> {
        self.span.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: i64 = 66_667;
    const FPS: u32 = 15;

    /// A composite whose pictures cost so much, and its sound a little, in virtual time: which ticks had a picture,
    /// the latest that one was, and the spans that ended.
    fn run(cost: impl Fn(i64) -> i64, seconds: i64) -> (Vec<bool>, Duration, usize) {
        let mut overload = Overload::new(Duration::from_secs(2), FPS);
        let (mut now, mut latest, mut spans) = (0_i64, Duration::ZERO, 0);
        let mut made = Vec::new();
        for tick in 0..seconds * i64::from(FPS) {
            now = now.max(tick * TICK);
            let behind = Duration::from_micros(u64::try_from(now - tick * TICK).unwrap());
            let starts = tick % (2 * i64::from(FPS)) == 0;
            let (what, span) = overload.decide(RoomTime::from_micros(tick * TICK), behind, starts);
            latest = latest.max(behind);
            spans += usize::from(span.is_some());
            made.push(what == Tick::Render);
            now += if what == Tick::Render { cost(tick) } else { TICK / 20 };
        }
        (made, latest, spans + usize::from(overload.end().is_some()))
    }

    /// The most pictures in a row that are missing, of those from a second on.
    fn longest(made: &[bool], from: usize) -> usize {
        let rest = &made[from * FPS as usize..];
        rest.split(|made| *made).map(<[bool]>::len).max().unwrap_or(0)
    }

    #[test]
    fn at_twice_the_capacity_every_second_picture_goes_missing_and_never_many_in_a_row() {
        let (made, latest, spans) = run(|_| 2 * TICK, 120);
        assert!(longest(&made, 0) <= 2, "{} in a row", longest(&made, 0));
        let share = made[600..].iter().filter(|made| **made).count() as f64 / 1_200.0;
        assert!((0.44..0.56).contains(&share), "{share} of the pictures are made");
        assert!(latest < Duration::from_secs(4), "never later than {latest:?}");
        assert_eq!(spans, 1, "one long span, not a hundred short ones");
    }

    #[test]
    fn the_pictures_that_are_left_are_as_far_apart_as_the_machine_is_slow() {
        for (times, most) in [(1.2, 1), (1.5, 1), (3.0, 4), (50.0, 14)] {
            // Every thirtieth, a key picture, costs three times as much.
            let cost = |tick: i64| {
                let whole = (times * TICK as f64) as i64;
                if tick % 30 == 0 { 3 * whole } else { whole }
            };
            let (made, _, _) = run(cost, 180);
            let row = longest(&made, 60);
            assert!(row <= most, "{times} times too slow: {row} in a row");
        }
        let (made, latest, spans) = run(|_| TICK * 9 / 10, 60);
        assert!(made.iter().all(|made| *made) && spans == 0 && latest < Duration::from_secs(1));
    }

    #[test]
    fn a_passing_overload_passes() {
        let (made, _, spans) =
            run(|tick| if (150..450).contains(&tick) { 2 * TICK } else { TICK / 2 }, 90);
        assert_eq!(spans, 1);
        assert!(made[..150].iter().all(|made| *made));
        assert!(made[750..].iter().all(|made| *made), "it has caught up");
        assert!(longest(&made, 0) <= 2);
    }

    #[test]
    fn segments_start_with_a_picture_and_there_is_one_a_second() {
        let mut overload = Overload::new(Duration::from_millis(1_000), 10);
        let mut decide = |tick: i64, behind| {
            let behind = Duration::from_millis(behind);
            overload.decide(RoomTime::from_millis(tick * 100), behind, tick == 5)
        };
        assert_eq!(decide(0, 1_000), (Tick::Render, None));
        let made: Vec<i64> =
            (1..=20).filter(|tick| decide(*tick, 60_000).0 == Tick::Render).collect();
        assert_eq!(made, [5, 15], "a segment's start, and one a second");
        let span = Span { from: RoomTime::from_millis(100), pictures: 18 };
        assert_eq!(decide(22, 500), (Tick::Render, Some(span)), "it catches up to half");
        assert_eq!(decide(23, 600), (Tick::Render, None));
    }
}
