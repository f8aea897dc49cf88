//! One line of text as coverage: centred, as large as its area allows.
//!
//! Characters that the font lacks are drawn as its "missing" box.

use std::sync::Arc;

use ab_glyph::{Font, FontVec, GlyphId, PxScale, ScaleFont, point};
use thiserror::Error;

use crate::mix::coverage::{Coverage, byte};
use crate::mix::geometry::PixelRect;

/// The part of the area's height that the line's height fills.
const HEIGHT: f32 = 0.8;
/// The part of the area's width that the line may fill.
const WIDTH: f32 = 0.94;

/// A font that can't be read.
#[derive(Debug, Error)]
#[error("font refused: not a TrueType or OpenType font")]
pub struct BadFont;

/// A loaded font.
#[derive(Clone, Debug)]
pub struct Typeface(Arc<FontVec>);

impl Typeface {
    /// Reads a font file's bytes, or the built-in font.
    ///
    /// # Errors
    /// If the bytes are no font.
    pub fn new(bytes: Option<&[u8]>) -> Result<Self, BadFont> {
        let bytes = bytes.unwrap_or(epaint_default_fonts::UBUNTU_LIGHT);
        FontVec::try_from_vec(bytes.to_vec()).map(|font| Self(Arc::new(font))).map_err(|_| BadFont)
    }

    /// The coverage of one line in an area that isn't empty.
    pub(super) fn line(&self, line: &str, rect: PixelRect) -> Coverage {
        let mut luma = vec![0; rect.width * rect.height];
        let glyphs: Vec<GlyphId> = line.chars().map(|c| self.0.glyph_id(c)).collect();
        let (width, height) = (rect.width as f32, rect.height as f32);
        // The widest scale is found from the length at the tallest: both grow alike.
        let tallest = height * HEIGHT;
        let len = self.length(&glyphs, tallest).max(1.0);
        let scale = tallest * (width * WIDTH / len).min(1.0);
        let scaled = self.0.as_scaled(PxScale::from(scale));
        let mut x = (width - self.length(&glyphs, scale)) / 2.0;
        let baseline = (height + scaled.ascent() + scaled.descent()) / 2.0;
        for (number, &id) in glyphs.iter().enumerate() {
            if let Some(&before) = number.checked_sub(1).and_then(|before| glyphs.get(before)) {
                x += scaled.kern(before, id);
            }
            let glyph = id.with_scale_and_position(PxScale::from(scale), point(x, baseline));
            x += scaled.h_advance(id);
            let Some(outline) = self.0.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            outline.draw(|glyph_x, glyph_y, cover| {
                let at = |offset: u32, from: f32, side: usize| {
                    let place = i64::from(offset) + whole(from);
                    usize::try_from(place).ok().filter(|&place| place < side)
                };
                let column = at(glyph_x, bounds.min.x, rect.width);
                let row = at(glyph_y, bounds.min.y, rect.height);
                let (Some(column), Some(row)) = (column, row) else { return };
                if let Some(cell) = luma.get_mut(row * rect.width + column) {
                    *cell = byte(cover).max(*cell);
                }
            });
        }
        Coverage::masked(luma, rect.width)
    }

    /// How long the line is at a scale, in pixels.
    fn length(&self, glyphs: &[GlyphId], scale: f32) -> f32 {
        let scaled = self.0.as_scaled(PxScale::from(scale));
        let advances: f32 = glyphs.iter().map(|&id| scaled.h_advance(id)).sum();
        let kerns: f32 = glyphs
            .windows(2)
            .map(|pair| match pair {
                &[before, id] => scaled.kern(before, id),
                _ => 0.0,
            })
            .sum();
        advances + kerns
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and pixels are few")]
const fn whole(place: f32) -> i64 {
    place as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inked(line: &str, width: usize, height: usize) -> (usize, usize, usize) {
        let rect = PixelRect { x: 0, y: 0, width, height };
        let Coverage::Mask { luma, .. } = Typeface::new(None).unwrap().line(line, rect) else {
            panic!("text is a mask");
        };
        let columns: Vec<usize> = luma
            .iter()
            .enumerate()
            .filter(|&(_, &cell)| cell > 30)
            .map(|(place, _)| place % width)
            .collect();
        let first = columns.iter().copied().min().unwrap_or(0);
        (columns.len(), first, columns.iter().copied().max().unwrap_or(0))
    }

    #[test]
    fn a_line_is_centred_and_fits() {
        let (ink, first, last) = inked("HOH", 200, 40);
        assert!(ink > 100);
        assert!(first.abs_diff(199 - last) <= 3, "{first} and {last} are not centred in 200");
        let long = "a name that is much too long for the small label it is put on";
        let (ink, first, last) = inked(long, 120, 40);
        assert!(ink > 10 && first > 0 && last < 119, "{ink} {first} {last}");
    }

    #[test]
    fn odd_texts_are_survived() {
        for line in ["", " ", "\u{0}\u{202e}", "漢字 🎥", "\n\n"] {
            inked(line, 64, 16);
            inked(line, 2, 2);
        }
        assert!(Typeface::new(Some(b"no font")).is_err());
    }
}
