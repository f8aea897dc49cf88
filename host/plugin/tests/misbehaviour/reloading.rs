//! New, changed and removed files take effect without a restart; a broken one doesn't.

use std::fs;
use std::path::PathBuf;

use crate::common::{built, config, posts, private, question};
use capstan_outbox::ports::Callbacks;
use capstan_plugin::{PluginHost, PluginState};
use capstan_recording::layout::{Layout, LayoutError};

struct Bench {
    folder: tempfile::TempDir,
    host: PluginHost,
}

impl Bench {
    fn new(guests: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = PluginHost::load(config(folder.path(), guests)).unwrap();
        Self { folder, host }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.wasm"))
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.file(name), bytes).unwrap();
    }

    /// Two looks: a file that stays as it is is taken at the second.
    fn settle(&self) {
        self.host.reload();
        self.host.reload();
    }

    fn names(&self) -> Vec<String> {
        self.host.list().into_iter().map(|info| info.name).collect()
    }
}

#[test]
fn files_come_change_and_go_without_a_restart() {
    let bench = Bench::new(&["grid"]);
    bench.put("traps", &built("traps"));
    bench.host.reload();
    assert_eq!(bench.names(), ["grid"], "it may still be written");
    bench.host.reload();
    assert_eq!(bench.names(), ["grid", "traps"]);

    let mut running = bench.host.layout("traps").unwrap();
    bench.put("traps", &built("refuses"));
    bench.settle();
    assert_eq!(bench.names(), ["grid", "refuses"]);
    let old = running.arrange(&question(1)).unwrap_err();
    assert!(matches!(old, LayoutError::Fault(_)), "what has begun keeps its plugin: {old}");

    fs::remove_file(bench.file("traps")).unwrap();
    bench.host.reload();
    assert_eq!(bench.names(), ["grid", "refuses"], "it may be on its way");
    bench.host.reload();
    assert_eq!(bench.names(), ["grid"]);
}

#[test]
fn a_broken_file_is_refused_while_the_old_one_goes_on() {
    let bench = Bench::new(&["grid"]);
    let whole = built("grid");
    for broken in [&whole[..whole.len() / 2], b"text", b"", &built("other_world")] {
        bench.put("grid", broken);
        bench.settle();
        assert_eq!(bench.names(), ["grid"]);
        assert!(bench.host.layout("grid").unwrap().arrange(&question(2)).is_ok());
        let [refused] = &bench.host.refused()[..] else { panic!("{:?}", bench.host.refused()) };
        let report = serde_json::to_value(bench.host.report()).unwrap();
        assert_eq!(report[0]["refused_update"], refused.reason.to_string());
    }
    bench.put("grid", &whole);
    bench.settle();
    assert!(bench.host.refused().is_empty());
    assert_eq!(bench.host.report()[0].refused_update, None);
}

#[test]
fn a_file_in_the_middle_of_being_copied_is_not_taken() {
    let bench = Bench::new(&["grid"]);
    let whole = built("refuses");
    for end in (1_000..whole.len()).step_by(whole.len() / 8) {
        bench.put("new", &whole[..end]);
        bench.host.reload();
        assert!(bench.host.refused().is_empty(), "judged before it was whole");
    }
    bench.put("new", &whole);
    bench.settle();
    assert_eq!(bench.names(), ["grid", "refuses"]);
}

#[test]
fn the_same_bytes_again_change_nothing() {
    let bench = Bench::new(&["traps"]);
    let mut layout = bench.host.layout("traps").unwrap();
    for _ in 0..3 {
        layout.arrange(&question(1)).unwrap_err();
    }
    let benched = |host: &PluginHost| {
        let conduct = host.report()[0].conduct.clone();
        matches!(conduct.state, PluginState::Benched { .. }) && conduct.faults["trapped"] == 3
    };
    assert!(benched(&bench.host));
    bench.put("traps", &built("traps"));
    bench.settle();
    assert!(benched(&bench.host), "a touch is no pardon");
}

#[test]
fn a_callback_moves_over_to_the_new_version() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &["posts"]);
    config.grants = vec![private("127.0.0.1")].into();
    config.callbacks = [("demo".to_owned(), posts(9))].into();
    let host = PluginHost::load(config).unwrap();
    assert!(Callbacks::open(&host, "demo").unwrap().is_some());
    // Its file is broken, then gone, then back.
    fs::write(folder.path().join("posts.wasm"), "text").unwrap();
    host.reload();
    host.reload();
    assert!(Callbacks::open(&host, "demo").unwrap().is_some());
    fs::remove_file(folder.path().join("posts.wasm")).unwrap();
    host.reload();
    host.reload();
    assert!(Callbacks::open(&host, "demo").is_err());
    assert_eq!(host.bad_callbacks()[0].0, "demo");
    fs::write(folder.path().join("posts.wasm"), built("posts")).unwrap();
    host.reload();
    host.reload();
    assert!(Callbacks::open(&host, "demo").unwrap().is_some());
    assert!(host.bad_callbacks().is_empty());
}
