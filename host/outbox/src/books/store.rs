//! The outbox on disk: tables of JSON values, each change one durable transaction.
//!
//! A database that met an error of the disk takes nothing more until it is closed and opened again, and
//! what it was writing then may be on disk or not: [`Store::mend`] opens it and writes what memory has.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use capstan_media::time::RoomTime;
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::change::Change;
use super::{Books, Kept};
use crate::ports::Notice;

mod reserve;
#[cfg(test)]
mod tests;

const LEDGERS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("ledgers");
const UPLOADS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("uploads");
const EVENTS: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("events");
const LEFTOVERS: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("leftovers");
/// Every event of a remembered recording, delivered or not.
const HISTORY: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("history");

/// Pages kept in memory. The tables but for the history are read once, at the start.
const CACHE_BYTES: usize = 4 * 1024 * 1024;
/// How often it is tried to open it again while the disk refuses.
const AGAIN: Duration = Duration::from_secs(1);

/// The outbox's file can't be opened, read or written.
#[derive(Debug, Error)]
#[error("outbox {path}: {reason}")]
pub struct OutboxError {
    /// The file.
    pub path: String,
    /// The system's or the database's words.
    pub reason: String,
}

/// Makes a database of the file at a path.
type Opener = Box<dyn Fn(&Path) -> Result<Opened, Reason> + Send + Sync>;

/// The outbox's database file.
pub(crate) struct Store {
    path: PathBuf,
    shown: String,
    opener: Opener,
    /// `None` while it can't be opened again.
    opened: RwLock<Option<Opened>>,
    trouble: Mutex<Option<Trouble>>,
}

/// An open database.
pub(super) struct Opened {
    database: Database,
    file: File,
}

/// What went wrong with the database that is open, or was.
#[derive(Clone, Debug)]
struct Trouble {
    reason: String,
    /// Recordings of which disk and memory may say different things.
    doubtful: BTreeSet<String>,
    /// When it was last tried to open it again.
    tried: Option<RoomTime>,
}

/// The words of whatever went wrong.
#[derive(Debug)]
pub(super) struct Reason(String);

impl<E: std::error::Error> From<E> for Reason {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl Store {
    /// Opens or makes the file, readable by its owner only: it holds storage credentials.
    pub(crate) fn open(path: &Path) -> Result<Self, OutboxError> {
        Self::open_by(path, Box::new(open_file))
    }

    fn open_by(path: &Path, opener: Opener) -> Result<Self, OutboxError> {
        let shown = path.display().to_string();
        match opener(path) {
            Ok(opened) => Ok(Self {
                path: path.to_owned(),
                shown,
                opener,
                opened: RwLock::new(Some(opened)),
                trouble: Mutex::default(),
            }),
            Err(Reason(reason)) => Err(OutboxError { path: shown, reason }),
        }
    }

    /// The file's path, for messages.
    pub(crate) fn path(&self) -> &str {
        &self.shown
    }

    /// Reads everything.
    pub(crate) fn load(&self) -> Result<Books, OutboxError> {
        self.with(read)
    }

    /// Makes a change durable: when this returns it survives a power cut. Of the recording's events the
    /// latest `history` are kept to be replayed.
    pub(crate) fn commit(&self, change: &Change, history: u64) -> Result<(), OutboxError> {
        let committed = self.with(|database| write(database, change, history));
        if let Err(error) = &committed {
            let mut trouble = self.trouble();
            let trouble = trouble.get_or_insert_with(|| {
                tracing::error!(%error, "the outbox takes nothing more until it is opened again");
                metrics::counter!("capstan_outbox_failures_total").increment(1);
                Trouble::of(error)
            });
            trouble.doubtful.insert(change.ledger.sid.clone());
        }
        committed
    }

