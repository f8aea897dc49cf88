//! Keeps the books: every change is on disk before it is in memory, one at a time, and whoever looks at a
//! recording is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use capstan_archive::folder::{parts_folder, remove_folder, tape_folder};
use capstan_media::time::{RoomClock, RoomTime};
use tokio::sync::watch;

use crate::bell::Bell;
use crate::books::Books;
use crate::books::change::Change;
use crate::books::ledger::{Ledger, Stage};
use crate::books::store::{OutboxError, Store};
use crate::outcome::View;
use crate::ports::Notice;

/// The books, the disk behind them and those who look at them.
pub(crate) struct Keeper {
    store: Store,
    clock: Arc<dyn RoomClock>,
    /// Events of a recording that are kept.
    history: u64,
    bell: Arc<Bell>,
    /// Held while a change is made, so that changes never overlap.
    turn: Mutex<()>,
    books: Mutex<Books>,
    views: Mutex<HashMap<String, watch::Sender<View>>>,
}

impl Keeper {
    /// Of books that say what the disk says.
    pub(crate) fn new(
        store: Store,
        books: Books,
        clock: Arc<dyn RoomClock>,
        history: u64,
        bell: Arc<Bell>,
    ) -> Self {
        Self {
            store,
            clock,
            history,
            bell,
            turn: Mutex::default(),
            books: Mutex::new(books),
            views: Mutex::default(),
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> RoomTime {
        self.clock.now()
    }

    /// The time now on a recording's own clock.
    pub(crate) fn now_of(&self, sid: &str) -> RoomTime {
        let now = self.now();
        self.books().ledgers.get(sid).map_or(now, |ledger| ledger.at(now))
    }

    /// Takes over a recording that isn't known yet, with all that is owed of it from the start.
    pub(crate) fn take_over(&self, change: Change) -> Result<(), OutboxError> {
        self.take(change, None)
    }

    /// The same, for somebody who looks at it.
    pub(crate) fn take_over_seen(
        &self,
        change: Change,
    ) -> Result<watch::Receiver<View>, OutboxError> {
        let (sender, receiver) = watch::channel(View::default());
        self.take(change, Some(sender))?;
        Ok(receiver)
    }

    fn take(&self, change: Change, view: Option<watch::Sender<View>>) -> Result<(), OutboxError> {
        let turn = self.turn();
        let sid = change.ledger.sid.clone();
        if self.books().ledgers.contains_key(&sid) {
            let reason = format!("there is a recording {sid} already");
            return Err(OutboxError { path: self.store.path().to_owned(), reason });
        }
        if let Some(view) = view {
            self.views().insert(sid, view);
        }
        self.commit(&turn, change)
    }

    /// Events of a recording behind a sequence number, oldest first.
    pub(crate) fn history(
        &self,
        sid: &str,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<Notice>, OutboxError> {
        self.store.history(sid, after, most)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn views(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<View>>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one change about a recording, with all that follows from it. Nothing happens for a
    /// recording that is forgotten. Blocks for a disk's sync.
    pub(crate) fn change(
        &self,
        sid: &str,
        make: impl FnOnce(&mut Change, &Books, RoomTime),
    ) -> Result<(), OutboxError> {
        let turn = self.turn();
        let change = {
            let books = self.books();
            let Some(ledger) = books.ledgers.get(sid) else { return Ok(()) };
            let now = ledger.at(self.now());
            let mut change = Change::new(ledger.clone());
            make(&mut change, &books, now);
            change.conclude(&books, now);
            change.look_back(&books, now);
            change
        };
        let ledger = change.ledger.clone();
        self.commit(&turn, change)?;
        if ledger.stage == Stage::Closed && self.all_left(&ledger.sid) {
            remove_tapes(&ledger);
        }
        Ok(())
    }

    /// Whether it takes changes, as far as anybody knows.
    pub(crate) fn health(&self) -> Result<(), OutboxError> {
        self.store.health()
    }

    /// Fills up the space that the disk keeps for it.
    pub(crate) fn top_up(&self) {
        self.store.top_up();
    }

    /// Opens the database again if it met an error of the disk. Blocks on the disk.
    pub(crate) fn mend(&self) -> Result<(), OutboxError> {
        self.mend_in(&self.turn())
    }

    fn mend_in(&self, _turn: &MutexGuard<'_, ()>) -> Result<(), OutboxError> {
        self.store.mend(self.now(), |sids| {
            let books = self.books();
            sids.iter().map(|sid| books.kept(sid)).collect()
        })
    }

    fn commit(&self, turn: &MutexGuard<'_, ()>, change: Change) -> Result<(), OutboxError> {
        self.mend_in(turn)?;
        self.store.commit(&change, self.history)?;
        let sid = change.ledger.sid.clone();
        let forgotten = change.forget;
        let mut books = self.books();
        change.apply_to(&mut books);
        self.show(&books, &sid, forgotten);
        drop(books);
        self.bell.ring();
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
}

/// Removes the tapes of a recording whose files are all in the bucket. Those of one that failed stay:
/// they may hold what the files don't.
fn remove_tapes(ledger: &Ledger) {
    if !ledger.tapes_stay() {
        remove_folder(&tape_folder(&ledger.folder));
        remove_folder(&parts_folder(&ledger.folder));
    }
}
