//! What tapes hold behind the last segments of recordings whose process died: owed from the next start
//! on, made into files when its turn comes, then owed as files are. Only then such a recording ends.
//!
//! It is made of what is on disk, and matched with what playlists name already, so a process that dies
//! at any moment costs at most making it again. A disk that refuses is told and tried again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use capstan_archive::facts::FileFacts;
use capstan_archive::folder::{hls_folder, write_whole};
use capstan_archive::listed::Listed;
use capstan_archive::report::{Trouble, TroubleKind};
use capstan_archive::tail::{Joint, Tail};
use capstan_archive::{listing, names};
use capstan_media::container::utc::Utc;
use capstan_media::time::RoomTime;

use super::assembly;
use super::{Verdict, making};
use crate::books::Books;
use crate::books::change::Change;
use crate::books::ledger::{Ledger, List, ModeName};
use crate::books::store::OutboxError;
use crate::event::{Code, Event, Module, Problem};
use crate::files::{self, NewFile};
use crate::keeper::Keeper;
use crate::ports::{Maker, MakingError, WantedTail};

/// How long a disk may refuse before what is on tape is left there.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// How many processes may die while they make it before it is left on tape: what kills them may be on it.
const MAX_BEGUN: u32 = 3;

/// The most troubles of tapes that are told one by one.
const MAX_DAMAGE: usize = 8;

/// Makes it and owes it. What comes of it is on disk before this returns; if this is dropped, the
/// making is broken off.
pub(crate) async fn attempt(keeper: Arc<Keeper>, maker: Arc<dyn Maker>, ledger: Ledger) -> Verdict {
    let stop = Arc::new(AtomicBool::new(false));
    let _guard = BreakOff(Arc::clone(&stop));
    let sid = ledger.sid.clone();
    let work = move |keeper: &Keeper| {
        let begun = begin(keeper, &sid)?;
        if begun > MAX_BEGUN {
            let why = format!("{MAX_BEGUN} processes died while they made files of it");
            tracing::error!(%sid, why, "what is on tape stays there");
            keeper.change(&sid, |change, books, now| settle(change, books, Err(why), now))?;
            return Ok(false);
        }
        let made = catch_unwind(AssertUnwindSafe(|| make(&ledger, maker.as_ref(), &stop)));
        let mut again = false;
        keeper.change(&sid, |change, books, now| {
            if let Some(tail) = &mut change.ledger.tail {
                tail.begun = 0;
            }
            let why = match made {
                Ok(Ok(tail)) => return settle(change, books, Ok(tail), now),
                Ok(Err(MakingError::Stopped)) => {
                    again = true;
                    return;
                }
                Ok(Err(error)) => error,
                Err(_) => {
                    let why = "what makes files of it panicked".to_owned();
                    return settle(change, books, Err(why), now);
                }
            };
            tracing::warn!(%sid, error = %why, "what is on tape can't be brought home");
            again = refused(change, &why, now);
            if !again {
                settle(change, books, Err(why.to_string()), now);
            }
        })?;
        Ok(again)
    };
    making(&keeper, "what was brought home from tape", work).await
}

/// Notes, on disk, that it is begun. Answers how often it was without an end.
fn begin(keeper: &Keeper, sid: &str) -> Result<u32, OutboxError> {
    let mut begun = 0;
    keeper.change(sid, |change, _, _| {
        if let Some(tail) = &mut change.ledger.tail {
            tail.begun += 1;
            begun = tail.begun;
        }
    })?;
    Ok(begun)
}

/// Breaks the making off when it is dropped.
struct BreakOff(Arc<AtomicBool>);

