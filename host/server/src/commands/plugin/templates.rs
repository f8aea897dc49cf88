//! The projects that `capstan plugin new` writes: the examples in `examples/plugins`, as they are.

use super::new::{Kind, Language};

/// One project's files.
pub(super) struct Template {
    world: Kind,
    lang: Language,
    /// The example's own name, which the new project's takes the place of.
    name: &'static str,
    /// Paths within the folder, and texts.
    pub(super) files: &'static [(&'static str, &'static str)],
}

impl Template {
    /// The project of a world in a language.
    pub(super) fn of(world: Kind, lang: Language) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| (template.world, template.lang) == (world, lang))
    }

    /// A file's text with another name in place of the example's.
    pub(super) fn renamed(&self, text: &str, name: &str) -> String {
        let snake = |name: &str| name.replace('-', "_");
        text.replace(self.name, name).replace(&snake(self.name), &snake(name))
    }
}

macro_rules! template {
    ($world:ident, $lang:ident, $folder:literal, [$($file:literal),+ $(,)?]) => {
        Template {
            world: Kind::$world,
            lang: Language::$lang,
            name: concat!("example-", $folder),
            files: &[$((
                $file,
                include_str!(concat!("../../../../../examples/plugins/", $folder, "/", $file)),
            )),+],
        }
    };
}

macro_rules! contract {
    ($($file:literal),+) => {
        &[$(($file, include_str!(concat!("../../../../../wit/v1/", $file)))),+]
    };
}

/// The contract's files.
pub(super) const CONTRACT: &[(&str, &str)] =
    contract!["callback.wit", "io.wit", "layout.wit", "plugin.wit", "storage.wit"];

#[rustfmt::skip]
const TEMPLATES: &[Template] = &[
    template!(Layout, Rust, "layout-rust", [
        "README.md", "Makefile", ".gitignore", "Cargo.toml", "Cargo.lock",
        "src/lib.rs", "src/bindings.rs", "src/arrange.rs",
    ]),
    template!(Storage, Rust, "storage-rust", [
        "README.md", "Makefile", ".gitignore", "Cargo.toml", "Cargo.lock", "check.json",
        "src/lib.rs", "src/bindings.rs", "src/config.rs", "src/request.rs", "src/upload.rs",
    ]),
    template!(Callback, Rust, "callback-rust", [
        "README.md", "Makefile", ".gitignore", "Cargo.toml", "Cargo.lock", "check.json",
        "src/lib.rs", "src/bindings.rs", "src/config.rs", "src/delivery.rs",
    ]),
    template!(Layout, Js, "layout-js", [
        "README.md", "Makefile", ".gitignore", "package.json", "build.mjs", "plugin.js", "test.mjs",
    ]),
    template!(Storage, Js, "storage-js", [
        "README.md", "Makefile", ".gitignore", "package.json", "build.mjs", "plugin.js", "test.mjs",
        "check.json",
    ]),
    template!(Callback, Js, "callback-js", [
        "README.md", "Makefile", ".gitignore", "package.json", "build.mjs", "plugin.js", "test.mjs",
        "check.json",
    ]),
    template!(Layout, Python, "layout-python", [
        "README.md", "Makefile", ".gitignore", "requirements.txt", "app.py", "grid.py", "test_grid.py",
    ]),
    template!(Storage, Python, "storage-python", [
        "README.md", "Makefile", ".gitignore", "requirements.txt", "app.py", "uploader.py", "store.py",
        "test_store.py", "check.json",
    ]),
    template!(Callback, Python, "callback-python", [
        "README.md", "Makefile", ".gitignore", "requirements.txt", "app.py", "notifier.py", "hook.py",
        "test_hook.py", "check.json",
    ]),
    template!(Layout, C, "layout-c", [
        "README.md", "Makefile", ".gitignore", "plugin.c", "grid.h", "grid.c", "test.c",
        "bindings/layout.c", "bindings/layout.h",
    ]),
    template!(Storage, C, "storage-c", [
        "README.md", "Makefile", ".gitignore", "plugin.c", "store.h", "store.c", "test.c",
        "check.json", "bindings/storage.c", "bindings/storage.h",
    ]),
    template!(Callback, C, "callback-c", [
        "README.md", "Makefile", ".gitignore", "plugin.c", "hook.h", "hook.c", "test.c",
        "check.json", "bindings/callback.c", "bindings/callback.h",
    ]),
];
