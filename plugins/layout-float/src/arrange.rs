//! Where "float" paints. Who sends only sound keeps a region, through which the large picture shows.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{Corner, Input, Options, Rect, Scene, Seat, Stage, area, shown};

/// Margin and gap in fractions of the canvas, in both directions.
const GAP: f64 = 0.012;
/// Width and height of a small region, in fractions of the canvas.
const SMALL: f64 = 0.235;
/// Small regions in a row; 4 rows of 4 and 5 gaps fill the canvas exactly.
const PER_ROW: usize = 4;

/// Answers the scene.
///
/// # Errors
/// None: whatever options there are make sense here.
pub fn arrange(input: &Input, options: &Options) -> Result<Scene, Wrong> {
    let mut stage = Stage::new(input, options);
    for (place, person) in shown(&input.participants).iter().enumerate() {
        // The small regions fill the canvas from below: up there the large one's name stays visible.
        let label = options.labels.as_ref().map(|labels| labels.corner);
        let label = if place == 0 { label.map(Corner::above) } else { label };
        stage.seat(person, Seat { label, ..Seat::cover(region(place)) });
    }
    Ok(stage.scene())
}

/// The region of the participant who joined as number `place`, counted from 0.
fn region(place: usize) -> Rect {
    let Some(small) = place.checked_sub(1) else { return area(0.0, 0.0, 1.0, 1.0) };
    let (column, row) = ((small % PER_ROW) as f64, (small / PER_ROW) as f64);
    let pitch = SMALL + GAP;
    area(GAP + column * pitch, 1.0 - (row + 1.0) * pitch, SMALL, SMALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_small_regions_fill_the_canvas_but_for_the_gaps() {
        let last = region(16);
        assert!((last.x + last.width + GAP - 1.0).abs() < 1e-9, "{last:?}");
        assert!((last.y - GAP).abs() < 1e-9, "{last:?}");
        let first = region(1);
        assert!((first.y + first.height + GAP - 1.0).abs() < 1e-9, "{first:?}");
    }
}
