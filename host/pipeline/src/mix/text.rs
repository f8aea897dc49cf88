//! One line of text as coverage: centred, as large as its area allows.
//!
//! A character is drawn from the first font that has it, and as the first font's "missing" box if none
//! has. There is no shaping: scripts whose letters change their form beside others look stilted.

use std::sync::{Arc, LazyLock};

use ab_glyph::{Font, FontArc, Glyph, GlyphId, PxScale, ScaleFont, point};
use thiserror::Error;

use crate::mix::coverage::{Coverage, byte};
use crate::mix::geometry::PixelRect;

/// The part of the area's height that the line's height fills.
const HEIGHT: f32 = 0.8;
/// The part of the area's width that the line may fill.
const WIDTH: f32 = 0.94;

/// A font that can't be read.
#[derive(Debug, Error)]
#[error("it is no TrueType or OpenType font")]
pub struct BadFont;

/// A font that was read. Clones share it.
#[derive(Clone, Debug)]
pub struct TextFont(FontArc);

impl TextFont {
    /// Reads a TrueType or OpenType file; of a collection its first font.
    ///
    /// # Errors
    /// If the bytes are no font.
    pub fn read(bytes: Vec<u8>) -> Result<Self, BadFont> {
        FontArc::try_from_vec(bytes).map(Self).map_err(|_| BadFont)
    }
}

/// Latin, Greek, Cyrillic; emoji.
static BUILT_IN: LazyLock<Vec<FontArc>> = LazyLock::new(|| {
    let files = [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::NOTO_EMOJI_REGULAR];
    files.into_iter().filter_map(|bytes| FontArc::try_from_slice(bytes).ok()).collect()
});

/// Fonts, the preferred one first. Clones share them.
#[derive(Clone, Debug)]
pub struct Typeface(Arc<[FontArc]>);

impl Default for Typeface {
    /// The built-in fonts alone.
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// One character's picture.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Letter {
    /// The font's place in the typeface.
    font: usize,
    id: GlyphId,
}

impl Typeface {
    /// These fonts in their order, and behind them the built-in ones for Latin, Greek, Cyrillic and emoji.
    #[must_use]
    pub fn new(preferred: Vec<TextFont>) -> Self {
        let preferred = preferred.into_iter().map(|TextFont(font)| font);
        Self(preferred.chain(BUILT_IN.iter().cloned()).collect())
    }

    /// The coverage of one line in an area that isn't empty.
    pub(super) fn line(&self, line: &str, rect: PixelRect) -> Coverage {
        let mut luma = vec![0; rect.width * rect.height];
        let letters: Vec<Letter> =
            line.chars().filter(|&c| is_drawn(c)).map(|c| self.letter(c)).collect();
        let (width, height) = (rect.width as f32, rect.height as f32);
        // The widest scale is found from the length at the tallest: both grow alike.
        let tallest = height * HEIGHT;
        let (_, len) = self.set(&letters, tallest);
        let scale = tallest * (width * WIDTH / len.max(1.0)).min(1.0);
        let (places, len) = self.set(&letters, scale);
        let start = (width - len) / 2.0;
        let baseline = self.0.first().map_or(0.0, |font| {
            let scaled = font.as_scaled(PxScale::from(scale));
            (height + scaled.ascent() + scaled.descent()) / 2.0
        });
        for (letter, place) in letters.into_iter().zip(places) {
            let position = point(start + place, baseline);
            let glyph = letter.id.with_scale_and_position(PxScale::from(scale), position);
            if let Some(font) = self.0.get(letter.font) {
                draw(font, glyph, rect, &mut luma);
            }
        }
        Coverage::masked(luma, rect.width)
    }

    /// The character in the first font that has it; the first font's box if none has.
    fn letter(&self, c: char) -> Letter {
        let of = |(font, loaded): (usize, &FontArc)| Letter { font, id: loaded.glyph_id(c) };
        let found = self.0.iter().enumerate().map(of).find(|letter| letter.id.0 != 0);
        found.unwrap_or(Letter { font: 0, id: GlyphId(0) })
    }

