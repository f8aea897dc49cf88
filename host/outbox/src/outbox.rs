//! The outbox: what must still leave the process, uploads and events, durable before it counts.
//!
//! Every step is one transaction on disk that is applied to memory afterwards, so a process that
//! dies anywhere goes on where the disk says. Delivery is at least once; events of one recording
//! leave strictly in their order.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::folder::remove_folder;
use capstan_archive::settings::RecordingSettings;
use capstan_media::time::{RoomClock, RoomTime};
use tokio::sync::watch;

use crate::bell::Bell;
use crate::books::change::Change;
use crate::books::ledger::{End, Ledger, List, Stage};
use crate::books::owing::{Leftover, Owing};
use crate::books::store::{OutboxError, Store};
use crate::event::{Event, Problem};
use crate::files::{self, NewFile};
use crate::keeper::Keeper;
use crate::outcome::{Outcome, Owed, View};
use crate::settings::{OutboxPorts, OutboxSettings};
use crate::steps::{assembly, leftovers};
use crate::{recovery, worker};

/// How long an ended recording is remembered in any case: whoever has its id may ask to start it again
/// until that is too old, and must not get a second one under the same names.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// The durable outbox of a process. Clones are the same outbox.
#[derive(Clone)]
pub struct Outbox {
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) bell: Arc<Bell>,
    settings: OutboxSettings,
    recovered: Arc<[String]>,
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
        recovery::doubt_playlists(&mut books);
        let bell = Arc::new(Bell::default());
        let keeper = Keeper::new(store, books, clock, settings.history, Arc::clone(&bell));
        let outbox = Self { keeper: Arc::new(keeper), bell, settings, recovered: recovered.into() };
        outbox.give_up_refused()?;
        outbox.retry_parked()?;
        outbox.forget_old()?;
        Ok(outbox)
    }

    /// Recordings that the last process left live and that were ended when the outbox was opened.
    #[must_use]
    pub fn recovered(&self) -> &[String] {
        &self.recovered
    }

    /// Uploads and delivers until the future is dropped; what is owed then stays owed. Run it once
    /// per outbox.
    pub async fn run(&self, ports: OutboxPorts) {
        worker::run(Arc::clone(&self.keeper), Arc::clone(&self.bell), self.settings, ports).await;
    }

    /// Whether it takes changes: after an error of the disk it does once the disk does.
    ///
    /// # Errors
    /// It doesn't at the moment, and why.
    pub fn health(&self) -> Result<(), OutboxError> {
        self.keeper.health()
    }

    /// What the whole process owes.
    #[must_use]
    pub fn owed(&self) -> Owed {
        self.keeper.books().owed_by_all()
    }

    /// What is owed to each storage, by its name.
    #[must_use]
    pub fn owed_by_storage(&self) -> BTreeMap<String, Owed> {
        self.keeper.books().owed_by_storage()
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
        let books = self.keeper.books();
        let wanted = |owing: &&Owing| sid.is_none_or(|sid| owing.sid == sid);
        books.uploads.values().filter(wanted).map(shown).collect()
    }

    /// How a recording ended, while it is remembered.
    #[must_use]
    pub fn outcome(&self, sid: &str) -> Option<Outcome> {
        let books = self.keeper.books();
        books.ledgers.get(sid)?.outcome(books.owed(sid))
    }

    /// Tries parked uploads again. Of a recording whose last event has left nothing is told but, at the
    /// end, that all has left.
    ///
    /// # Errors
    /// The file can't be written; nothing has changed for the recordings that come later by name.
    pub fn retry_parked(&self) -> Result<(), OutboxError> {
        let parked: Vec<Owing> = {
            let books = self.keeper.books();
            books.uploads.values().filter(|owing| owing.parked.is_some()).cloned().collect()
        };
        for owing in parked {
            self.keeper.change(&owing.sid.clone(), |change, _, _| {
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
        self.keeper.change(sid, |change, books, now| {
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
        self.keeper.top_up();
        self.give_up_refused()?;
        self.forget_old()
    }

    /// Gives up what was refused and has waited for the operator for too long.
    pub(crate) fn give_up_refused(&self) -> Result<(), OutboxError> {
        let Some(patience) = self.settings.refused_give_up_after else { return Ok(()) };
        let now = self.keeper.now();
        let old: Vec<String> = {
            let books = self.keeper.books();
            let ended = |ledger: &&Ledger| {
                let end = ledger.ended.as_ref().filter(|_| ledger.stage == Stage::Closed);
                let owed = books.owed(&ledger.sid);
                end.is_some_and(|end| ledger.at(now).since(end.at) > patience)
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

    /// Forgets recordings that ended long ago, or before too many others, and owe nothing; and removes
    /// their local files.
    fn forget_old(&self) -> Result<(), OutboxError> {
        let now = self.keeper.now();
        let mut over: Vec<(Duration, Ledger)> = {
            let books = self.keeper.books();
            let may_go = |ledger: &&Ledger| {
                let nothing = books.owed(&ledger.sid) == Owed::default();
                // Who looks back at a playlist needn't for longer than anybody remembers it.
                let clean = books.leftovers_of(&ledger.sid).all(Leftover::is_look);
                ledger.stage == Stage::Closed && nothing && clean
            };
            let age = |ledger: &Ledger| {
                let ended = ledger.ended.as_ref()?.at;
                Some((ledger.at(now).since(ended), ledger.clone()))
            };
            books.ledgers.values().filter(may_go).filter_map(age).collect()
        };
        over.sort_by_key(|(age, _)| Reverse(*age));
        let too_many = over.len().saturating_sub(self.settings.remember_most);
        let old = |number: usize, age: Duration| {
            age > REMEMBERED && (number < too_many || age > self.settings.remember)
        };
        for (number, (age, ledger)) in over.into_iter().enumerate() {
            if !old(number, age) {
                break;
            }
            self.keeper.change(&ledger.sid, |change, _, _| change.forget = true)?;
            if !ledger.tapes_stay() {
                remove_folder(&ledger.folder);
            }
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
        self.begin_at(settings, folder, self.keeper.now())
    }

    /// The same with a recording whose clock says `now`. Whatever is told of it is on that clock.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub fn begin_at(
        &self,
        settings: &RecordingSettings,
        folder: &Path,
        now: RoomTime,
    ) -> Result<watch::Receiver<View>, OutboxError> {
        self.tidy()?;
        let mut change = Change::new(files::ledger_of(settings, folder, now));
        change.ledger.ahead_micros = now.micros_from(self.keeper.now());
        change.tell(&Event::RecorderStarted, now);
        change.tell(&Event::UploaderStarted, now);
        self.keeper.take_over_seen(change)
    }

    /// Takes over a playlist before anything of it is written, so that a process that dies leaves
    /// none behind that nobody knows.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn begin_list(&self, sid: &str, facts: FileFacts) -> Result<(), OutboxError> {
        self.keeper.change(sid, |change, _, _| {
            if change.ledger.list(&facts.key).is_none() {
                let list = List::new(facts);
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
        self.keeper.change(sid, |change, books, now| files::owe(change, books, new, now))
    }

    /// Owes an MP4 file of the segments of a mixed recording's playlist, up to the `to`th, that are in
    /// none yet. They must be owed and listed before. `end` is where the next one begins.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn make_mp4(&self, sid: &str, to: usize, end: RoomTime) -> Result<(), OutboxError> {
        self.keeper.change(sid, |change, _, _| assembly::owe(change, to, end, 0))
    }

    /// Owes an event that happened at `at`.
    ///
    /// # Errors
    /// The outbox's file can't be written; nothing has changed.
    pub fn tell(&self, sid: &str, event: &Event, at: RoomTime) -> Result<(), OutboxError> {
        self.keeper.change(sid, |change, _, _| change.tell(event, at))
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
        self.keeper.change(sid, |change, _, now| {
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
