//! What one step changes about one recording, and the rules by which its end follows from the state of
//! its files.
//!
//! A change is committed to disk as one, then applied to the books.

use capstan_archive::folder::hls_folder;
use capstan_media::time::RoomTime;

use super::Books;
use super::ledger::{Ledger, Stage};
use super::owing::{Leftover, Look, Owing, Rest};
use crate::event::{self, Code, Event, Module, Problem};
use crate::outcome::Owed;
use crate::ports::Notice;

/// What one step changes about one recording; committed as one.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) ledger: Ledger,
    pub(crate) owe: Vec<Owing>,
    pub(crate) settle: Vec<String>,
    pub(crate) tell: Vec<Notice>,
    pub(crate) delivered: Vec<u64>,
    pub(crate) leave: Vec<Leftover>,
    pub(crate) cleared: Vec<u64>,
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
            leave: Vec::new(),
            cleared: Vec::new(),
            forget: false,
        }
    }

    /// Owes an event that happened at `at`. Nothing follows a session's last event, except that all of
    /// its files are at last where they belong.
    pub(crate) fn tell(&mut self, event: &Event, at: RoomTime) {
        if self.ledger.stage != Stage::Closed {
            self.owe_event(event, at);
        }
    }

    fn owe_event(&mut self, event: &Event, at: RoomTime) {
        let ledger = &mut self.ledger;
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

    /// Has every refused file tried again.
    pub(crate) fn unpark(&mut self, books: &Books) {
        let again = |owing: &Owing| owing.parked.is_some() && !self.settle.contains(&owing.key);
        let parked: Vec<Owing> =
            books.uploads_of(&self.ledger.sid).filter(|owing| again(owing)).cloned().collect();
        let fresh = |owing| Owing { parked: None, failing_since: None, failures: 0, ..owing };
        self.owe.extend(parked.into_iter().map(fresh));
    }

    /// Has the playlists looked back at, once all has left, that an older one may still overtake.
    pub(crate) fn look_back(&mut self, books: &Books, now: RoomTime) {
        let doubtful = self.ledger.lists.iter().any(|list| list.unanswered);
        if self.ledger.stage != Stage::Closed || !doubtful || self.owed_after(books).files() {
            return;
        }
        let mut lists = std::mem::take(&mut self.ledger.lists);
        for list in lists.iter_mut().filter(|list| list.unanswered) {
            list.unanswered = false;
            let ledger = &mut self.ledger;
            let key = list.facts.key.clone();
            let look = Look {
                path: hls_folder(&ledger.folder).join(ledger.name(&key)),
                bucket: ledger.target.bucket(),
                done: 0,
            };
            let (sid, order) = (ledger.sid.clone(), ledger.next_order);
            ledger.next_order += 1;
            self.leave.push(Leftover { sid, order, key, rest: Rest::Look(look), since: now });
        }
        self.ledger.lists = lists;
    }

    /// Draws the consequences: what must be told now that files left, were refused, or the
    /// recording ended.
    pub(crate) fn conclude(&mut self, books: &Books, now: RoomTime) {
        let ended_early = self.ledger.stage == Stage::Closed && self.ledger.ended_early;
        if ended_early && !self.owed_after(books).files() {
            self.ledger.ended_early = false;
            self.owe_event(&Event::Uploaded { files: self.ledger.files() }, now);
        }
        if self.ledger.stage != Stage::Closing {
            return;
        }
        let owed = self.owed_after(books);
        let Some(mut end) = self.ledger.ended.clone() else { return };
        let produced = self.ledger.bytes_owed > 0;
        let lists_known = self.ledger.produced().all(|list| list.uploaded || list.failed);
        let settled = owed.uploads == 0 || owed.parked + owed.backed_up > 0;
        if !end.told && self.ledger.tail.is_none() && (lists_known || settled) {
            end.told = true;
            self.tell(&Event::RecorderLeft { reason: end.reason }, end.at);
        }
        if end.told && owed.uploads == 0 {
            let stuck = owed.parked + self.ledger.given_up;
            self.ledger.ended_early = self.ledger.given_up == 0 && stuck + owed.backed_up > 0;
            if stuck > 0 {
                let message = format!("{stuck} files could not be uploaded and are kept");
                let (module, code) = (Module::Uploader, Code::UploadFailed);
                let problem = Problem { module, level: 5, code, message };
                self.tell(&Event::Error(problem), now);
            } else if owed.backed_up > 0 {
                self.tell(&Event::BackedUp { files: self.ledger.files() }, now);
            } else if produced {
                self.tell(&Event::Progress { share: event::WHOLE }, now);
                self.tell(&Event::Uploaded { files: self.ledger.files() }, now);
            }
            let troubles = self.ledger.lacks();
            let normal = end.failure.is_none() && stuck == 0 && troubles == 0;
            self.tell(&Event::SessionExited { normal, troubles }, now);
            self.ledger.stage = Stage::Closed;
        }
        self.ledger.ended = Some(end);
    }

    /// What the recording will owe once the change is applied.
    fn owed_after(&self, books: &Books) -> Owed {
        let mut owed = Owed { uploads: self.ledger.unmade(), ..Owed::default() };
        let replaced = |owing: &Owing| {
            self.settle.contains(&owing.key) || self.owe.iter().any(|new| new.key == owing.key)
        };
        let stay = books.uploads_of(&self.ledger.sid).filter(|owing| !replaced(owing));
        stay.chain(&self.owe).for_each(|owing| owed.count(owing));
        owed
    }

    /// Puts it into the books, once it is on disk.
    pub(crate) fn apply_to(self, books: &mut Books) {
        let sid = self.ledger.sid.clone();
        if self.forget {
            books.uploads.retain(|(of, _), _| *of != sid);
            books.events.retain(|(of, _), _| *of != sid);
            books.leftovers.retain(|(of, _), _| *of != sid);
            books.ledgers.remove(&sid);
            return;
        }
        for key in self.settle {
            books.uploads.remove(&(sid.clone(), key));
        }
        for owing in self.owe {
            books.uploads.insert((sid.clone(), owing.key.clone()), owing);
        }
        for sequence in self.delivered {
            books.events.remove(&(sid.clone(), sequence));
        }
        for notice in self.tell {
            books.events.insert((sid.clone(), notice.sequence), notice);
        }
        for order in self.cleared {
            books.leftovers.remove(&(sid.clone(), order));
        }
        for leftover in self.leave {
            books.leftovers.insert((sid.clone(), leftover.order), leftover);
        }
        books.ledgers.insert(sid, self.ledger);
    }
}
