//! MP4 files that are owed and not made yet: durable from the moment at which their segments are cut,
//! made one at a time when their turn comes, then owed as files are.
//!
//! They are made of what is on disk already, so a process that dies at any moment costs at most making
//! one again. A disk that refuses is told and tried again; the playlist has all of it in any case.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::facts::FileFacts;
use capstan_archive::folder::{hls_folder, parts_folder};
use capstan_archive::report::{Trouble, TroubleKind};
use capstan_archive::settings::Container;
use capstan_archive::{listing, names};
use capstan_media::time::RoomTime;

use super::{Verdict, making};
use crate::books::change::Change;
use crate::books::ledger::{Assembly, Ledger};
use crate::event::{Code, Event, Module, Problem};
use crate::files::{self, NewFile};
use crate::keeper::Keeper;
use crate::ports::{Maker, MakingError, WantedMp4};

/// How long a disk may refuse an MP4 file before it is given up.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Owes an MP4 file of all segments up to the `to`th, which ends at `end`, that are in none yet. `init` is
/// the number of their init segment.
pub(crate) fn owe(change: &mut Change, to: usize, end: RoomTime, init: u64) {
    let ledger = &change.ledger;
    let (Some(facts), Some(mp4)) = (ledger.lists.first().map(|list| &list.facts), &ledger.mp4)
    else {
        return;
    };
    if to <= mp4.segments {
        return;
    }
    let (facts, name) = (facts.clone(), names::mp4(stem(ledger), mp4.begun));
    let key = ledger.key(&name);
    let Some(mp4) = &mut change.ledger.mp4 else { return };
    mp4.begun += 1;
    let start = mp4.next.replace(end).unwrap_or(facts.start);
    mp4.files.push(FileFacts::mixed(key, facts.tracks, start));
    let segments = (std::mem::replace(&mut mp4.segments, to), to);
    mp4.unmade.push(Assembly { name, segments, init, failing_since: None });
}

/// Makes the oldest MP4 file of a recording and owes it. What comes of it is on disk before this
/// returns.
pub(crate) async fn attempt(keeper: Arc<Keeper>, maker: Arc<dyn Maker>, ledger: Ledger) -> Verdict {
    let Some(next) = ledger.mp4.as_ref().and_then(|mp4| mp4.unmade.first().cloned()) else {
        return Verdict::Settled;
    };
    let sid = ledger.sid.clone();
    let work = move |keeper: &Keeper| {
        let made = make(&ledger, maker.as_ref(), &next);
        if let Err(error) = &made {
            tracing::warn!(%sid, name = next.name, %error, "an MP4 file can't be made");
        }
        let mut again = false;
        keeper.change(&sid, |change, books, now| match made {
            Ok((path, size)) => {
                remove(change, &next.name);
                files::owe(change, books, &[NewFile::alone(path, size)], now);
            }
            Err(error) => again = refused(change, &next.name, &error, now),
        })?;
        Ok(again)
    };
    making(&keeper, "an MP4 file", work).await
}

/// The start of the names of a mixed recording's files: its playlist's name without the end.
fn stem(ledger: &Ledger) -> &str {
    names::stem(ledger.lists.first().map_or("", |list| ledger.name(&list.facts.key)))
}

fn make(
    ledger: &Ledger,
    maker: &dyn Maker,
    next: &Assembly,
) -> Result<(PathBuf, u64), MakingError> {
    let (folder, stem) = (hls_folder(&ledger.folder), stem(ledger));
    let path = folder.join(names::playlist(stem));
    let text = std::fs::read_to_string(&path)
        .map_err(|error| MakingError::ForNow { reason: format!("{}: {error}", path.display()) })?;
    let (from, to) = next.segments;
    let named = listing::segments(&text);
    let named = named.get(from..to).unwrap_or_default();
    let segments: Vec<PathBuf> = named.iter().map(|name| part(&ledger.folder, name)).collect();
    let init = names::init(stem, next.init);
    let init =
        segments.first().map_or_else(|| folder.join(&init), |part| part.with_file_name(&init));
    let wanted = WantedMp4 { init, segments, path: folder.join(&next.name) };
    maker.mp4(&wanted).map(|size| (wanted.path, size))
}

/// The fMP4 form of a segment: itself, or its twin.
fn part(folder: &Path, name: &str) -> PathBuf {
    match name.strip_suffix(Container::Ts.extension()) {
        Some(stem) => parts_folder(folder).join(format!("{stem}{}", Container::Fmp4.extension())),
        None => hls_folder(folder).join(name),
    }
}

fn remove(change: &mut Change, name: &str) {
    if let Some(mp4) = &mut change.ledger.mp4 {
        mp4.unmade.retain(|unmade| unmade.name != name);
    }
}

/// Makes a file one that never will be.
fn give_up(change: &mut Change, name: &str, why: &str) {
    let key = change.ledger.key(name);
    remove(change, name);
    let Some(mp4) = &mut change.ledger.mp4 else { return };
    let Some(at) = mp4.files.iter().position(|facts| facts.key == key) else { return };
    let from = mp4.files.remove(at).start;
    let to = mp4.files.get(at).map(|next| next.start).or(mp4.next);
    let (kind, what) = (TroubleKind::File, why.to_owned());
    mp4.given_up.push(Trouble { from, to, kind, what, track: None });
}

/// Notes that a file couldn't be made. True if it is to be tried again.
fn refused(change: &mut Change, name: &str, error: &MakingError, now: RoomTime) -> bool {
    let Some(mp4) = &mut change.ledger.mp4 else { return false };
    let Some(unmade) = mp4.unmade.iter_mut().find(|unmade| unmade.name == name) else {
        return false;
    };
    let first = unmade.failing_since.is_none();
    let since = *unmade.failing_since.get_or_insert(now);
    let hopeless = matches!(error, MakingError::ForGood { .. }) || now.since(since) >= PATIENCE;
    let what = if hopeless { "is given up" } else { "can't be made yet" };
    let message = format!("{name} {what}: {error}; the playlist has all of it");
    if hopeless {
        give_up(change, name, &message);
    }
    if first || hopeless {
        let (module, code) = (Module::Recorder, Code::FileOperation);
        let level = if hopeless { 5 } else { 4 };
        change.tell(&Event::Error(Problem { module, level, code, message }), now);
    }
    !hopeless
}