    /// Where each letter begins at a scale, and how long the line is, in pixels.
    fn set(&self, letters: &[Letter], scale: f32) -> (Vec<f32>, f32) {
        let (mut x, mut before) = (0.0, None::<Letter>);
        let mut places = Vec::with_capacity(letters.len());
        for &letter in letters {
            let Some(font) = self.0.get(letter.font) else { continue };
            let scaled = font.as_scaled(PxScale::from(scale));
            if let Some(before) = before.filter(|before| before.font == letter.font) {
                x += scaled.kern(before.id, letter.id);
            }
            places.push(x);
            x += scaled.h_advance(letter.id);
            before = Some(letter);
        }
        (places, x)
    }
}

/// Whether a character has a picture: controls, joiners, variation selectors and what turns lines around
/// have none, and no font a box for them.
const fn is_drawn(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Draws one glyph; what lies outside of the area is left out.
fn draw(font: &FontArc, glyph: Glyph, rect: PixelRect, luma: &mut [u8]) {
    let Some(outline) = font.outline_glyph(glyph) else { return };
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

#[expect(clippy::cast_possible_truncation, reason = "saturates, and pixels are few")]
const fn whole(place: f32) -> i64 {
    place as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inked(line: &str, width: usize, height: usize) -> (usize, usize, usize) {
        let rect = PixelRect { x: 0, y: 0, width, height };
        let Coverage::Mask { luma, .. } = Typeface::default().line(line, rect) else {
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
    fn letters_of_several_fonts_and_boxes_stand_in_one_line() {
        let width = |line: &str| {
            let (ink, first, last) = inked(line, 400, 40);
            assert!(ink > 0, "{line:?} is drawn");
            last - first
        };
        // Each letter makes the line longer: none is drawn over another.
        for (line, longer) in [("Zoë", "Zoë Ж"), ("Ann", "Ann 🎥"), ("漢", "漢字"), ("é", "é漢")]
        {
            assert!(width(longer) > width(line) + 5, "{line} and {longer}");
        }
        // What has no picture takes no room.
        assert_eq!(width("a\u{200d}b\u{fe0f}\u{202e}"), width("ab"));
        let typeface = Typeface::default();
        assert_eq!(typeface.letter('a').font, 0);
        assert_eq!(typeface.letter('🎥').font, 1);
        assert_eq!(typeface.letter('漢').id, GlyphId(0), "the box");
    }

    #[test]
    fn the_longest_line_is_drawn_inside_its_area() {
        let line = "漢W".repeat(100);
        let (ink, first, last) = inked(&line, 640, 36);
        assert!(ink > 0 && first > 0 && last < 639, "{ink} {first} {last}");
    }

    #[test]
    fn odd_texts_are_survived() {
        for line in ["", " ", "\u{0}\u{202e}", "漢字 🎥", "\n\n"] {
            inked(line, 64, 16);
            inked(line, 2, 2);
        }
    }

    #[test]
    fn a_font_that_is_given_draws_what_the_built_in_ones_lack() {
        let hack = TextFont::read(epaint_default_fonts::HACK_REGULAR.to_vec()).unwrap();
        let typeface = Typeface::new(vec![hack]);
        assert_eq!(Typeface::default().letter('Ա').id, GlyphId(0), "the box");
        let armenian = typeface.letter('Ա');
        assert_eq!(armenian.font, 0);
        assert_ne!(armenian.id, GlyphId(0));
        assert_eq!(typeface.letter('🎥').font, 2, "the built-in ones stand behind it");
    }

    #[test]
    fn what_is_no_font_is_refused() {
        assert!(TextFont::read(b"no font".to_vec()).is_err());
        let whole = epaint_default_fonts::HACK_REGULAR;
        for len in [0, 4, 12, 100] {
            assert!(TextFont::read(whole[..len].to_vec()).is_err(), "{len} bytes");
        }
        assert_eq!(BUILT_IN.len(), 2);
    }

    #[test]
    fn a_damaged_font_draws_what_it_can() {
        let whole = epaint_default_fonts::HACK_REGULAR;
        let rect = PixelRect { x: 0, y: 0, width: 100, height: 20 };
        for part in 1..40 {
            let mut bytes = whole[..whole.len() * part / 40].to_vec();
            let place = part * 97;
            bytes[place..place + 200].fill(0xff);
            if let Ok(font) = TextFont::read(bytes) {
                Typeface::new(vec![font]).line("Ann Ա 漢", rect);
            }
        }
    }
}
