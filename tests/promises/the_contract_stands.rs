//! The plugin contract stands: its released files never change, and plugins that were built against
//! them load and work for ever after.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use harness::process::capstan;
use harness::root;
use serde_json::Value;
use sha2::{Digest, Sha256};

#[test]
fn released_files_of_the_contract_never_change() {
    let wit = root().join("wit");
    let frozen = std::fs::read_to_string(wit.join("FROZEN")).unwrap();
    let frozen: BTreeMap<&str, &str> = frozen
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, path)| (path, sum))
        .collect();
    assert!(frozen.keys().any(|path| path.starts_with("v1/")), "version 1 is frozen");
    for (path, sum) in &frozen {
        let bytes = std::fs::read(wit.join(path)).unwrap_or_else(|_| panic!("wit/{path} is gone"));
        assert_eq!(
            &hex(&bytes),
            sum,
            "wit/{path} is of a released version of the contract, and plugins are built against it: \
             put it back. What a host provides may grow in a new file with a new interface; anything \
             else is a new folder. wit/README.md says how. (Before the first release `make freeze` \
             takes the change.)"
        );
    }
    let folders = std::fs::read_dir(wit.join("v1")).unwrap();
    for entry in folders {
        let path = format!("v1/{}", entry.unwrap().file_name().to_string_lossy());
        assert!(
            frozen.contains_key(path.as_str()),
            "wit/{path} is new: `make freeze` freezes it too"
        );
    }
}

#[test]
fn plugins_of_every_released_version_work_for_ever() {
    let mut tried = 0;
    let versions = folder(&root().join("tests/fixtures/plugins"));
    for version in versions.into_iter().filter(|path| path.is_dir()) {
        for file in folder(&version)
            .into_iter()
            .filter(|file| file.extension().is_some_and(|it| it == "wasm"))
        {
            let script = file.with_extension("json");
            let mut check = Command::new(capstan());
            check.args(["plugin", "check", "--json"]).arg(&file);
            if script.is_file() {
                check.arg("--script").arg(&script);
            }
            let output = check.output().unwrap();
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["passed"], true, "{}: {report:#}", file.display());
            let built_against = version.file_name().unwrap().to_string_lossy();
            assert_eq!(format!("v{}", report["contract"].as_str().unwrap()), built_against);
            tried += 1;
        }
    }
    assert!(tried >= 3, "one plugin of each world at least");
}

fn folder(path: &Path) -> Vec<std::path::PathBuf> {
    let entries =
        std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
