//! The recordings of this process: which run, which are over and why.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use capstan_archive::facts::StopReason;
use capstan_archive::report::Report;
use capstan_archive::settings::RecordingSettings;
use capstan_archive::settings::{LayoutChoice, Subscription};
use capstan_media::time::RoomTime;
use capstan_media::track::{RoomId, Uid};
use capstan_outbox::Record;
use capstan_outbox::outcome::Outcome;
use capstan_recording::RecordingHandle;
use capstan_recording::requests::UpdateSubscriptionError;
use capstan_recording::status::{Phase, RecordingStatus};

use crate::pictures::Wall;

/// Ended recordings whose end is remembered, so that a late question gets a reason.
const REMEMBERED: usize = 1_024;

/// One recording with what the API knows of it. Clones are the same recording.
#[derive(Clone)]
pub struct Session {
    handle: RecordingHandle,
    recorder_uid: Uid,
    controllable_until: RoomTime,
    wall: Arc<tokio::sync::Mutex<Wall>>,
    /// How far its clock is ahead of room time, in microseconds.
    ahead_micros: i64,
    told_of_clocks: Arc<AtomicBool>,
}

/// What is known of a sid.
pub enum Found {
    /// It runs, or its uploads do.
    Live(Session),
    /// An earlier process recorded it; what that one left is being made into files and uploaded.
    Ending(Box<Record>),
    /// It is over, and why.
    Over(String),
    /// No such recording, or it ended long ago.
    Unknown,
}

impl Session {
    pub(crate) fn new(
        handle: RecordingHandle,
        recorder_uid: Uid,
        controllable_until: RoomTime,
        ahead_micros: i64,
    ) -> Self {
        let (wall, told_of_clocks) = (Arc::default(), Arc::default());
        Self { handle, recorder_uid, controllable_until, wall, ahead_micros, told_of_clocks }
    }

    /// The recording's id.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.handle.settings().sid
    }

    /// The room.
    #[must_use]
    pub fn room(&self) -> &RoomId {
        &self.handle.settings().room
    }

    /// The recorder's uid.
    #[must_use]
    pub const fn recorder_uid(&self) -> Uid {
        self.recorder_uid
    }

    /// Until when the API may control it.
    #[must_use]
    pub const fn controllable_until(&self) -> RoomTime {
        self.controllable_until
    }

    /// The playlist's file name, without the prefix of its key.
    #[must_use]
    pub fn playlist_name(&self) -> String {
        self.handle.settings().playlist_name()
    }

    /// What it was asked to do.
    #[must_use]
    pub fn settings(&self) -> &RecordingSettings {
        self.handle.settings()
    }

    /// What its timeline says so far. Blocks on the disk.
    #[must_use]
    pub fn report(&self) -> Report {
        self.handle.report()
    }

    /// Takes other streams of the room from now on.
    ///
    /// # Errors
    /// It goes on with those it takes.
    pub async fn subscribe(
        &self,
        subscription: Subscription,
    ) -> Result<(), UpdateSubscriptionError> {
        self.handle.update_subscription(subscription).await
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> RecordingStatus {
        self.handle.status()
    }

    /// Waits until everything has left.
    pub async fn finished(&self) -> Outcome {
        self.handle.finished().await
    }

    /// Its pictures. Whoever changes the layout holds the lock.
    pub(crate) fn wall(&self) -> &tokio::sync::Mutex<Wall> {
        &self.wall
    }

    pub(crate) const fn handle(&self) -> &RecordingHandle {
        &self.handle
    }

    pub(crate) const fn ahead_micros(&self) -> i64 {
        self.ahead_micros
    }

    /// Whether nobody has asked this before.
    pub(crate) fn first_told_of_clocks(&self) -> bool {
        !self.told_of_clocks.swap(true, Ordering::Relaxed)
    }

    /// Whether it still takes part in its room.
    pub(crate) fn records(&self) -> bool {
        matches!(self.status().phase, Phase::Starting | Phase::Recording | Phase::Stopping)
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Sessions {
    live: HashMap<String, Live>,
    over: VecDeque<(String, String)>,
}

struct Live {
    session: Session,
    stop_asked: bool,
    /// The layout it has now, if it is mixed.
    layout: Option<LayoutChoice>,
}

impl Sessions {
    pub(crate) fn insert(&mut self, session: Session, layout: Option<LayoutChoice>) {
        let live = Live { session: session.clone(), stop_asked: false, layout };
        self.live.insert(session.sid().to_owned(), live);
    }

    /// Moves an ended recording to those that are remembered.
    pub(crate) fn end(&mut self, sid: &str, outcome: &Outcome) {
        self.live.remove(sid);
        self.over.push_back((sid.to_owned(), why(outcome)));
        if self.over.len() > REMEMBERED {
            self.over.pop_front();
        }
    }

    pub(crate) fn find(&self, sid: &str) -> Found {
        if let Some(live) = self.live.get(sid) {
            return Found::Live(live.session.clone());
        }
        match self.over.iter().rev().find(|(over, _)| over == sid) {
            Some((_, why)) => Found::Over(why.clone()),
            None => Found::Unknown,
        }
    }

    /// Notes that a stop was asked for; `false` if it was before or the recording stops already.
    pub(crate) fn ask_stop(&mut self, sid: &str) -> bool {
        let Some(live) = self.live.get_mut(sid) else { return false };
        let stopping = live.session.status().stopped.is_some();
        !std::mem::replace(&mut live.stop_asked, true) && !stopping
    }

    /// The layout a recording has now.
    pub(crate) fn layout(&self, sid: &str) -> Option<LayoutChoice> {
        self.live.get(sid).and_then(|live| live.layout.clone())
    }

    pub(crate) fn set_layout(&mut self, sid: &str, layout: LayoutChoice) {
        if let Some(live) = self.live.get_mut(sid) {
            live.layout = Some(layout);
        }
    }

    pub(crate) fn recording(&self) -> impl Iterator<Item = &Session> {
        self.live.values().map(|live| &live.session).filter(|session| session.records())
    }

    pub(crate) fn all(&self) -> Vec<Session> {
        self.live.values().map(|live| live.session.clone()).collect()
    }
}

/// Why a recording is over, for whoever asks for it later.
pub(crate) fn why(outcome: &Outcome) -> String {
    if let Some(failure) = &outcome.failure {
        return format!("it failed: {failure}");
    }
    match outcome.stopped {
        StopReason::Asked => "it was stopped as asked".into(),
        StopReason::Idle => "nobody sent anything for maxIdleTime".into(),
        StopReason::Shutdown => "the server was shut down".into(),
        StopReason::Failed => "it could not go on".into(),
    }
}
