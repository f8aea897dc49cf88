//! What every layout needs: the recording's options, a stage that seats people on the canvas, and the
//! exports of a plugin.
//!
//! Agora's rules hold for all of them: at most 17 regions, given out in the order of joining; who
//! sends only sound takes a region too.

mod grid;
mod label;
mod options;
mod schema;
mod stage;
mod strip;
mod watermark;

pub use crate::bindings::exports::capstan::plugin::arranger::{
    Caption, Colour, Content, Fit, Input, Layer, Participant, Rect, Scene, Size, Source, View,
};
pub use grid::grid;
pub use label::Labels;
pub use options::{Defaults, Options, Pictures, Region, UserPicture};
pub use stage::{Seat, Show, Stage};
pub use strip::{Edge, Strip};
pub use watermark::{Mark, Watermark};

/// The most participants that a picture shows; later ones wait until somebody leaves.
pub const MAX_REGIONS: usize = 17;

/// A corner of an area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Corner {
    /// Above, at the left.
    TopLeft,
    /// Above, at the right.
    TopRight,
    /// Below, at the left.
    BottomLeft,
    /// Below, at the right.
    BottomRight,
}

/// An area in fractions of the canvas.
#[must_use]
pub const fn area(x: f64, y: f64, width: f64, height: f64) -> Rect {
    Rect { x, y, width, height }
}

/// The whole canvas.
pub const WHOLE: Rect = area(0.0, 0.0, 1.0, 1.0);

/// Those who have a region: the first 17 in the order of joining.
pub fn shown(participants: &[Participant]) -> &[Participant] {
    participants.get(..MAX_REGIONS).unwrap_or(participants)
}

impl Corner {
    /// The corner of that name, as options write it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "top-left" => Self::TopLeft,
            "top-right" => Self::TopRight,
            "bottom-left" => Self::BottomLeft,
            "bottom-right" => Self::BottomRight,
            _ => return None,
        })
    }

    /// The same side, above.
    #[must_use]
    pub const fn above(self) -> Self {
        match self {
            Self::TopLeft | Self::BottomLeft => Self::TopLeft,
            Self::TopRight | Self::BottomRight => Self::TopRight,
        }
    }

    /// An area of this size in the corner of another, `across` and `down` away from its edges.
    #[must_use]
    pub fn place(self, within: Rect, width: f64, height: f64, across: f64, down: f64) -> Rect {
        let left = within.x + across;
        let right = within.x + within.width - width - across;
        let top = within.y + down;
        let bottom = within.y + within.height - height - down;
        let (x, y) = match self {
            Self::TopLeft => (left, top),
            Self::TopRight => (right, top),
            Self::BottomLeft => (left, bottom),
            Self::BottomRight => (right, bottom),
        };
        area(x, y, width, height)
    }
}

/// Exports a function `fn(&Input, &Options) -> Result<Scene, Wrong>` as a layout plugin, with name,
/// version and summary of the calling crate. What follows the function is the JSON Schema of the
/// options that this layout takes beside those that all take: members of `properties`, each with a
/// comma behind it. The exports exist for the wasm target only.
#[macro_export]
macro_rules! layout_plugin {
    ($arrange:path $(, $own:expr)?) => {
        /// The JSON Schema of this layout's options, which is that of its configuration too.
        pub const OPTIONS_SCHEMA: &str = $crate::options_schema!($($own)?);

        #[cfg(target_arch = "wasm32")]
        mod plugin {
            use std::cell::RefCell;

            use $crate::bindings;
            use bindings::capstan::plugin::log;
            use bindings::exports::capstan::plugin::{arranger, plugin};

            thread_local! {
                /// Set by `configure`.
                static DEFAULTS: RefCell<$crate::layout::Defaults> =
                    const { RefCell::new($crate::layout::Defaults::none()) };
            }

            struct Plugin;

            impl plugin::Guest for Plugin {
                fn describe() -> plugin::Manifest {
                    plugin::Manifest {
                        name: env!("CARGO_PKG_NAME").into(),
                        version: env!("CARGO_PKG_VERSION").into(),
                        summary: env!("CARGO_PKG_DESCRIPTION").into(),
                        config_schema: super::OPTIONS_SCHEMA.into(),
                    }
                }

                fn configure(
                    config: String,
                ) -> Result<Vec<plugin::Endpoint>, Vec<plugin::ConfigError>> {
                    $crate::report_panics(|message| log::write(log::Level::Error, message));
                    let error = |wrong: $crate::json::Wrong| plugin::ConfigError {
                        pointer: wrong.pointer,
                        message: wrong.message,
                    };
                    match $crate::layout::Defaults::parse(&config) {
                        Ok(defaults) => {
                            DEFAULTS.set(defaults);
                            Ok(Vec::new())
                        }
                        Err(wrongs) => Err(wrongs.into_iter().map(error).collect()),
                    }
                }
            }

            impl arranger::Guest for Plugin {
                fn arrange(input: arranger::Input) -> Result<arranger::Scene, String> {
                    DEFAULTS
                        .with_borrow(|defaults| defaults.options(&input.options))
                        .and_then(|options| $arrange(&input, &options))
                        .map_err(|wrong| wrong.to_string())
                }
            }

            bindings::export_layout!(Plugin with_types_in bindings);
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eighteenth_waits() {
        let many: Vec<_> = (1..=18).map(|uid| stage::tests::someone(uid, true, false)).collect();
        assert_eq!(shown(&many).last().map(|last| last.uid), Some(17));
        assert_eq!(shown(&many[..3]).len(), 3);
    }

    #[test]
    fn corners_keep_their_distance() {
        let within = area(0.5, 0.0, 0.5, 1.0);
        let place = |corner: Corner| {
            let Rect { x, y, .. } = corner.place(within, 0.125, 0.25, 0.0625, 0.125);
            (x, y)
        };
        assert_eq!(place(Corner::TopLeft), (0.5625, 0.125));
        assert_eq!(place(Corner::BottomRight), (0.8125, 0.625));
        assert_eq!(Corner::BottomRight.above(), Corner::TopRight);
    }
}
