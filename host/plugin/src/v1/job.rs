//! Drives one upload: the machine decides, the flight does, until it is done.

use std::sync::Arc;

use capstan_outbox::ports::{Late, Upload, UploadError, UploadProgress};

use super::bindings::exports::capstan::plugin::uploader::{
    Event, Failure, FailureKind, Step, Stored,
};
use super::flight::{Flight, World};
use super::upload::{Machine, OpenError, Turn};
use crate::fault::{Broke, cut};
use crate::grants::{Denial, Grants};
use crate::http::{Sender, SourceFile};
use crate::plugin::{Plugin, refused};

/// Turns that any job may take, and more for each MiB of its file.
const TURNS: u64 = 4_000;
const TURNS_A_MIB: u64 = 16;

/// What a job needs.
pub(crate) struct Job<'a> {
    pub(crate) plugin: &'a Arc<Plugin>,
    pub(crate) config: &'a Arc<str>,
    pub(crate) sender: &'a Arc<Sender>,
    pub(crate) grants: &'a Grants,
    pub(crate) upload: &'a Upload,
}

/// How a job ends that isn't done.
enum End {
    Failed(Failure),
    Broke(Broke),
    BadConfig(String),
}

impl From<Broke> for End {
    fn from(broke: Broke) -> Self {
        Self::Broke(broke)
    }
}

impl From<OpenError> for End {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::BadConfig(what) => Self::BadConfig(what),
            OpenError::Failed(failure) => Self::Failed(failure),
            OpenError::Broke(broke) => Self::Broke(broke),
        }
    }
}

