//! Whatever lies in a plugin folder, the host starts and says what it thinks of each file.

use std::path::Path;

use crate::common::{built, config};
use capstan_plugin::{PluginHost, World};
use proptest::prelude::*;

/// What is said of a file with these bytes.
fn refusal(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    let host = PluginHost::load(config(folder.path(), &[])).unwrap();
    assert!(host.list().is_empty());
    let [refused] = &host.refused()[..] else { panic!("{:?}", host.refused()) };
    assert!(refused.file.ends_with(name));
    refused.reason.to_string()
}

#[test]
fn each_bad_file_is_refused_with_its_reason() {
    let said = |guest: &str| refusal("it.wasm", &built(guest));
    assert!(said("other_world").contains("exports run"), "{}", said("other_world"));
    let later = said("next_version");
    assert!(later.contains("capstan:plugin@2.0.0") && later.contains("wit/v1"), "{later}");
    let wasi = said("wants_wasi");
    assert!(wasi.contains("wasi:clocks") && wasi.contains("wasm32-unknown-unknown"), "{wasi}");
    assert!(
        said("misfit").contains("doesn't fit the contract's world layout"),
        "{}",
        said("misfit")
    );
    assert!(said("bad_name").contains("Bad Name!"), "{}", said("bad_name"));

    let grid = built("grid");
    let truncated = refusal("it.wasm", &grid[..grid.len() / 2]);
    assert!(truncated.contains("damaged"), "{truncated}");
    assert!(refusal("it.wasm", b"").contains("empty"));
    assert!(refusal("it.wasm", b"\0asm\x01\0\0\0").contains("capstan-pack"));
}

#[test]
fn a_bad_file_keeps_nobody_else_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.wasm"), "text").unwrap();
    let mut config = config(folder.path(), &["grid", "puts", "posts"]);
    config.folders.push(folder.path().join("none"));
    let host = PluginHost::load(config).unwrap();
    let worlds: Vec<_> = host.list().into_iter().map(|info| (info.name, info.world)).collect();
    let expected = [("grid", World::Layout), ("posts", World::Callback), ("puts", World::Storage)];
    assert_eq!(worlds, expected.map(|(name, world)| (name.to_owned(), world)));
    assert_eq!(host.refused().len(), 2, "{:?}", host.refused());
}

#[test]
fn of_two_of_a_name_the_first_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["b.wasm", "a.wasm"] {
        std::fs::write(folder.path().join(file), built("grid")).unwrap();
    }
    let host = PluginHost::load(config(folder.path(), &[])).unwrap();
    let [info] = &host.list()[..] else { panic!("{:?}", host.list()) };
    assert!(Path::new(&info.origin).ends_with("a.wasm"));
    let [refused] = &host.refused()[..] else { panic!() };
    assert!(refused.file.ends_with("b.wasm"));
    assert!(refused.reason.to_string().contains("a.wasm"), "{}", refused.reason);
}

#[test]
fn a_file_replaces_a_bundled_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &["grid"]);
    let leak = |name: &str| -> &'static [u8] { built(name).leak() };
    config.bundled = vec![("grid", leak("grid")), ("refuses", leak("refuses"))].leak();
    let host = PluginHost::load(config).unwrap();
    let origins: Vec<_> = host.list().into_iter().map(|info| info.origin).collect();
    assert!(origins[0].ends_with("grid.wasm") && origins[1] == "bundled", "{origins:?}");
    assert!(host.refused().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Flipped, cut and doubled pieces of a real component: refused or loaded, never a panic.
    #[test]
    fn mutated_components_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = built("grid");
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("it.wasm"), bytes).unwrap();
        let host = PluginHost::load(config(folder.path(), &[])).unwrap();
        prop_assert_eq!(host.list().len() + host.refused().len(), 1);
        for refused in host.refused() {
            prop_assert!(!refused.reason.to_string().contains("unforeseen"), "{}", refused.reason);
        }
    }

    /// Bytes that only begin like a component.
    #[test]
    fn random_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(tail);
        let said = refusal("it.wasm", &bytes);
        prop_assert!(!said.is_empty());
    }
}
