//! What the guests share: each is one file in `examples/` that says only how it misbehaves.
//!
//! The invariant: apart from its one misbehaviour, a guest keeps the contract.

pub use wit_bindgen;

/// A member of a flat JSON object of strings, as the tests write them.
pub fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|(value, _)| value)
}

/// Implements `plugin` with a name and no configuration.
#[macro_export]
macro_rules! described {
    ($name:literal) => {
        impl exports::capstan::plugin::plugin::Guest for Guest {
            fn describe() -> exports::capstan::plugin::plugin::Manifest {
                exports::capstan::plugin::plugin::Manifest {
                    name: $name.into(),
                    version: "1.0.0".into(),
                    summary: "a guest for tests".into(),
                    config_schema: "{}".into(),
                }
            }

            fn configure(
                _config: String,
            ) -> Result<
                Vec<exports::capstan::plugin::plugin::Endpoint>,
                Vec<exports::capstan::plugin::plugin::ConfigError>,
            > {
                Ok(Vec::new())
            }
        }
    };
}

/// A layout plugin with this name and this way to arrange.
#[macro_export]
macro_rules! layout {
    ($name:literal, $arrange:expr) => {
        $crate::wit_bindgen::generate!({
            path: "../../wit/v1",
            world: "layout",
            runtime_path: "guests::wit_bindgen::rt",
        });

        use exports::capstan::plugin::arranger::*;

        struct Guest;

        $crate::described!($name);

        impl exports::capstan::plugin::arranger::Guest for Guest {
            fn arrange(input: Input) -> Result<Scene, String> {
                let arrange: fn(Input) -> Result<Scene, String> = $arrange;
                arrange(input)
            }
        }

        export!(Guest);

        /// A scene of one colour with one layer.
        #[allow(dead_code, reason = "not every guest answers")]
        fn scene_of(area: Rect) -> Scene {
            let black = Colour { red: 0, green: 0, blue: 0 };
            let (content, fit) = (Content::Colour(black), Fit::Cover);
            let layer = Layer { area, content, fit, alpha: 1.0, corner_radius: 0.0 };
            Scene { background: black, layers: vec![layer] }
        }
    };
}
