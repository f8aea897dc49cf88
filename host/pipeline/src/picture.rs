//! Borrowed pictures: planes that a decoder or a tile owns, looked at without copying.
//!
//! A view's planes hold every row and column that its size promises; [`PictureView::new`] checks
//! it, so that pixel loops needn't.

use capstan_media::frame::{Picture, Plane, Size};

/// One borrowed plane.
#[derive(Clone, Copy, Debug)]
pub struct PlaneView<'a> {
    data: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

impl<'a> PlaneView<'a> {
    /// `None` if `data` or `stride` is too small for `width` times `height`, or either is zero.
    #[must_use]
    pub fn new(data: &'a [u8], stride: usize, width: usize, height: usize) -> Option<Self> {
        let last_row = stride.checked_mul(height.checked_sub(1)?)?;
        let fits = width > 0 && stride >= width && data.len() >= last_row.checked_add(width)?;
        fits.then_some(Self { data, stride, width, height })
    }

    /// Pixels across.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Pixels down.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Row `y`; the last one if there is no such row.
    #[must_use]
    pub fn row(&self, y: usize) -> &'a [u8] {
        let start = y.min(self.height - 1) * self.stride;
        self.data.get(start..start + self.width).unwrap_or_default()
    }
}

/// A borrowed picture: 8-bit I420.
#[derive(Clone, Copy, Debug)]
pub struct PictureView<'a> {
    /// Luma size.
    pub size: Size,
    /// Y, U, V; chroma half the size, rounded up.
    pub planes: [PlaneView<'a>; 3],
}

impl<'a> PictureView<'a> {
    /// `None` if the planes are too small for the size.
    #[must_use]
    pub fn new(size: Size, planes: [(&'a [u8], usize); 3]) -> Option<Self> {
        let (width, height) = (size.width as usize, size.height as usize);
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let [(y, y_stride), (u, u_stride), (v, v_stride)] = planes;
        let planes = [
            PlaneView::new(y, y_stride, width, height)?,
            PlaneView::new(u, u_stride, half_width, half_height)?,
            PlaneView::new(v, v_stride, half_width, half_height)?,
        ];
        Some(Self { size, planes })
    }

    /// A view of an owned picture; `None` if the picture breaks its own promise.
    #[must_use]
    pub fn of(picture: &'a Picture) -> Option<Self> {
        let [y, u, v] = &picture.planes;
        let plane = |plane: &'a Plane| (plane.data.as_slice(), plane.stride);
        Self::new(picture.size, [plane(y), plane(u), plane(v)])
    }

    /// Copies into `picture`, reusing its memory.
    pub fn copy_to(&self, picture: &mut Picture) {
        picture.size = self.size;
        for (target, source) in picture.planes.iter_mut().zip(&self.planes) {
            target.stride = source.width;
            target.data.clear();
            for y in 0..source.height {
                target.data.extend_from_slice(source.row(y));
            }
        }
    }
}

/// A picture of one colour given as Y, U, V, its rows without padding.
#[must_use]
pub fn filled(size: Size, [y, u, v]: [u8; 3]) -> Picture {
    let (width, height) = (size.width as usize, size.height as usize);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let plane = |value, stride, rows| Plane { data: vec![value; stride * rows], stride };
    Picture {
        size,
        planes: [
            plane(y, width, height),
            plane(u, half_width, half_height),
            plane(v, half_width, half_height),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_check_their_planes() {
        let data = [0; 10];
        assert!(PlaneView::new(&data, 4, 2, 3).is_some(), "the last row needs no padding");
        assert!(PlaneView::new(&data, 4, 3, 3).is_none());
        assert!(PlaneView::new(&data, 1, 2, 1).is_none());
        assert!(PlaneView::new(&data, 4, 2, 0).is_none());
        assert!(PlaneView::new(&data, usize::MAX, 2, 3).is_none());
        let odd = filled(Size { width: 5, height: 3 }, [1, 2, 3]);
        assert_eq!(odd.planes[1].data, vec![2; 6]);
        let view = PictureView::of(&odd).unwrap();
        let mut copy = filled(Size { width: 2, height: 2 }, [0; 3]);
        view.copy_to(&mut copy);
        assert_eq!(copy, odd);
    }
}
