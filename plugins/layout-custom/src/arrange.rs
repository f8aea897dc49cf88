//! Who sits in which of the regions that the options place.
//!
//! Named regions are reserved: nothing is painted in one while its participant is away. The others
//! are given to the remaining participants in the order of joining, anew at each change. Later
//! regions lie over earlier ones. Who has no region is heard, not seen.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{Input, Options, Region, Scene, Seat, Stage};

/// Answers the scene.
///
/// # Errors
/// The options name no region.
pub fn arrange(input: &Input, options: &Options) -> Result<Scene, Wrong> {
    let regions = options.regions.as_deref().filter(|regions| !regions.is_empty());
    let regions = regions.ok_or_else(|| Wrong {
        pointer: "/regions".into(),
        message: "a custom layout needs at least one region".into(),
    })?;
    let named = |uid| regions.iter().any(|region| region.uid == Some(uid));
    let mut unnamed = input.participants.iter().filter(|person| !named(person.uid));
    let mut stage = Stage::new(input, options);
    for &Region { uid, area, alpha, fit } in regions {
        let person = match uid {
            Some(uid) => input.participants.iter().find(|person| person.uid == uid),
            None => unnamed.next(),
        };
        if let Some(person) = person {
            stage.seat(person, Seat { fit, alpha, ..Seat::cover(area) });
        }
    }
    Ok(stage.scene())
}
