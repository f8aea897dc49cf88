//! One large region and a strip of small ones at an edge of the canvas.

use super::{Content, MAX_REGIONS, Rect, Scene, View, area};
use crate::json::Reader;

/// The strip's share of the canvas, unless asked otherwise.
const SIZE: f64 = 0.2;
/// Small regions in a row, at least: few people don't get slivers of another shape.
const FEWEST: usize = 4;
/// Small regions in a row, at most; more make a second row of half the breadth.
const MOST: usize = 8;

/// Where the small regions lie.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Strip {
    /// At which edge.
    pub edge: Edge,
    /// How much of the canvas it takes: 0.1 to 0.4 of the width or height.
    pub size: f64,
}

/// An edge of the canvas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge {
    /// The left.
    Left,
    /// The right.
    Right,
    /// The upper.
    Top,
    /// The lower.
    Bottom,
}

impl Default for Strip {
    fn default() -> Self {
        Self { edge: Edge::Right, size: SIZE }
    }
}

impl Strip {
    /// Reads the member `strip`.
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        if reader.value("strip").is_none() {
            return Self::default();
        }
        let read = |inner: &mut Reader<'_>| Self {
            edge: match inner.text("position") {
                None | Some("right") => Edge::Right,
                Some("left") => Edge::Left,
                Some("top") => Edge::Top,
                Some("bottom") => Edge::Bottom,
                Some(_) => {
                    inner.wrong("position", "must be left, right, top or bottom");
                    Edge::Right
                }
            },
            size: inner
                .number("size", 0.1..=0.4, "must be a number from 0.1 to 0.4")
                .unwrap_or(SIZE),
        };
        reader.inner("strip", "must be an object", read).unwrap_or_default()
    }

    /// What is left for the large region.
    #[must_use]
    pub const fn large(&self) -> Rect {
        let rest = 1.0 - self.size;
        match self.edge {
            Edge::Left => area(self.size, 0.0, rest, 1.0),
            Edge::Right => area(0.0, 0.0, rest, 1.0),
            Edge::Top => area(0.0, self.size, 1.0, rest),
            Edge::Bottom => area(0.0, 0.0, 1.0, rest),
        }
    }

    /// So many small regions (at most 16 are given), from the top or the left, first in the row
    /// nearest to the large region.
    #[must_use]
    pub fn small(&self, count: usize) -> Vec<Rect> {
        let count = count.min(MAX_REGIONS - 1);
        let rows = count.div_ceil(MOST).max(1);
        let per_row = count.clamp(FEWEST, MOST);
        let (breadth, length) = (self.size / rows as f64, 1.0 / per_row as f64);
        let place = |number: usize| {
            let (row, along) = ((number / per_row) as f64, (number % per_row) as f64 * length);
            let (near, far) = (row * breadth, self.size - (row + 1.0) * breadth);
            match self.edge {
                Edge::Left => area(far, along, breadth, length),
                Edge::Right => area(1.0 - self.size + near, along, breadth, length),
                Edge::Top => area(along, far, length, breadth),
                Edge::Bottom => area(along, 1.0 - self.size + near, length, breadth),
            }
        };
        (0..count).map(place).collect()
    }
}

impl Scene {
    /// Who was in the large region of a layout with a strip, so that the next scene can keep them.
    /// `None` if nobody was, or nothing of theirs could be seen.
    #[must_use]
    pub fn large_view(&self) -> Option<View> {
        self.layers.iter().find_map(|layer| match layer.content {
            // A large region has at least 0.6 of the canvas, a small one at most 0.1.
            Content::Participant(view) if layer.area.width * layer.area.height > 0.5 => Some(view),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_never_overlap_and_stay_on_the_canvas() {
        for edge in [Edge::Left, Edge::Right, Edge::Top, Edge::Bottom] {
            for (size, count) in (0..=20).flat_map(|count| [(0.1, count), (0.4, count)]) {
                let strip = Strip { edge, size };
                let mut all = strip.small(count);
                assert_eq!(all.len(), count.min(16));
                all.push(strip.large());
                for (number, a) in all.iter().enumerate() {
                    let ends = (a.x + a.width, a.y + a.height);
                    assert!(a.x >= -1e-9 && a.y >= -1e-9, "{a:?}");
                    assert!(ends.0 <= 1.0 + 1e-9 && ends.1 <= 1.0 + 1e-9, "{a:?}");
                    for b in &all[number + 1..] {
                        let apart = ends.0 <= b.x + 1e-9
                            || b.x + b.width <= a.x + 1e-9
                            || ends.1 <= b.y + 1e-9
                            || b.y + b.height <= a.y + 1e-9;
                        assert!(apart, "{edge:?} {count}: {a:?} and {b:?}");
                    }
                }
            }
        }
    }
}
