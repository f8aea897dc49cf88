//! Secrets of the configuration: given by value, by file or by environment, never shown.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::error::ConfigError;

/// The most bytes of a secret file: a key, not a document.
const MAX_SECRET_FILE: u64 = 64 * 1024;

/// A text that no log, error or `Debug` shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for comparing or signing only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Picks a secret from its two spellings, `key` and `key_file`; `None` if neither is given.
///
/// # Errors
/// Both are given, or the file can't be read.
pub(super) fn resolve(
    key: &str,
    value: Option<Secret>,
    file: Option<&Path>,
) -> Result<Option<Secret>, ConfigError> {
    match (value, file) {
        (Some(_), Some(_)) => Err(ConfigError::at(
            key,
            format!("both {key} and {key}_file are given; keep one of them"),
        )),
        (Some(value), None) => Ok(Some(value)),
        (None, None) => Ok(None),
        (None, Some(path)) => read(key, path).map(Some),
    }
}

fn read(key: &str, path: &Path) -> Result<Secret, ConfigError> {
    let failed = |what: String| {
        ConfigError::at(&format!("{key}_file"), format!("{}: {what}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > MAX_SECRET_FILE {
        return Err(failed(format!("{size} bytes; a secret file has at most {MAX_SECRET_FILE}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(failed("the file is empty".into()));
    }
    Ok(Secret(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_of_value_and_file_and_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "s3cret\n").unwrap();
        let read = resolve("apps.secret", None, Some(&path)).unwrap().unwrap();
        assert_eq!(read.reveal(), "s3cret");
        assert_eq!(format!("{read:?}"), "(secret)");
        assert!(resolve("apps.secret", Some(read), Some(&path)).is_err());
        let missing = resolve("apps.secret", None, Some(&dir.path().join("no"))).unwrap_err();
        assert!(missing.to_string().contains("apps.secret_file"), "{missing}");
        assert_eq!(resolve("apps.secret", None, None).unwrap(), None);
    }
}
