//! The configuration's promises: defaults, errors with places, an example that names every key.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::*;

const EXAMPLE: &str = include_str!("../../../examples/capstan.toml");

fn load(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("capstan.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Some(&path), [])
}

/// The keys that a section knows, asked of serde itself.
fn keys<T: DeserializeOwned>() -> Vec<String> {
    let error = toml::from_str::<T>("\"?\" = 1").err().unwrap();
    let (_, known) = crate::error::unknown_field(error.message()).unwrap();
    known.into_iter().map(str::to_owned).collect()
}

#[test]
fn without_a_file_everything_stays_on_this_machine() {
    let config = Config::load(None, []).unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert!(config.ingest.listen.ip().is_loopback());
    assert_eq!(config.storage.store, "./recordings");
    let [app] = config.apps.as_slice() else { panic!("{:?}", config.apps) };
    let [credential] = app.keys.as_slice() else { panic!("{app:?}") };
    assert_eq!((app.id.as_str(), credential.key.as_str()), ("demo", "demo"));
    assert_eq!((credential.secret.reveal(), app.requests_per_second), ("demo", 10));
    assert!(app.loopback_only && config.demo_app);
}

#[test]
fn errors_name_the_line_and_the_nearest_key() {
    let error = load("# comment\n[http]\nlissten = \"127.0.0.1:1\"\n").unwrap_err();
    assert!(error.place.ends_with("capstan.toml, line 3"), "{error}");
    assert_eq!(error.what, "unknown key lissten; did you mean listen?");
    let error = load("[recording]\nsegment_seconds = \"six\"\n").unwrap_err();
    assert!(error.place.ends_with("line 2"), "{error}");
    let error = load("[[apps]]\nid = \"a\"\nkey = \"k\"\nsecert = \"s\"\n").unwrap_err();
    assert!(error.what.contains("did you mean secret?"), "{error}");
    let error = load("[[apps]]\nid = \"a/b\"\nkey = \"k\"\nsecret = \"s\"\n").unwrap_err();
    assert_eq!(error.place, "apps[0].id");
    let keys = "[[apps]]\nid = \"a\"\nkey = \"k\"\nsecret = \"s\"\nkeys = [{key = \"l\"}]\n";
    assert_eq!(load(keys).unwrap_err().place, "apps[0].keys[0].secret");
    let error = load("[recording]\nsegment_seconds = 0\n").unwrap_err();
    assert_eq!(error.to_string(), "recording.segment_seconds: 0 is outside 1 to 60");
    let error = load("[ingest]\nlisten = \"0.0.0.0:9000\"\n").unwrap_err();
    assert_eq!(error.place, "ingest.announce");
    let error = load("[plugins.budgets.layout-float]\ncall_ms = 0\n").unwrap_err();
    let words = "plugins.budgets.layout-float.call_ms: 0 is outside 1 to 60000";
    assert_eq!(error.to_string(), words);
    let error = load("[plugins.compiler]\nmemory_mib = 1\n").unwrap_err();
    assert_eq!(error.place, "plugins.compiler.memory_mib");
    let missing = Config::load(Some(Path::new("/nowhere/capstan.toml")), []).unwrap_err();
    assert!(missing.what.contains("examples/capstan.toml"), "{missing}");
}

#[test]
fn the_example_loads_as_it_is_and_with_every_key_uncommented() {
    load(EXAMPLE).unwrap();
    let uncommented: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            // "# prose" stays a comment; "#key = value" and "#[section]" are settings.
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
            _ => line,
        })
        // The other spelling of a secret, of which only one may be given.
        .filter(|line| !line.contains("_file = "))
        .collect();
    load(&uncommented.join("\n")).unwrap();
}

#[test]
fn the_example_documents_every_key() {
    let mut wanted: Vec<String> = Vec::new();
    wanted.extend(keys::<schema::Http>());
    wanted.extend(keys::<schema::Api>());
    wanted.extend(keys::<schema::Events>());
    wanted.extend(keys::<schema::KeyEntry>());
    wanted.extend(keys::<schema::Ingest>());
    wanted.extend(keys::<schema::Recording>());
    wanted.extend(keys::<schema::Layouts>());
    wanted.extend(keys::<schema::Plugins>());
    wanted.extend(keys::<capstan_plugin::BudgetOverride>());
    wanted.extend(keys::<capstan_plugin::CompileLimits>());
    wanted.extend(keys::<schema::Storage>());
    wanted.extend(keys::<schema::VendorEntry>());
    wanted.extend(keys::<schema::Uploads>());
    wanted.extend(keys::<schema::Backup>());
    wanted.extend(keys::<schema::AppEntry>());
    wanted.extend(keys::<schema::CallbackEntry>());
    let written = |key: &str| {
        EXAMPLE.lines().map(|line| line.trim_start_matches('#')).any(|line| {
            line.starts_with(&format!("{key} = ")) || (line.starts_with('[') && line.contains(key))
        })
    };
    let missing: Vec<&String> = wanted.iter().filter(|key| !written(key)).collect();
    assert!(missing.is_empty(), "examples/capstan.toml doesn't document {missing:?}");
}
