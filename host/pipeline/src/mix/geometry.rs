//! From fractions of the canvas to pixels, and from one shape to another.
//!
//! Edges are rounded to even pixels, each edge by itself, so that areas that touch as fractions
//! touch as pixels: no seam and no overlap, and luma and chroma cut at the same places.

use capstan_media::frame::Size;
use capstan_media::scene::{Fit, Rect};

/// Part of a line of cells: where it begins and how long it is, in cells.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Span {
    /// The first edge.
    pub start: f64,
    /// More than zero.
    pub len: f64,
}

impl Span {
    /// The same span of a plane of half the size.
    #[must_use]
    pub const fn halved(self) -> Self {
        Self { start: self.start / 2.0, len: self.len / 2.0 }
    }
}

/// A rectangle in pixels, all numbers even.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PixelRect {
    /// Left edge.
    pub x: usize,
    /// Top edge.
    pub y: usize,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

impl PixelRect {
    /// The pixels of an area of a canvas whose sides are even. May be empty.
    #[must_use]
    pub fn of(area: Rect, canvas: Size) -> Self {
        let (x, right) = edges(area.x, area.width, canvas.width);
        let (y, bottom) = edges(area.y, area.height, canvas.height);
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// Whether nothing fits in.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether the two have a pixel in common.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        !self.is_empty()
            && !other.is_empty()
            && self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// As a picture's size, `None` if empty.
    #[must_use]
    pub fn size(&self) -> Option<Size> {
        let side = |pixels: usize| u32::try_from(pixels).ok().filter(|&side| side > 0);
        Some(Size { width: side(self.width)?, height: side(self.height)? })
    }
}

fn edges(start: f64, len: f64, side: u32) -> (usize, usize) {
    let first = even(start * f64::from(side), side);
    (first, even((start + len) * f64::from(side), side).max(first))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=side")]
fn even(place: f64, side: u32) -> usize {
    // What lies on the middle up to the error of adding fractions goes the same way every time.
    let half = (place / 2.0 + 0.5 + 1e-6).floor().clamp(0.0, f64::from(side / 2));
    half as usize * 2
}

/// How a picture is put into an area: which part of it is seen, and where.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Placement {
    /// The part of the source's width that is seen, in luma pixels.
    pub across: Span,
    /// The part of its height.
    pub down: Span,
    /// Where within the area, in even pixels.
    pub target: PixelRect,
}

/// Fits a picture of size `source` into an area of `width` by `height` even pixels.
#[must_use]
pub fn place(source: Size, width: usize, height: usize, fit: Fit) -> Placement {
    let (source_width, source_height) = (f64::from(source.width), f64::from(source.height));
    let (area_width, area_height) = (width as f64, height as f64);
    let scale = match fit {
        Fit::Cover => (area_width / source_width).max(area_height / source_height),
        Fit::Contain => (area_width / source_width).min(area_height / source_height),
    };
    let centred = |source: f64, area: f64| {
        let len = (area / scale).min(source);
        Span { start: (source - len) / 2.0, len }
    };
    let (x, inner_width) = inset(source_width * scale, width);
    let (y, inner_height) = inset(source_height * scale, height);
    Placement {
        across: centred(source_width, area_width),
        down: centred(source_height, area_height),
        target: PixelRect { x, y, width: inner_width, height: inner_height },
    }
}

/// The even length nearest to `len` that fits in `area`, and its even inset; never empty.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 2..=area")]
fn inset(len: f64, area: usize) -> (usize, usize) {
    let len = ((len / 2.0).round().max(1.0) as usize * 2).min(area);
    ((area - len) / 4 * 2, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_that_touch_as_fractions_touch_as_pixels() {
        for width in (16..700).step_by(2) {
            for parts in 1..18_u32 {
                let canvas = Size { width, height: 16 };
                let part = 1.0 / f64::from(parts);
                let mut expected = 0;
                for i in 0..parts {
                    let area = Rect { x: f64::from(i) * part, y: 0.0, width: part, height: 1.0 };
                    let rect = PixelRect::of(area, canvas);
                    assert_eq!(rect.x, expected, "part {i} of {parts} in {width}");
                    assert!(rect.width.is_multiple_of(2) && rect.height == 16);
                    expected = rect.x + rect.width;
                }
                assert_eq!(expected, width as usize);
            }
        }
    }

    #[test]
    fn cover_crops_both_sides_alike_and_contain_leaves_bars() {
        let source = Size { width: 640, height: 360 };
        let cover = place(source, 360, 360, Fit::Cover);
        assert_eq!(cover.across, Span { start: 140.0, len: 360.0 });
        assert_eq!(cover.down, Span { start: 0.0, len: 360.0 });
        assert_eq!(cover.target, PixelRect { x: 0, y: 0, width: 360, height: 360 });
        let contain = place(source, 360, 360, Fit::Contain);
        assert_eq!(contain.across, Span { start: 0.0, len: 640.0 });
        assert_eq!(contain.target, PixelRect { x: 0, y: 78, width: 360, height: 202 });
        let sliver = place(Size { width: 8192, height: 2 }, 100, 100, Fit::Contain);
        assert_eq!(sliver.target, PixelRect { x: 0, y: 48, width: 100, height: 2 });
    }
}
