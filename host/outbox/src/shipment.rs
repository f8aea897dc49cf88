//! Finished files that leave by the outbox without a recording behind them: what was made elsewhere or
//! rendered anew.

use std::path::PathBuf;

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::target::StorageTarget;
use capstan_media::track::RoomId;

use crate::books::change::Change;
use crate::books::ledger::{End, Ledger, List, Stage};
use crate::books::owing::Owing;
use crate::books::store::OutboxError;
use crate::outbox::Outbox;

/// Files that leave together, told of as one recording that has ended.
#[derive(Clone, Debug)]
pub struct Shipment {
    /// Its id: unique in the outbox.
    pub sid: String,
    /// Whose events these are.
    pub room: RoomId,
    /// The recorder's uid in events.
    pub recorder_uid: u32,
    /// Where the files go.
    pub storage: StorageTarget,
    /// Where they lie. The folder is removed an hour after everything has left.
    pub folder: PathBuf,
    /// The files, in the order in which they leave.
    pub files: Vec<ShippedFile>,
    /// What the last event lists.
    pub listed: Vec<FileFacts>,
}

/// One file of a [`Shipment`]. It must not change until it has left.
#[derive(Clone, Debug)]
pub struct ShippedFile {
    /// The file.
    pub path: PathBuf,
    /// Its object's key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its media type.
    pub content_type: String,
}

impl Outbox {
    /// Owes files. When this returns they leave whatever happens to the process.
    ///
    /// # Errors
    /// The outbox can't be written, or there is something of this sid already; nothing is owed.
    pub fn ship(&self, shipment: Shipment) -> Result<(), OutboxError> {
        let now = self.keeper.now();
        let Shipment { sid, room, recorder_uid, storage, folder, files, listed } = shipment;
        let list = |facts| List { filed: 1, uploaded: true, ..List::new(facts) };
        let ledger = Ledger {
            lists: listed.into_iter().map(list).collect(),
            stage: Stage::Closing,
            ended: Some(End { at: now, reason: StopReason::Asked, failure: None, told: true }),
            next_order: files.len() as u64,
            bytes_owed: files.iter().map(|file| file.size).sum(),
            ..Ledger::new(sid.clone(), room, recorder_uid, storage, &folder, now)
        };
        let mut change = Change::new(ledger);
        let owe = |(order, file): (usize, ShippedFile)| {
            let ShippedFile { path, key, size, content_type } = file;
            let order = order as u64;
            Owing { order, ..Owing::new(sid.clone(), key, path, content_type, size) }
        };
        change.owe = files.into_iter().enumerate().map(owe).collect();
        self.keeper.take_over(change)
    }
}
