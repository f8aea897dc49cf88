//! `capstan plugin new`: a small complete project to begin with.
//!
//! The invariant: a folder that holds anything is left as it is.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use super::templates::{CONTRACT, Template};

/// Write a small complete plugin that builds and passes its own test.
///
/// The folder's name becomes the plugin's. Its README says what to install and what to type.
#[derive(Args, Debug)]
pub(in crate::commands) struct NewArgs {
    /// What the plugin is for
    world: Kind,
    /// The language
    #[arg(long, default_value = "rust")]
    lang: Language,
    /// The folder, which is made
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Decides where everything is painted
    Layout,
    /// Puts files into a bucket
    Storage,
    /// Tells a server what happens
    Callback,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    Rust,
    Js,
    Python,
    C,
}

/// Writes it.
///
/// # Errors
/// The folder's name is no plugin's, the folder holds something, or it can't be written.
pub(super) fn run(args: &NewArgs) -> anyhow::Result<()> {
    let NewArgs { world, lang, folder } = args;
    let name = name(folder)?;
    let template = Template::of(*world, *lang).context("there is no such template")?;
    let empty = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => true,
    };
    if !empty {
        bail!("{} holds something already", folder.display());
    }
    for (path, text) in template.files {
        write(&folder.join(path), &template.renamed(text, &name))?;
    }
    for (path, text) in CONTRACT {
        write(&folder.join("wit").join(path), text)?;
    }
    println!("{name} is in {}: see README.md there, then `make test`", folder.display());
    Ok(())
}

fn name(folder: &Path) -> anyhow::Result<String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let good = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.bytes().all(legal)
        && !name.ends_with('-');
    if !good {
        bail!("{name:?} can't be a plugin's name: use a-z, 0-9 and -, beginning with a letter");
    }
    Ok(name)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, text));
    written.with_context(|| format!("can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_world_has_its_template_in_every_language() {
        for world in Kind::value_variants() {
            for lang in Language::value_variants() {
                let template = Template::of(*world, *lang).unwrap();
                let all: String = template
                    .files
                    .iter()
                    .map(|(_, text)| template.renamed(text, "my-own"))
                    .collect();
                assert!(all.contains("my-own"), "{world:?} in {lang:?} says its name");
                assert!(!all.contains("example-layout"), "{world:?} in {lang:?}");
                assert!(template.files.iter().any(|(path, _)| *path == "README.md"));
                assert!(template.files.iter().any(|(path, _)| *path == "Makefile"));
            }
        }
    }

    #[test]
    fn a_folder_that_holds_something_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("layout-mine");
        let args = NewArgs { world: Kind::Layout, lang: Language::Rust, folder: folder.clone() };
        run(&args).unwrap();
        assert!(folder.join("wit/plugin.wit").is_file());
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("name = \"layout-mine\""));
        assert!(run(&args).unwrap_err().to_string().contains("holds something"));
        for bad in ["Mine", "1st", "a_b", "a-"] {
            assert!(name(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
