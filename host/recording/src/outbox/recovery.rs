//! What is done, before anything else, with recordings that were live when the last process died:
//! they are ended from what is on disk, and told so.

use std::io;
use std::path::Path;

use capstan_media::time::RoomTime;
use capstan_media::timeline::Mark;

use super::OutboxError;
use super::books::{Books, Change, End, Stage};
use super::files::{self, NewFile};
use super::store::Store;
use crate::event::{Code, Event, Module, Problem};
use crate::listing;
use crate::names;
use crate::status::StopReason;

const FAILURE: &str = "the process died while it recorded; the recording ends with the last \
    segment that was cut";

/// Ends every recording that is still live in the books. Returns their sids.
pub(super) fn end_interrupted(
    store: &Store,
    books: &mut Books,
    now: RoomTime,
) -> Result<Vec<String>, OutboxError> {
    let live = books.ledgers.values().filter(|ledger| ledger.stage == Stage::Live);
    let live: Vec<_> = live.cloned().collect();
    let mut sids = Vec::new();
    for ledger in live {
        let sid = ledger.sid.clone();
        let mut change = Change::new(ledger);
        match unowed_files(&change) {
            Ok(Some((start, new))) => files::owe(&mut change, books, start, &new, now),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%sid, %error, "the playlist of an interrupted recording is lost");
            }
        }
        let (module, code) = (Module::Recorder, Code::Interrupted);
        let problem = Problem { module, level: 5, code, message: FAILURE.into() };
        change.tell(&Event::Error(problem), now);
        let failure = Some(FAILURE.to_owned());
        let end = End { at: now, reason: StopReason::Failed, failure, told: false };
        change.ledger.ended = Some(end);
        change.ledger.stage = Stage::Closing;
        change.conclude(books, now);
        store.commit(&change)?;
        books.apply(change);
        tracing::warn!(%sid, "ended a recording that the last process left behind");
        sids.push(sid);
    }
    Ok(sids)
}

/// Ends the playlist on disk and finds the files that it names but that were never owed: the
/// process may have died between writing a segment and owing it. `None` if nothing was cut.
fn unowed_files(change: &Change) -> io::Result<Option<(RoomTime, Vec<NewFile>)>> {
    let ledger = &change.ledger;
    let folder = files::hls_folder(&ledger.folder);
    let path = folder.join(&ledger.playlist);
    let mut text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !text.lines().any(|line| line == listing::END) {
        text.push_str(listing::END);
        text.push('\n');
        files::write_whole(&path, text.as_bytes())?;
    }
    let named = listing::files(&text);
    let start = match ledger.slice_start {
        Some(start) => start,
        None => started(&ledger.folder.join(names::TIMELINE))?,
    };
    let mut new = Vec::new();
    for name in named.iter().skip(ledger.filed) {
        let path = folder.join(name);
        let size = std::fs::metadata(&path)?.len();
        new.push(NewFile::segment(path, size));
    }
    new.push(NewFile::playlist(path, text.len() as u64));
    Ok(Some((start, new)))
}

/// The recording's zero, from its timeline.
fn started(timeline: &Path) -> io::Result<RoomTime> {
    let (marks, _) = crate::timeline::read(timeline)?;
    let start = marks.iter().find(|mark| matches!(mark, Mark::Started { .. })).map(Mark::at);
    start.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no start on the timeline"))
}
