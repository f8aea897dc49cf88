//! Brings pictures to the colours of the canvas: BT.601 with luma from 16 to 235.
//!
//! Between two such systems the new chroma depends on the old chroma alone, and the new luma on the old luma and
//! the chroma that lies over it, so planes keep their sizes and nothing is scaled.

use capstan_media::colour_space::ColourSpace;
use capstan_media::frame::Picture;

use crate::picture::PictureView;

/// Bits behind the point.
const SHIFT: u32 = 14;
/// Red's and blue's share of luma in BT.601.
const CANVAS: (f64, f64) = (0.299, 0.114);

/// From one system to the canvas', as whole numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Conversion {
    /// What black is, and what a step of luma, of U and of V adds to luma.
    black: i32,
    luma: [i32; 3],
    /// What a step of U and of V adds to U, and to V.
    chroma: [[i32; 2]; 2],
}

impl Conversion {
    /// `None` if pictures are as the canvas is, which those that say nothing are taken for: browsers send such.
    pub(crate) fn of(space: ColourSpace) -> Option<Self> {
        let (red, blue) = shares(space.matrix);
        if !space.full_range && (red, blue) == CANVAS {
            return None;
        }
        let (luma_steps, chroma_steps, black) =
            if space.full_range { (255.0, 255.0, 0) } else { (219.0, 224.0, 16) };
        // B - Y and R - Y for one of U and of V.
        let (from_u, from_v) = (2.0 * (1.0 - blue), 2.0 * (1.0 - red));
        let green = 1.0 - red - blue;
        let (red_here, blue_here) = CANVAS;
        let green_here = 1.0 - red_here - blue_here;
        // What one of U and of V adds to the canvas' luma beyond the old luma.
        let luma_u = blue_here * from_u - green_here * blue * from_u / green;
        let luma_v = red_here * from_v - green_here * red * from_v / green;
        let (to_u, to_v) = (2.0 * (1.0 - blue_here), 2.0 * (1.0 - red_here));
        let chroma = 224.0 / chroma_steps;
        #[expect(clippy::cast_possible_truncation, reason = "each is below 4")]
        let whole = |factor: f64| (factor * f64::from(1 << SHIFT)).round() as i32;
        Some(Self {
            black,
            luma: [
                whole(219.0 / luma_steps),
                whole(luma_u * 219.0 / chroma_steps),
                whole(luma_v * 219.0 / chroma_steps),
            ],
            chroma: [
                [whole((from_u - luma_u) / to_u * chroma), whole(-luma_v / to_u * chroma)],
                [whole(-luma_u / to_v * chroma), whole((from_v - luma_v) / to_v * chroma)],
            ],
        })
    }

    /// Converts a picture into `out`, reusing its memory.
    pub(crate) fn run(&self, picture: PictureView<'_>, out: &mut Picture) {
        picture.copy_to(out);
        let [luma, u, v] = &mut out.planes;
        let (luma_rows, chroma_rows) = (luma.stride.max(1), u.stride.max(1));
        for (y, row) in luma.data.chunks_mut(luma_rows).enumerate() {
            let at = y / 2 * chroma_rows;
            let chroma = u.data.iter().skip(at).zip(v.data.iter().skip(at));
            for (pair, (&u, &v)) in row.chunks_mut(2).zip(chroma) {
                let added = self.luma_of(u, v);
                for value in pair {
                    let [step, ..] = self.luma;
                    let sum = (i32::from(*value) - self.black) * step + added;
                    *value = level(16, sum);
                }
            }
        }
        let [[uu, uv], [vu, vv]] = self.chroma;
        for (u, v) in u.data.iter_mut().zip(&mut v.data) {
            let (old_u, old_v) = (i32::from(*u) - 128, i32::from(*v) - 128);
            *u = level(128, old_u * uu + old_v * uv);
            *v = level(128, old_u * vu + old_v * vv);
        }
    }

    fn luma_of(&self, u: u8, v: u8) -> i32 {
        let [_, from_u, from_v] = self.luma;
        (i32::from(u) - 128) * from_u + (i32::from(v) - 128) * from_v
    }
}

/// Red's and blue's share of luma by `MatrixCoefficients` (H.273, 8.3).
const fn shares(matrix: u8) -> (f64, f64) {
    match matrix {
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        7 => (0.212, 0.087),
        9 | 10 => (0.2627, 0.0593),
        _ => CANVAS,
    }
}

fn level(zero: i32, sum: i32) -> u8 {
    let value = zero + ((sum + (1 << (SHIFT - 1))) >> SHIFT);
    u8::try_from(value.clamp(0, 255)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use capstan_media::frame::Size;

    use super::*;
    use crate::picture::filled;

    /// A colour in a system, as numbers.
    fn coded(space: ColourSpace, [r, g, b]: [f64; 3]) -> [u8; 3] {
        let (red, blue) = shares(space.matrix);
        let luma = red * r + (1.0 - red - blue) * g + blue * b;
        let (u, v) = ((b - luma) / (2.0 * (1.0 - blue)), (r - luma) / (2.0 * (1.0 - red)));
        let (black, luma_steps, chroma_steps) =
            if space.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
        let numbers =
            [black + luma * luma_steps, 128.0 + u * chroma_steps, 128.0 + v * chroma_steps];
        numbers.map(|number| number.round().clamp(0.0, 255.0) as u8)
    }

    #[test]
    fn every_system_gives_the_canvas_numbers() {
        let canvas = ColourSpace { matrix: 6, ..ColourSpace::UNSAID };
        assert_eq!(Conversion::of(canvas), None);
        assert_eq!(Conversion::of(ColourSpace::UNSAID), None);
        for (matrix, full_range) in
            [(1, false), (1, true), (2, true), (6, true), (7, false), (9, false), (9, true)]
        {
            let space = ColourSpace { matrix, full_range, ..ColourSpace::UNSAID };
            let conversion = Conversion::of(space).unwrap();
            for number in 0..125 {
                let rgb = [number / 25, number / 5 % 5, number % 5].map(|n| f64::from(n) / 4.0);
                let picture = filled(Size { width: 5, height: 3 }, coded(space, rgb));
                let mut out = filled(Size { width: 2, height: 2 }, [0; 3]);
                conversion.run(PictureView::of(&picture).unwrap(), &mut out);
                let wanted = coded(canvas, rgb);
                for (plane, wanted) in out.planes.iter().zip(wanted) {
                    let off = |value: &u8| value.abs_diff(wanted);
                    assert!(plane.data.iter().all(|value| off(value) <= 2), "{space:?} {rgb:?}");
                }
            }
        }
    }
}
