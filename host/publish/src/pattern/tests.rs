//! Stamps survive what a recording does to a picture.

use capstan_media::frame::{Picture, Size};
use capstan_media::time::RoomTime;
use proptest::prelude::{any, prop_assert_eq, proptest};

use super::*;

fn uid(number: u32) -> Uid {
    Uid::new(number).expect("not zero")
}

/// Box-filtered to `width` x `height`, as a scaler would.
pub(crate) fn scaled(picture: &Picture, width: usize, height: usize) -> Vec<u8> {
    let (from_width, from_height) = (picture.size.width as usize, picture.size.height as usize);
    let mut out = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let columns = x * from_width / width..((x + 1) * from_width).div_ceil(width);
            let rows = y * from_height / height..((y + 1) * from_height).div_ceil(height);
            let count = columns.len() * rows.len();
            let sum: usize = rows
                .flat_map(|row| columns.clone().map(move |column| (row, column)))
                .map(|(row, column)| {
                    usize::from(picture.planes[0].data[row * picture.planes[0].stride + column])
                })
                .sum();
            out.push((sum / count) as u8);
        }
    }
    out
}

proptest! {
    #[test]
    fn any_stamp_is_read_back(number in 1..=u32::MAX, millis in any::<u32>()) {
        let stamp = Stamp::new(uid(number), i64::from(millis));
        prop_assert_eq!(Stamp::from_cells(&stamp.cells()), Some(stamp));
    }

    #[test]
    fn one_wrong_cell_is_noticed(number in 1..=u32::MAX, millis in any::<u32>(), at in 0_usize..65) {
        let mut cells = Stamp::new(uid(number), i64::from(millis)).cells();
        cells[at] = !cells[at];
        prop_assert_eq!(Stamp::from_cells(&cells), None);
    }
}

#[test]
fn a_stamp_survives_scaling() {
    let mut painter = Painter::new(uid(4_000_000_123), Size { width: 640, height: 360 });
    let at = 1_764_000_000_066;
    let picture = painter.paint(RoomTime::from_millis(at));
    for (width, height) in [(640, 360), (426, 240), (320, 180), (213, 120), (160, 90)] {
        let luma = scaled(picture, width, height);
        let stamp = read(&luma, width, width, height).expect("a stamp at every size");
        assert_eq!(stamp, Stamp::new(uid(4_000_000_123), at), "{width}x{height}");
        assert_eq!(stamp.unix_millis(at + 400_000), at);
        assert_eq!(stamp.unix_millis(at - 400_000), at);
    }
}

#[test]
fn a_stamp_is_read_in_a_cropped_tile() {
    let mut painter = Painter::new(uid(3), Size { width: 640, height: 360 });
    let picture = painter.paint(RoomTime::from_millis(1_000));
    // The middle half of the width, as a tile of 320x360 shows it.
    let luma: Vec<u8> =
        picture.planes[0].data.chunks(640).flat_map(|row| row[160..480].to_vec()).collect();
    let tile = Luma { data: &luma, stride: 320, width: 320, height: 360 };
    let area = whole(320, 360).covered(16.0 / 9.0);
    assert_eq!(read_in(tile, area), Some(Stamp::new(uid(3), 1_000)));
    assert_eq!(is_lit(tile, area), Some(true));
}

#[test]
fn the_flash_is_lit_for_the_first_80_ms_of_a_second() {
    let mut painter = Painter::new(uid(1), Size { width: 320, height: 180 });
    for (millis, lit) in [(0, true), (79, true), (80, false), (500, false), (999, false)] {
        let picture = painter.paint(RoomTime::from_millis(1_764_000_000_000 + millis));
        let luma = Luma { data: &picture.planes[0].data, stride: 320, width: 320, height: 180 };
        assert_eq!(is_lit(luma, whole(320, 180)), Some(lit), "{millis} ms");
    }
}

#[test]
fn no_stamp_is_read_where_none_is() {
    let grey = vec![128; 640 * 360];
    assert_eq!(read(&grey, 640, 640, 360), None);
    assert_eq!(read(&grey[..1_000], 640, 640, 360), None);
    assert_eq!(read(&[], 0, 0, 0), None);
}

#[test]
fn neighbouring_uids_differ_in_colour() {
    for a in 1..=17 {
        for b in a + 1..=17 {
            let ((u, v), (x, y)) = (base_chroma(uid(a)), base_chroma(uid(b)));
            let distance = f64::from(u.abs_diff(x)).hypot(f64::from(v.abs_diff(y)));
            assert!(distance > 10.0, "{a} and {b} are {distance} apart");
        }
    }
}
