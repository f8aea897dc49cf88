//! The house stays as ARCHITECTURE.md draws it: layers, single namers, no circles, file sizes, no hidden
//! clock.

mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use self::circles::{circles, in_one_folder};

/// Which crates each crate may name. An arrow that isn't here is a new wall to argue about.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("media", &[]),
    ("pipeline", &["media"]),
    ("ingest", &["media"]),
    ("archive", &["media"]),
    ("outbox", &["media", "archive"]),
    ("render", &["media", "pipeline", "archive"]),
    ("recording", &["media", "pipeline", "archive", "outbox", "render"]),
    ("plugin", &["media", "outbox", "recording"]),
    ("publish", &["media", "pipeline"]),
    ("pack", &[]),
    ("config", &["archive", "outbox", "plugin"]),
    (
        "recorder",
        &[
            "media",
            "pipeline",
            "ingest",
            "archive",
            "outbox",
            "render",
            "recording",
            "plugin",
            "config",
        ],
    ),
    (
        "http",
        &["media", "ingest", "archive", "outbox", "recording", "plugin", "config", "recorder"],
    ),
    (
        "server",
        &[
            "media",
            "pipeline",
            "ingest",
            "archive",
            "outbox",
            "render",
            "recording",
            "plugin",
            "publish",
            "pack",
            "config",
            "recorder",
            "http",
        ],
    ),
];

/// Libraries that exactly one crate may name.
const ONE_NAMER: &[(&str, &str)] = &[
    ("wasmtime", "plugin"),
    ("str0m", "ingest"),
    ("webrtc", "publish"),
    ("axum", "http"),
    ("object_store", "recorder"),
    ("redb", "outbox"),
];

/// Files that may read a clock: the edges. Ingest pairs the room clock with the `Instant` that its
/// library wants, once, as it starts; the tests of outbox and recording run against a real clock.
const READS_A_CLOCK: &[&str] =
    &["host/server/src/clock.rs", "host/ingest/src/time.rs", "host/outbox/src/testing.rs"];

/// Crates at the edge as a whole: a publisher is a program of its own.
const EDGE_CRATES: &[&str] = &["host/publish/"];

/// What knows codecs; whoever has only to keep or to ship what was recorded builds without any of it.
const KNOWS_CODECS: &[&str] = &[
    "capstan-pipeline",
    "ab_glyph",
    "dav1d",
    "env-libvpx-sys",
    "fdk-aac",
    "image",
    "jpeg-encoder",
    "openh264",
    "openh264-sys2",
    "opus",
    "rav1e",
];

/// The most files that may name each other in a circle.
const LONGEST_CIRCLE: usize = 3;
const HARD_STOP: usize = 600;
const MOST_UNDER: usize = 400;
const MEDIAN_UNDER: usize = 150;

#[test]
fn crates_name_only_the_floors_below() {
    for (name, allowed) in MAY_NAME {
        let manifest = manifest(name);
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for dependency in names_in(&manifest, section) {
                if let Some(ours) = dependency.strip_prefix("capstan-") {
                    assert!(allowed.contains(&ours), "{name} may not name {ours} ({section})");
                }
            }
        }
    }
    let crates = fs::read_dir(root().join("host")).unwrap().count();
    assert_eq!(crates, MAY_NAME.len(), "every crate under host/ has its line in the table");
}

#[test]
fn one_crate_names_each_big_library() {
    for (library, namer) in ONE_NAMER {
        for (name, _) in MAY_NAME {
            let names = names_in(&manifest(name), "dependencies").contains(&(*library).to_owned());
            assert_eq!(names, name == namer, "{library} belongs to {namer} alone: see {name}");
        }
    }
}

#[test]
fn what_keeps_and_what_ships_knows_no_codec() {
    for name in ["archive", "outbox"] {
        let (mut seen, mut next) = (BTreeSet::new(), vec![format!("capstan-{name}")]);
        while let Some(library) = next.pop() {
            assert!(!KNOWS_CODECS.contains(&library.as_str()), "{name} builds {library}");
            if let Some(ours) = library.strip_prefix("capstan-") {
                let named = names_in(&manifest(ours), "dependencies");
                next.extend(named.into_iter().filter(|library| seen.insert(library.clone())));
            }
        }
        assert!(seen.contains("capstan-media"), "{name} names what it keeps");
    }
}

