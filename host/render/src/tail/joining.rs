//! What a tail is made with, and how it joins what is listed already.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use capstan_archive::tape::reader::TapeDamage;
use capstan_archive::timeline::DamagedLine;
use capstan_pipeline::composite::{Image, Typeface};

use crate::rendering::RenderError;

/// What a tail is made with.
pub struct Means<'a> {
    /// Pictures that scenes may name.
    pub images: BTreeMap<String, Image>,
    /// What the text of scenes is drawn with.
    pub typeface: Typeface,
    /// Whether MP4 files are to be made of it.
    pub mp4: bool,
    /// Breaks it off.
    pub stop: &'a AtomicBool,
}

/// Damage that a process that dies doesn't leave by itself.
pub(super) fn damage(tapes: &[(PathBuf, TapeDamage)], lines: &[DamagedLine]) -> Vec<String> {
    let tapes = tapes.iter().filter(|(_, damage)| !matches!(damage, TapeDamage::Torn { .. }));
    let tape = |(path, damage): &(PathBuf, TapeDamage)| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{name}: {damage}")
    };
    let lines = lines.iter().filter(|line| line.what != "cut short");
    tapes.map(tape).chain(lines.map(ToString::to_string)).collect()
}

/// Why a file couldn't be put in place.
pub(super) fn unwritten(path: &Path) -> impl Fn(io::Error) -> RenderError {
    move |source| RenderError::Write { path: path.to_owned(), source }
}

/// Why a file couldn't be read.
pub(super) fn unread(path: &Path) -> impl Fn(io::Error) -> RenderError {
    move |source| RenderError::Io { path: path.to_owned(), source }
}

/// The number under which an init segment is to be written behind `newest`, the one that holds before.
/// True if it is another one.
pub(super) fn number_of(
    newest: u64,
    there: io::Result<Vec<u8>>,
    wanted: &[u8],
) -> io::Result<(u64, bool)> {
    match there {
        Ok(bytes) if bytes == wanted => Ok((newest, false)),
        Ok(_) => Ok((newest + 1, true)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((newest + 1, true)),
        Err(error) => Err(error),
    }
}

/// The name of an init segment that a playlist named last.
pub(super) fn newest(inits: &[String]) -> u64 {
    (inits.len() as u64).saturating_sub(1)
}
