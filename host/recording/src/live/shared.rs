//! What the threads of one recording and its handle share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capstan_archive::facts::StopReason;
use capstan_archive::settings::{Mode, RecordingSettings, Subscription};
use capstan_archive::timeline::Timeline;
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::time::{RoomClock, RoomTime};
use capstan_media::timeline::{LossPlace, Mark};
use capstan_media::track::TrackId;
use capstan_outbox::event::{Event, ModeNumber, Problem};
use capstan_outbox::{Outbox, View};
use tokio::sync::{oneshot, watch};

use crate::live::queue::Queue;
use crate::seldom::Seldom;
use crate::session::Session;
use crate::status::{Phase, RecordingStatus, TrackFacts};

/// One recording's common ground.
pub(crate) struct Shared {
    pub(crate) settings: RecordingSettings,
    /// `<work_dir>/<sid>`.
    pub(crate) folder: PathBuf,
    pub(crate) clock: Arc<dyn RoomClock>,
    pub(crate) outbox: Outbox,
    pub(crate) queue: Queue,
    /// Where screenshots are taken from, if there are to be any.
    pub(crate) snapshots: Option<Queue>,
    pub(crate) view: watch::Receiver<View>,
    /// True once nothing is recorded any more and everything is owed.
    pub(crate) cut: watch::Sender<bool>,
    requests: Sender<SubscriptionRequest>,
    session: Mutex<Session>,
    numbers: Mutex<Numbers>,
    timeline: Mutex<Timeline>,
    misuse: Mutex<Seldom>,
}

/// Another subscription, and who is to be told that it holds.
pub(crate) struct SubscriptionRequest {
    pub(crate) subscription: Subscription,
    pub(crate) answer: oneshot::Sender<()>,
}

/// How often it is told that the API was asked for what doesn't fit: a client that goes on asking must
/// not fill the outbox.
const MISUSE_EVERY: Duration = Duration::from_secs(1);

/// Counters of a recording.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) rendered_to: Option<RoomTime>,
    pub(crate) segments: u64,
    pub(crate) pictures: u64,
    pub(crate) pictures_skipped: u64,
    pub(crate) frames: u64,
    pub(crate) frames_lost: u64,
    pub(crate) trouble: Option<String>,
    pub(crate) tracks: BTreeMap<TrackId, TrackFacts>,
    /// The disk refuses the timeline.
    pub(crate) timeline_waits: bool,
}

