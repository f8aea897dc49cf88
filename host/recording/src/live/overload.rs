//! When the composite may leave out pictures: a pure policy over how far it is behind.
//!
//! It leaves out pictures only while it is too far behind, but never the one at which a segment
//! starts, so that segments keep their length, and still makes one a second. Sound is never left out.

use std::time::Duration;

use capstan_media::time::RoomTime;

/// Decides for each tick whether its picture is made.
#[derive(Debug)]
pub(crate) struct Overload {
    after: Duration,
    fps: u32,
    span: Option<Span>,
    since_picture: u32,
}

/// Pictures left out in a row, but for the one a second.
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
        Self { after, fps, span: None, since_picture: 0 }
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
            self.since_picture = 0;
            return (Tick::Render, self.span.take());
        }
        if starts_segment || self.since_picture + 1 >= self.fps {
            self.since_picture = 0;
            return (Tick::Render, None);
        }
        self.since_picture += 1;
        let span = self.span.get_or_insert(Span { from: tick, pictures: 0 });
        span.pictures += 1;
        (Tick::Skip, None)
    }

    /// Ends the span that is open.
    pub(crate) const fn end(&mut self) -> Option<Span> {
        self.span.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_left_out_while_far_behind_but_one_a_second() {
        let mut overload = Overload::new(Duration::from_millis(1_000), 10);
        let mut decide = |tick: i64, behind| {
            let behind = Duration::from_millis(behind);
            overload.decide(RoomTime::from_millis(tick * 100), behind, tick == 5)
        };
        assert_eq!(decide(0, 1_000), (Tick::Render, None));
        let made: Vec<i64> =
            (1..=20).filter(|tick| decide(*tick, 1_001).0 == Tick::Render).collect();
        assert_eq!(made, [5, 15], "a segment's start, and one a second");
        assert_eq!(decide(21, 501), (Tick::Skip, None), "it catches up to half");
        let span = Span { from: RoomTime::from_millis(100), pictures: 19 };
        assert_eq!(decide(22, 500), (Tick::Render, Some(span)));
        assert_eq!(decide(23, 600), (Tick::Render, None));
    }
}
