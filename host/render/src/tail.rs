//! The tail of a recording whose process died: what its tapes hold behind the last segment that its
//! playlists name, made into more segments of the same playlists.
//!
//! Everything is matched by time and name with what is listed, and written whole before it is listed, so
//! it may be broken off and made again any number of times.

mod apart;
mod joining;
mod mixed;

use std::path::Path;

use capstan_archive::folder::{hls_folder, tape_folder};
use capstan_archive::remembered::Made;
use capstan_archive::report::Report;
use capstan_archive::tail::Tail;
use capstan_archive::tape::file_name;

pub use self::joining::Means;
use crate::rendering::{RenderError, known};
use crate::score::Score;

/// Makes the tail of a recording whose process died, and ends its playlists. Takes as long as decoding
/// all of it.
///
/// # Errors
/// As [`RenderError`] says; [`RenderError::Stopped`] once it is broken off.
pub fn bring_home(folder: &Path, means: Means<'_>) -> Result<Tail, RenderError> {
    let known = known(folder)?;
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
