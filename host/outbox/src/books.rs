//! What the outbox knows, as plain values: ledgers of recordings, owed files, owed events, leftovers.
//!
//! A [`Change`] is made of these values, committed to disk as one, then applied here: memory never
//! says what the disk doesn't.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::report::{Report, Trouble};
use capstan_archive::target::StorageTarget;
use capstan_media::time::RoomTime;
use capstan_media::track::RoomId;
use serde::{Deserialize, Serialize};

use super::assembly::Mp4s;
use super::change::Change;
use super::records::ModeName;
use super::store::Kept;
use super::tail::OwedTail;
use crate::outcome::{Delivered, Outcome, Owed};
use crate::ports::Notice;

/// One recording in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) sid: String,
    pub(crate) app: String,
    pub(crate) room: String,
    pub(crate) recorder_uid: u32,
    pub(crate) mode: ModeName,
    /// When it began to listen.
    pub(crate) begun: RoomTime,
    /// What its timeline said at the end.
    pub(crate) report: Option<Report>,
    pub(crate) target: StorageTarget,
    /// The recording's folder.
    pub(crate) folder: PathBuf,
    pub(crate) prefix: String,
    pub(crate) keep_tapes: bool,
    pub(crate) stage: Stage,
    /// The next event's number.
    pub(crate) next_sequence: u64,
    /// The next file's number: uploads leave in this order.
    pub(crate) next_order: u64,
    /// Its playlists, in the order in which they began.
    pub(crate) lists: Vec<List>,
    /// Its MP4 files, if it is to have any.
    #[serde(default)]
    pub(crate) mp4: Option<Mp4s>,
    /// What its tapes hold behind its last segments, which is to be made into files yet.
    #[serde(default)]
    pub(crate) tail: Option<OwedTail>,
    /// Which troubles of its uploads were told: each is told once.
    #[serde(default)]
    pub(crate) told: Told,
    /// Its session ended before all files were where they belong; none of them was given up.
    #[serde(default, alias = "ended_in_backup")]
    pub(crate) ended_early: bool,
    /// Files that somebody gave up before they left.
    #[serde(default)]
    pub(crate) given_up: u64,
    pub(crate) bytes_owed: u64,
    pub(crate) bytes_uploaded: u64,
    pub(crate) ended: Option<End>,
}

/// One playlist of a recording.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct List {
    pub(crate) facts: FileFacts,
    /// Segments and init segments owed so far: they are the first files of the playlist.
    pub(crate) filed: usize,
    pub(crate) uploaded: bool,
    /// Its own upload failed at least once.
    pub(crate) failed: bool,
}

/// Which troubles of a recording's uploads were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// A file was refused.
    pub(crate) refusal: bool,
    /// A file failed and is sent again.
    pub(crate) again: bool,
    /// A file went to the backup store.
    pub(crate) backup: bool,
}

/// Where a recording's ledger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// It records.
    Live,
    /// It ended; files are owed.
    Closing,
    /// Its last event is owed or delivered.
    Closed,
}

/// How a recording ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct End {
    pub(crate) at: RoomTime,
    pub(crate) reason: StopReason,
    pub(crate) failure: Option<String>,
    /// `recorder_leave` is owed or delivered.
    pub(crate) told: bool,
}

/// One file that is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owing {
    pub(crate) sid: String,
    pub(crate) key: String,
    pub(crate) path: PathBuf,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    pub(crate) order: u64,
    /// Grows when a file is owed again before it left.
    pub(crate) version: u64,
    /// The file is rewritten while it is owed; what leaves is a copy of its true part.
    pub(crate) is_playlist: bool,
    pub(crate) failures: u32,
    pub(crate) failing_since: Option<RoomTime>,
    /// What an attempt saved, in hex.
    pub(crate) saved: Option<String>,
    /// Why nobody tries any more.
    pub(crate) parked: Option<String>,
    /// What the storage said last, if it hasn't taken the file.
    #[serde(default)]
    pub(crate) trouble: Option<String>,
    /// The version that the backup store has.
    #[serde(default)]
    pub(crate) backup: Option<u64>,
}

impl Owing {
    pub(super) const fn new(
        sid: String,
        key: String,
        path: PathBuf,
        content_type: String,
        size: u64,
    ) -> Self {
        Self {
            sid,
            key,
            path,
            content_type,
            size,
            order: 0,
            version: 0,
            is_playlist: false,
            failures: 0,
            failing_since: None,
            saved: None,
            parked: None,
            trouble: None,
            backup: None,
        }
    }

    /// The new form of a file that is owed already. What was saved is of the old one.
    pub(super) fn instead_of(self, before: &Self) -> Self {
        Self {
            version: before.version + 1,
            failures: before.failures,
            failing_since: before.failing_since,
            parked: before.parked.clone(),
            trouble: before.trouble.clone(),
            backup: before.backup,
            ..self
        }
    }

