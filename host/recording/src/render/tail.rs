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

use capstan_media::time::RoomTime;
use capstan_pipeline::composite::{Image, Typeface};

use super::{Made, RenderError, Score, remembered};
use crate::outbox::{hls_folder, tape_folder};
use crate::report::Report;
use crate::status::FileFacts;
use crate::tape::file_name;
use crate::tape::reader::TapeDamage;
use crate::timeline::DamagedLine;

/// What was made of a recording's tapes behind its last segments.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// The playlists that name a segment. Their keys are names of files.
    pub(crate) lists: Vec<FileFacts>,
    /// Sessions of tracks that begin in it, but for the first of each playlist.
    pub(crate) begun: Vec<Begun>,
    /// New segments.
    pub(crate) segments: u64,
    /// Up to when the files go.
    pub(crate) to: Option<RoomTime>,
    /// That is the end that the recording had: nothing is missing behind it.
    pub(crate) whole: bool,
    /// What can't be read of tapes and timeline, beyond what a process that dies leaves torn.
    pub(crate) damage: Vec<String>,
    /// Where a mixed recording's init segment changed.
    pub(crate) joint: Option<Joint>,
}

/// A place in a playlist from which on another init segment holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joint {
    /// Segments before it.
    pub(crate) before: usize,
    /// Where they end.
    pub(crate) at: RoomTime,
    /// The number of the new one.
    pub(crate) init: u64,
}

/// A session of a track that begins behind a break.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Whose, and when.
    pub(crate) facts: FileFacts,
    /// Where the session before ends.
    pub(crate) before: RoomTime,
}

/// What a tail is made with.
pub(crate) struct Means<'a> {
    /// Pictures that scenes may name.
    pub(crate) images: BTreeMap<String, Image>,
    /// What the text of scenes is drawn with.
    pub(crate) typeface: Typeface,
    /// Whether MP4 files are to be made of it.
    pub(crate) mp4: bool,
    /// Breaks it off.
    pub(crate) stop: &'a AtomicBool,
}

/// Makes the tail of a recording whose process died, and ends its playlists. Takes as long as decoding
/// all of it.
///
/// # Errors
/// As [`RenderError`] says; [`RenderError::Stopped`] once it is broken off.
pub(crate) fn bring_home(folder: &Path, means: Means<'_>) -> Result<Tail, RenderError> {
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
