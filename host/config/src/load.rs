//! From a file and the environment to the checked configuration.

use std::path::Path;

use serde::Deserialize;

use crate::check::check;
use crate::checked::Config;
use crate::env::overlay;
use crate::error::{ConfigError, explain};
use crate::schema::File;

impl Config {
    /// Reads `path`, or the defaults without one, and puts the environment over it.
    ///
    /// # Errors
    /// The first thing found wrong, with its place and what to change.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match path {
            Some(path) => read(path)?,
            None => toml::Table::new(),
        };
        overlay(&mut table, environment)?;
        let file = File::deserialize(table)
            .map_err(|error| ConfigError::at("configuration", explain(error.message())))?;
        check(file)
    }
}

/// Parses the file against the schema first, so that errors carry their line.
fn read(path: &Path) -> Result<toml::Table, ConfigError> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::at(&place, format!("can't be read: {error}; examples/capstan.toml is a start"))
    })?;
    let _checked: File =
        toml::from_str(&text).map_err(|error| ConfigError::in_file(path, &text, &error))?;
    toml::from_str(&text).map_err(|error| ConfigError::in_file(path, &text, &error))
}
