//! The outbox: what must still leave the process, uploads and events, durable before it counts.
//!
//! Every step is one transaction on disk that is applied to memory afterwards, so a process that
//! dies anywhere goes on where the disk says. Delivery is at least once; events of one recording
//! leave strictly in their order.

#[cfg(test)]
extern crate self as capstan_outbox;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::settings::RecordingSettings;
use capstan_media::time::{RoomClock, RoomTime};
use thiserror::Error;
use tokio::sync::{Notify, watch};

use crate::event::{Event, Problem};
use crate::outcome::{Outcome, Owed};

mod assembly;
mod backup;
mod books;
mod change;
mod conceal;
pub mod event;
mod events;
mod files;
mod leftovers;
pub mod outcome;
pub mod ports;
mod records;
mod recovery;
mod retarget;
mod retry;
mod settings;
mod shipment;
mod store;
mod tail;
#[cfg(test)]
pub mod testing;
mod uploads;
mod worker;

use self::books::{Books, End, Ledger, List, Owing, Stage};
use self::change::Change;
pub use self::files::NewFile;
pub use self::records::{Ending, ModeName, Record};
pub use self::retarget::{Place, RetargetError};
pub use self::settings::{EventSettings, OutboxPorts, OutboxSettings};
pub use self::shipment::{Shipment, ShippedFile};
use self::store::Store;

/// The durable outbox of a process. Clones are the same outbox.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

/// The outbox's file can't be opened, read or written.
#[derive(Debug, Error)]
#[error("outbox {path}: {reason}")]
pub struct OutboxError {
    /// The file.
    pub path: String,
    /// The system's or the database's words.
    pub reason: String,
}

/// A file that is owed or parked, as an operator may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedUpload {
    /// The recording.
    pub sid: String,
    /// The object's key.
    pub key: String,
    /// Failed attempts in a row.
    pub failures: u32,
    /// Why it is parked, in the vendor's words.
    pub parked: Option<String>,
    /// What its storage said last, if it hasn't taken it.
    pub trouble: Option<String>,
    /// Whether the backup store has it.
    pub in_backup: bool,
}

/// What the outbox knows of one recording, for its handle.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What is still owed.
    pub owed: Owed,
    /// Whether a playlist was uploaded at least once.
    pub first_upload_done: bool,
    /// The playlists and files that there are.
    pub files: Vec<FileFacts>,
    /// Why a file is parked, in the storage's words.
    pub trouble: Option<String>,
    /// What the storage said last of a file that it hasn't taken.
    pub storage_trouble: Option<String>,
    /// How the recording ended, once all of it has left.
    pub outcome: Option<Outcome>,
}

/// What all clones share.
struct Inner {
    store: Store,
    clock: Arc<dyn RoomClock>,
    settings: OutboxSettings,
    recovered: Vec<String>,
    /// Held while a change is made, so that changes never overlap.
    turn: Mutex<()>,
    books: Mutex<Books>,
    views: Mutex<HashMap<String, watch::Sender<View>>>,
    wake: Notify,
    /// Recordings whose files needn't wait for their next attempt any more.
    hurried: Mutex<Vec<String>>,
}

impl Outbox {
    /// Opens or makes the file (mode 0600: it holds credentials) and ends, from what is on disk,
    /// every recording that was live when the last process died. Parked uploads are tried again.
    ///
    /// # Errors
    /// The file can't be opened, read or written, or another process has it.
    pub fn open(
        path: &Path,
        settings: OutboxSettings,
        clock: Arc<dyn RoomClock>,
    ) -> Result<Self, OutboxError> {
        let store = Store::open(path)?;
        let mut books = store.load()?;
        let recovered =
            recovery::end_interrupted(&store, &mut books, clock.now(), settings.history)?;
        let inner = Inner {
            store,
            clock,
            settings,
            recovered,
            turn: Mutex::default(),
            books: Mutex::new(books),
            views: Mutex::default(),
            wake: Notify::new(),
            hurried: Mutex::default(),
        };
        let outbox = Self { inner: Arc::new(inner) };
        outbox.give_up_refused()?;
        outbox.retry_parked()?;
        outbox.inner.forget_old()?;
        Ok(outbox)
    }