impl Job<'_> {
    /// Uploads the file.
    pub(crate) async fn put(
        &self,
        progress: &dyn UploadProgress,
    ) -> Result<(Stored, Late), UploadError> {
        self.run(progress, false).await
    }

    /// Undoes what an earlier attempt left at the vendor.
    pub(crate) async fn undo(&self, progress: &dyn UploadProgress) -> Result<(), UploadError> {
        self.run(progress, true).await.map(drop)
    }

    async fn run(
        &self,
        progress: &dyn UploadProgress,
        undo: bool,
    ) -> Result<(Stored, Late), UploadError> {
        if let Some(wait) = self.plugin.wait() {
            return Err(UploadError::Transient {
                key: self.upload.key.clone(),
                reason: format!("plugin {} is benched after faults", self.plugin.name()),
                retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            });
        }
        let (plugin, config) = (self.plugin.clone(), self.config.clone());
        let (grants, upload) = (self.grants.clone(), self.upload.clone());
        let opened =
            self.plugin.work(move || Machine::open(plugin, &config, &grants, &upload)).await;
        let (machine, reach) = match opened.map_err(OpenError::Broke).and_then(|opened| opened) {
            Ok(opened) => opened,
            Err(error) => return Err(self.error(error.into(), None, progress)),
        };
        let file = SourceFile { path: self.upload.path.clone(), size: self.upload.size };
        let sender = self.sender.clone();
        let world = Arc::new(World::new(self.plugin.name(), sender, reach, file));
        match self.drive(machine, world.clone(), progress, undo).await {
            Ok(stored) => {
                self.plugin.well();
                let late = world.notes().unanswered;
                Ok((stored, if late { Late::Possible } else { Late::Nothing }))
            }
            Err(end) => Err(self.error(end, Some(&world), progress)),
        }
    }

    async fn drive(
        &self,
        mut machine: Machine,
        world: Arc<World>,
        progress: &dyn UploadProgress,
        undo: bool,
    ) -> Result<Stored, End> {
        let mut flight = Flight::new(world);
        let mut kept = self.upload.saved.clone().unwrap_or_default();
        let mut events: Vec<Event> = Vec::new();
        let turns = TURNS + (self.upload.size >> 20).saturating_mul(TURNS_A_MIB);
        for turn in 0..turns {
            let undo = undo && turn == 0;
            let (back, answer) = self
                .plugin
                .work(move || {
                    let answer = if undo { machine.abort() } else { machine.turn(&events) };
                    (machine, answer)
                })
                .await?;
            machine = back;
            let Turn { step, saved } = answer?;
            match step {
                Step::Done(stored) => return Ok(stored),
                Step::Failed(failure) => {
                    keep(progress, &mut kept, saved);
                    return Err(End::Failed(failure));
                }
                // State is kept before the requests leave that belong to it.
                Step::Act(actions) => {
                    keep(progress, &mut kept, saved);
                    flight.start(actions)?;
                }
            }
            events = flight.ended().await?;
        }
        Err(Broke::bad_answer(format!("no end after {turns} turns")).into())
    }

    /// The error that the recording sees.
    fn error(&self, end: End, world: Option<&World>, progress: &dyn UploadProgress) -> UploadError {
        let notes = world.map(World::notes).unwrap_or_default();
        let failure = match end {
            End::Broke(broke) => return self.plugin.fault(broke).into(),
            End::BadConfig(reason) => return self.rejected("bad-config", reason),
            End::Failed(failure) => failure,
        };
        if let Some(reason) = notes.unreadable {
            return UploadError::File { key: self.upload.key.clone(), reason };
        }
        match notes.denial {
            Some(denial @ Denial::NotAsked(_)) => {
                return self.plugin.fault(refused(&denial)).into();
            }
            Some(denial) => {
                self.plugin.denied(&denial);
                return self.rejected("not-granted", denial.to_string());
            }
            None => self.plugin.well(),
        }
        if matches!(failure.kind, FailureKind::Integrity | FailureKind::UploadGone) {
            progress.save(Vec::new());
        }
        let reason = words(&failure);
        let transient = |retry_after_ms| UploadError::Transient {
            key: self.upload.key.clone(),
            reason: reason.clone(),
            retry_after_ms,
        };
        match &failure.kind {
            FailureKind::Throttled(wait) => transient(wait.map(u64::from)),
            FailureKind::Transient | FailureKind::Integrity | FailureKind::UploadGone => {
                transient(None)
            }
            FailureKind::WrongRegion(Some(region)) => {
                let hint = format!("{reason}; the bucket is in {}", cut(region, 100));
                self.rejected("wrong-region", hint)
            }
            other => self.rejected(class(other), reason),
        }
    }

    fn rejected(&self, code: &str, reason: String) -> UploadError {
        let storage = self.plugin.name().to_owned();
        UploadError::Rejected { storage, code: code.to_owned(), reason }
    }
}

fn keep(progress: &dyn UploadProgress, kept: &mut Vec<u8>, saved: Vec<u8>) {
    if saved != *kept {
        progress.save(saved.clone());
        *kept = saved;
    }
}

/// The vendor's code, its words and its name for the request.
fn words(failure: &Failure) -> String {
    let mut words = String::new();
    if let Some(code) = &failure.vendor_code {
        words = format!("{}: ", cut(code, 128));
    }
    words.push_str(&cut(&failure.message, 500));
    if let Some(id) = &failure.request_id {
        words.push_str(&format!(" (request {})", cut(id, 128)));
    }
    words
}

/// The class's name in the contract.
const fn class(kind: &FailureKind) -> &'static str {
    match kind {
        FailureKind::BadCredentials => "bad-credentials",
        FailureKind::ExpiredCredentials => "expired-credentials",
        FailureKind::ClockSkew => "clock-skew",
        FailureKind::NoBucket => "no-bucket",
        FailureKind::WrongRegion(_) => "wrong-region",
        FailureKind::Denied => "denied",
        FailureKind::Quota => "quota",
        FailureKind::Throttled(_) => "throttled",
        FailureKind::Transient => "transient",
        FailureKind::Integrity => "integrity",
        FailureKind::UploadGone => "upload-gone",
        FailureKind::AlreadyExists => "already-exists",
        FailureKind::BadConfig => "bad-config",
        FailureKind::Rejected => "rejected",
    }
}
