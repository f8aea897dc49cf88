//! Which layer of a simulcast track is taken: the one with the most bytes, or the one with the fewest.
//!
//! Layers change only at a key frame, and only for one that is clearly better or when the current
//! one has stopped (a browser short of bandwidth stops the highest first).

use std::time::Duration;

use capstan_media::subscription::VideoLayer;
use capstan_media::time::RoomTime;
use str0m::media::Rid;

/// A layer without a frame for so long has stopped.
const STOPPED: Duration = Duration::from_secs(1);
/// The span over which bytes are compared.
const WINDOW: Duration = Duration::from_secs(1);
/// A layer must carry this many times the bytes of the current one to be worth a change.
const BETTER: f64 = 1.3;
/// How long a layer must have been there before it counts as the smallest: all begin small.
const SETTLED: Duration = Duration::from_secs(1);
/// RFC 8853 sets no limit; browsers send at most three.
const MAX_LAYERS: usize = 4;

/// What to do with a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choice {
    /// It is the next of the layer that is taken.
    Take,
    /// It is the first of a layer that is taken from now on.
    Change,
    /// It is of another layer.
    Skip,
}

/// The layers of one track. A track without simulcast has one, without a name.
#[derive(Debug)]
pub(crate) struct Layers {
    wanted: VideoLayer,
    current: Option<Option<Rid>>,
    known: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    rid: Option<Rid>,
    /// Bytes, fading over [`WINDOW`].
    weight: f64,
    oldest: RoomTime,
    newest: RoomTime,
}

impl Layers {
    pub(crate) const fn new(wanted: VideoLayer) -> Self {
        Self { wanted, current: None, known: Vec::new() }
    }

    /// Looks at a frame.
    pub(crate) fn choose(
        &mut self,
        rid: Option<Rid>,
        bytes: usize,
        key: bool,
        now: RoomTime,
    ) -> Choice {
        self.weigh(rid, bytes, now);
        match self.current {
            Some(current) if current == rid => Choice::Take,
            Some(_) if !key || self.best(now) != Some(rid) => Choice::Skip,
            _ => {
                self.current = Some(rid);
                Choice::Change
            }
        }
    }

    /// The layer whose key frame is needed next.
    pub(crate) fn target(&self, now: RoomTime) -> Option<Rid> {
        self.best(now).or(self.current).flatten()
    }

    /// Whether another layer than the current one should be taken.
    pub(crate) fn wants_change(&self, now: RoomTime) -> bool {
        self.current.is_some() && self.best(now).is_some_and(|best| Some(best) != self.current)
    }

    /// Whether frames and reports of a layer count.
    pub(crate) fn is_current(&self, rid: Option<Rid>) -> bool {
        self.current == Some(rid)
    }

    /// The sender stopped a layer for good. Answers whether none is left.
    pub(crate) fn goodbye(&mut self, rid: Option<Rid>) -> bool {
        self.known.retain(|layer| layer.rid != rid);
        self.known.is_empty() && self.current.is_some()
    }

    fn weigh(&mut self, rid: Option<Rid>, bytes: usize, now: RoomTime) {
        if let Some(layer) = self.known.iter_mut().find(|layer| layer.rid == rid) {
            layer.weight = layer.faded(now) + bytes as f64;
            layer.newest = now;
        } else if self.known.len() < MAX_LAYERS {
            self.known.push(Layer { rid, weight: bytes as f64, oldest: now, newest: now });
        }
    }

    /// The layer to take at `now`: the current one unless another is clearly better.
    fn best(&self, now: RoomTime) -> Option<Option<Rid>> {
        let live = |layer: &&Layer| now.since(layer.newest) < STOPPED;
        let weight = |a: &&Layer, b: &&Layer| a.faded(now).total_cmp(&b.faded(now));
        let current = self.known.iter().filter(live).find(|l| Some(l.rid) == self.current);
        let settled = |layer: &&Layer| now.since(layer.oldest) >= SETTLED;
        let candidates = self.known.iter().filter(live);
        let (best, better) = match self.wanted {
            VideoLayer::High => (candidates.max_by(weight)?, BETTER),
            VideoLayer::Low => match candidates.filter(settled).min_by(weight) {
                Some(lightest) => (lightest, 1.0 / BETTER),
                None => return current.or_else(|| self.known.iter().find(live)).map(|l| l.rid),
            },
        };
        match current {
            Some(current) if !self.is_past(best.faded(now), current.faded(now) * better) => {
                Some(current.rid)
            }
            _ => Some(best.rid),
        }
    }