    /// Recordings that the last process left live and that were ended when the outbox was opened.
    #[must_use]
    pub fn recovered(&self) -> &[String] {
        &self.inner.recovered
    }

    /// Uploads and delivers until the future is dropped; what is owed then stays owed. Run it once
    /// per outbox.
    pub async fn run(&self, ports: OutboxPorts) {
        worker::run(Arc::clone(&self.inner), ports).await;
    }

    /// Whether it takes changes: after an error of the disk it does once the disk does.
    ///
    /// # Errors
    /// It doesn't at the moment, and why.
    pub fn health(&self) -> Result<(), OutboxError> {
        self.inner.store.health()
    }

    /// What the whole process owes.
    #[must_use]
    pub fn owed(&self) -> Owed {
        self.inner.books().owed_by_all()
    }

    /// What is owed to each storage, by its name.
    #[must_use]
    pub fn owed_by_storage(&self) -> BTreeMap<String, Owed> {
        self.inner.books().owed_by_storage()
    }

    /// The owed files of a recording, or of all.
    #[must_use]
    pub fn uploads(&self, sid: Option<&str>) -> Vec<OwedUpload> {
        let shown = |owing: &Owing| OwedUpload {
            sid: owing.sid.clone(),
            key: owing.key.clone(),
            failures: owing.failures,
            parked: owing.parked.clone(),
            trouble: owing.trouble.clone(),
            in_backup: owing.in_backup(),
        };
        let books = self.inner.books();
        let wanted = |owing: &&Owing| sid.is_none_or(|sid| owing.sid == sid);
        books.uploads.values().filter(wanted).map(shown).collect()
    }

    /// How a recording ended, while it is remembered.
    #[must_use]
    pub fn outcome(&self, sid: &str) -> Option<Outcome> {
        let books = self.inner.books();
        books.ledgers.get(sid)?.outcome(books.owed(sid))
    }

    /// Tries parked uploads again. Of a recording whose last event has left nothing is told but, at the
    /// end, that all has left.
    ///
    /// # Errors
    /// The file can't be written; nothing has changed for the recordings that come later by name.
    pub fn retry_parked(&self) -> Result<(), OutboxError> {
        let parked: Vec<Owing> = {
            let books = self.inner.books();
            books.uploads.values().filter(|owing| owing.parked.is_some()).cloned().collect()
        };
        for owing in parked {
            self.inner.change(&owing.sid.clone(), |change, _, _| {
                change.owe.push(Owing { parked: None, failing_since: None, failures: 0, ..owing });
            })?;
        }
        Ok(())
    }

    /// Gives up what an ended recording still owes to its storage: nothing of it is tried any more,
    /// and what half-done uploads left at the vendor is undone. The files stay on this machine until
    /// the recording is forgotten. Answers how many were given up.
    ///
    /// # Errors
    /// The file can't be written; nothing was given up.
    pub fn give_up(&self, sid: &str) -> Result<usize, OutboxError> {
        let mut given_up = 0;
        self.inner.change(sid, |change, books, now| {
            if change.ledger.stage == Stage::Live {
                return;
            }
            for owing in books.uploads_of(sid) {
                leftovers::give_up(change, owing, now);
                given_up += 1;
            }
        })?;
        Ok(given_up)
    }

