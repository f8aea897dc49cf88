//! How much of what lies beneath a layer hides, per pixel.

use crate::mix::geometry::PixelRect;

/// How opaque a layer is where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Coverage {
    /// It hides everything.
    Opaque,
    /// The same everywhere: 0 to 255.
    Even(u8),
    /// One number per pixel, and one per 2x2 pixels for chroma; rows without padding.
    Mask {
        /// For luma.
        luma: Vec<u8>,
        /// For both chroma planes.
        chroma: Vec<u8>,
    },
}

impl Coverage {
    /// Of a rectangle with round corners: `radius` as a fraction of the shorter side.
    pub(super) fn rounded(rect: PixelRect, radius: f32, alpha: f32) -> Self {
        let radius = radius * rect.width.min(rect.height) as f32;
        if radius < 0.5 {
            return if alpha >= 1.0 { Self::Opaque } else { Self::Even(byte(alpha)) };
        }
        let inside = |x: usize, y: usize| corner(rect, radius, x as f32 + 0.5, y as f32 + 0.5);
        let cells = (0..rect.height).flat_map(|y| (0..rect.width).map(move |x| (x, y)));
        let luma = cells.map(|(x, y)| byte(inside(x, y) * alpha)).collect();
        Self::masked(luma, rect.width)
    }

    /// From one number per pixel of rows `width` long; `width` and the number of rows are even.
    pub(super) fn masked(luma: Vec<u8>, width: usize) -> Self {
        let pairs = luma.chunks_exact(2 * width.max(1));
        let chroma = pairs.flat_map(|rows| {
            let (upper, lower) = rows.split_at(width);
            upper.chunks_exact(2).zip(lower.chunks_exact(2)).map(|(upper, lower)| {
                let sum: u16 = upper.iter().chain(lower).map(|&cell| u16::from(cell)).sum();
                u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX)
            })
        });
        let chroma = chroma.collect();
        Self::Mask { luma, chroma }
    }

    /// The same, `alpha` times as opaque.
    pub(super) fn faded(self, alpha: f32) -> Self {
        if alpha >= 1.0 {
            return self;
        }
        let fade = |cells: Vec<u8>| -> Vec<u8> {
            cells.into_iter().map(|cell| byte(f32::from(cell) / 255.0 * alpha)).collect()
        };
        match self {
            Self::Opaque => Self::Even(byte(alpha)),
            Self::Even(before) => Self::Even(byte(f32::from(before) / 255.0 * alpha)),
            Self::Mask { luma, chroma } => Self::Mask { luma: fade(luma), chroma: fade(chroma) },
        }
    }

    /// Both together: what one leaves out, the result leaves out.
    pub(super) fn and(self, other: Self, width: usize) -> Self {
        match (self, other) {
            (Self::Opaque, one) | (one, Self::Opaque) => one,
            (Self::Even(alpha), one) | (one, Self::Even(alpha)) => {
                one.faded(f32::from(alpha) / 255.0)
            }
            (Self::Mask { luma, .. }, Self::Mask { luma: other, .. }) => {
                let product = |(a, b): (u8, u8)| byte(f32::from(a) * f32::from(b) / 65_025.0);
                Self::masked(luma.into_iter().zip(other).map(product).collect(), width)
            }
        }
    }

    /// Whether nothing beneath shines through anywhere.
    pub(super) const fn is_opaque(&self) -> bool {
        matches!(self, Self::Opaque)
    }
}

/// How much of the pixel around a point lies inside: 0.0 to 1.0, smooth across the edge.
fn corner(rect: PixelRect, radius: f32, x: f32, y: f32) -> f32 {
    let beyond = |place: f32, side: usize| (radius - place).max(place - (side as f32 - radius));
    let (dx, dy) = (beyond(x, rect.width), beyond(y, rect.height));
    if dx <= 0.0 || dy <= 0.0 {
        return 1.0;
    }
    (radius - dx.hypot(dy) + 0.5).clamp(0.0, 1.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
pub(super) fn byte(share: f32) -> u8 {
    (share.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_corners_leave_out_the_corners_only() {
        let rect = PixelRect { x: 0, y: 0, width: 40, height: 20 };
        let Coverage::Mask { luma, chroma } = Coverage::rounded(rect, 0.5, 1.0) else {
            panic!("round corners need a mask");
        };
        assert_eq!((luma.len(), chroma.len()), (800, 200));
        assert_eq!(luma[0], 0);
        assert!(luma[10 * 40] > 250, "the middle of the left side");
        assert_eq!(luma[20], 255, "the middle of the upper side");
        let whole = luma.iter().map(|&cell| f32::from(cell) / 255.0).sum::<f32>();
        let expected = 400.0 + std::f32::consts::PI * 100.0;
        assert!((whole - expected).abs() < 4.0, "{whole} pixels, {expected} are right");
    }

    #[test]
    fn square_corners_need_no_mask() {
        let rect = PixelRect { x: 0, y: 0, width: 40, height: 20 };
        assert!(Coverage::rounded(rect, 0.0, 1.0).is_opaque());
        assert_eq!(Coverage::rounded(rect, 0.0, 0.5), Coverage::Even(128));
    }
}
