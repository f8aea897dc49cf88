//! Environment overrides: `CAPSTAN_SECTION__KEY=value` stands over the file.
//!
//! `__` separates the parts of a key; a part of `apps` is the app's id or its index. A value is
//! read as TOML if the key wants that (`9090`, `true`, `["a"]`), else as the text that it is.

use serde::Deserialize;
use toml::{Table, Value};

use crate::error::{ConfigError, explain};
use crate::schema::File;

const PREFIX: &str = "CAPSTAN_";
const SEPARATOR: &str = "__";

/// Applies every override in `variables` to `table`; others are left alone.
///
/// # Errors
/// A variable that names no known key, or whose value the key can't take.
pub(super) fn overlay(
    table: &mut Table,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    let mut overrides: Vec<_> = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && name.contains(SEPARATOR))
        .collect();
    overrides.sort();
    for (name, text) in overrides {
        let path = name.trim_start_matches(PREFIX).to_ascii_lowercase();
        let parts: Vec<&str> = path.split(SEPARATOR).collect();
        *table = apply(table, &name, &parts, &text)?;
    }
    Ok(())
}

/// Tries the value as TOML first, then as plain text.
fn apply(table: &Table, name: &str, parts: &[&str], text: &str) -> Result<Table, ConfigError> {
    let typed = toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut parsed| if parsed.len() == 1 { parsed.remove("value") } else { None });
    let mut refused = None;
    for value in typed.into_iter().chain([Value::String(text.to_owned())]) {
        let mut changed = table.clone();
        insert(&mut changed, name, parts, value)?;
        match File::deserialize(changed.clone()) {
            Ok(_) => return Ok(changed),
            Err(error) => {
                refused.get_or_insert_with(|| explain(error.message()));
            }
        }
    }
    Err(ConfigError::at(name, refused.unwrap_or_default()))
}

fn insert(table: &mut Table, name: &str, parts: &[&str], value: Value) -> Result<(), ConfigError> {
    let nowhere = || ConfigError::at(name, "names no key: write CAPSTAN_SECTION__KEY");
    let (last, way) = parts.split_last().ok_or_else(nowhere)?;
    let mut here = table;
    let mut steps = way.iter().peekable();
    while let Some(step) = steps.next() {
        let next = here.entry((*step).to_owned()).or_insert_with(|| Value::Table(Table::new()));
        here = match next {
            Value::Table(inner) => inner,
            Value::Array(entries) => {
                let which = steps.next().ok_or_else(nowhere)?;
                entry(entries, which).ok_or_else(|| {
                    ConfigError::at(name, format!("the file has no {step} entry {which:?}"))
                })?
            }
            _ => return Err(ConfigError::at(name, format!("{step} is a key, not a section"))),
        };
    }
    here.insert((*last).to_owned(), value);
    Ok(())
}

/// An entry of `[[apps]]` by its index or its id.
fn entry<'a>(entries: &'a mut [Value], which: &str) -> Option<&'a mut Table> {
    let index = which.parse::<usize>().ok().or_else(|| {
        entries.iter().position(|value| {
            let id = value.get("id").and_then(Value::as_str);
            id.is_some_and(|id| id.eq_ignore_ascii_case(which))
        })
    })?;
    entries.get_mut(index)?.as_table_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaid(file: &str, variables: &[(&str, &str)]) -> Result<Table, ConfigError> {
        let mut table = toml::from_str(file).unwrap();
        let owned = variables.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        overlay(&mut table, owned)?;
        Ok(table)
    }

    #[test]
    fn variables_stand_over_the_file() {
        let file = "[http]\nlisten = \"127.0.0.1:1\"\n[[apps]]\nid = \"Main\"\nkey = \"k\"\n";
        let table = overlaid(
            file,
            &[
                ("CAPSTAN_HTTP__LISTEN", "127.0.0.1:9"),
                ("CAPSTAN_RECORDING__MAX_RECORDINGS", "3"),
                ("CAPSTAN_APPS__MAIN__SECRET", "12345"),
                ("CAPSTAN_INGEST__ANNOUNCE", "[\"10.0.0.1\"]"),
                ("CAPSTAN_LOG", "debug"),
                ("PATH", "/bin"),
            ],
        )
        .unwrap();
        let file = File::deserialize(table).unwrap();
        assert_eq!(file.http.listen.port(), 9);
        assert_eq!(file.recording.max_recordings, 3);
        assert_eq!(file.apps[0].secret.as_ref().unwrap().reveal(), "12345");
        assert_eq!(file.ingest.announce.len(), 1);
    }

    #[test]
    fn wrong_variables_are_named() {
        let typo = overlaid("", &[("CAPSTAN_HTTP__LISTENN", "x")]).unwrap_err();
        assert_eq!(
            typo.to_string(),
            "CAPSTAN_HTTP__LISTENN: unknown key listenn; did you mean listen?"
        );
        let value = overlaid("", &[("CAPSTAN_RECORDING__MAX_RECORDINGS", "many")]).unwrap_err();
        assert!(value.to_string().starts_with("CAPSTAN_RECORDING__MAX_RECORDINGS: "), "{value}");
        let app = overlaid("", &[("CAPSTAN_APPS__X__KEY", "k")]).unwrap_err();
        assert!(app.to_string().contains("CAPSTAN_APPS__X__KEY"), "{app}");
    }
}