    /// Gives up what was refused for too long, and forgets recordings that ended too long ago or before
    /// too many others. Blocks on the disk.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn tidy(&self) -> Result<(), OutboxError> {
        self.inner.store.top_up();
        self.give_up_refused()?;
        self.inner.forget_old()
    }

    /// Gives up what was refused and has waited for the operator for too long.
    fn give_up_refused(&self) -> Result<(), OutboxError> {
        let Some(patience) = self.inner.settings.refused_give_up_after else { return Ok(()) };
        let now = self.inner.clock.now();
        let old: Vec<String> = {
            let books = self.inner.books();
            let ended = |ledger: &&Ledger| {
                let end = ledger.ended.as_ref().filter(|_| ledger.stage == Stage::Closed);
                let owed = books.owed(&ledger.sid);
                end.is_some_and(|end| now.since(end.at) > patience)
                    && owed.parked > 0
                    && owed.uploads == 0
            };
            books.ledgers.values().filter(ended).map(|ledger| ledger.sid.clone()).collect()
        };
        for sid in old {
            let files = self.give_up(&sid)?;
            tracing::warn!(sid, files, ?patience, "gave up files that their storage refused");
        }
        Ok(())
    }

    /// Takes over a recording that begins, and owes its first events: it listens, and what it makes
    /// will be uploaded from here.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn begin(
        &self,
        settings: &RecordingSettings,
        folder: &Path,
    ) -> Result<watch::Receiver<View>, OutboxError> {
        self.tidy()?;
        let now = self.inner.clock.now();
        let mut change = Change::new(files::ledger_of(settings, folder, now));
        change.tell(&Event::RecorderStarted, now);
        change.tell(&Event::UploaderStarted, now);
        let turn = self.inner.turn();
        if self.inner.books().ledgers.contains_key(&settings.sid) {
            let reason = format!("there is a recording {} already", settings.sid);
            return Err(OutboxError { path: self.inner.store.path().to_owned(), reason });
        }
        let (sender, receiver) = watch::channel(View::default());
        self.inner.views().insert(settings.sid.clone(), sender);
        self.inner.commit(&turn, change)?;
        Ok(receiver)
    }

    /// Takes over a playlist before anything of it is written, so that a process that dies leaves
    /// none behind that nobody knows.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn begin_list(&self, sid: &str, facts: FileFacts) -> Result<(), OutboxError> {
        self.inner.change(sid, |change, _, _| {
            if change.ledger.list(&facts.key).is_none() {
                let list = List { facts, filed: 0, uploaded: false, failed: false };
                change.ledger.lists.push(list);
            }
        })
    }

    /// Owes finished files; with the first ones of a playlist, the event of its first slice. A file
    /// that is owed already is owed in its new form.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn file(&self, sid: &str, new: &[NewFile]) -> Result<(), OutboxError> {
        self.inner.change(sid, |change, books, now| files::owe(change, books, new, now))
    }

    /// Owes an MP4 file of the segments of a mixed recording's playlist, up to the `to`th, that are in
    /// none yet. They must be owed and listed before. `end` is where the next one begins.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn make_mp4(&self, sid: &str, to: usize, end: RoomTime) -> Result<(), OutboxError> {
        self.inner.change(sid, |change, _, _| assembly::owe(change, to, end, 0))
    }

    /// Owes an event that happened at `at`.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn tell(&self, sid: &str, event: &Event, at: RoomTime) -> Result<(), OutboxError> {
        self.inner.change(sid, |change, _, _| change.tell(event, at))
    }

    /// Ends a recording: the last events follow once its files have left. Only the first call counts.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn close(
        &self,
        sid: &str,
        reason: StopReason,
        failure: Option<(String, Problem)>,
        at: RoomTime,
    ) -> Result<(), OutboxError> {
        self.inner.change(sid, |change, _, now| {
            if change.ledger.stage != Stage::Live {
                return;
            }
            let (failure, problem) = failure.unzip();
            if let Some(problem) = problem {
                change.tell(&Event::Error(problem), now);
            }
            change.ledger.ended = Some(End { at, reason, failure, told: false });
            change.ledger.stage = Stage::Closing;
        })
    }
}

