//! Still pictures that a scene names.

use std::sync::Arc;

use capstan_media::frame::{Picture, Size};
use capstan_media::scene::{Colour, Fit};

use crate::mix::coverage::Coverage;
use crate::mix::geometry::{PixelRect, place};
use crate::mix::raster::{fill, yuv};
use crate::mix::scale::PlanePlan;
use crate::picture::{PlaneView, filled};

/// A decoded still picture with straight alpha.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// In pixels.
    pub size: Size,
    /// Red, green, blue, alpha: `4 * width * height` bytes.
    pub rgba: Arc<[u8]>,
}

impl Image {
    /// Whether there are as many bytes as the size says.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let pixels = u64::from(self.size.width) * u64::from(self.size.height);
        pixels > 0 && u64::try_from(self.rgba.len()) == Ok(pixels * 4)
    }

    /// One of the channels red, green, blue, alpha. Colours are weighted with their opacity, so that
    /// what can't be seen doesn't bleed into what can when the image is scaled.
    fn channel(&self, number: usize) -> Vec<u8> {
        let cells = self.rgba.chunks_exact(4).map(|pixel| {
            let of = |number: usize| pixel.get(number).copied().unwrap_or(0);
            let (cell, alpha) = (u16::from(of(number)), u16::from(of(3)));
            let weighted = if number < 3 { (cell * alpha + 127) / 255 } else { cell };
            u8::try_from(weighted).unwrap_or(u8::MAX)
        });
        cells.collect()
    }

    /// The image fitted into an area of the rectangle's size. What it leaves out is transparent.
    pub(super) fn fitted(&self, rect: PixelRect, fit: Fit) -> Option<(Picture, Coverage)> {
        let placement = place(self.size, rect.width, rect.height, fit);
        let inner = placement.target;
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let spans = (placement.across, placement.down);
        let mut plan = PlanePlan::new((width, height), spans, (inner.width, inner.height));
        let mut scaled = [const { Vec::new() }; 4];
        for (number, target) in scaled.iter_mut().enumerate() {
            let channel = self.channel(number);
            target.resize(inner.width * inner.height, 0);
            plan.run(PlaneView::new(&channel, width, width, height)?, target, inner.width);
        }
        let [red, green, blue, alpha] = &scaled;
        let colours = red.iter().zip(green).zip(blue).zip(alpha);
        let pixels = colours.map(|(((&red, &green), &blue), &alpha)| {
            let [red, green, blue] = [red, green, blue].map(|colour| unweighted(colour, alpha));
            yuv(Colour { red, green, blue })
        });
        let pixels: Vec<[u8; 3]> = pixels.collect();
        let mut picture = filled(rect.size()?, yuv(Colour::BLACK));
        let mut mask = vec![0; rect.width * rect.height];
        fill(&mut picture, inner, Colour::BLACK);
        let [luma, u, v] = &mut picture.planes;
        let rows = pixels.chunks(inner.width.max(1)).zip(alpha.chunks(inner.width.max(1)));
        for (number, (row, alpha)) in rows.enumerate() {
            let y = inner.y + number;
            copy_at(&mut mask, y * rect.width + inner.x, alpha.iter().copied());
            copy_at(&mut luma.data, y * luma.stride + inner.x, row.iter().map(|&[y, _, _]| y));
            if number % 2 == 0 {
                let at = y / 2 * u.stride + inner.x / 2;
                copy_at(&mut u.data, at, row.iter().step_by(2).map(|&[_, u, _]| u));
                copy_at(&mut v.data, at, row.iter().step_by(2).map(|&[_, _, v]| v));
            }
        }
        Some((picture, Coverage::masked(mask, rect.width)))
    }
}

/// A colour's share of what was weighted with its opacity.
fn unweighted(colour: u8, alpha: u8) -> u8 {
    let full = (u16::from(colour) * 255 + u16::from(alpha) / 2) / u16::from(alpha.max(1));
    u8::try_from(full).unwrap_or(u8::MAX)
}

fn copy_at(target: &mut [u8], at: usize, values: impl Iterator<Item = u8>) {
    let cells = target.get_mut(at..).unwrap_or_default();
    cells.iter_mut().zip(values).for_each(|(cell, value)| *cell = value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_keeps_colour_and_transparency() {
        let size = Size { width: 8, height: 4 };
        let half = |x: usize| if x < 4 { [255, 0, 0, 255] } else { [0, 0, 0, 0] };
        let rgba: Vec<u8> = (0..32).flat_map(|place| half(place % 8)).collect();
        let image = Image { size, rgba: rgba.into() };
        assert!(image.is_whole());
        let rect = PixelRect { x: 0, y: 0, width: 8, height: 8 };
        let (picture, coverage) = image.fitted(rect, Fit::Contain).unwrap();
        let Coverage::Mask { luma, .. } = coverage else { panic!("an image has a mask") };
        assert_eq!(luma[..16], [0; 16], "above the image");
        assert_eq!(luma[16..24], [255, 255, 255, 255, 0, 0, 0, 0]);
        assert_eq!(picture.planes[0].data[16], 81);
        assert_eq!(picture.planes[2].data[4], 240);
        assert!(!Image { size, rgba: vec![0; 5].into() }.is_whole());
    }

    #[test]
    fn what_is_transparent_lends_no_colour_to_an_edge() {
        // A white square in transparent black, made smaller: its edges stay white.
        let size = Size { width: 40, height: 40 };
        let white = |x: usize| (11..29).contains(&x);
        let pixel = |place: usize| {
            if white(place % 40) && white(place / 40) { [255; 4] } else { [0; 4] }
        };
        let rgba: Vec<u8> = (0..1600).flat_map(pixel).collect();
        let image = Image { size, rgba: rgba.into() };
        let rect = PixelRect { x: 0, y: 0, width: 16, height: 16 };
        let (picture, coverage) = image.fitted(rect, Fit::Contain).unwrap();
        let Coverage::Mask { luma, .. } = coverage else { panic!("an image has a mask") };
        let mut edges = 0;
        for (cell, alpha) in picture.planes[0].data.iter().zip(luma) {
            if alpha > 20 {
                assert!(*cell > 220, "luma {cell} where {alpha} of 255 are seen");
                edges += usize::from(alpha < 235);
            }
        }
        assert!(edges > 0, "there are half seen pixels to look at");
    }
}