    /// The upload's id: unique, and the same at every attempt.
    pub(crate) fn id(&self) -> String {
        format!("{}:{}:{}", self.sid, self.key, self.version)
    }

    /// Whether it is no playlist.
    pub(crate) const fn is_file(&self) -> bool {
        !self.is_playlist
    }

    /// Whether the backup store has it as it is now.
    pub(crate) fn in_backup(&self) -> bool {
        self.backup == Some(self.version)
    }
}

/// Something at a store that is to be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leftover {
    pub(crate) sid: String,
    pub(crate) order: u64,
    pub(crate) key: String,
    pub(crate) rest: Rest,
    /// When it became one.
    pub(crate) since: RoomTime,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rest {
    /// Parts of an upload that was given up, or went on at another storage.
    Parts {
        /// The upload's id.
        id: String,
        size: u64,
        content_type: String,
        /// What an attempt saved, in hex.
        saved: String,
        /// Where they are, if that isn't the recording's own storage.
        #[serde(default)]
        at: Option<StorageTarget>,
    },
    /// An object in the backup store that isn't needed any more.
    Copy,
}

/// Everything, in memory.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) ledgers: BTreeMap<String, Ledger>,
    pub(crate) uploads: BTreeMap<(String, String), Owing>,
    pub(crate) events: BTreeMap<(String, u64), Notice>,
    pub(crate) leftovers: BTreeMap<(String, u64), Leftover>,
}

impl Ledger {
    /// Of something that begins.
    pub(super) fn new(
        sid: String,
        room: RoomId,
        recorder_uid: u32,
        target: StorageTarget,
        folder: &Path,
        begun: RoomTime,
    ) -> Self {
        Self {
            sid,
            app: room.app,
            room: room.name,
            recorder_uid,
            target,
            mode: ModeName::Mix,
            begun,
            report: None,
            folder: folder.to_owned(),
            prefix: String::new(),
            keep_tapes: false,
            stage: Stage::Live,
            next_sequence: 0,
            next_order: 0,
            lists: Vec::new(),
            mp4: None,
            tail: None,
            told: Told::default(),
            ended_early: false,
            given_up: 0,
            bytes_owed: 0,
            bytes_uploaded: 0,
            ended: None,
        }
    }

    /// An object's key for a file's name.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }

    /// The name behind a key.
    pub(crate) fn name<'a>(&self, key: &'a str) -> &'a str {
        key.strip_prefix(&self.prefix).map_or(key, |name| name.trim_start_matches('/'))
    }

    /// Whether its tapes stay on this machine after its files have left.
    pub(crate) fn tapes_stay(&self) -> bool {
        self.keep_tapes || self.ended.as_ref().is_some_and(|end| end.failure.is_some())
    }

    /// Its playlists that name a segment.
    pub(crate) fn produced(&self) -> impl Iterator<Item = &List> {
        self.lists.iter().filter(|list| list.filed > 0)
    }

    /// The playlist of this key.
    pub(crate) fn list(&self, key: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.facts.key == key)
    }

    pub(crate) fn list_mut(&mut self, key: &str) -> Option<&mut List> {
        self.lists.iter_mut().find(|list| list.facts.key == key)
    }

    /// Its playlists; none if nothing was produced.
    pub(crate) fn files(&self) -> Vec<FileFacts> {
        let mp4s = self.mp4.iter().flat_map(|mp4| &mp4.files);
        mp4s.chain(self.produced().map(|list| &list.facts)).cloned().collect()
    }

    /// MP4 files that were asked for and never will be.
    pub(crate) fn never_made(&self) -> &[Trouble] {
        self.mp4.as_ref().map_or(&[], |mp4| &mp4.given_up)
    }

    /// Files that aren't made yet: MP4 files, and what tapes hold behind the last segments.
    pub(crate) fn unmade(&self) -> u64 {
        let tail = u64::from(self.tail.is_some());
        self.mp4.as_ref().map_or(0, |mp4| mp4.unmade.len() as u64) + tail
    }

    /// Whether an MP4 file can be made now.
    pub(crate) fn has_assembly(&self) -> bool {
        self.mp4.as_ref().is_some_and(|mp4| !mp4.unmade.is_empty())
    }

    /// How it ended, once its last event is owed.
    pub(crate) fn outcome(&self, owed: Owed) -> Option<Outcome> {
        let end = self.ended.as_ref().filter(|_| self.stage == Stage::Closed)?;
        let delivered = match self.bytes_owed {
            0 => Delivered::Nothing,
            _ if owed.parked + self.given_up > 0 => Delivered::Parked,
            _ if owed.backed_up > 0 => Delivered::BackedUp,
            _ => Delivered::Uploaded,
        };
        let failure = end.failure.clone();
        Some(Outcome { stopped: end.reason, files: self.files(), delivered, failure })
    }
}

