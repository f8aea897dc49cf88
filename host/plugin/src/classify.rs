//! What a file is, by its bytes alone: which world of which version, or why not.
//!
//! The invariant: a file is validated and its imports are known before anything is compiled.

use std::fmt;

use capstan_outbox::ports::Fault;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use wasmparser::{Parser, Payload, Validator};

use crate::fault::cut;

const PACKAGE: &str = "capstan:plugin/";
/// The major version of the contract that this host speaks.
const MAJOR: &str = "1";

/// What a plugin is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// Decides where everything is painted.
    Layout,
    /// Puts files into a bucket.
    Storage,
    /// Tells an operator's server what happens.
    Callback,
}

impl World {
    const ALL: [Self; 3] = [Self::Layout, Self::Storage, Self::Callback];

    /// The world's name in the contract.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Layout => "layout",
            Self::Storage => "storage",
            Self::Callback => "callback",
        }
    }

    /// The interface whose export makes a component one of this world.
    const fn interface(self) -> &'static str {
        match self {
            Self::Layout => "arranger",
            Self::Storage => "uploader",
            Self::Callback => "notifier",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a plugin's file isn't used.
#[derive(Debug, Error, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// It, or its folder, can't be read.
    #[error("it can't be read: {reason}")]
    Unreadable {
        /// The system's words.
        reason: String,
    },
    /// It is larger than any plugin may be.
    #[error("it has {size} bytes, a plugin may have at most {most} (plugins.compiler.file_mib)")]
    TooLarge {
        /// Its size in bytes, as far as it was looked at.
        size: u64,
        /// The most that a file may have.
        most: u64,
    },
    /// It is a folder with more files than are looked at.
    #[error("it has {left_out} plugins too many: the last ones by name aren't looked at")]
    TooMany {
        /// How many aren't looked at.
        left_out: usize,
    },
    /// It isn't WebAssembly.
    #[error("it is no WebAssembly component: {found}")]
    NotWasm {
        /// What it looks like.
        found: String,
    },
    /// It is a module that wasn't made into a component.
    #[error("it is a core module, not a component: run `capstan-pack` on it")]
    CoreModule,
    /// It is damaged.
    #[error("it is damaged: {reason}")]
    Invalid {
        /// The first thing wrong, with its offset.
        reason: String,
    },
    /// It wants something that no plugin gets.
    #[error("it imports {name}, which no plugin gets{hint}")]
    ForeignImport {
        /// The import's name.
        name: String,
        /// What may help the author.
        hint: String,
    },
    /// It is a component for something else.
    #[error(
        "it exports {found}; a plugin exports capstan:plugin/plugin and one of arranger, uploader or notifier"
    )]
    NoWorld {
        /// What it exports, cut.
        found: String,
    },
    /// It is of more than one world.
    #[error("it is of two worlds, {first} and {second}; a plugin is of one")]
    TwoWorlds {
        /// One.
        first: World,
        /// The other.
        second: World,
    },
    /// It was built against another version of the contract.
    #[error(
        "it was built against capstan:plugin@{found}, this host speaks version {MAJOR}: \
         build it again with the files of wit/v{MAJOR}"
    )]
    WrongVersion {
        /// Its version.
        found: String,
    },
    /// It doesn't compile.
    #[error("it doesn't compile: {reason}")]
    Compile {
        /// The compiler's words.
        reason: String,
    },
    /// It takes more to compile than it may.
    #[error("it can't be compiled within its limits (plugins.compiler): {reason}")]
    Limit {
        /// Which limit, and what happened.
        reason: String,
    },
    /// Its compilation was stopped because it took so long; the machine may just be busy.
    #[error("it took over {seconds} s to compile (plugins.compiler.wall_seconds)")]
    Slow {
        /// The limit.
        seconds: u32,
    },
    /// The compiler's process doesn't work on this machine.
    #[error("the compiler doesn't run: {reason}")]
    NoCompiler {
        /// Why.
        reason: String,
    },
    /// Its functions aren't those of the contract.
    #[error("it doesn't fit the contract's world {world}: {reason}")]
    Misfit {
        /// The world that it says it is of.
        world: World,
        /// What doesn't fit.
        reason: String,
    },
    /// It faulted before it was of any use.
    #[error("it doesn't start: {0}")]
    #[serde(skip)]
    Start(Fault),
    /// What it says of itself breaks the contract.
    #[error("what it says of itself is wrong: {what}")]
    BadManifest {
        /// What is wrong.
        what: String,
    },
    /// Another file is called the same.
    #[error("its name {name} is taken by {other}")]
    Duplicate {
        /// The name that both say.
        name: String,
        /// Where the other is from.
        other: String,
    },
}

/// What a component's names say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Class {
    /// Its world.
    pub(crate) world: World,
    /// The version of the contract that it was built against.
    pub(crate) contract: String,
}

/// Validates a file and reads which world it is of.
pub(crate) fn classify(bytes: &[u8]) -> Result<Class, Refusal> {
    match bytes.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => {}
        Some(b"\0asm\x01\0\0\0") => return Err(Refusal::CoreModule),
        _ => return Err(Refusal::NotWasm { found: looks_like(bytes).into() }),
    }
    let invalid = |error: wasmparser::BinaryReaderError| Refusal::Invalid {
        reason: cut(&error.to_string(), 300),
    };
    Validator::new().validate_all(bytes).map_err(invalid)?;
    let names = Names::read(bytes).map_err(invalid)?;
    for name in &names.imports {
        check_import(name)?;
    }
    world_of(&names.exports)
}

