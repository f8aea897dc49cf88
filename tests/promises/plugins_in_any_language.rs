//! A plugin can be written in Rust, JavaScript, Python or C: what `capstan plugin new` writes builds,
//! passes its own tests, and keeps every promise of the contract in the sandbox.
//!
//! `scripts/setup test` installs the languages' tools: Debian packages for C, and under `.tools`
//! componentize-js and componentize-py.

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::process::capstan;
use harness::root;
use serde_json::Value;

/// With the versions that `scripts/setup` installs.
const NODE_MODULES: &str = ".tools/js-0.23.0/node_modules";
const VENV: &str = ".tools/python-0.25.1";

#[test]
fn in_rust() {
    for world in ["layout", "storage", "callback"] {
        let project = Project::new(world, "rust");
        // The shipped plugins' dependencies are the same ones.
        let target = std::env::var_os("CARGO_TARGET_DIR").map(|target| Path::new(&target).join("plugins"));
        let target = target.unwrap_or_else(|| root().join("plugins/target"));
        project.make(&[("CARGO_TARGET_DIR", &target)]);
        project.keeps_every_promise();
    }
}

#[test]
fn in_javascript() {
    // The default engine once; the smaller one, which compiles in a tenth of the time, for the others.
    for (world, engine) in [("layout", "spidermonkey"), ("storage", "quickjs"), ("callback", "quickjs")] {
        let project = Project::new(world, "js");
        project.make(&[("NODE_MODULES", &tools(NODE_MODULES)), ("ENGINE", Path::new(engine))]);
        project.keeps_every_promise();
    }
}

#[test]
fn in_python() {
    for world in ["layout", "storage", "callback"] {
        let project = Project::new(world, "python");
        project.make(&[("VENV", &tools(VENV))]);
        project.keeps_every_promise();
    }
}

#[test]
fn in_c() {
    for world in ["layout", "storage", "callback"] {
        let project = Project::new(world, "c");
        project.make(&[]);
        project.keeps_every_promise();
    }
}

/// A project that `capstan plugin new` wrote.
struct Project {
    name: String,
    world: &'static str,
    folder: PathBuf,
    _place: tempfile::TempDir,
}

impl Project {
    fn new(world: &'static str, lang: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let name = format!("my-{world}-{lang}");
        let folder = place.path().join(&name);
        run(Command::new(capstan()).args(["plugin", "new", world, "--lang", lang]).arg(&folder));
        Self { name, world, folder, _place: place }
    }

    /// Its own `make test`: the decisions natively, then the component.
    fn make(&self, variables: &[(&str, &Path)]) {
        let mut make = Command::new("make");
        make.arg("-s").arg("test").current_dir(&self.folder).env("CAPSTAN", capstan());
        // Not those of the `make` that runs this test.
        make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        for (name, value) in variables {
            make.env(name, value);
        }
        run(&mut make);
    }

    /// The component as another judge than its own Makefile sees it.
    fn keeps_every_promise(&self) {
        let mut check = Command::new(capstan());
        check.args(["plugin", "check", "--json"]).arg(self.folder.join("plugin.wasm"));
        if self.world != "layout" {
            check.arg("--script").arg(self.folder.join("check.json"));
        }
        let report: Value = serde_json::from_slice(&run(&mut check)).unwrap();
        assert_eq!(report["passed"], true, "{report:#}");
        assert_eq!(report["name"], self.name);
        assert_eq!(report["world"], self.world);
        assert_eq!(report["contract"], "1.0.0");
        for import in report["imports"].as_array().unwrap() {
            assert!(import.as_str().unwrap().starts_with("capstan:plugin/"), "{import}");
        }
        println!("{}: {} bytes, {}", self.name, report["size"], report["times"]);
    }
}

fn tools(path: &str) -> PathBuf {
    let path = root().join(path);
    assert!(path.is_dir(), "{} is missing: run `scripts/setup test`", path.display());
    path
}

/// Runs a command that must succeed, and answers its output.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {}\n{printed}\n{said}", output.status);
    output.stdout
}
