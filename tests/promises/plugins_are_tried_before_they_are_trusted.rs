//! `capstan plugin check` tells good plugins from bad ones: every shipped plugin keeps every promise,
//! every misbehaving guest breaks one, and the reason can be read.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::process::capstan;
use harness::root;
use serde_json::{Value, json};

/// A configuration for a plugin whose schema alone doesn't say enough.
fn configuration(name: &str) -> Option<Value> {
    match name {
        "callback-webhook" => Some(json!({
            "url": "https://hooks.example.com/capstan",
            "secret": "whsec_b2YtYS1jaGVjay1vbmx5LW5ldmVyLXJlYWwtMDEyMzQ1Njc=",
        })),
        _ => name.strip_prefix("storage-").map(|vendor| {
            json!({
                "region": if vendor == "kingsoft" { "BEIJING" } else { "cn-check-1" },
                "bucket": "check-1250000000",
                "accessKey": "ofthecheck",
                "secretKey": "b2YtYS1jaGVjay1vbmx5LW5ldmVyLXJlYWwtMDEyMzQ1Njc=",
            })
        }),
    }
}

/// Guests, and what the check says of them.
const MISBEHAVE: &[(&str, &str)] = &[
    ("bad_name", "what it says of itself is wrong"),
    ("eats_memory", "memory"),
    ("huge_answer", "0 participants on 640x360"),
    ("many_layers", "layers"),
    ("misfit", "fit"),
    ("next_version", "version"),
    ("not_a_number", "NaN"),
    ("off_canvas", "is not between 0 and 1"),
    ("other_world", "it exports"),
    ("recurses", "0 participants on 640x360"),
    ("spins", "too long"),
    ("traps", "unreachable"),
    ("wants_wasi", "wasi:"),
];

#[test]
fn every_shipped_plugin_keeps_every_promise() {
    let built = wasm(&root().join("plugins/built"));
    assert!(built.len() >= 6, "run `make plugins`");
    for file in built {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut tried = Tried::with(configuration(&name));
        if name == "layout-custom" {
            tried.options = Some(json!({"regions": [{"x": 0, "y": 0, "width": 1, "height": 1}]}));
        }
        let (output, report) = check(&file, tried);
        assert!(output.status.success() && report["passed"] == true, "{name}: {report:#}");
        assert_eq!(report["name"], name);
        assert!(report["times"].as_array().unwrap().len() >= 2, "{name}: {report:#}");
    }
}

#[test]
fn every_misbehaving_guest_breaks_one_in_words() {
    for (name, words) in MISBEHAVE {
        let file = root().join("tests/guests/built").join(name).with_extension("wasm");
        assert!(file.is_file(), "run `make guests`");
        let (output, report) = check(&file, Tried::default());
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert_eq!(report["passed"], false, "{name}");
        let findings = report["findings"].as_array().unwrap();
        let broken: Vec<&Value> =
            findings.iter().filter(|finding| finding["verdict"] == "fail").collect();
        let said = |finding: &&Value| finding["detail"].as_str().unwrap().contains(words);
        assert!(broken.iter().any(said), "{name} should be told {words:?}: {broken:#?}");
    }
}

#[test]
fn what_is_no_plugin_is_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.wasm");
    std::fs::write(&text, "hello, this is text").unwrap();
    let (output, report) = check(&text, Tried::default());
    assert_eq!(output.status.code(), Some(1));
    assert!(report["findings"][0]["detail"].as_str().unwrap().contains("text"), "{report:#}");
    let output =
        Command::new(capstan()).args(["plugin", "check", "nowhere.wasm"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("can't be read"));
}

/// What a plugin is tried with beside what its schema says.
#[derive(Default)]
struct Tried {
    with: Option<Value>,
    options: Option<Value>,
}

impl Tried {
    fn with(with: Option<Value>) -> Self {
        Self { with, ..Self::default() }
    }
}

fn check(file: &Path, tried: Tried) -> (Output, Value) {
    let mut command = Command::new(capstan());
    command.args(["plugin", "check", "--json"]).arg(file);
    for (name, value) in [("--with", tried.with), ("--options", tried.options)] {
        command.args(value.map(|value| [name.to_owned(), value.to_string()]).into_iter().flatten());
    }
    let output = command.output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{}: {error}: {output:?}", file.display()));
    (output, report)
}

fn wasm(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "wasm")).collect();
    files.sort();
    files
}