    /// The first `most` events of a recording after the one numbered `after`.
    pub(crate) fn history(
        &self,
        sid: &str,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<Notice>, OutboxError> {
        self.with(|database| {
            let history = database.begin_read()?.open_table(HISTORY)?;
            let from = match after {
                None => 0,
                Some(u64::MAX) => return Ok(Vec::new()),
                Some(after) => after + 1,
            };
            let rows = history.range((sid, from)..=(sid, u64::MAX))?;
            rows.take(most).map(|row| from_json(row?.1.value())).collect()
        })
    }

    /// Whether it takes changes, as far as anybody knows.
    pub(crate) fn health(&self) -> Result<(), OutboxError> {
        match &*self.trouble() {
            Some(trouble) => Err(self.error(Reason(trouble.reason.clone()))),
            None => Ok(()),
        }
    }

    /// Opens the database again if it met an error, and makes it say what memory says of the recordings
    /// whose changes failed: `kept` answers that. Tried once a second.
    pub(crate) fn mend(
        &self,
        now: RoomTime,
        kept: impl FnOnce(&BTreeSet<String>) -> Vec<Kept>,
    ) -> Result<(), OutboxError> {
        let doubtful = {
            let mut trouble = self.trouble();
            let Some(trouble) = &mut *trouble else { return Ok(()) };
            if trouble.tried.is_some_and(|tried| now.since(tried) < AGAIN) {
                return Err(self.error(Reason(trouble.reason.clone())));
            }
            trouble.tried = Some(now);
            trouble.doubtful.clone()
        };
        let kept = kept(&doubtful);
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        // Closed first: the file lets only one in.
        *opened = None;
        let again = || -> Result<Opened, Reason> {
            let again = (self.opener)(&self.path)?;
            rewrite(&again.database, &kept)?;
            Ok(again)
        };
        match again() {
            Ok(again) => {
                *opened = Some(again);
                *self.trouble() = None;
                tracing::warn!(path = self.shown, "the outbox works again");
                Ok(())
            }
            Err(reason) => {
                if let Some(trouble) = &mut *self.trouble() {
                    trouble.reason.clone_from(&reason.0);
                }
                Err(self.error(reason))
            }
        }
    }

    /// Fills up the space that is kept for it.
    pub(crate) fn top_up(&self) {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = &*opened {
            reserve::top_up(&opened.file);
        }
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Reason>) -> Result<T, OutboxError> {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        let Some(opened) = &*opened else {
            return Err(self.error(Reason("it is closed after an error of the disk".into())));
        };
        work(&opened.database).map_err(|reason| self.error(reason))
    }

    fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, Reason(reason): Reason) -> OutboxError {
        OutboxError { path: self.shown.clone(), reason }
    }
}

impl Trouble {
    fn of(error: &OutboxError) -> Self {
        Self { reason: error.reason.clone(), doubtful: BTreeSet::new(), tried: None }
    }
}

fn open_file(path: &Path) -> Result<Opened, Reason> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let kept = file.try_clone()?;
    open_backend(reserve::Reserved::new(file)?, kept)
}

fn open_backend(backend: impl redb::StorageBackend, file: File) -> Result<Opened, Reason> {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    let database = builder.create_with_backend(backend)?;
    let begin = database.begin_write()?;
    begin.open_table(LEDGERS)?;
    begin.open_table(UPLOADS)?;
    begin.open_table(EVENTS)?;
    begin.open_table(LEFTOVERS)?;
    begin.open_table(HISTORY)?;
    begin.commit()?;
    Ok(Opened { database, file })
}

fn read(database: &Database) -> Result<Books, Reason> {
    let read = database.begin_read()?;
    let mut books = Books::default();
    for row in read.open_table(LEDGERS)?.iter()? {
        let (sid, value) = row?;
        books.ledgers.insert(sid.value().to_owned(), from_json(value.value())?);
    }
    for row in read.open_table(UPLOADS)?.iter()? {
        let (key, value) = row?;
        let (sid, key) = key.value();
        books.uploads.insert((sid.to_owned(), key.to_owned()), from_json(value.value())?);
    }
    for row in read.open_table(EVENTS)?.iter()? {
        let (key, value) = row?;
        let (sid, sequence) = key.value();
        books.events.insert((sid.to_owned(), sequence), from_json(value.value())?);
    }
    for row in read.open_table(LEFTOVERS)?.iter()? {
        let (key, value) = row?;
        let (sid, order) = key.value();
        books.leftovers.insert((sid.to_owned(), order), from_json(value.value())?);
    }
    Ok(books)
}

