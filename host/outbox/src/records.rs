//! What can be asked of recordings while they run and after they have ended, within a bounded memory:
//! what they are, how they ended, what they told.

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::report::{Report, Trouble};
use capstan_media::time::RoomTime;
use capstan_media::track::RoomId;

use crate::books::Books;
use crate::books::ledger::{Ledger, ModeName, Stage};
use crate::books::store::OutboxError;
use crate::outbox::Outbox;
use crate::outcome::Owed;
use crate::ports::Notice;

/// One recording, running or ended. It holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The recording.
    pub sid: String,
    /// The room.
    pub room: RoomId,
    /// The recorder's uid in events.
    pub recorder_uid: u32,
    /// What is made of the room.
    pub mode: ModeName,
    /// Whether MP4 files are made of it beside its playlist.
    pub mp4: bool,
    /// When it began to listen.
    pub begun: RoomTime,
    /// How it ended, once nothing is recorded any more.
    pub ended: Option<Ending>,
    /// Whether its last event is owed or delivered.
    pub closed: bool,
    /// The storage's name.
    pub storage: String,
    /// Put before every object's key.
    pub prefix: String,
    /// Its playlists.
    pub files: Vec<FileFacts>,
    /// Bytes of its files so far, and of those that are in the bucket.
    pub bytes: u64,
    /// Bytes that are in the bucket.
    pub bytes_uploaded: u64,
    /// What it still owes.
    pub owed: Owed,
    /// How many events it has told.
    pub events: u64,
    /// What its timeline said at the end.
    pub report: Option<Report>,
    /// Files that were asked for and couldn't be made.
    pub never_made: Vec<Trouble>,
}

impl Record {
    /// Whether its files hold all that came: what is true once it is closed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let failed = self.ended.as_ref().is_some_and(|end| end.failure.is_some());
        let lacks = self.report.as_ref().map_or(0, Report::lacks);
        !failed && lacks == 0 && self.never_made.is_empty() && self.owed.parked == 0
    }
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When.
    pub at: RoomTime,
    /// Why.
    pub reason: StopReason,
    /// What made it end abnormally.
    pub failure: Option<String>,
}

impl Outbox {
    /// Every recording that runs or is remembered, by sid.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let books = self.keeper.books();
        books.ledgers.values().map(|ledger| record(&books, ledger)).collect()
    }

    /// One recording, while it runs or is remembered.
    #[must_use]
    pub fn record(&self, sid: &str) -> Option<Record> {
        let books = self.keeper.books();
        books.ledgers.get(sid).map(|ledger| record(&books, ledger))
    }

    /// The first `most` events of a recording after the one numbered `after`, delivered or not. Blocks
    /// on the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn history(
        &self,
        sid: &str,
        after: Option<u64>,
        most: usize,
    ) -> Result<Vec<Notice>, OutboxError> {
        self.keeper.history(sid, after, most)
    }

    /// Keeps a recording's report for when its folder is gone.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn keep_report(&self, sid: &str, report: Report) -> Result<(), OutboxError> {
        self.keeper.change(sid, |change, _, _| change.ledger.report = Some(report))
    }
}

fn record(books: &Books, ledger: &Ledger) -> Record {
    Record {
        sid: ledger.sid.clone(),
        room: RoomId { app: ledger.app.clone(), name: ledger.room.clone() },
        recorder_uid: ledger.recorder_uid,
        mode: ledger.mode,
        mp4: ledger.mp4.is_some(),
        begun: ledger.begun,
        ended: ledger.ended.as_ref().map(|end| Ending {
            at: end.at,
            reason: end.reason,
            failure: end.failure.clone(),
        }),
        closed: ledger.stage == Stage::Closed,
        storage: ledger.target.storage.clone(),
        prefix: ledger.prefix.clone(),
        files: ledger.files(),
        bytes: ledger.bytes_owed,
        bytes_uploaded: ledger.bytes_uploaded,
        owed: books.owed(&ledger.sid),
        events: ledger.next_sequence,
        report: ledger.report.clone(),
        never_made: ledger.never_made().to_vec(),
    }
}
