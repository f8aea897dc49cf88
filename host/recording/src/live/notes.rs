//! What is noted of a recording: marks on its timeline, losses, troubles, and events for the outside.
//! Every thread may note.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capstan_archive::report::{self, Report};
use capstan_archive::settings::Mode;
use capstan_archive::timeline::Timeline;
use capstan_media::time::RoomTime;
use capstan_media::timeline::{LossPlace, Mark};
use capstan_media::trouble::Complaint;
use capstan_outbox::Outbox;
use capstan_outbox::event::{Code, Event, ModeNumber, Module, Problem};

use super::basics::Basics;
use crate::seldom::Seldom;
use crate::troubles::{Told, Troubles};

/// How often it is told that the API was asked for what doesn't fit: a client that goes on asking must
/// not fill the outbox.
const MISUSE_EVERY: Duration = Duration::from_secs(1);

/// The notes of one recording.
pub(crate) struct Notes {
    basics: Arc<Basics>,
    outbox: Outbox,
    timeline: Mutex<Timeline>,
    /// The disk refuses the timeline.
    waits: Mutex<bool>,
    /// Events that the tape or what makes the files had to drop.
    lost: AtomicU64,
    /// What went wrong most recently.
    trouble: Mutex<Option<String>>,
    misuse: Mutex<Seldom>,
    troubles: Mutex<Troubles>,
}

impl Notes {
    /// On this timeline; events are told by the outbox.
    pub(crate) fn new(basics: Arc<Basics>, timeline: Timeline, outbox: Outbox) -> Self {
        Self {
            basics,
            outbox,
            timeline: Mutex::new(timeline),
            waits: Mutex::default(),
            lost: AtomicU64::new(0),
            trouble: Mutex::default(),
            misuse: Mutex::new(Seldom::new(MISUSE_EVERY)),
            troubles: Mutex::default(),
        }
    }

    /// Writes a mark on the timeline; one that can't be written yet waits there.
    pub(crate) fn mark(&self, mark: &Mark) {
        let mut timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = timeline.append(mark) {
            tracing::debug!(sid = %self.basics.settings.sid, %error, ?mark, "a mark waits for the disk");
        }
    }

    /// Makes the timeline durable.
    pub(crate) fn sync_timeline(&self) {
        let mut timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = timeline.sync().err();
        drop(timeline);
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &refused
            && !*waits
        {
            tracing::error!(sid = %self.basics.settings.sid, %error, "timeline can't be written");
        }
        *waits = refused.is_some();
    }

    /// What the timeline says so far, on disk or not. Blocks on the disk.
    pub(crate) fn report(&self) -> Report {
        let timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        Report::read_with(&self.basics.folder, timeline.waiting())
    }

    /// Marks a loss and counts it.
    pub(crate) fn lost(&self, place: LossPlace, events: u64, why: String) {
        self.lost.fetch_add(events, Ordering::Relaxed);
        let at = self.basics.now();
        self.mark(&Mark::Lost { at, place, events, why });
    }

    /// Events that were marked as lost so far.
    pub(crate) fn losses(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// What went wrong most recently.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the outside, the log and whoever asks for the status of a problem.
    pub(crate) fn warn(&self, problem: Problem) {
        let message = problem.message.clone();
        self.tell(&Event::Warning(problem), message);
    }

    /// As [`Self::warn`], for what somebody has to look at.
    pub(crate) fn fail(&self, problem: Problem) {
        let message = problem.message.clone();
        self.tell(&Event::Error(problem), message);
    }

    fn tell(&self, event: &Event, message: String) {
        let sid = &self.basics.settings.sid;
        tracing::warn!(%sid, kind = event.kind(), %message, "recording has trouble");
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(message);
        self.say(event, self.basics.now());
    }

    /// Something of a track is missing at `now`; said for as long as it is. Told once it has lasted.
    pub(crate) fn sees(&self, complaints: impl IntoIterator<Item = Complaint>, now: RoomTime) {
        let mut troubles = self.troubles();
        complaints.into_iter().for_each(|complaint| troubles.see(complaint, now));
    }

    /// Tells what is to be told of troubles by now.
    pub(crate) fn tell_troubles(&self, now: RoomTime) {
        let told = self.troubles().poll(now);
        told.into_iter().for_each(|told| self.tell_trouble(told));
    }

    /// Nothing more will be seen: tells the rest.
    pub(crate) fn end_troubles(&self, now: RoomTime) {
        let told = self.troubles().finish(now);
        if !told.is_empty() {
            told.into_iter().for_each(|told| self.tell_trouble(told));
            self.sync_timeline();
        }
    }

    /// Troubles of tracks told so far.
    pub(crate) fn troubles_told(&self) -> u64 {
        self.troubles().told()
    }

    fn tell_trouble(&self, told: Told) {
        let sid = &self.basics.settings.sid;
        match told {
            Told::Began { track, cause, from: at, detail, event } => {
                metrics::counter!("capstan_troubles_total", "cause" => cause.name()).increment(1);
                let message = report::words(track, cause, &detail);
                self.mark(&Mark::TroubleBegan { at, track, cause, detail });
                if event {
                    let (module, code) = (Module::Recorder, Code::Missing(cause));
                    self.warn(Problem { module, level: 3, code, message });
                } else {
                    tracing::warn!(%sid, %message, "recording has trouble");
                }
            }
            Told::Ended { track, cause, to: at, .. } => {
                tracing::info!(%sid, %track, cause = cause.name(), "trouble is over");
                self.mark(&Mark::TroubleEnded { at, track, cause });
            }
        }
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that the API was asked for what doesn't fit.
    pub(crate) fn misused(&self, status: u8) {
        let now = self.basics.now();
        if !self.misuse.lock().unwrap_or_else(PoisonError::into_inner).may(now) {
            return;
        }
        let mode = match self.basics.settings.mode {
            Mode::Mix(_) => ModeNumber::Mix,
            Mode::Individual(_) | Mode::SnapshotsOnly => ModeNumber::Individual,
        };
        let playlist = self.basics.settings.key(&self.basics.settings.playlist_name());
        self.say(&Event::Misused { status, mode, playlist }, now);
    }

    /// Tells the outside of what happened at `at`.
    pub(crate) fn say(&self, event: &Event, at: RoomTime) {
        let sid = &self.basics.settings.sid;
        if let Err(error) = self.outbox.tell(sid, event, at) {
            tracing::error!(%sid, %error, kind = event.kind(), "an event can't be owed");
        }
    }
}
