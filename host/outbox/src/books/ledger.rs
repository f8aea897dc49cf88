//! What the outbox knows of one recording: its ledger.

use std::path::{Path, PathBuf};

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::report::{Report, Trouble};
use capstan_archive::settings::Mode;
use capstan_archive::target::StorageTarget;
use capstan_media::time::RoomTime;
use capstan_media::track::RoomId;
use serde::{Deserialize, Serialize};

use crate::outcome::{Delivered, Outcome, Owed};

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
    /// How far its clock is ahead of this process's, in microseconds. Another process begins with the right
    /// time, so that this isn't kept.
    #[serde(skip)]
    pub(crate) ahead_micros: i64,
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
    /// An attempt to put it got no answer: the store may still carry it out.
    #[serde(default)]
    pub(crate) unanswered: bool,
}

impl List {
    /// One that begins.
    pub(crate) const fn new(facts: FileFacts) -> Self {
        Self { facts, filed: 0, uploaded: false, failed: false, unanswered: false }
    }
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

/// What is made of a room, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeName {
    /// Everybody in one.
    Mix,
    /// Everybody apart.
    Individual,
    /// Screenshots alone.
    Snapshots,
}

impl ModeName {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mix => "mix",
            Self::Individual => "individual",
            Self::Snapshots => "snapshots",
        }
    }
}

impl From<&Mode> for ModeName {
    fn from(mode: &Mode) -> Self {
        match mode {
            Mode::Mix(_) => Self::Mix,
            Mode::Individual(_) => Self::Individual,
            Mode::SnapshotsOnly => Self::Snapshots,
        }
    }
}

/// The MP4 files of a mixed recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mp4s {
    /// Those that are owed or were, by their facts.
    pub(crate) files: Vec<FileFacts>,
    /// How many were ever owed.
    pub(crate) begun: usize,
    /// Segments of the playlist that they hold.
    pub(crate) segments: usize,
    /// Where the next one begins; the recording's zero for the first.
    pub(crate) next: Option<RoomTime>,
    /// Those that aren't made yet, oldest first.
    pub(crate) unmade: Vec<Assembly>,
    /// Those that never will be.
    #[serde(default)]
    pub(crate) given_up: Vec<Trouble>,
}

/// One MP4 file that isn't made yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Assembly {
    /// Its file name.
    pub(crate) name: String,
    /// Segments of the playlist, from the first to before the second.
    pub(crate) segments: (usize, usize),
    /// The number of the init segment that its segments have.
    #[serde(default)]
    pub(crate) init: u64,
    /// Since when the disk refuses it.
    pub(crate) failing_since: Option<RoomTime>,
}

/// A tail that isn't made yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwedTail {
    /// Since when the disk refuses it.
    pub(crate) failing_since: Option<RoomTime>,
    /// How often it was begun and the process died before anything came of it.
    #[serde(default)]
    pub(crate) begun: u32,
}

impl Ledger {
    /// Of something that begins.
    pub(crate) fn new(
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
            ahead_micros: 0,
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

    /// The process's time on its own clock: what is told of it, and compared with what was, is on that.
    pub(crate) const fn at(&self, now: RoomTime) -> RoomTime {
        now.offset_micros(self.ahead_micros)
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

    /// In how many spans something is missing, files that never will be included.
    pub(crate) fn lacks(&self) -> usize {
        self.report.as_ref().map_or(0, Report::lacks) + self.never_made().len()
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
