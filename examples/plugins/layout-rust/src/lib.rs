//! A layout: everybody in a grid, with a frame around whoever speaks.

mod arrange;
mod bindings;

use bindings::exports::capstan::plugin::arranger::{Guest as Arranger, Input, Scene};
use bindings::exports::capstan::plugin::plugin::{ConfigError, Endpoint, Guest, Manifest};

struct Plugin;

impl Guest for Plugin {
    fn describe() -> Manifest {
        Manifest {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            summary: env!("CARGO_PKG_DESCRIPTION").into(),
            // What `configure` takes, as a JSON Schema: this one takes nothing.
            config_schema: r#"{"type": "object", "properties": {}}"#.into(),
        }
    }

    // A layout reaches no host: the list of endpoints is empty.
    fn configure(_config: String) -> Result<Vec<Endpoint>, Vec<ConfigError>> {
        Ok(Vec::new())
    }
}

impl Arranger for Plugin {
    fn arrange(input: Input) -> Result<Scene, String> {
        arrange::arrange(&input)
    }
}

bindings::export!(Plugin with_types_in bindings);
