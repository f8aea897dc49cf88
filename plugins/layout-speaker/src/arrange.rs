//! Who is large, and for how long.
//!
//! The scene changes only when it must: whoever is large stays so while they speak, and afterwards until
//! somebody else speaks. The host's "speaking" begins and ends slowly, so a cough moves nobody.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{
    Input, MAX_REGIONS, Options, Participant, Scene, Seat, Show, Source, Stage, WHOLE,
};

/// Answers the scene.
///
/// # Errors
/// None: whatever options there are make sense here.
pub fn arrange(input: &Input, options: &Options) -> Result<Scene, Wrong> {
    let mut stage = Stage::new(input, options);
    let Some(main) = main(input, options) else { return Ok(stage.scene()) };
    let others = input.participants.iter().filter(|person| person.uid != main.uid);
    let others: Vec<_> = others.take(MAX_REGIONS - 1).collect();
    let large = if others.is_empty() { WHOLE } else { options.strip.large() };
    // Faces may be cropped; of a screen every edge matters.
    let is_screen = Show::Any.of(main) == Some(Source::Screen);
    stage.seat(main, if is_screen { Seat::contain(large) } else { Seat::cover(large) });
    for (person, area) in others.iter().zip(options.strip.small(others.len())) {
        stage.seat(person, Seat::cover(area));
    }
    Ok(stage.scene())
}

/// Who is large: the one whom the options name while they are there, else who has the floor among
/// those who can be seen.
fn main<'a>(input: &'a Input, options: &Options) -> Option<&'a Participant> {
    let people = &input.participants;
    let pinned = people.iter().find(|person| options.main_uid == Some(person.uid));
    if pinned.is_some() {
        return pinned;
    }
    let seen = |person: &Participant| Show::Any.of(person).is_some();
    let anybody_seen = people.iter().any(seen);
    let candidates = || people.iter().filter(|person| seen(person) || !anybody_seen);
    let before = input.previous.as_ref().and_then(|scene| scene.large_view());
    let current = before.and_then(|before| candidates().find(|person| person.uid == before.uid));
    if current.is_some_and(|person| person.speaking) {
        return current;
    }
    // Of several the loudest: 0 is the loudest level. Of equally loud ones the first.
    let loudest = candidates().filter(|person| person.speaking).min_by_key(|person| person.level);
    loudest.or(current).or_else(|| candidates().next())
}