fn write(database: &Database, change: &Change, keep: u64) -> Result<(), Reason> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    let sid = change.ledger.sid.as_str();
    if change.forget {
        forget(&transaction, sid, None)?;
    } else {
        let mut uploads = transaction.open_table(UPLOADS)?;
        let mut events = transaction.open_table(EVENTS)?;
        let mut leftovers = transaction.open_table(LEFTOVERS)?;
        let mut history = transaction.open_table(HISTORY)?;
        for key in &change.settle {
            uploads.remove((sid, key.as_str()))?;
        }
        for owing in &change.owe {
            uploads.insert((sid, owing.key.as_str()), to_json(owing)?.as_slice())?;
        }
        for sequence in &change.delivered {
            events.remove((sid, *sequence))?;
        }
        for notice in &change.tell {
            let json = to_json(notice)?;
            events.insert((sid, notice.sequence), json.as_slice())?;
            history.insert((sid, notice.sequence), json.as_slice())?;
            if let Some(old) = notice.sequence.checked_sub(keep) {
                history.remove((sid, old))?;
            }
        }
        for order in &change.cleared {
            leftovers.remove((sid, *order))?;
        }
        for leftover in &change.leave {
            leftovers.insert((sid, leftover.order), to_json(leftover)?.as_slice())?;
        }
        transaction.open_table(LEDGERS)?.insert(sid, to_json(&change.ledger)?.as_slice())?;
    }
    transaction.commit()?;
    Ok(())
}

/// Removes all of a recording but the events before `from`, or those too.
fn forget(transaction: &WriteTransaction, sid: &str, from: Option<u64>) -> Result<(), Reason> {
    transaction.open_table(LEDGERS)?.remove(sid)?;
    transaction.open_table(UPLOADS)?.retain(|(of, _), _| of != sid)?;
    transaction.open_table(EVENTS)?.retain(|(of, _), _| of != sid)?;
    transaction.open_table(LEFTOVERS)?.retain(|(of, _), _| of != sid)?;
    let told = (sid, from.unwrap_or(0))..=(sid, u64::MAX);
    transaction.open_table(HISTORY)?.retain_in(told, |_, _| false)?;
    Ok(())
}

/// Makes the disk say of these recordings what memory says.
fn rewrite(database: &Database, kept: &[Kept]) -> Result<(), Reason> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    for Kept { sid, ledger, uploads, events, leftovers } in kept {
        let sid = sid.as_str();
        // An event that memory doesn't know was told to nobody.
        forget(&transaction, sid, ledger.as_ref().map(|ledger| ledger.next_sequence))?;
        let Some(ledger) = ledger else { continue };
        transaction.open_table(LEDGERS)?.insert(sid, to_json(ledger)?.as_slice())?;
        let mut table = transaction.open_table(UPLOADS)?;
        for owing in uploads {
            table.insert((sid, owing.key.as_str()), to_json(owing)?.as_slice())?;
        }
        let mut table = transaction.open_table(EVENTS)?;
        for notice in events {
            table.insert((sid, notice.sequence), to_json(notice)?.as_slice())?;
        }
        let mut table = transaction.open_table(LEFTOVERS)?;
        for leftover in leftovers {
            table.insert((sid, leftover.order), to_json(leftover)?.as_slice())?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Reason> {
    Ok(serde_json::to_vec(value)?)
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Reason> {
    Ok(serde_json::from_slice(bytes)?)
}
