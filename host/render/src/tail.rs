//! The tail of a recording whose process died: what its tapes hold behind the last segment that its
//! playlists name, made into more segments of the same playlists.
//!
//! Everything is matched by time and name with what is listed, and written whole before it is listed, so
//! it may be broken off and made again any number of times.

mod apart;
mod mixed;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use capstan_archive::folder::{hls_folder, tape_folder};
use capstan_archive::report::Report;
use capstan_archive::tail::Tail;
use capstan_archive::tape::file_name;
use capstan_archive::tape::reader::TapeDamage;
use capstan_archive::timeline::DamagedLine;
use capstan_pipeline::composite::{Image, Typeface};

use super::{Made, RenderError, Score, remembered};

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

/// Makes the tail of a recording whose process died, and ends its playlists. Takes as long as decoding
/// all of it.
///
/// # Errors
/// As [`RenderError`] says; [`RenderError::Stopped`] once it is broken off.
pub fn bring_home(folder: &Path, means: Means<'_>) -> Result<Tail, RenderError> {
    let known = remembered(folder)?;
    let missing = missing_tapes(folder);
    let score = match Score::read(folder) {
        Ok(score) => score,
        Err(RenderError::Nothing { .. }) => return Ok(Tail { whole: true, ..Tail::default() }),
        Err(error) => return Err(error),
    };
    let ended = score.end.is_some();
    let hls = hls_folder(folder);
    let tail = match &known.made {
        Made::Mix(output) => mixed::make(folder, &known, output, score, means)?,
        Made::Individual(settings) => apart::make(&hls, &known, *settings, score, means.stop)?,
    };
    let mut damage = tail.damage;
    damage.extend(missing);
    Ok(Tail { whole: ended && damage.is_empty(), damage, ..tail })
}

/// Tapes that aren't there though something was on them.
fn missing_tapes(folder: &Path) -> Vec<String> {
    let tracks = Report::read(folder).tracks.into_iter().map(|report| report.track);
    let missing = tracks.filter(|track| !tape_folder(folder).join(file_name(*track)).exists());
    missing.map(|track| format!("the tape of {track} is gone")).collect()
}

/// Damage that a process that dies doesn't leave by itself.
fn damage(tapes: &[(PathBuf, TapeDamage)], lines: &[DamagedLine]) -> Vec<String> {
    let tapes = tapes.iter().filter(|(_, damage)| !matches!(damage, TapeDamage::Torn { .. }));
    let tape = |(path, damage): &(PathBuf, TapeDamage)| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{name}: {damage}")
    };
    let lines = lines.iter().filter(|line| line.what != "cut short");
    tapes.map(tape).chain(lines.map(ToString::to_string)).collect()
}

/// Why a file couldn't be put in place.
fn unwritten(path: &Path) -> impl Fn(io::Error) -> RenderError {
    move |source| RenderError::Write { path: path.to_owned(), source }
}

/// Why a file couldn't be read.
fn unread(path: &Path) -> impl Fn(io::Error) -> RenderError {
    move |source| RenderError::Io { path: path.to_owned(), source }
}

/// The number under which an init segment is to be written behind `newest`, the one that holds before.
/// True if it is another one.
fn number_of(newest: u64, there: io::Result<Vec<u8>>, wanted: &[u8]) -> io::Result<(u64, bool)> {
    match there {
        Ok(bytes) if bytes == wanted => Ok((newest, false)),
        Ok(_) => Ok((newest + 1, true)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((newest + 1, true)),
        Err(error) => Err(error),
    }
}

/// The name of an init segment that a playlist named last.
fn newest(inits: &[String]) -> u64 {
    (inits.len() as u64).saturating_sub(1)
}