    /// Whether a weight is on the wanted side of a limit, or at it.
    fn is_past(&self, weight: f64, limit: f64) -> bool {
        match self.wanted {
            VideoLayer::High => weight >= limit,
            VideoLayer::Low => weight <= limit,
        }
    }
}

impl Layer {
    fn faded(&self, now: RoomTime) -> f64 {
        let age = now.since(self.newest).as_secs_f64() / WINDOW.as_secs_f64();
        self.weight * (-age).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rid(name: &str) -> Option<Rid> {
        Some(Rid::from(name))
    }

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    #[test]
    fn a_track_without_simulcast_is_taken_whole() {
        let mut layers = Layers::new(VideoLayer::High);
        assert_eq!(layers.choose(None, 10, false, ms(0)), Choice::Change);
        assert_eq!(layers.choose(None, 9_999, true, ms(10_000)), Choice::Take);
        assert!(!layers.wants_change(ms(10_000)));
    }

    #[test]
    fn the_highest_layer_is_taken_at_its_next_key_frame() {
        let mut layers = Layers::new(VideoLayer::High);
        assert_eq!(layers.choose(rid("q"), 500, true, ms(0)), Choice::Change);
        assert_eq!(layers.choose(rid("f"), 8_000, false, ms(2)), Choice::Skip);
        assert!(layers.wants_change(ms(3)));
        assert_eq!(layers.target(ms(3)), rid("f"));
        assert_eq!(layers.choose(rid("q"), 500, false, ms(30)), Choice::Take);
        assert_eq!(layers.choose(rid("f"), 8_000, true, ms(33)), Choice::Change);
        assert_eq!(layers.choose(rid("q"), 500, true, ms(60)), Choice::Skip);
        assert!(layers.is_current(rid("f")) && !layers.wants_change(ms(60)));
    }

    #[test]
    fn the_lowest_layer_is_taken_once_its_size_is_known() {
        let mut layers = Layers::new(VideoLayer::Low);
        assert_eq!(layers.choose(rid("f"), 8_000, true, ms(0)), Choice::Change);
        let mut taken = Vec::new();
        for n in 1..100_i64 {
            let key = n % 30 == 0;
            for (name, bytes) in [("f", 8_000), ("q", 500), ("h", 2_000)] {
                if layers.choose(rid(name), bytes, key, ms(n * 33)) == Choice::Change {
                    taken.push((name, n));
                }
            }
        }
        assert_eq!(taken, [("q", 60)], "at its first key frame after a second");
        assert!(!layers.wants_change(ms(3_300)));
    }

    #[test]
    fn a_track_is_over_when_every_layer_said_goodbye() {
        let mut layers = Layers::new(VideoLayer::High);
        assert!(!layers.goodbye(None), "nothing came yet");
        layers.choose(rid("f"), 8_000, true, ms(0));
        layers.choose(rid("q"), 500, true, ms(10));
        assert!(!layers.goodbye(rid("f")));
        assert!(layers.goodbye(rid("q")));
        assert_eq!(layers.choose(rid("q"), 500, true, ms(900)), Choice::Change);
    }

    #[test]
    fn a_layer_that_stops_gives_way() {
        let mut layers = Layers::new(VideoLayer::High);
        layers.choose(rid("f"), 8_000, true, ms(0));
        assert_eq!(layers.choose(rid("q"), 500, true, ms(10)), Choice::Skip);
        assert_eq!(layers.choose(rid("q"), 500, false, ms(1_100)), Choice::Skip);
        assert!(layers.wants_change(ms(1_100)));
        assert_eq!(layers.choose(rid("q"), 500, true, ms(1_200)), Choice::Change);
    }
}
