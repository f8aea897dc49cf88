//! The built-in scene: everybody who has a picture, in a grid of equal tiles.
//!
//! It is what a recording shows when its layout has no answer.

use capstan_media::scene::{Colour, Content, Fit, Layer, MAX_LAYERS, Participant, Rect, Scene};
use capstan_media::track::TrackKind;

/// Arranges everybody with a picture, screens first, in order of joining; the last row is centred.
#[must_use]
pub fn grid(participants: &[Participant], background: Colour) -> Scene {
    let screens = participants.iter().filter(|who| who.screen.is_some());
    let cameras = participants.iter().filter(|who| who.camera.is_some());
    let sources: Vec<Content> = screens
        .map(|who| Content::Participant { uid: who.uid, source: TrackKind::Screen })
        .chain(cameras.map(|who| Content::Participant { uid: who.uid, source: TrackKind::Camera }))
        .take(MAX_LAYERS)
        .collect();
    let count = sources.len();
    let columns = (1..=count).find(|side| side * side >= count).unwrap_or(1);
    let rows = count.div_ceil(columns);
    let layers = sources.into_iter().enumerate().map(|(number, content)| {
        let (row, column) = (number / columns, number % columns);
        let in_row = columns.min(count - row * columns);
        let inset = (columns - in_row) as f64 / 2.0;
        let area = Rect {
            x: (column as f64 + inset) / columns as f64,
            y: row as f64 / rows as f64,
            width: 1.0 / columns as f64,
            height: 1.0 / rows as f64,
        };
        Layer { area, content, fit: Fit::Cover, alpha: 1.0, corner_radius: 0.0 }
    });
    Scene { background, layers: layers.collect() }
}

#[cfg(test)]
mod tests {
    use capstan_media::frame::Size;
    use capstan_media::time::RoomTime;
    use capstan_media::track::Uid;

    use super::*;

    fn people(count: u32) -> Vec<Participant> {
        let person = |number| Participant {
            uid: Uid::new(number).unwrap(),
            joined: RoomTime::from_millis(0),
            camera: Some(Size { width: 640, height: 360 }),
            screen: None,
            has_audio: true,
            speaking: false,
            level: 127,
        };
        (1..=count).map(person).collect()
    }

    #[test]
    fn any_number_of_people_is_a_valid_scene_in_order() {
        for count in 0..=60 {
            let scene = grid(&people(count), Colour::BLACK);
            assert_eq!(scene.validate(), Ok(()), "{count}");
            assert_eq!(scene.layers.len(), count as usize);
            let area: f64 = scene.layers.iter().map(|l| l.area.width * l.area.height).sum();
            assert!(area <= 1.0 + 1e-9);
        }
    }

    #[test]
    fn the_last_row_is_centred_and_screens_come_first() {
        let mut three = people(3);
        let place = |scene: &Scene, number: usize| {
            let area = scene.layers[number].area;
            (area.x, area.y, area.width, area.height)
        };
        let scene = grid(&three, Colour::BLACK);
        assert_eq!(place(&scene, 0), (0.0, 0.0, 0.5, 0.5));
        assert_eq!(place(&scene, 2), (0.25, 0.5, 0.5, 0.5));
        three[2].camera = None;
        three[2].screen = Some(Size { width: 1280, height: 720 });
        let scene = grid(&three, Colour::BLACK);
        let uid = three[2].uid;
        assert_eq!(
            scene.layers[0].content,
            Content::Participant { uid, source: TrackKind::Screen }
        );
    }
}
