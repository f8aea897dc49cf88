//! Where everybody is painted: a function of the question alone.

use serde_json::Value;

use crate::bindings::exports::capstan::plugin::arranger::{
    Colour, Content, Fit, Input, Layer, Participant, Rect, Scene, Source, View,
};

const MOST: usize = 17;
const BLACK: Colour = Colour { red: 0, green: 0, blue: 0 };
const GREEN: Colour = Colour { red: 60, green: 200, blue: 90 };
/// The frame's width in fractions of the canvas.
const FRAME: f64 = 0.006;

/// Answers the scene for a room.
///
/// # Errors
/// A sentence for whoever set the options.
pub fn arrange(input: &Input) -> Result<Scene, String> {
    let frames = frames(&input.options)?;
    let pictures: Vec<(&Participant, View)> = input
        .participants
        .iter()
        .filter_map(|one| picture(one).map(|view| (one, view)))
        .take(MOST)
        .collect();
    let columns = (1..).find(|n| n * n >= pictures.len()).unwrap_or(1).max(1);
    let rows = pictures.len().div_ceil(columns).max(1);
    let (width, height) = (1.0 / columns as f64, 1.0 / rows as f64);
    let mut layers = Vec::new();
    for (place, (one, view)) in pictures.into_iter().enumerate() {
        let (x, y) = ((place % columns) as f64 * width, (place / columns) as f64 * height);
        let area = Rect { x, y, width, height };
        if frames && one.speaking {
            layers.push(layer(area, Content::Colour(GREEN)));
            layers.push(layer(shrunk(area), Content::Participant(view)));
        } else {
            layers.push(layer(area, Content::Participant(view)));
        }
    }
    Ok(Scene { background: BLACK, layers })
}

fn layer(area: Rect, content: Content) -> Layer {
    Layer { area, content, fit: Fit::Cover, alpha: 1.0, corner_radius: 0.0 }
}

/// A shared screen is shown instead of the camera; who has no picture has no cell.
fn picture(one: &Participant) -> Option<View> {
    let source = match (one.screen, one.camera) {
        (Some(_), _) => Source::Screen,
        (None, Some(_)) => Source::Camera,
        (None, None) => return None,
    };
    Some(View { uid: one.uid, source })
}

fn shrunk(area: Rect) -> Rect {
    Rect {
        x: area.x + FRAME,
        y: area.y + FRAME,
        width: area.width - 2.0 * FRAME,
        height: area.height - 2.0 * FRAME,
    }
}

/// The option `frames`, true if it isn't there.
fn frames(options: &str) -> Result<bool, String> {
    let options: Value = serde_json::from_str(options)
        .map_err(|error| format!("the options are no JSON: {error}"))?;
    match options.get("frames") {
        None => Ok(true),
        Some(Value::Bool(frames)) => Ok(*frames),
        Some(_) => Err("frames: write true or false".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::capstan::plugin::arranger::Size;

    fn room(count: u32, options: &str) -> Input {
        let size = Size { width: 640, height: 360 };
        let person = |uid| Participant {
            uid,
            name: uid.to_string(),
            joined_ms: 0,
            camera: Some(size),
            screen: None,
            has_audio: true,
            speaking: uid == 2,
            level: 127,
        };
        let participants = (1..=count).map(person).collect();
        Input { canvas: size, participants, previous: None, at_ms: 0, options: options.into() }
    }

    #[test]
    fn everybody_is_in_the_grid_and_the_speaker_framed() {
        assert!(arrange(&room(0, "{}")).unwrap().layers.is_empty());
        let scene = arrange(&room(5, "{}")).unwrap();
        assert_eq!(scene.layers.len(), 6);
        let frame = &scene.layers[1];
        assert!(matches!(frame.content, Content::Colour(_)));
        assert_eq!((frame.area.x, frame.area.width), (1.0 / 3.0, 1.0 / 3.0));
        assert_eq!(arrange(&room(5, r#"{"frames": false}"#)).unwrap().layers.len(), 5);
    }

    #[test]
    fn options_that_make_no_sense_are_told() {
        assert_eq!(
            arrange(&room(1, r#"{"frames": 7}"#)).unwrap_err(),
            "frames: write true or false"
        );
    }
}
