//! What every layout needs: the recording's options, who is shown, and how an area becomes a layer.
//!
//! Agora's rules hold for all of them: at most 17 regions, given out in the order of joining; who
//! sends only sound takes a region too, in which nothing is painted.

mod options;

pub use crate::bindings::exports::capstan::plugin::arranger::{
    Caption, Colour, Content, Fit, Input, Layer, Participant, Rect, Scene, Size, Source, View,
};
pub use options::{Options, Region};

/// The most participants that a picture shows; later ones wait until somebody leaves.
pub const MAX_REGIONS: usize = 17;

/// An area in fractions of the canvas.
#[must_use]
pub const fn area(x: f64, y: f64, width: f64, height: f64) -> Rect {
    Rect { x, y, width, height }
}

/// Those who have a region: the first 17 in the order of joining.
pub fn shown(participants: &[Participant]) -> &[Participant] {
    participants.get(..MAX_REGIONS).unwrap_or(participants)
}

/// A participant's picture in an area: the shared screen if there is one, else the camera. `None`
/// while there is neither, so that what lies below shows through.
#[must_use]
pub fn picture(participant: &Participant, area: Rect, fit: Fit) -> Option<Layer> {
    let source = match (participant.screen, participant.camera) {
        (Some(_), _) => Source::Screen,
        (None, Some(_)) => Source::Camera,
        (None, None) => return None,
    };
    let content = Content::Participant(View { uid: participant.uid, source });
    Some(Layer { area, content, fit, alpha: 1.0, corner_radius: 0.0 })
}

/// The first participants in the first regions, cropped to them.
pub fn fill(participants: &[Participant], regions: &[Rect]) -> Vec<Layer> {
    let pairs = shown(participants).iter().zip(regions);
    pairs.filter_map(|(participant, area)| picture(participant, *area, Fit::Cover)).collect()
}

/// Exports a function `fn(&Input) -> Result<Scene, Wrong>` as a layout plugin, with name, version and
/// summary of the calling crate. The exports exist for the wasm target only.
#[macro_export]
macro_rules! layout_plugin {
    ($arrange:path) => {
        #[cfg(target_arch = "wasm32")]
        mod plugin {
            use $crate::bindings;
            use bindings::capstan::plugin::log;
            use bindings::exports::capstan::plugin::{arranger, plugin};

            struct Plugin;

            impl plugin::Guest for Plugin {
                fn describe() -> plugin::Manifest {
                    plugin::Manifest {
                        name: env!("CARGO_PKG_NAME").into(),
                        version: env!("CARGO_PKG_VERSION").into(),
                        summary: env!("CARGO_PKG_DESCRIPTION").into(),
                        config_schema: $crate::layout::CONFIG_SCHEMA.into(),
                    }
                }

                fn configure(
                    config: String,
                ) -> Result<Vec<plugin::Endpoint>, Vec<plugin::ConfigError>> {
                    $crate::report_panics(|message| log::write(log::Level::Error, message));
                    let wrongs = $crate::layout::refuse_config(&config);
                    if wrongs.is_empty() {
                        return Ok(Vec::new());
                    }
                    let error = |wrong: $crate::json::Wrong| plugin::ConfigError {
                        pointer: wrong.pointer,
                        message: wrong.message,
                    };
                    Err(wrongs.into_iter().map(error).collect())
                }
            }

            impl arranger::Guest for Plugin {
                fn arrange(input: arranger::Input) -> Result<arranger::Scene, String> {
                    $arrange(&input).map_err(|wrong| wrong.to_string())
                }
            }

            bindings::export_layout!(Plugin with_types_in bindings);
        }
    };
}

/// The configuration schema of a layout that has nothing to configure: a recording's options are
/// no configuration.
pub const CONFIG_SCHEMA: &str = r#"{"type":"object","additionalProperties":false}"#;

/// What is wrong with the configuration of such a layout: anything in it.
#[must_use]
pub fn refuse_config(config: &str) -> Vec<crate::json::Wrong> {
    let object = match crate::json::object(config) {
        Ok(object) => object,
        Err(wrong) => return vec![wrong],
    };
    let mut reader = crate::json::Reader::new(&object, String::new());
    for name in object.keys() {
        reader.wrong(name, "this layout has nothing to configure; options come with a recording");
    }
    reader.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone(uid: u32, camera: bool, screen: bool) -> Participant {
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

    #[test]
    fn a_shared_screen_comes_before_the_camera() {
        let of = |camera, screen| {
            picture(&someone(1, camera, screen), area(0.0, 0.0, 1.0, 1.0), Fit::Cover)
                .map(|layer| layer.content)
        };
        let view = |source| Some(Content::Participant(View { uid: 1, source }));
        assert_eq!(of(true, true), view(Source::Screen));
        assert_eq!(of(false, true), view(Source::Screen));
        assert_eq!(of(true, false), view(Source::Camera));
        assert_eq!(of(false, false), None);
    }

    #[test]
    fn the_eighteenth_waits() {
        let many: Vec<_> = (1..=18).map(|uid| someone(uid, true, false)).collect();
        assert_eq!(shown(&many).last().map(|last| last.uid), Some(17));
        assert_eq!(shown(&many[..3]).len(), 3);
    }

    #[test]
    fn a_configured_layout_is_a_mistake() {
        assert_eq!(refuse_config("{}"), []);
        assert_eq!(refuse_config(r#"{"gap":1}"#)[0].pointer, "/gap");
    }
}
