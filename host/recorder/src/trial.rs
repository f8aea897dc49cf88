//! Tries a layout's options before a recording starts with them.

use capstan_archive::settings::MixSettings;
use capstan_media::scene::LayoutInput;
use capstan_media::time::RoomTime;
use capstan_recording::layout::{Layout, LayoutError};

use crate::error::StartError;

/// Asks a layout about an empty room, so that whoever starts a recording hears of options that make
/// no sense. A layout that misbehaves is let through: its recording goes on with the built-in grid.
pub(crate) async fn tried(
    mut layout: Box<dyn Layout>,
    mix: &MixSettings,
    at: RoomTime,
) -> Result<Box<dyn Layout>, StartError> {
    let input = LayoutInput {
        canvas: mix.output.canvas,
        participants: Vec::new(),
        previous: None,
        at,
        options: mix.layout.options.clone(),
    };
    // A guest may use up its whole budget of time.
    let asked = tokio::task::spawn_blocking(move || match layout.arrange(&input) {
        Err(refused @ LayoutError::Refused { .. }) => Err(refused),
        Err(LayoutError::Fault(_) | LayoutError::Benched { .. }) | Ok(_) => Ok(layout),
    });
    Ok(asked.await.map_err(|_| StartError::Aborted)??)
}