impl Drop for BreakOff {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn make(ledger: &Ledger, maker: &dyn Maker, stop: &AtomicBool) -> Result<Tail, MakingError> {
    if ledger.mode == ModeName::Snapshots {
        return Ok(Tail::default());
    }
    maker.tail(WantedTail { folder: &ledger.folder, mp4: ledger.mp4.is_some(), stop })
}

/// Notes that it couldn't be made. True if it is to be tried again.
fn refused(change: &mut Change, error: &MakingError, now: RoomTime) -> bool {
    let Some(tail) = &mut change.ledger.tail else { return false };
    let first = tail.failing_since.is_none();
    let since = *tail.failing_since.get_or_insert(now);
    if matches!(error, MakingError::ForGood { .. }) || now.since(since) >= PATIENCE {
        return false;
    }
    if first {
        let message = format!("what is on tape behind the last segment can't be made yet: {error}");
        let (module, code) = (Module::Recorder, Code::FileOperation);
        change.tell(&Event::Error(Problem { module, level: 4, code, message }), now);
    }
    true
}

/// Owes what was made, or says why nothing was, and ends the recording.
fn settle(change: &mut Change, books: &Books, made: Result<Tail, String>, now: RoomTime) {
    change.ledger.tail = None;
    let (tail, why) = match made {
        Ok(tail) => (tail, None),
        Err(why) => (Tail { to: listed_end(&change.ledger), ..Tail::default() }, Some(why)),
    };
    for facts in tail.lists.iter().cloned() {
        let key = change.ledger.key(&facts.key);
        if change.ledger.list(&key).is_none() {
            let facts = FileFacts { key, ..facts };
            let list = List::new(facts);
            change.ledger.lists.push(list);
        }
    }
    let mut lost = Vec::new();
    for list in change.ledger.lists.clone() {
        match unowed_files(&change.ledger, &list) {
            Ok(new) => files::owe(change, books, &new, now),
            Err(error) => {
                tracing::error!(playlist = list.facts.key, %error, "an interrupted playlist is lost");
                lost.push(format!(
                    "{} can't be ended: {error}",
                    change.ledger.name(&list.facts.key)
                ));
            }
        }
    }
    for begun in &tail.begun {
        let FileFacts { uid, tracks, start: at, .. } = begun.facts;
        change.tell(&Event::SliceStarted { uid, tracks, at, before: begun.before }, now);
    }
    owe_mp4(change, tail.joint, tail.to.unwrap_or(now));
    let failure = story(&tail, why.as_deref(), &lost);
    let gone = change.ledger.ended.as_ref().map_or(now, |end| end.at);
    if !tail.whole
        && let Some(report) = &mut change.ledger.report
    {
        let from = tail.to.unwrap_or(change.ledger.begun);
        let (kind, what) = (TroubleKind::Interrupted, failure.clone());
        report.troubles.push(Trouble { from, to: Some(gone.max(from)), kind, what, track: None });
    }
    let (module, code, message) = (Module::Recorder, Code::Interrupted, failure.clone());
    change.tell(&Event::Error(Problem { module, level: 5, code, message }), now);
    if let Some(end) = &mut change.ledger.ended {
        end.failure = Some(failure);
    }
}

/// What happened, for people.
fn story(tail: &Tail, why: Option<&str>, lost: &[String]) -> String {
    let mut story = String::from(if tail.whole {
        "the process died before the recording was finished"
    } else {
        "the process died while it recorded"
    });
    match (why, tail.segments) {
        (Some(why), _) => {
            story.push_str("; what its tapes hold behind the last segment stays there: ");
            story.push_str(why);
        }
        (None, 0) => story.push_str("; its tapes hold nothing behind the last segment"),
        (None, segments) => {
            story.push_str(&format!("; its last {segments} segments were made from its tapes"));
        }
    }
    match tail.to {
        Some(to) if tail.whole => {
            story.push_str(&format!("; it is whole to its end at {}", Utc::of(to)))
        }
        Some(to) => {
            story.push_str(&format!("; it ends at {}, and what came later is lost", Utc::of(to)))
        }
        None if tail.whole => story.push_str("; nobody had sent anything"),
        None => story.push_str("; no segment of it is there"),
    }
    for damage in tail.damage.iter().take(MAX_DAMAGE).chain(lost.iter().take(MAX_DAMAGE)) {
        story.push_str("; ");
        story.push_str(damage);
    }
    story
}

/// Where the playlists end that are there.
fn listed_end(ledger: &Ledger) -> Option<RoomTime> {
    let end = |list: &List| {
        let stem = names::stem(ledger.name(&list.facts.key));
        // One that can't be read is told of where it is ended.
        Listed::open(&hls_folder(&ledger.folder), stem).ok()?.end()
    };
    ledger.lists.iter().filter_map(end).max()
}

/// Owes MP4 files of the segments that are in none yet.
fn owe_mp4(change: &mut Change, joint: Option<Joint>, end: RoomTime) {
    let Some(list) = change.ledger.lists.first().filter(|_| change.ledger.mp4.is_some()) else {
        return;
    };
    let path = hls_folder(&change.ledger.folder).join(change.ledger.name(&list.facts.key));
    // A playlist that can't be read was told of, and one that isn't there names nothing.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let (count, mut init) = (listing::segments(&text).len(), 0);
    if let Some(joint) = joint {
        assembly::owe(change, joint.before, joint.at, init);
        init = joint.init;
    }
    assembly::owe(change, count, end, init);
}

/// Ends a playlist on disk and finds the files that it names but that were never owed: the process
/// may have died between writing a segment and owing it. None if nothing was cut.
fn unowed_files(ledger: &Ledger, list: &List) -> std::io::Result<Vec<NewFile>> {
    let folder = hls_folder(&ledger.folder);
    let playlist = ledger.name(&list.facts.key);
    let path = folder.join(playlist);
    let mut text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    if !text.lines().any(|line| line == listing::END) {
        text.push_str(listing::END);
        text.push('\n');
        write_whole(&path, text.as_bytes())?;
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
