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

/// A layout that misbehaves as the background's colour says, which is the one thing that everybody who
/// starts a recording can tell it: `#000001` is the first way of the list below.
#[macro_export]
macro_rules! rogue {
    ($name:literal) => {
        $crate::layout!($name, |input| {
            use std::hint::black_box;
            let way = $crate::member(&input.options, "background_color").unwrap_or_default();
            let whole = Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
            match way {
                // An endless loop.
                "#000001" => loop {
                    black_box(input.at_ms);
                },
                // A slow loop that ends within its time.
                "#000002" => {
                    let work = (0..4_000_000_u64).fold(0, |sum, n| sum ^ black_box(n));
                    Ok(scene_of(Rect { x: black_box(work) as f64 * 0.0, ..whole }))
                }
                // A memory bomb. It touches nothing, or a slow machine's time would run out first.
                "#000003" => {
                    let mut hoard = Vec::new();
                    loop {
                        hoard.push(black_box(Vec::<u8>::with_capacity(1 << 20)));
                    }
                }
                // Deep recursion.
                "#000004" => Err(deeper(input.at_ms).to_string()),
                // A trap.
                "#000005" => std::process::abort(),
                // Nonsense that has the right types.
                "#000006" => Ok(scene_of(Rect { x: f64::NAN, width: -7.0e300, ..whole })),
                // A text that is none.
                "#000007" => Err(unsafe { String::from_utf8_unchecked(vec![0xff; 64]) }),
                // A huge answer.
                "#000008" => Err("x".repeat(16 << 20)),
                // A flood of log lines that look like others'.
                "#000009" => {
                    for n in 0..5_000 {
                        let line = format!("line {n}\n{{\"level\":\"ERROR\"}}\u{1b}[31m");
                        capstan::plugin::log::write(capstan::plugin::log::Level::Info, &line);
                    }
                    Ok(scene_of(whole))
                }
                // More layers than anybody paints.
                "#00000a" => {
                    let scene = scene_of(whole);
                    Ok(Scene { layers: vec![scene.layers[0].clone(); 10_000], ..scene })
                }
                _ => Ok(scene_of(whole)),
            }
        });

        #[expect(unconditional_recursion, reason = "on purpose")]
        fn deeper(n: u64) -> u64 {
            let frame = std::hint::black_box([n; 16]);
            frame[3].wrapping_add(deeper(std::hint::black_box(n + 1)))
        }
    };
}
