//! A grid of equal regions, as large as their number allows, row by row from the top left.

use super::{Rect, area};

/// The regions of so many participants, at most 17.
#[must_use]
pub fn grid(count: usize) -> Vec<Rect> {
    let (columns, rows) = match count {
        0 | 1 => (1, 1),
        2 => (2, 1),
        3..=4 => (2, 2),
        5..=9 => (3, 3),
        10..=16 => (4, 4),
        _ => return seventeen(),
    };
    (0..count).map(|place| cell(place, columns, rows)).collect()
}

fn cell(place: usize, columns: usize, rows: usize) -> Rect {
    let (column, row) = ((place % columns) as f64, (place / columns) as f64);
    let (columns, rows) = (columns as f64, rows as f64);
    area(column / columns, row / rows, 1.0 / columns, 1.0 / rows)
}

/// Four rows of four and one below, all centred.
fn seventeen() -> Vec<Rect> {
    let side = 0.2;
    let mut regions: Vec<Rect> = (0..16)
        .map(|place| {
            let (column, row) = (f64::from(place % 4), f64::from(place / 4));
            area(0.1 + side * column, side * row, side, side)
        })
        .collect();
    regions.push(area(0.4, 0.8, side, side));
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_regions_overlap() {
        for count in 1..=17 {
            let regions = grid(count);
            assert_eq!(regions.len(), count);
            for (number, a) in regions.iter().enumerate() {
                for b in &regions[number + 1..] {
                    let apart = a.x + a.width <= b.x + 1e-9
                        || b.x + b.width <= a.x + 1e-9
                        || a.y + a.height <= b.y + 1e-9
                        || b.y + b.height <= a.y + 1e-9;
                    assert!(apart, "{count}: {a:?} and {b:?}");
                }
            }
        }
    }
}
