//! Rows of pixels onto rows of pixels: fill, copy, blend.
//!
//! Every function stays inside the planes that it is given; what doesn't fit is left out.

use capstan_media::frame::{Picture, Plane};
use capstan_media::scene::Colour;

use crate::mix::coverage::Coverage;
use crate::mix::geometry::PixelRect;

/// A colour as Y, U, V: BT.601, limited range.
pub(super) fn yuv(colour: Colour) -> [u8; 3] {
    let [red, green, blue] = [colour.red, colour.green, colour.blue].map(i32::from);
    let sum = |r: i32, g: i32, b: i32| (r * red + g * green + b * blue + 32_768) >> 16;
    let y = 16 + sum(16_829, 33_039, 6_416);
    let u = 128 + sum(-9_714, -19_070, 28_784);
    let v = 128 + sum(28_784, -24_103, -4_681);
    [y, u, v].map(|value| u8::try_from(value.clamp(0, 255)).unwrap_or(0))
}

/// The columns of each row that `rect` covers in a plane, from top to bottom.
fn rows(plane: &mut Plane, rect: PixelRect) -> impl Iterator<Item = &mut [u8]> {
    let columns = rect.x..rect.x + rect.width;
    plane
        .data
        .chunks_mut(plane.stride.max(1))
        .skip(rect.y)
        .take(rect.height)
        .map(move |row| row.get_mut(columns.clone()).unwrap_or_default())
}

/// The rectangle in a chroma plane.
const fn halved(rect: PixelRect) -> PixelRect {
    PixelRect { x: rect.x / 2, y: rect.y / 2, width: rect.width / 2, height: rect.height / 2 }
}

/// Luma with `rect` as it is, chroma with half of it.
fn per_plane(rect: PixelRect) -> [PixelRect; 3] {
    [rect, halved(rect), halved(rect)]
}

/// Fills a rectangle.
pub(super) fn fill(canvas: &mut Picture, rect: PixelRect, colour: Colour) {
    let values = yuv(colour);
    for ((plane, rect), value) in canvas.planes.iter_mut().zip(per_plane(rect)).zip(values) {
        rows(plane, rect).for_each(|row| row.fill(value));
    }
}

/// Puts a picture of the rectangle's size there.
pub(super) fn put(canvas: &mut Picture, rect: PixelRect, tile: &Picture, coverage: &Coverage) {
    let planes = canvas.planes.iter_mut().zip(&tile.planes).zip(per_plane(rect));
    for (number, ((plane, source), rect)) in planes.enumerate() {
        let sources = source.data.chunks(source.stride.max(1));
        let rows = rows(plane, rect).zip(sources);
        match coverage {
            Coverage::Opaque => rows.for_each(|(row, source)| {
                row.iter_mut().zip(source).for_each(|(under, &over)| *under = over);
            }),
            Coverage::Even(alpha) => rows.for_each(|(row, source)| {
                row.iter_mut().zip(source).for_each(|(under, &over)| mix(under, over, *alpha));
            }),
            Coverage::Mask { luma, chroma } => {
                let mask = if number == 0 { luma } else { chroma };
                let masks = mask.chunks(rect.width.max(1));
                rows.zip(masks).for_each(|((row, source), mask)| {
                    let cells = row.iter_mut().zip(source).zip(mask);
                    cells.for_each(|((under, &over), &alpha)| mix(under, over, alpha));
                });
            }
        }
    }
}

/// `alpha` 255 is exactly `over`, 0 exactly `under`.
#[expect(clippy::cast_possible_truncation, reason = "a weighted mean of two bytes is a byte")]
fn mix(under: &mut u8, over: u8, alpha: u8) {
    let alpha = u32::from(alpha) + u32::from(alpha >> 7);
    let sum = u32::from(*under) * (256 - alpha) + u32::from(over) * alpha;
    *under = ((sum + 128) >> 8) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_limited_range_bt601() {
        let of = |red, green, blue| yuv(Colour { red, green, blue });
        assert_eq!(of(0, 0, 0), [16, 128, 128]);
        assert_eq!(of(255, 255, 255), [235, 128, 128]);
        assert_eq!(of(255, 0, 0), [81, 90, 240]);
        assert_eq!(of(0, 255, 0), [145, 54, 34]);
        assert_eq!(of(0, 0, 255), [41, 240, 110]);
    }

    #[test]
    fn blending_keeps_its_ends_exact() {
        for (under, over) in [(0, 255), (255, 0), (16, 235)] {
            let at = |alpha| {
                let mut cell = under;
                mix(&mut cell, over, alpha);
                cell
            };
            assert_eq!((at(0), at(255)), (under, over));
            let middle = (u16::from(under) + u16::from(over)) / 2;
            assert!(at(128).abs_diff(u8::try_from(middle).unwrap()) <= 1);
        }
    }
}
