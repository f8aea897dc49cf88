//! Who sits in which of the regions that the options place.
//!
//! Named regions are reserved: nothing is painted in one while its participant is away. The others
//! are given to the remaining participants in the order of joining, anew at each change. Later
//! regions lie over earlier ones. Who has no region is heard, not seen.

use capstan_kit::json::Wrong;
use capstan_kit::layout::{Input, Layer, Options, Participant, Region, Scene, picture};

/// Answers the scene.
///
/// # Errors
/// The options make no sense, or name no region.
pub fn arrange(input: &Input) -> Result<Scene, Wrong> {
    let options = Options::parse(&input.options)?;
    let regions = options.regions.filter(|regions| !regions.is_empty()).ok_or_else(|| Wrong {
        pointer: "/regions".into(),
        message: "a custom layout needs at least one region".into(),
    })?;
    Ok(Scene { background: options.background, layers: seat(&input.participants, &regions) })
}

fn seat(participants: &[Participant], regions: &[Region]) -> Vec<Layer> {
    let named = |uid| regions.iter().any(|region| region.uid == Some(uid));
    let mut unnamed = participants.iter().filter(|person| !named(person.uid));
    let mut layers = Vec::with_capacity(regions.len());
    for region in regions {
        let person = match region.uid {
            Some(uid) => participants.iter().find(|person| person.uid == uid),
            None => unnamed.next(),
        };
        let painted = person.and_then(|person| picture(person, region.area, region.fit));
        layers.extend(painted.map(|layer| Layer { alpha: region.alpha, ..layer }));
    }
    layers
}