#[test]
fn files_name_each_other_in_no_long_circle() {
    let mut refused = Vec::new();
    for (name, _) in MAY_NAME {
        let from = format!("host/{name}/src/");
        let below = |(path, text): (String, String)| {
            path.strip_prefix(&from).map(|path| (path.to_owned(), text))
        };
        let circles = circles(&sources(&from).into_iter().filter_map(below).collect());
        let long = |circle: &Vec<String>| circle.len() > LONGEST_CIRCLE || !in_one_folder(circle);
        refused.extend(circles.into_iter().filter(long).map(|circle| (*name, circle)));
    }
    assert!(
        refused.is_empty(),
        "circles of over {LONGEST_CIRCLE} files, or across folders: {refused:#?}"
    );
}

#[test]
fn a_circle_is_found_and_named() {
    let source = |text: &str| text.to_owned();
    let house = BTreeMap::from([
        (
            "lib.rs".to_owned(),
            source("mod a;\nmod b;\npub use self::a::{A, C};\n#[cfg(test)]\nmod tests;\n"),
        ),
        ("a.rs".to_owned(), source("mod c;\nuse self::c::C;\nfn f() -> crate::b::B {}\n")),
        (
            "a/c.rs".to_owned(),
            source("use std::fmt;\n\nuse super::super::b::{self, B};\n// crate::A\n"),
        ),
        (
            "b.rs".to_owned(),
            source("use {crate::a::{A, f as g}, std::io};\nconst TEXT: &str = \"crate::A\";\n"),
        ),
        ("tests.rs".to_owned(), source("use crate::a::A;\nuse crate::A;\n")),
    ]);
    let found = circles(&house);
    assert_eq!(found, [["a.rs", "a/c.rs", "b.rs"]]);
    assert!(!in_one_folder(&found[0]));
    assert!(in_one_folder(&["a.rs".into(), "a/c.rs".into()]));
    assert!(in_one_folder(&["a/mod.rs".into(), "a/c.rs".into()]));
}

#[test]
fn the_media_floors_do_no_io() {
    let banned = ["std::fs", "std::net", "std::thread", "tokio", "async fn"];
    for floor in ["host/media/src", "host/pipeline/src"] {
        for (path, text) in sources(floor) {
            for word in banned {
                let found = code_lines(&text).any(|line| line.contains(word));
                assert!(!found, "{path}: {word} on a floor without I/O");
            }
        }
    }
}

#[test]
fn time_is_an_argument_below_the_edges() {
    for (path, text) in sources("host") {
        if READS_A_CLOCK.contains(&path.as_str())
            || EDGE_CRATES.iter().any(|edge| path.starts_with(edge))
            || path.contains("/tests/")
        {
            continue;
        }
        for word in ["Instant::now", "SystemTime::now", "UtcDateTime::now", "thread::sleep"] {
            let found = code_lines(&text).any(|line| line.contains(word));
            assert!(!found, "{path} calls {word}: take the time as an argument");
        }
    }
}

#[test]
fn files_stay_short_and_say_what_they_are_for() {
    let mut sizes = Vec::new();
    for (path, text) in sources("host").into_iter().chain(sources("plugins")) {
        let lines = text.lines().count();
        assert!(text.starts_with("//!"), "{path} doesn't begin with its purpose");
        assert!(lines <= HARD_STOP, "{path} has {lines} lines, the most is {HARD_STOP}");
        sizes.push(lines);
    }
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(median <= MEDIAN_UNDER, "half of the files have over {median} lines");
    let long = sizes.iter().filter(|lines| **lines > MOST_UNDER).count();
    assert!(long * 10 <= sizes.len(), "{long} of {} files are over {MOST_UNDER}", sizes.len());
}

#[test]
fn nothing_names_the_machine_it_was_made_on() {
    let mut files = sources("host");
    for folder in ["plugins", "wit", "examples", "tests", "scripts"] {
        files.extend(sources(folder));
    }
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "Makefile"] {
        files.insert(name.to_owned(), fs::read_to_string(root().join(name)).unwrap());
    }
    let homes = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    for (path, text) in files {
        for home in homes {
            assert!(!text.contains(home), "{path} names {home}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn manifest(name: &str) -> toml::Table {
    let path = root().join("host").join(name).join("Cargo.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn names_in(manifest: &toml::Table, section: &str) -> Vec<String> {
    let table = manifest.get(section).and_then(toml::Value::as_table);
    table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// Rust files under a folder by their path from the root; build output left out.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && name != "built" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let from_root = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.insert(from_root, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// Product code: not comments, not what follows the file's tests.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[cfg(test)]").next().unwrap_or("").lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("//")
    })
}
