//! Whose screen is large. It stays large until they stop sharing, whoever else begins.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{
    Input, Options, Participant, Scene, Seat, Show, Source, Stage, WHOLE, grid, shown,
};

/// Answers the scene.
///
/// # Errors
/// None: whatever options there are make sense here.
pub fn arrange(input: &Input, options: &Options) -> Result<Scene, Wrong> {
    let mut stage = Stage::new(input, options);
    let people = &input.participants;
    let Some(presenter) = presenter(input, options) else {
        stage.fill(people, &grid(shown(people).len()));
        return Ok(stage.scene());
    };
    // The presenter is in the strip too, if there is a camera to show.
    let in_strip = |person: &&Participant| person.uid != presenter.uid || person.camera.is_some();
    let strip: Vec<_> = people.iter().filter(in_strip).collect();
    let regions = options.strip.small(strip.len());
    let large = if regions.is_empty() { WHOLE } else { options.strip.large() };
    stage.seat(presenter, Seat { show: Show::Screen, ..Seat::contain(large) });
    for (person, area) in strip.into_iter().zip(regions) {
        stage.seat(person, Seat { show: Show::Camera, ..Seat::cover(area) });
    }
    Ok(stage.scene())
}

/// Who shares the screen that is large: the one whom the options name, else who was large before, else
/// the first to join.
fn presenter<'a>(input: &'a Input, options: &Options) -> Option<&'a Participant> {
    let sharing = || input.participants.iter().filter(|person| person.screen.is_some());
    let named = |uid| sharing().find(|person| Some(person.uid) == uid);
    let before = input.previous.as_ref().and_then(|scene| scene.large_view());
    let before = before.filter(|view| view.source == Source::Screen).map(|view| view.uid);
    named(options.main_uid).or_else(|| named(before)).or_else(|| sharing().next())
}
