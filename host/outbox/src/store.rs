//! The outbox on disk: tables of JSON values, each change one durable transaction.

use std::fs::OpenOptions;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::OutboxError;
use super::books::Books;
use super::change::Change;
use crate::ports::Notice;

const LEDGERS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("ledgers");
const UPLOADS: TableDefinition<'_, (&str, &str), &[u8]> = TableDefinition::new("uploads");
const EVENTS: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("events");
const LEFTOVERS: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("leftovers");
/// Every event of a remembered recording, delivered or not.
const HISTORY: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("history");

/// Pages kept in memory. The tables but for the history are read once, at the start.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// The outbox's database file.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    path: String,
}

/// The words of whatever went wrong.
struct Reason(String);

impl<E: std::error::Error> From<E> for Reason {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl Store {
    /// Opens or makes the file, readable by its owner only: it holds storage credentials.
    pub(crate) fn open(path: &Path) -> Result<Self, OutboxError> {
        let shown = path.display().to_string();
        let open = || -> Result<Database, Reason> {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path)?;
            let mut builder = Database::builder();
            builder.set_cache_size(CACHE_BYTES);
            let database = builder.create_with_backend(FileBackend::new(file)?)?;
            let begin = database.begin_write()?;
            begin.open_table(LEDGERS)?;
            begin.open_table(UPLOADS)?;
            begin.open_table(EVENTS)?;
            begin.open_table(LEFTOVERS)?;
            begin.open_table(HISTORY)?;
            begin.commit()?;
            Ok(database)
        };
        match open() {
            Ok(database) => Ok(Self { database, path: shown }),
            Err(Reason(reason)) => Err(OutboxError { path: shown, reason }),
        }
    }

    /// The file's path, for messages.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Reads everything.
    pub(crate) fn load(&self) -> Result<Books, OutboxError> {
        self.read().map_err(|reason| self.error(reason))
    }

    /// Makes a change durable: when this returns it survives a power cut. Of the recording's events the
    /// latest `history` are kept to be replayed.
    pub(crate) fn commit(&self, change: &Change, history: u64) -> Result<(), OutboxError> {
        self.write(change, history).map_err(|reason| self.error(reason))
    }

    /// The first `most` events of a recording after the one numbered `after`.
    pub(crate) fn history(
        &self,
        sid: &str,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<Notice>, OutboxError> {
        let read = || -> Result<Vec<Notice>, Reason> {
            let history = self.database.begin_read()?.open_table(HISTORY)?;
            let from = match after {
                None => 0,
                Some(u64::MAX) => return Ok(Vec::new()),
                Some(after) => after + 1,
            };
            let rows = history.range((sid, from)..=(sid, u64::MAX))?;
            rows.take(most).map(|row| from_json(row?.1.value())).collect()
        };
        read().map_err(|reason| self.error(reason))
    }

    fn error(&self, Reason(reason): Reason) -> OutboxError {
        OutboxError { path: self.path.clone(), reason }
    }

    fn read(&self) -> Result<Books, Reason> {
        let read = self.database.begin_read()?;
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

    fn write(&self, change: &Change, keep: u64) -> Result<(), Reason> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let sid = change.ledger.sid.as_str();
        {
            let mut ledgers = transaction.open_table(LEDGERS)?;
            let mut uploads = transaction.open_table(UPLOADS)?;
            let mut events = transaction.open_table(EVENTS)?;
            let mut leftovers = transaction.open_table(LEFTOVERS)?;
            let mut history = transaction.open_table(HISTORY)?;
            if change.forget {
                ledgers.remove(sid)?;
                uploads.retain(|(of, _), _| of != sid)?;
                events.retain(|(of, _), _| of != sid)?;
                leftovers.retain(|(of, _), _| of != sid)?;
                history.retain_in((sid, 0)..=(sid, u64::MAX), |_, _| false)?;
            } else {
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
                ledgers.insert(sid, to_json(&change.ledger)?.as_slice())?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Reason> {
    Ok(serde_json::to_vec(value)?)
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Reason> {
    Ok(serde_json::from_slice(bytes)?)
}