/// The names of a component's own imports and exports.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) imports: Vec<String>,
    exports: Vec<String>,
}

/// Reads the names of a component that was validated before.
pub(crate) fn names(bytes: &[u8]) -> Result<Names, wasmparser::BinaryReaderError> {
    Names::read(bytes)
}

impl Names {
    fn read(bytes: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut names = Self::default();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        names.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        names.exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

fn check_import(name: &str) -> Result<(), Refusal> {
    if let Some((interface, version)) = ours(name) {
        check_version(version)?;
        if matches!(interface, "log" | "io") {
            return Ok(());
        }
    }
    let hint = if name.starts_with("wasi:") {
        ": build it for wasm32-unknown-unknown, not for a WASI target (in JavaScript and Python, \
         leave the WASI features out)"
    } else {
        ""
    };
    Err(Refusal::ForeignImport { name: cut(name, 100), hint: hint.into() })
}

fn world_of(exports: &[String]) -> Result<Class, Refusal> {
    let mut found: Option<Class> = None;
    for (interface, version) in exports.iter().filter_map(|name| ours(name)) {
        check_version(version)?;
        let Some(world) = World::ALL.into_iter().find(|world| world.interface() == interface)
        else {
            continue;
        };
        if let Some(Class { world: first, .. }) = found {
            return Err(Refusal::TwoWorlds { first, second: world });
        }
        found = Some(Class { world, contract: version.to_owned() });
    }
    let describes = exports.iter().any(|name| ours(name).is_some_and(|(it, _)| it == "plugin"));
    found.filter(|_| describes).ok_or_else(|| {
        let found = if exports.is_empty() { "nothing".into() } else { exports.join(", ") };
        Refusal::NoWorld { found: cut(&found, 300) }
    })
}

/// Interface and version of a name in the contract's package.
fn ours(name: &str) -> Option<(&str, &str)> {
    let rest = name.strip_prefix(PACKAGE)?;
    Some(rest.split_once('@').unwrap_or((rest, "none")))
}

fn check_version(version: &str) -> Result<(), Refusal> {
    let fits = version.split('.').next() == Some(MAJOR) && !version.contains('-');
    if fits { Ok(()) } else { Err(Refusal::WrongVersion { found: cut(version, 40) }) }
}

fn looks_like(bytes: &[u8]) -> &'static str {
    match bytes {
        [] => "the file is empty",
        [0x7f, b'E', b'L', b'F', ..] => "it is native code (a .cwasm?), which is never loaded",
        [0, b'a', b's', b'm', ..] => "it is of an unknown WebAssembly version, or truncated",
        _ if bytes.iter().take(64).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) => {
            "it is text"
        }
        _ => "its first bytes are something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports(names: &[&str]) -> Result<Class, Refusal> {
        world_of(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_world_is_known_by_its_interface() {
        let class =
            exports(&["capstan:plugin/plugin@1.0.0", "capstan:plugin/arranger@1.2.0", "exports"]);
        assert_eq!(class.unwrap(), Class { world: World::Layout, contract: "1.2.0".into() });
        let both = ["capstan:plugin/arranger@1.0.0", "capstan:plugin/uploader@1.0.0"];
        assert!(matches!(exports(&both), Err(Refusal::TwoWorlds { .. })));
        let undescribed = exports(&["capstan:plugin/arranger@1.0.0"]);
        assert!(matches!(undescribed, Err(Refusal::NoWorld { .. })));
        for version in ["@2.0.0", "@1.0.0-rc.1", "@0.1.0", ""] {
            let name = format!("capstan:plugin/arranger{version}");
            assert!(matches!(exports(&[&name]), Err(Refusal::WrongVersion { .. })), "{name}");
        }
    }

    #[test]
    fn only_our_imports_are_known() {
        assert!(check_import("capstan:plugin/log@1.0.0").is_ok());
        assert!(check_import("capstan:plugin/io@1.3.0").is_ok());
        let wasi = check_import("wasi:io/poll@0.2.6").unwrap_err().to_string();
        assert!(wasi.contains("wasm32-unknown-unknown"), "{wasi}");
        assert!(check_import("capstan:plugin/network@1.0.0").is_err());
        assert!(check_import("capstan:plugin/log@2.0.0").is_err());
    }

    #[test]
    fn what_is_no_component_is_named() {
        let said = |bytes: &[u8]| classify(bytes).unwrap_err().to_string();
        assert!(said(b"").contains("empty"));
        assert!(said(b"hello, this is text").contains("text"));
        assert!(said(b"\x7fELF\x02\x01\x01\0\0\0").contains("native code"));
        assert!(said(b"\0asm\x01\0\0\0").contains("capstan-pack"));
        assert!(said(b"\0asm\x0d\0\x01\0").contains("nothing"));
        assert!(said(b"\0asm\x0d\0\x01\0\x07\x99").contains("damaged"));
    }
}