impl Books {
    /// The owed files of one recording.
    pub(crate) fn uploads_of<'a>(&'a self, sid: &'a str) -> impl Iterator<Item = &'a Owing> {
        let from = (sid.to_owned(), String::new());
        self.uploads.range(from..).map(|(_, owing)| owing).take_while(move |owing| owing.sid == sid)
    }

    /// The owed events of one recording, in order.
    pub(crate) fn events_of<'a>(&'a self, sid: &'a str) -> impl Iterator<Item = &'a Notice> {
        let from = (sid.to_owned(), 0);
        self.events.range(from..).map(|(_, notice)| notice).take_while(move |n| n.sid == sid)
    }

    /// What the recording left behind at stores.
    pub(crate) fn leftovers_of<'a>(&'a self, sid: &'a str) -> impl Iterator<Item = &'a Leftover> {
        let from = (sid.to_owned(), 0);
        self.leftovers.range(from..).map(|(_, rest)| rest).take_while(move |rest| rest.sid == sid)
    }

    /// The first owed event of each recording that owes any.
    pub(crate) fn first_events(&self) -> impl Iterator<Item = &Notice> {
        let after = |notice: &&Notice| {
            let last = (notice.sid.clone(), u64::MAX);
            let later = self.events.range((Bound::Excluded(last), Bound::Unbounded)).next();
            later.map(|(_, notice)| notice)
        };
        std::iter::successors(self.events.values().next(), after)
    }

    /// What one recording owes.
    pub(crate) fn owed(&self, sid: &str) -> Owed {
        let mut owed = Owed { events: self.events_of(sid).count() as u64, ..Owed::default() };
        owed.uploads = self.ledgers.get(sid).map_or(0, Ledger::unmade);
        self.uploads_of(sid).for_each(|owing| owed.count(owing));
        owed
    }

    /// All that is known of one recording.
    pub(crate) fn kept(&self, sid: &str) -> Kept {
        Kept {
            sid: sid.to_owned(),
            ledger: self.ledgers.get(sid).cloned(),
            uploads: self.uploads_of(sid).cloned().collect(),
            events: self.events_of(sid).cloned().collect(),
            leftovers: self.leftovers_of(sid).cloned().collect(),
        }
    }

    /// What everybody owes.
    pub(crate) fn owed_by_all(&self) -> Owed {
        let mut owed = Owed { events: self.events.len() as u64, ..Owed::default() };
        owed.uploads = self.ledgers.values().map(Ledger::unmade).sum();
        self.uploads.values().for_each(|owing| owed.count(owing));
        owed
    }

    /// Files that are owed, by the storage's name.
    pub(crate) fn owed_by_storage(&self) -> BTreeMap<String, Owed> {
        let mut owed: BTreeMap<String, Owed> = BTreeMap::new();
        for owing in self.uploads.values() {
            if let Some(ledger) = self.ledgers.get(&owing.sid) {
                owed.entry(ledger.target.storage.clone()).or_default().count(owing);
            }
        }
        owed
    }

    /// What the recording will owe once the change is applied.
    pub(super) fn owed_after(&self, change: &Change) -> Owed {
        let mut owed = Owed { uploads: change.ledger.unmade(), ..Owed::default() };
        let replaced = |owing: &Owing| {
            change.settle.contains(&owing.key) || change.owe.iter().any(|new| new.key == owing.key)
        };
        let stay = self.uploads_of(&change.ledger.sid).filter(|owing| !replaced(owing));
        stay.chain(&change.owe).for_each(|owing| owed.count(owing));
        owed
    }

    /// Takes over a change that is on disk.
    pub(crate) fn apply(&mut self, change: Change) {
        let sid = change.ledger.sid.clone();
        if change.forget {
            self.uploads.retain(|(of, _), _| *of != sid);
            self.events.retain(|(of, _), _| *of != sid);
            self.leftovers.retain(|(of, _), _| *of != sid);
            self.ledgers.remove(&sid);
            return;
        }
        for key in change.settle {
            self.uploads.remove(&(sid.clone(), key));
        }
        for owing in change.owe {
            self.uploads.insert((sid.clone(), owing.key.clone()), owing);
        }
        for sequence in change.delivered {
            self.events.remove(&(sid.clone(), sequence));
        }
        for notice in change.tell {
            self.events.insert((sid.clone(), notice.sequence), notice);
        }
        for order in change.cleared {
            self.leftovers.remove(&(sid.clone(), order));
        }
        for leftover in change.leave {
            self.leftovers.insert((sid.clone(), leftover.order), leftover);
        }
        self.ledgers.insert(sid, change.ledger);
    }
}

impl Owed {
    /// Counts a file; what the backup store has is owed to nobody else in a hurry.
    fn count(&mut self, owing: &Owing) {
        if owing.in_backup() {
            self.backed_up += 1;
        } else if owing.parked.is_some() {
            self.parked += 1;
        } else {
            self.uploads += 1;
        }
    }
}
