//! Where "float" paints. Who sends only sound keeps a region, through which the large picture shows.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{Input, MAX_REGIONS, Options, Rect, Scene, area, fill};

/// Margin and gap in fractions of the canvas, in both directions.
const GAP: f64 = 0.012;
/// Width and height of a small region, in fractions of the canvas.
const SMALL: f64 = 0.235;
/// Small regions in a row; 4 rows of 4 and 5 gaps fill the canvas exactly.
const PER_ROW: usize = 4;

/// Answers the scene.
///
/// # Errors
/// The options make no sense.
pub fn arrange(input: &Input) -> Result<Scene, Wrong> {
    let options = Options::parse(&input.options)?;
    let regions: Vec<Rect> = (0..MAX_REGIONS).map(region).collect();
    Ok(Scene { background: options.background, layers: fill(&input.participants, &regions) })
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
