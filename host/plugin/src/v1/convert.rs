//! Scenes between the contract's types and the recorder's.
//!
//! The invariant: what comes from a plugin is checked here or by `Scene::validate`; nothing of it is
//! believed.

use capstan_media::frame::Size;
use capstan_media::scene::{
    Colour, Content, Fit, Layer, LayoutInput, MAX_LAYERS, Participant, Rect, Scene,
};
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackKind, Uid};

use super::bindings::exports::capstan::plugin::arranger as wit;
use crate::fault::Broke;

/// The question in the contract's types.
pub(crate) fn input(input: &LayoutInput) -> wit::Input {
    wit::Input {
        canvas: size(input.canvas),
        participants: input.participants.iter().map(participant).collect(),
        previous: input.previous.as_ref().map(scene_out),
        at_ms: millis(input.at),
        options: if input.options.is_empty() { "{}".into() } else { input.options.clone() },
    }
}

/// The answer in the recorder's types, checked.
pub(crate) fn scene(scene: &wit::Scene) -> Result<Scene, Broke> {
    if scene.layers.len() > MAX_LAYERS {
        let many = format!("{} layers, at most {MAX_LAYERS} are painted", scene.layers.len());
        return Err(Broke::bad_answer(many));
    }
    let layers = scene.layers.iter().map(layer).collect::<Result<_, _>>()?;
    let scene = Scene { background: colour(scene.background), layers };
    scene.validate().map_err(|bad| Broke::bad_answer(bad.what))?;
    Ok(scene)
}

fn participant(participant: &Participant) -> wit::Participant {
    wit::Participant {
        uid: participant.uid.get(),
        name: participant.uid.to_string(),
        joined_ms: millis(participant.joined),
        camera: participant.camera.map(size),
        screen: participant.screen.map(size),
        has_audio: participant.has_audio,
        speaking: participant.speaking,
        level: participant.level.min(127),
    }
}

/// Milliseconds since the epoch; a clock before the epoch counts as the epoch.
fn millis(at: RoomTime) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}

fn size(size: Size) -> wit::Size {
    wit::Size { width: size.width, height: size.height }
}

fn layer(layer: &wit::Layer) -> Result<Layer, Broke> {
    let wit::Rect { x, y, width, height } = layer.area;
    Ok(Layer {
        area: Rect { x, y, width, height },
        content: content(&layer.content)?,
        fit: match layer.fit {
            wit::Fit::Cover => Fit::Cover,
            wit::Fit::Contain => Fit::Contain,
        },
        alpha: layer.alpha,
        corner_radius: layer.corner_radius,
    })
}

fn content(content: &wit::Content) -> Result<Content, Broke> {
    Ok(match content {
        wit::Content::Participant(view) => Content::Participant {
            uid: Uid::new(view.uid).ok_or_else(|| Broke::bad_answer("uid 0 names nobody"))?,
            source: match view.source {
                wit::Source::Camera => TrackKind::Camera,
                wit::Source::Screen => TrackKind::Screen,
            },
        },
        wit::Content::Colour(it) => Content::Colour(colour(*it)),
        wit::Content::Image(name) => Content::Image(name.clone()),
        wit::Content::Text(caption) if caption.line.chars().any(char::is_control) => {
            return Err(Broke::bad_answer("a caption has control characters"));
        }
        wit::Content::Text(caption) => {
            Content::Text { line: caption.line.clone(), colour: colour(caption.colour) }
        }
    })
}

fn colour(colour: wit::Colour) -> Colour {
    let wit::Colour { red, green, blue } = colour;
    Colour { red, green, blue }
}

fn scene_out(scene: &Scene) -> wit::Scene {
    wit::Scene {
        background: colour_out(scene.background),
        layers: scene.layers.iter().filter_map(layer_out).collect(),
    }
}

/// `None` for a layer of sound, which no valid scene has.
fn layer_out(layer: &Layer) -> Option<wit::Layer> {
    let Rect { x, y, width, height } = layer.area;
    Some(wit::Layer {
        area: wit::Rect { x, y, width, height },
        content: match &layer.content {
            Content::Participant { uid, source } => wit::Content::Participant(wit::View {
                uid: uid.get(),
                source: match source {
                    TrackKind::Camera => wit::Source::Camera,
                    TrackKind::Screen => wit::Source::Screen,
                    TrackKind::Audio | TrackKind::ScreenAudio | TrackKind::OtherAudio => {
                        return None;
                    }
                },
            }),
            Content::Colour(it) => wit::Content::Colour(colour_out(*it)),
            Content::Image(name) => wit::Content::Image(name.clone()),
            Content::Text { line, colour } => {
                wit::Content::Text(wit::Caption { line: line.clone(), colour: colour_out(*colour) })
            }
        },
        fit: match layer.fit {
            Fit::Cover => wit::Fit::Cover,
            Fit::Contain => wit::Fit::Contain,
        },
        alpha: layer.alpha,
        corner_radius: layer.corner_radius,
    })
}

fn colour_out(colour: Colour) -> wit::Colour {
    let Colour { red, green, blue } = colour;
    wit::Colour { red, green, blue }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_content() -> Scene {
        let contents = [
            Content::Participant { uid: Uid::new(7).unwrap(), source: TrackKind::Screen },
            Content::Colour(Colour { red: 1, green: 2, blue: 3 }),
            Content::Image("logo".into()),
            Content::Text { line: "seven".into(), colour: Colour::BLACK },
        ];
        let area = Rect { x: 0.25, y: 0.5, width: 0.5, height: 0.25 };
        let layer =
            |content| Layer { area, content, fit: Fit::Contain, alpha: 0.5, corner_radius: 0.25 };
        Scene { background: Colour::BLACK, layers: contents.into_iter().map(layer).collect() }
    }

    #[test]
    fn a_scene_survives_the_way_out_and_back() {
        let before = every_content();
        assert_eq!(scene(&scene_out(&before)).unwrap(), before);
    }

    #[test]
    fn nonsense_is_a_bad_answer() {
        let broken = |change: fn(&mut wit::Layer)| {
            let mut out = scene_out(&every_content());
            change(&mut out.layers[0]);
            scene(&out).unwrap_err().detail
        };
        assert!(broken(|layer| layer.area.x = f64::NAN).contains("NaN"));
        let nobody = wit::View { uid: 0, source: wit::Source::Camera };
        let mut out = scene_out(&every_content());
        out.layers[0].content = wit::Content::Participant(nobody);
        assert!(scene(&out).unwrap_err().detail.contains("nobody"));
        let layer = out.layers[1].clone();
        out.layers = vec![layer; MAX_LAYERS + 1];
        assert!(scene(&out).unwrap_err().detail.contains("65 layers"));
        let caption = wit::Caption { line: "a\nb".into(), colour: colour_out(Colour::BLACK) };
        out.layers.truncate(1);
        out.layers[0].content = wit::Content::Text(caption);
        assert!(scene(&out).unwrap_err().detail.contains("control"));
    }
}
