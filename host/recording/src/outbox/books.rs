//! What the outbox knows, as plain values: ledgers of recordings, owed files, owed events; and the
//! rules by which one recording's end follows from the state of its files.
//!
//! A [`Change`] is made of these values, committed to disk as one, then applied here: memory never
//! says what the disk doesn't.

use std::collections::BTreeMap;
use std::path::PathBuf;

use capstan_media::time::RoomTime;
use serde::{Deserialize, Serialize};

use crate::event::{Code, Event, Module, Problem};
use crate::ports::{Notice, StorageTarget};
use crate::status::{Delivered, FileFacts, Outcome, Owed, StopReason};

/// One recording in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) sid: String,
    pub(crate) app: String,
    pub(crate) room: String,
    pub(crate) recorder_uid: u32,
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
    /// An error event told of a refused upload.
    pub(crate) refusal_told: bool,
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
}

/// Everything, in memory.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) ledgers: BTreeMap<String, Ledger>,
    pub(crate) uploads: BTreeMap<(String, String), Owing>,
    pub(crate) events: BTreeMap<(String, u64), Notice>,
}

/// What one step changes about one recording; committed as one.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) ledger: Ledger,
    pub(crate) owe: Vec<Owing>,
    pub(crate) settle: Vec<String>,
    pub(crate) tell: Vec<Notice>,
    pub(crate) delivered: Vec<u64>,
    /// Nothing of the recording is kept.
    pub(crate) forget: bool,
}

impl Change {
    pub(crate) const fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            owe: Vec::new(),
            settle: Vec::new(),
            tell: Vec::new(),
            delivered: Vec::new(),
            forget: false,
        }
    }

    /// Owes an event that happened at `at`. Nothing follows a session's last event.
    pub(crate) fn tell(&mut self, event: &Event, at: RoomTime) {
        let ledger = &mut self.ledger;
        if ledger.stage == Stage::Closed {
            return;
        }
        let sequence = ledger.next_sequence;
        ledger.next_sequence += 1;
        self.tell.push(Notice {
            id: format!("{}:{sequence}", ledger.sid),
            app: ledger.app.clone(),
            room: ledger.room.clone(),
            recorder_uid: ledger.recorder_uid,
            sid: ledger.sid.clone(),
            sequence,
            at_ms: at.as_millis(),
            kind: event.kind().to_owned(),
            details: event.details(),
            attempt: 0,
        });
    }

    /// Draws the consequences: what must be told now that files left, were refused, or the
    /// recording ended.
    pub(crate) fn conclude(&mut self, books: &Books, now: RoomTime) {
        if self.ledger.stage != Stage::Closing {
            return;
        }
        let owed = books.owed_after(self);
        let Some(mut end) = self.ledger.ended.clone() else { return };
        let produced = self.ledger.produced().next().is_some();
        let lists_known = self.ledger.produced().all(|list| list.uploaded || list.failed);
        if !end.told && (lists_known || owed.parked > 0) {
            end.told = true;
            self.tell(&Event::RecorderLeft { reason: end.reason }, end.at);
        }
        if end.told && owed.uploads == 0 {
            if owed.parked > 0 {
                let message = format!("{} files could not be uploaded and are kept", owed.parked);
                let (module, code) = (Module::Uploader, Code::UploadFailed);
                let problem = Problem { module, level: 5, code, message };
                self.tell(&Event::Error(problem), now);
            } else if produced {
                self.tell(&Event::Uploaded { files: self.ledger.files() }, now);
            }
            let normal = end.failure.is_none() && owed.parked == 0;
            self.tell(&Event::SessionExited { normal }, now);
            self.ledger.stage = Stage::Closed;
        }
        self.ledger.ended = Some(end);
    }
}

impl Ledger {
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
        self.produced().map(|list| list.facts.clone()).collect()
    }

    /// How it ended, once its last event is owed.
    pub(crate) fn outcome(&self, owed: Owed) -> Option<Outcome> {
        let end = self.ended.as_ref().filter(|_| self.stage == Stage::Closed)?;
        let delivered = match (self.produced().next(), owed.parked) {
            (None, _) => Delivered::Nothing,
            (Some(_), 0) => Delivered::Uploaded,
            (Some(_), _) => Delivered::Parked,
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

    /// What one recording owes.
    pub(crate) fn owed(&self, sid: &str) -> Owed {
        let parked = self.uploads_of(sid).filter(|owing| owing.parked.is_some()).count() as u64;
        let uploads = self.uploads_of(sid).count() as u64 - parked;
        Owed { uploads, parked, events: self.events_of(sid).count() as u64 }
    }

    /// What everybody owes.
    pub(crate) fn owed_by_all(&self) -> Owed {
        let parked = self.uploads.values().filter(|owing| owing.parked.is_some()).count() as u64;
        let uploads = self.uploads.len() as u64 - parked;
        Owed { uploads, parked, events: self.events.len() as u64 }
    }

    /// What the recording will owe once the change is applied.
    fn owed_after(&self, change: &Change) -> Owed {
        let mut owed = Owed::default();
        let replaced = |owing: &Owing| {
            change.settle.contains(&owing.key) || change.owe.iter().any(|new| new.key == owing.key)
        };
        let stay = self.uploads_of(&change.ledger.sid).filter(|owing| !replaced(owing));
        for owing in stay.chain(&change.owe) {
            if owing.parked.is_some() { owed.parked += 1 } else { owed.uploads += 1 }
        }
        owed
    }

    /// Takes over a change that is on disk.
    pub(crate) fn apply(&mut self, change: Change) {
        let sid = change.ledger.sid.clone();
        if change.forget {
            self.uploads.retain(|(of, _), _| *of != sid);
            self.events.retain(|(of, _), _| *of != sid);
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
        self.ledgers.insert(sid, change.ledger);
    }
}
