//! Borrowed pictures: planes that a decoder or a tile owns, looked at without copying.
//!
//! A view's planes hold every row and column that its size promises; [`PictureView::new`] checks
//! it, so that pixel loops needn't.

use capstan_media::frame::{Picture, Plane, Size};
use capstan_media::turn::Turn;

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

/// Turns a picture into `out`, reusing its memory.
pub fn turn(picture: PictureView<'_>, turn: Turn, out: &mut Picture) {
    if turn == Turn::None {
        return picture.copy_to(out);
    }
    out.size = turn.turned(picture.size);
    for (target, source) in out.planes.iter_mut().zip(&picture.planes) {
        turn_plane(source, turn, target);
    }
}

/// Rows of the source are written as columns of the target, or backwards as rows.
fn turn_plane(source: &PlaneView<'_>, turn: Turn, target: &mut Plane) {
    let (width, height) = (source.width, source.height);
    let stride = if turn == Turn::Half { width } else { height };
    target.stride = stride;
    target.data.resize(width * height, 0);
    for y in 0..height {
        let row = source.row(y).iter().copied();
        let back = height - 1 - y;
        match turn {
            Turn::None | Turn::Half => {
                let line = target.data.iter_mut().skip(back * stride).take(stride).rev();
                line.zip(row).for_each(|(to, from)| *to = from);
            }
            Turn::Quarter => {
                let column = target.data.iter_mut().skip(back).step_by(stride);
                column.zip(row).for_each(|(to, from)| *to = from);
            }
            Turn::ThreeQuarters => {
                let column = target.data.iter_mut().skip(y).step_by(stride);
                column.zip(row.rev()).for_each(|(to, from)| *to = from);
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
    fn turns_are_clockwise_and_taken_back_by_their_opposite() {
        let mut picture = filled(Size { width: 3, height: 2 }, [0, 7, 9]);
        picture.planes[0].data = vec![1, 2, 3, 4, 5, 6];
        let turned = |by| {
            let mut out = filled(Size { width: 1, height: 1 }, [0; 3]);
            turn(PictureView::of(&picture).unwrap(), by, &mut out);
            out
        };
        let quarter = turned(Turn::Quarter);
        assert_eq!(quarter.size, Size { width: 2, height: 3 });
        assert_eq!(
            (quarter.planes[0].data.as_slice(), quarter.planes[0].stride),
            (&[4, 1, 5, 2, 6, 3][..], 2)
        );
        assert_eq!((quarter.planes[1].data.as_slice(), quarter.planes[1].stride), (&[7, 7][..], 1));
        assert_eq!(turned(Turn::Half).planes[0].data, [6, 5, 4, 3, 2, 1]);
        assert_eq!(turned(Turn::ThreeQuarters).planes[0].data, [3, 6, 2, 5, 1, 4]);
        for by in [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters] {
            let mut back = filled(Size { width: 1, height: 1 }, [0; 3]);
            turn(PictureView::of(&turned(by)).unwrap(), by.back(), &mut back);
            assert_eq!(back, picture);
        }
    }

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