impl Inner {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn views(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<View>>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a recording's files tried at once.
    fn hurry(&self, sid: &str) {
        let mut hurried = self.hurried.lock().unwrap_or_else(PoisonError::into_inner);
        hurried.push(sid.to_owned());
        drop(hurried);
        self.wake.notify_one();
    }

    /// Makes one change about a recording, with all that follows from it. Nothing happens for a
    /// recording that is forgotten. Blocks for a disk's sync.
    fn change(
        &self,
        sid: &str,
        make: impl FnOnce(&mut Change, &Books, RoomTime),
    ) -> Result<(), OutboxError> {
        let turn = self.turn();
        let now = self.clock.now();
        let change = {
            let books = self.books();
            let Some(ledger) = books.ledgers.get(sid) else { return Ok(()) };
            let mut change = Change::new(ledger.clone());
            make(&mut change, &books, now);
            change.conclude(&books, now);
            change
        };
        let ledger = change.ledger.clone();
        self.commit(&turn, change)?;
        if ledger.stage == Stage::Closed && self.all_left(&ledger.sid) {
            files::remove_tapes(&ledger);
        }
        Ok(())
    }

    /// Opens the database again if it met an error of the disk.
    fn mend(&self, _turn: &MutexGuard<'_, ()>) -> Result<(), OutboxError> {
        self.store.mend(self.clock.now(), |sids| {
            let books = self.books();
            sids.iter().map(|sid| books.kept(sid)).collect()
        })
    }

    fn commit(&self, turn: &MutexGuard<'_, ()>, change: Change) -> Result<(), OutboxError> {
        self.mend(turn)?;
        self.store.commit(&change, self.settings.history)?;
        let sid = change.ledger.sid.clone();
        let forgotten = change.forget;
        let mut books = self.books();
        books.apply(change);
        self.show(&books, &sid, forgotten);
        drop(books);
        self.wake.notify_one();
        Ok(())
    }

    /// Tells the recording's handle.
    fn show(&self, books: &Books, sid: &str, forgotten: bool) {
        let mut views = self.views();
        if forgotten {
            views.remove(sid);
        } else if let (Some(view), Some(ledger)) = (views.get(sid), books.ledgers.get(sid)) {
            let owed = books.owed(sid);
            // The storage's own words before those about what follows from them.
            let files = || books.uploads_of(sid).filter(|owing| owing.is_file());
            let parked =
                files().chain(books.uploads_of(sid)).find_map(|owing| owing.parked.clone());
            let trouble = || books.uploads_of(sid).find_map(|owing| owing.trouble.clone());
            view.send_replace(View {
                owed,
                files: ledger.files(),
                first_upload_done: ledger.lists.iter().any(|list| list.uploaded),
                trouble: parked.clone(),
                storage_trouble: parked.or_else(trouble),
                outcome: ledger.outcome(owed),
            });
        }
    }

    /// Whether no file of the recording is owed or parked.
    fn all_left(&self, sid: &str) -> bool {
        self.books().uploads_of(sid).next().is_none()
    }

    /// Forgets recordings that ended long ago, or before too many others, and owe nothing; and removes
    /// their local files.
    fn forget_old(&self) -> Result<(), OutboxError> {
        let now = self.clock.now();
        let mut over: Vec<(RoomTime, Ledger)> = {
            let books = self.books();
            let may_go = |ledger: &&Ledger| {
                let nothing = books.owed(&ledger.sid) == Owed::default();
                let clean = books.leftovers_of(&ledger.sid).next().is_none();
                ledger.stage == Stage::Closed && nothing && clean
            };
            let ended = |ledger: &Ledger| Some((ledger.ended.as_ref()?.at, ledger.clone()));
            books.ledgers.values().filter(may_go).filter_map(ended).collect()
        };
        over.sort_by_key(|(ended, _)| *ended);
        let too_many = over.len().saturating_sub(self.settings.remember_most);
        let old = |number: usize, ended: RoomTime| {
            number < too_many || now.since(ended) > self.settings.remember
        };
        for (number, (ended, ledger)) in over.into_iter().enumerate() {
            if !old(number, ended) {
                break;
            }
            self.change(&ledger.sid, |change, _, _| change.forget = true)?;
            if !ledger.tapes_stay() {
                files::remove_folder(&ledger.folder);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
