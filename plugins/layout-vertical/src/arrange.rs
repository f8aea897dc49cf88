//! Where "vertical" paints.
//!
//! The large region belongs to the options' `main_uid` alone, whenever they joined; it shows the
//! background while they are away, and everybody else is small. So the number of small regions that
//! are needed decides the tier, not the number of participants.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{
    Input, MAX_REGIONS, Options, Participant, Rect, Scene, Seat, Stage, area,
};

/// The most small regions: with nobody large the seventeenth participant waits.
const MAX_SMALL: usize = MAX_REGIONS - 1;

/// Answers the scene.
///
/// # Errors
/// None: whatever options there are make sense here.
pub fn arrange(input: &Input, options: &Options) -> Result<Scene, Wrong> {
    let is_main = |person: &&Participant| options.main_uid == Some(person.uid);
    let main = input.participants.iter().find(is_main);
    let others: Vec<&Participant> =
        input.participants.iter().filter(|person| !is_main(person)).take(MAX_SMALL).collect();

    let tier = Tier::of(others.len());
    let mut stage = Stage::new(input, options);
    // The large picture is shown whole; the small ones fill their regions.
    if let Some(person) = main {
        stage.seat(person, Seat::contain(tier.large()));
    }
    for (place, person) in others.into_iter().enumerate() {
        stage.seat(person, Seat::cover(tier.small(place)));
    }
    Ok(stage.scene())
}

/// A division of the canvas.
struct Tier {
    /// Where the large region ends and the first column begins.
    split: f64,
    /// Width of a column.
    column: f64,
    /// Small regions in a column, from the top.
    rows: usize,
}

impl Tier {
    fn of(small: usize) -> Self {
        match small {
            0..=4 => Self { split: 4.0 / 5.0, column: 1.0 / 5.0, rows: 4 },
            5..=6 => Self { split: 6.0 / 7.0, column: 1.0 / 7.0, rows: 6 },
            7..=8 => Self { split: 8.0 / 9.0, column: 1.0 / 9.0, rows: 8 },
            _ => Self { split: 4.0 / 5.0, column: 1.0 / 10.0, rows: 8 },
        }
    }

    fn large(&self) -> Rect {
        area(0.0, 0.0, self.split, 1.0)
    }

    fn small(&self, place: usize) -> Rect {
        let (column, row) = ((place / self.rows) as f64, (place % self.rows) as f64);
        let rows = self.rows as f64;
        area(self.split + column * self.column, row / rows, self.column, 1.0 / rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_small_region_ends_in_the_corner() {
        for small in [4, 6, 8, 16] {
            let last = Tier::of(small).small(small - 1);
            assert!((last.x + last.width - 1.0).abs() < 1e-9, "{small}: {last:?}");
            assert!((last.y + last.height - 1.0).abs() < 1e-9, "{small}: {last:?}");
        }
    }
}