impl Shared {
    pub(crate) fn new(
        settings: RecordingSettings,
        folder: PathBuf,
        clock: Arc<dyn RoomClock>,
        outbox: Outbox,
        view: watch::Receiver<View>,
        timeline: Timeline,
        requests: Sender<SubscriptionRequest>,
    ) -> Self {
        let session = Mutex::new(Session::new(settings.max_idle, clock.now()));
        let snapshots = settings.snapshots.map(|_| Queue::default());
        Self {
            snapshots,
            settings,
            folder,
            clock,
            outbox,
            queue: Queue::default(),
            view,
            cut: watch::Sender::new(false),
            requests,
            session,
            numbers: Mutex::default(),
            timeline: Mutex::new(timeline),
            misuse: Mutex::new(Seldom::new(MISUSE_EVERY)),
        }
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the tape thread for another subscription; false if the recording is over.
    pub(crate) fn ask(&self, request: SubscriptionRequest) -> bool {
        self.requests.send(request).is_ok()
    }

    /// Ends the recording; the first reason counts.
    pub(crate) fn stop(&self, reason: StopReason) {
        if self.session().stop(reason, self.clock.now()) {
            tracing::info!(sid = %self.settings.sid, ?reason, "recording stops");
        }
    }

    /// Writes a mark on the timeline; one that can't be written yet waits there.
    pub(crate) fn mark(&self, mark: &Mark) {
        let mut timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = timeline.append(mark) {
            tracing::debug!(sid = %self.settings.sid, %error, ?mark, "a mark waits for the disk");
        }
    }

    /// Makes the timeline durable.
    pub(crate) fn sync_timeline(&self) {
        let mut timeline = self.timeline.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = timeline.sync().err();
        drop(timeline);
        let mut numbers = self.numbers();
        if let Some(error) = &refused
            && !numbers.timeline_waits
        {
            tracing::error!(sid = %self.settings.sid, %error, "timeline can't be written");
        }
        numbers.timeline_waits = refused.is_some();
    }

    /// Marks a loss and counts it.
    pub(crate) fn lost(&self, place: LossPlace, events: u64, why: String) {
        self.numbers().frames_lost += events;
        let at = self.clock.now();
        self.mark(&Mark::Lost { at, place, events, why });
    }

    /// Takes in for the status what happened to a track that is recorded.
    pub(crate) fn observe(&self, event: &RoomEvent) {
        let mut numbers = self.numbers();
        let mut coming = |track: &TrackId, coming| {
            if let Some(facts) = numbers.tracks.get_mut(track) {
                facts.coming = coming;
            }
        };
        match event {
            RoomEvent::TrackStarted { track, codec, .. } => {
                let fresh = TrackFacts::new(*track, *codec);
                let facts = numbers.tracks.entry(*track).or_insert(fresh);
                (facts.codec, facts.coming) = (*codec, true);
            }
            RoomEvent::Muted { track, .. } => coming(track, false),
            RoomEvent::Unmuted { track, .. } => coming(track, true),
            RoomEvent::Left { uid, reason: LeaveReason::Quit | LeaveReason::Lost, .. } => {
                let theirs = numbers.tracks.values_mut().filter(|facts| facts.track.uid == *uid);
                theirs.for_each(|facts| facts.coming = false);
            }
            _ => {}
        }
    }

    /// Notes how far a track's own files are.
    pub(crate) fn filed(&self, track: TrackId, playlist: &str, slices: usize, left_out: u64) {
        if let Some(facts) = self.numbers().tracks.get_mut(&track) {
            facts.playlist.get_or_insert_with(|| playlist.to_owned());
            facts.slices = slices as u64;
            facts.left_out = left_out;
        }
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
        let sid = &self.settings.sid;
        tracing::warn!(%sid, kind = event.kind(), %message, "recording has trouble");
        self.numbers().trouble = Some(message);
        self.say(event, self.clock.now());
    }

    /// Tells that the API was asked for what doesn't fit.
    pub(crate) fn misused(&self, status: u8) {
        let now = self.clock.now();
        if !self.misuse.lock().unwrap_or_else(PoisonError::into_inner).may(now) {
            return;
        }
        let mode = match self.settings.mode {
            Mode::Mix(_) => ModeNumber::Mix,
            Mode::Individual(_) | Mode::SnapshotsOnly => ModeNumber::Individual,
        };
        let playlist = self.settings.key(&self.settings.playlist_name());
        self.say(&Event::Misused { status, mode, playlist }, now);
    }

    /// Tells the outside of what happened at `at`.
    pub(crate) fn say(&self, event: &Event, at: RoomTime) {
        let sid = &self.settings.sid;
        if let Err(error) = self.outbox.tell(sid, event, at) {
            tracing::error!(%sid, %error, kind = event.kind(), "an event can't be owed");
        }
    }

    pub(crate) fn status(&self) -> RecordingStatus {
        let view = self.view.borrow().clone();
        let numbers = self.numbers().clone();
        let session = self.session();
        let phase = match &view.outcome {
            Some(outcome) if outcome.failure.is_some() => Phase::Failed,
            Some(_) => Phase::Done,
            None => session.phase(),
        };
        RecordingStatus {
            phase,
            stopped: session.stopped().map(|(reason, _)| reason),
            playlist: self.settings.key(&self.settings.playlist_name()),
            playlist_path: capstan_archive::folder::hls_folder(&self.folder)
                .join(self.settings.playlist_name()),
            tracks: self.settings.track_type(),
            slice_start: session.first_media(),
            rendered_to: numbers.rendered_to,
            participants: session.participants(),
            segments: numbers.segments,
            first_upload_done: view.first_upload_done,
            pictures: numbers.pictures,
            pictures_skipped: numbers.pictures_skipped,
            frames: numbers.frames,
            frames_lost: numbers.frames_lost,
            files: view.files,
            track_facts: numbers.tracks.into_values().collect(),
            owed: view.owed,
            trouble: view.trouble.or(numbers.trouble),
            storage_trouble: view.storage_trouble,
        }
    }
}
