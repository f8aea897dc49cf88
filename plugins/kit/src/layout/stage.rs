//! The stage: people are seated on it, and it becomes the scene, with whatever the options put behind
//! them, instead of them and over them.

use super::{
    Content, Corner, Fit, Input, Layer, Options, Participant, Rect, Scene, Size, Source, View,
    WHOLE, shown,
};

/// A scene that is being made.
pub struct Stage<'a> {
    options: &'a Options,
    canvas: Size,
    layers: Vec<Layer>,
}

/// A region given to a participant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Seat {
    /// Where.
    pub area: Rect,
    /// How a picture is fitted in.
    pub fit: Fit,
    /// 0.0 (invisible) to 1.0 (opaque).
    pub alpha: f32,
    /// Which of their pictures.
    pub show: Show,
    /// Where the name stands; where the options say if `None`.
    pub label: Option<Corner>,
}

/// Which of a participant's pictures is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    /// The shared screen if there is one, else the camera.
    Any,
    /// The camera.
    Camera,
    /// The shared screen.
    Screen,
}

impl Seat {
    /// Cropped to the area, opaque, with whatever picture there is.
    #[must_use]
    pub const fn cover(area: Rect) -> Self {
        Self { area, fit: Fit::Cover, alpha: 1.0, show: Show::Any, label: None }
    }

    /// The same, shown whole.
    #[must_use]
    pub const fn contain(area: Rect) -> Self {
        Self { fit: Fit::Contain, ..Self::cover(area) }
    }
}

impl Show {
    /// The source of a participant's picture; `None` while there is none.
    #[must_use]
    pub const fn of(self, person: &Participant) -> Option<Source> {
        match (self, person.screen, person.camera) {
            (Self::Any | Self::Screen, Some(_), _) => Some(Source::Screen),
            (Self::Any | Self::Camera, _, Some(_)) => Some(Source::Camera),
            _ => None,
        }
    }
}

impl<'a> Stage<'a> {
    /// An empty stage with the options' background.
    #[must_use]
    pub fn new(input: &Input, options: &'a Options) -> Self {
        let mut stage = Self { options, canvas: input.canvas, layers: Vec::new() };
        if let Some(name) = &options.pictures.background {
            stage.push(Content::Image(name.clone()), Seat::cover(WHOLE));
        }
        stage
    }

    /// Gives a region to a participant. Without a picture of theirs the options' image stands in for
    /// it, and without one what lies below shows through.
    pub fn seat(&mut self, person: &Participant, seat: Seat) {
        if let Some(source) = seat.show.of(person) {
            self.push(Content::Participant(View { uid: person.uid, source }), seat);
        } else if let Some((name, fit)) = self.stand_in(person.uid) {
            self.push(Content::Image(name), Seat { fit, ..seat });
        }
        if let Some(labels) = &self.options.labels {
            let corner = seat.label.unwrap_or(labels.corner);
            self.layers.extend(labels.paint(person, seat.area, corner, self.canvas));
        }
    }

    /// Gives the first participants the first regions, cropped to them.
    pub fn fill(&mut self, people: &[Participant], regions: &[Rect]) {
        for (person, area) in shown(people).iter().zip(regions) {
            self.seat(person, Seat::cover(*area));
        }
    }

    /// The scene, the watermark over it.
    #[must_use]
    pub fn scene(mut self) -> Scene {
        if let Some(watermark) = &self.options.watermark {
            self.layers.extend(watermark.paint(self.canvas));
        }
        Scene { background: self.options.background, layers: self.layers }
    }

    fn push(&mut self, content: Content, seat: Seat) {
        let Seat { area, fit, alpha, .. } = seat;
        self.layers.push(Layer { area, content, fit, alpha, corner_radius: 0.0 });
    }

    /// The image of whoever sends no video.
    fn stand_in(&self, uid: u32) -> Option<(String, Fit)> {
        let pictures = &self.options.pictures;
        match pictures.users.iter().find(|picture| picture.uid == uid) {
            Some(picture) => Some((picture.image.clone(), picture.fit)),
            None => pictures.user.clone().map(|name| (name, Fit::Cover)),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::options::Defaults;
    use super::super::{MAX_REGIONS, area};
    use super::*;

    /// Somebody who sends sound and perhaps pictures.
    pub(in super::super) fn someone(uid: u32, camera: bool, screen: bool) -> Participant {
        let size = Size { width: 640, height: 480 };
        Participant {
            uid,
            name: uid.to_string(),
            joined_ms: 0,
            camera: camera.then_some(size),
            screen: screen.then_some(size),
            has_audio: true,
            speaking: false,
            level: 127,
        }
    }

    fn staged(options: &str, people: &[Participant]) -> Vec<Layer> {
        let options = Defaults::none().options(options).unwrap();
        let input = Input {
            canvas: Size { width: 640, height: 360 },
            participants: people.to_vec(),
            previous: None,
            at_ms: 0,
            options: String::new(),
        };
        let mut stage = Stage::new(&input, &options);
        stage.fill(people, &[area(0.0, 0.0, 0.2, 0.25); MAX_REGIONS]);
        stage.scene().layers
    }

    #[test]
    fn a_shared_screen_comes_before_the_camera() {
        let of = |camera, screen| Show::Any.of(&someone(1, camera, screen));
        assert_eq!(of(true, true), Some(Source::Screen));
        assert_eq!(of(false, true), Some(Source::Screen));
        assert_eq!(of(true, false), Some(Source::Camera));
        assert_eq!(of(false, false), None);
        assert_eq!(Show::Camera.of(&someone(1, true, true)), Some(Source::Camera));
        assert_eq!(Show::Screen.of(&someone(1, true, false)), None);
    }

    #[test]
    fn images_stand_in_for_missing_video() {
        let options = r#"{"background_image":"wall","user_image":"nobody",
            "user_images":[{"uid":2,"image":"bob","fit":"contain"}]}"#;
        let people = [someone(1, false, false), someone(2, false, false), someone(3, true, false)];
        let contents: Vec<_> =
            staged(options, &people).into_iter().map(|layer| (layer.content, layer.fit)).collect();
        let image = |name: &str| Content::Image(name.into());
        let camera = Content::Participant(View { uid: 3, source: Source::Camera });
        assert_eq!(
            contents,
            [
                (image("wall"), Fit::Cover),
                (image("nobody"), Fit::Cover),
                (image("bob"), Fit::Contain),
                (camera, Fit::Cover),
            ]
        );
    }

    #[test]
    fn a_full_stage_keeps_to_the_contracts_64_layers() {
        let people: Vec<_> = (1..=20).map(|uid| someone(uid, true, false)).collect();
        let options = r#"{"background_image":"wall","labels":true,"watermark":{"text":"x"}}"#;
        assert_eq!(staged(options, &people).len(), 1 + 17 * 3 + 2);
    }
}
