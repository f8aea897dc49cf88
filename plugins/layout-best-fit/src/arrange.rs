//! Where "best fit" paints. Free cells, and those of participants without a picture, show the
//! background.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{Input, Options, Scene, Stage, grid, shown};

/// Answers the scene.
///
/// # Errors
/// None: whatever options there are make sense here.
pub fn arrange(input: &Input, options: &Options) -> Result<Scene, Wrong> {
    let mut stage = Stage::new(input, options);
    stage.fill(&input.participants, &grid(shown(&input.participants).len()));
    Ok(stage.scene())
}
