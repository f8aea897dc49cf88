//! What is wrong with a configuration, said so that the operator can mend it.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use thiserror::Error;

/// How unlike (0.0 to 1.0 alike) a known name may be to be suggested for an unknown one.
const ALIKE: f64 = 0.6;

/// A configuration that can't be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub struct ConfigError {
    /// The file and line, the environment variable or the key.
    pub place: String,
    /// What is wrong and what to change.
    pub what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl ConfigError {
    /// An error at a key, a variable or a file.
    pub(super) fn at(place: &str, what: impl Into<String>) -> Self {
        Self { place: place.to_owned(), what: what.into() }
    }

    /// A TOML error with its line in `text`, which was read from `path`.
    pub(super) fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let place = match error.span() {
            Some(span) => format!("{}, line {}", path.display(), line_of(text, &span)),
            None => path.display().to_string(),
        };
        Self { place, what: explain(error.message()) }
    }
}

/// Adds the nearest known name to serde's "unknown field" message.
pub(super) fn explain(message: &str) -> String {
    let Some((unknown, known)) = unknown_field(message) else { return message.to_owned() };
    let nearest = known
        .iter()
        .map(|name| (strsim::jaro_winkler(name, unknown), *name))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match nearest {
        Some((_, name)) => format!("did you mean {name}?"),
        None => format!("known here: {}", known.join(", ")),
    };
    format!("unknown key {unknown}; {hint}")
}

/// Splits serde's message "unknown field `x`, expected one of `a`, `b`" into the unknown name and
/// the known ones; `None` for any other message.
pub(super) fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field `")?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).collect();
    Some((unknown, known))
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_get_the_nearest_known_name() {
        let serde = "unknown field `lissten`, expected one of `listen`, `public_url`";
        assert_eq!(explain(serde), "unknown key lissten; did you mean listen?");
        let far = "unknown field `zzz`, expected `listen` or `public_url`";
        assert_eq!(explain(far), "unknown key zzz; known here: listen, public_url");
        assert_eq!(explain("invalid type"), "invalid type");
    }
}
