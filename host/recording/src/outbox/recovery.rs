//! What is done, before anything else, with recordings that were live when the last process died:
//! they are ended from what is on disk, and told so.

use std::io;

use capstan_media::time::RoomTime;

use super::books::{Books, End, Ledger, List, Stage};
use super::change::Change;
use super::files::{self, NewFile};
use super::store::Store;
use super::{OutboxError, assembly};
use crate::event::{Code, Event, Module, Problem};
use crate::listing;
use crate::report::Report;
use crate::status::StopReason;

const FAILURE: &str = "the process died while it recorded; the recording ends with the last \
    segment that was cut";

/// Ends every recording that is still live in the books. Returns their sids.
pub(super) fn end_interrupted(
    store: &Store,
    books: &mut Books,
    now: RoomTime,
    history: u64,
) -> Result<Vec<String>, OutboxError> {
    let live = books.ledgers.values().filter(|ledger| ledger.stage == Stage::Live);
    let live: Vec<_> = live.cloned().collect();
    let mut sids = Vec::new();
    for ledger in live {
        let sid = ledger.sid.clone();
        let mut change = Change::new(ledger);
        change.ledger.report = Some(Report::read(&change.ledger.folder));
        for list in change.ledger.lists.clone() {
            let playlist = &list.facts.key;
            match unowed_files(&change.ledger, &list) {
                Ok(new) => {
                    files::owe(&mut change, books, &new, now);
                    owe_mp4(&mut change, &list, now);
                }
                Err(error) => {
                    tracing::error!(%sid, playlist, %error, "an interrupted playlist is lost");
                }
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
        store.commit(&change, history)?;
        books.apply(change);
        tracing::warn!(%sid, "ended a recording that the last process left behind");
        sids.push(sid);
    }
    Ok(sids)
}

/// Owes an MP4 file of the segments that are in none yet.
fn owe_mp4(change: &mut Change, list: &List, now: RoomTime) {
    let path = files::hls_folder(&change.ledger.folder).join(change.ledger.name(&list.facts.key));
    // A playlist that can't be read was told of, and one that isn't there names nothing.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    assembly::owe(change, listing::segments(&text).len(), now);
}

/// Ends a playlist on disk and finds the files that it names but that were never owed: the process
/// may have died between writing a segment and owing it. None if nothing was cut.
fn unowed_files(ledger: &Ledger, list: &List) -> io::Result<Vec<NewFile>> {
    let folder = files::hls_folder(&ledger.folder);
    let playlist = ledger.name(&list.facts.key);
    let path = folder.join(playlist);
    let mut text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if !text.lines().any(|line| line == listing::END) {
        text.push_str(listing::END);
        text.push('\n');
        files::write_whole(&path, text.as_bytes())?;
    }
    let mut new = Vec::new();
    for name in listing::files(&text).iter().skip(list.filed) {
        let path = folder.join(name);
        let size = std::fs::metadata(&path)?.len();
        new.push(NewFile::segment(playlist, path, size));
    }
    new.push(NewFile::playlist(path, text.len() as u64));
    Ok(new)
}
