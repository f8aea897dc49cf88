//! A plugin can be written in Rust, JavaScript, Python or C: what `capstan plugin new` writes builds,
//! passes its own tests, and keeps every promise of the contract in the sandbox.
//!
//! `scripts/setup test` installs the languages' tools: Debian packages for C, and under `.tools`
//! componentize-js and componentize-py.

mod kept;

use std::path::{Path, PathBuf};
use std::process::Command;

use harness::process::capstan;
use harness::root;
use serde_json::Value;

use self::kept::Kept;

/// With the versions that `scripts/setup` installs.
const NODE_MODULES: &str = ".tools/js-0.23.0/node_modules";
const VENV: &str = ".tools/python-0.25.1";
const WORLDS: [&str; 3] = ["layout", "storage", "callback"];
/// The configuration's `plugins.cache_dir`.
const CACHE: &str = "CAPSTAN_PLUGINS__CACHE_DIR";

#[test]
fn in_rust() {
    // The shipped plugins' dependencies are the same ones.
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map(|target| Path::new(&target).join("plugins"));
    let target = target.unwrap_or_else(|| root().join("plugins/target"));
    for world in WORLDS {
        let mut project = Project::new(world, "rust");
        project.make.env("CARGO_TARGET_DIR", &target);
        project.builds_and_keeps_every_promise();
    }
}

#[test]
fn in_javascript() {
    for world in WORLDS {
        let mut project = Project::new(world, "js");
        project.lend(NODE_MODULES, "node_modules");
        project.builds_and_keeps_every_promise();
    }
}

#[test]
fn in_python() {
    for world in WORLDS {
        let mut project = Project::new(world, "python");
        project.lend(VENV, ".venv");
        project.builds_and_keeps_every_promise();
    }
}

#[test]
fn in_c() {
    for world in WORLDS {
        Project::new(world, "c").builds_and_keeps_every_promise();
    }
}

/// A project that `capstan plugin new` wrote.
struct Project {
    name: String,
    world: &'static str,
    folder: PathBuf,
    /// Its own `make test`: the decisions natively, then the component.
    make: Command,
    kept: Kept,
    _place: tempfile::TempDir,
}

impl Project {
    fn new(world: &'static str, lang: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let name = format!("my-{world}-{lang}");
        let folder = place.path().join(&name);
        run(Command::new(capstan()).args(["plugin", "new", world, "--lang", lang]).arg(&folder));
        // Standing back: others record in real time meanwhile.
        let mut make = Command::new("nice");
        make.args(["make", "-s", "test"]).current_dir(&folder).env("CAPSTAN", capstan());
        // Not those of the `make` that runs this test.
        make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        // For this run alone, unless what builds it is lent.
        let kept = Kept::of(place.path().join("kept"), &folder, "");
        Self { name, world, folder, make, kept, _place: place }
    }

    /// Lends it what it would install itself. That takes long to build with, so what is built is kept.
    fn lend(&mut self, tools: &str, name: &str) {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects").join(&self.name);
        self.kept = Kept::of(kept, &self.folder, tools);
        let tools = root().join(tools);
        assert!(tools.is_dir(), "{} is missing: run `scripts/setup test`", tools.display());
        std::os::unix::fs::symlink(tools, self.folder.join(name)).unwrap();
        self.make.args(["-o", name]);
    }

    fn builds_and_keeps_every_promise(mut self) {
        let component = self.folder.join("plugin.wasm");
        self.kept.lend(&component);
        // Compiled once for its own test, not again for this one.
        let cache = self.kept.cache();
        run(self.make.env(CACHE, &cache));
        self.kept.keep(&component);
        let mut check = Command::new(capstan());
        check.args(["plugin", "check", "--json"]).arg(&component).env(CACHE, &cache);
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

/// Runs a command that must succeed, and answers its output.
fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {}\n{printed}\n{said}", output.status);
    output.stdout
}
