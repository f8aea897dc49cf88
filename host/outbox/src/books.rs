//! What the outbox knows, as plain values: ledgers of recordings, owed files, owed events, leftovers.
//!
//! A [`Change`](change::Change) is made of these values, committed to disk as one, then applied here:
//! memory never says what the disk doesn't.

pub(crate) mod change;
pub(crate) mod ledger;
pub(crate) mod owing;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::ops::Bound;

use self::ledger::Ledger;
use self::owing::{Leftover, Owing};
use crate::outcome::Owed;
use crate::ports::Notice;

/// Everything, in memory.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) ledgers: BTreeMap<String, Ledger>,
    pub(crate) uploads: BTreeMap<(String, String), Owing>,
    pub(crate) events: BTreeMap<(String, u64), Notice>,
    pub(crate) leftovers: BTreeMap<(String, u64), Leftover>,
}

/// All that memory has of a recording; of one that memory doesn't know, its sid.
pub(crate) struct Kept {
    pub(crate) sid: String,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) uploads: Vec<Owing>,
    pub(crate) events: Vec<Notice>,
    pub(crate) leftovers: Vec<Leftover>,
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
