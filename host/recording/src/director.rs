//! Asks the layout who is painted where, and has an answer even when the layout has none.
//!
//! A layout that refuses or misbehaves costs its answer, never a picture: the last good scene stays,
//! and if there never was one, the built-in grid is shown.

use capstan_archive::settings::LayoutChoice;
use capstan_media::frame::Size;
use capstan_media::scene::{Colour, LayoutInput, Participant, Scene};
use capstan_media::time::RoomTime;
use capstan_media::timeline::on_paper;
use capstan_pipeline::mix::grid::grid;

use crate::layout::{Layout, LayoutError};
use crate::requests::LayoutChange;

/// One recording's layout and its last answer.
pub(crate) struct Director {
    layout: Box<dyn Layout>,
    choice: LayoutChoice,
    canvas: Size,
    background: Colour,
    last_good: Option<Scene>,
    faulty: bool,
}

/// What to paint, and what is to be told about it.
#[derive(Debug, PartialEq)]
pub(crate) struct Arranged {
    pub(crate) scene: Scene,
    /// Why the layout has no answer, at the first time in a row.
    pub(crate) fault: Option<String>,
}

impl Director {
    pub(crate) fn new(
        layout: Box<dyn Layout>,
        choice: LayoutChoice,
        canvas: Size,
        background: Colour,
    ) -> Self {
        Self { layout, choice, canvas, background, last_good: None, faulty: false }
    }

    /// A scene for these participants from `at` on.
    pub(crate) fn arrange(&mut self, participants: Vec<Participant>, at: RoomTime) -> Arranged {
        let previous = self.last_good.clone();
        let input = self.input(participants, previous, at, &self.choice.options);
        match ask(self.layout.as_mut(), &self.choice.name, &input) {
            Ok(scene) => {
                self.faulty = false;
                self.last_good = Some(scene.clone());
                Arranged { scene, fault: None }
            }
            Err(error) => {
                metrics::counter!("capstan_layout_failures_total").increment(1);
                let first = !std::mem::replace(&mut self.faulty, true);
                let fault = first.then(|| error.to_string());
                let scene = self.last_good.clone();
                let scene =
                    scene.unwrap_or_else(|| on_paper(grid(&input.participants, self.background)));
                Arranged { scene, fault }
            }
        }
    }

    /// Goes over to another layout or other options, if that answers a scene.
    pub(crate) fn change(
        &mut self,
        change: LayoutChange,
        participants: Vec<Participant>,
        at: RoomTime,
    ) -> Result<Scene, LayoutError> {
        let LayoutChange { choice, layout, images: _ } = change;
        let input = self.input(participants, None, at, &choice.options);
        let scene = match layout {
            Some(mut layout) => {
                let scene = ask(layout.as_mut(), &choice.name, &input)?;
                self.layout = layout;
                scene
            }
            None => ask(self.layout.as_mut(), &choice.name, &input)?,
        };
        self.choice = choice;
        self.faulty = false;
        self.last_good = Some(scene.clone());
        Ok(scene)
    }

    fn input(
        &self,
        participants: Vec<Participant>,
        previous: Option<Scene>,
        at: RoomTime,
        options: &str,
    ) -> LayoutInput {
        LayoutInput { canvas: self.canvas, participants, previous, at, options: options.to_owned() }
    }
}

fn ask(layout: &mut dyn Layout, name: &str, input: &LayoutInput) -> Result<Scene, LayoutError> {
    let scene = on_paper(layout.arrange(input)?);
    scene
        .validate()
        .map_err(|bad| LayoutError::Refused { layout: name.to_owned(), reason: bad.to_string() })?;
    Ok(scene)
}
