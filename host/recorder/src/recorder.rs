//! Starts, finds, changes and stops the recordings of this process.
//!
//! One resource is one recording: its sid is the name of its `acquire`, so a second start finds the
//! first one's folder even after a restart. At most one recording of an app, room and recorder uid
//! takes part in its room at a time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capstan_archive::facts::StopReason;
use capstan_archive::settings::RecordingSettings;
use capstan_archive::settings::{
    AudioCodec, LayoutChoice, Mode, OutputSettings, Snapshots, Subscription, VideoCodec,
};
use capstan_config::Recording as Limits;
use capstan_ingest::Ingest;
use capstan_media::time::RoomClock;
use capstan_media::track::{RoomId, Uid};
use capstan_outbox::Outbox;
use capstan_outbox::event::{Code, Module, Problem};
use capstan_outbox::outcome::Owed;
use capstan_outbox::ports::{StorageTarget, Storages};
use capstan_pipeline::encode::{AudioSettings, EncodeError, OutputAudio, audio_encoder};
use capstan_recording::handle::Equipment;
use capstan_recording::layout::{Layout, LayoutError};
use capstan_recording::requests::{LayoutChange, UpdateLayoutError};
use capstan_recording::{Recording, RecordingHandle};
use capstan_render::pictures::Pictures as _;
use tokio_util::task::TaskTracker;

use crate::av1::{Av1Gate, Load};
use crate::clocks::{self, Corrected};
use crate::error::{StartError, StopError};
use crate::pictures::{Gallery, Wall};
use crate::session::{Found, Session, Sessions, why};
use crate::source::{Asker, Room};
use crate::space::Space;
use crate::trial;

/// How often the end looks whether everything owed has left.
const DRAIN_POLL: Duration = Duration::from_millis(50);

/// Opens layouts by name, one instance for one recording.
pub trait Layouts: Send + Sync {
    /// A fresh instance.
    ///
    /// # Errors
    /// There is no such layout, or it can't be made.
    fn open(&self, choice: &LayoutChoice) -> Result<Box<dyn Layout>, LayoutError>;
}

/// What a recording is started with.
#[derive(Debug, Clone)]
pub struct Order {
    /// The recording's id; the same for every start of one resource.
    pub sid: String,
    /// The room.
    pub room: RoomId,
    /// The recorder's uid in events.
    pub recorder_uid: Uid,
    /// What is made of the room.
    pub mode: Mode,
    /// Who of the room is recorded.
    pub subscription: Subscription,
    /// Screenshots.
    pub snapshots: Option<Snapshots>,
    /// Put before every object's key.
    pub prefix: String,
    /// Where files go.
    pub storage: StorageTarget,
    /// The recording ends when nobody has sent anything for this long.
    pub max_idle: Duration,
    /// For how long the API may control it.
    pub controllable: Duration,
    /// The most recordings of its app at one time.
    pub app_limit: usize,
}

/// What the recorder works with.
pub struct Parts {
    /// The process's clock.
    pub clock: Arc<dyn RoomClock>,
    /// The publishers.
    pub ingest: Ingest,
    /// The layouts.
    pub layouts: Arc<dyn Layouts>,
    /// The images that scenes may show.
    pub gallery: Arc<Gallery>,
    /// The storages, to refuse a wrong configuration at the start.
    pub storages: Arc<dyn Storages>,
    /// Takes over files and events.
    pub outbox: Outbox,
    /// The operator's limits.
    pub limits: Limits,
}

/// All recordings of this process.
pub struct Recorder {
    pub(crate) parts: Parts,
    av1: Arc<Av1Gate>,
    space: Space,
    sessions: Arc<Mutex<Sessions>>,
    /// One start at a time: what is checked stays true until it is started.
    starting: tokio::sync::Mutex<()>,
    watchers: TaskTracker,
}

impl Recorder {
    /// Records nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            av1: Arc::new(Av1Gate::new(parts.limits.av1)),
            space: Space::new(
                &[&parts.limits.work_dir, &parts.limits.state_dir],
                parts.limits.min_free_mib,
            ),
            parts,
            sessions: Arc::default(),
            starting: tokio::sync::Mutex::new(()),
            watchers: TaskTracker::new(),
        }
    }

    /// Whether one more recording is admitted, whoever's.
    ///
    /// # Errors
    /// As many run as may, a disk is too full, the outbox can't be written, or the process is ending.
    pub fn ready(&self) -> Result<(), StartError> {
        let limit = self.parts.limits.max_recordings;
        if self.watchers.is_closed() {
            return Err(StartError::Aborted);
        }
        if self.sessions().recording().count() >= limit {
            return Err(StartError::Full { limit });
        }
        self.space.check()?;
        self.parts.outbox.health().map_err(StartError::Outbox)
    }

    /// The folders that recordings are made in, and the bytes that are free on their disks.
    pub fn free_space(&self) -> impl Iterator<Item = (&Path, u64)> {
        self.space.free()
    }

    /// Whether one more recording of an app is admitted that may have `limit`.
    ///
    /// # Errors
    /// As many run as may, or the process is ending.
    pub fn admit(&self, app: &str, limit: usize) -> Result<(), StartError> {
        self.ready()?;
        let sessions = self.sessions();
        let theirs = sessions.recording().filter(|session| session.room().app == app);
        if theirs.count() >= limit {
            return Err(StartError::AppFull { limit });
        }
        Ok(())
    }

    /// The recording of this sid, of this process or an earlier one.
    #[must_use]
    pub fn find(&self, sid: &str) -> Found {
        match self.sessions().find(sid) {
            Found::Unknown => match self.parts.outbox.outcome(sid) {
                Some(outcome) => Found::Over(why(&outcome)),
                None => match self.parts.outbox.record(sid) {
                    Some(record) if record.ended.is_some() => Found::Ending(Box::new(record)),
                    Some(_) | None => Found::Unknown,
                },
            },
            found => found,
        }
    }

    /// Whether that sid was ever started, in this process or an earlier one. Waits for the start that is
    /// under way, so that what it answers is also what other questions find.
    pub async fn was_started(&self, sid: &str) -> bool {
        let _one = self.starting.lock().await;
        self.is_known(sid)
    }

    fn is_known(&self, sid: &str) -> bool {
        !matches!(self.find(sid), Found::Unknown) || self.folder(sid).exists()
    }

    /// Every recording that runs or still uploads.
    #[must_use]
    pub fn list(&self) -> Vec<Session> {
        self.sessions().all()
    }

    /// How many take part in their rooms now.
    #[must_use]
    pub fn recording(&self) -> u32 {
        u32::try_from(self.sessions().recording().count()).unwrap_or(u32::MAX)
    }

    /// Starts a recording. Whoever calls this sees it through: dropped half-way it may leave a recording
    /// that nobody finds.
    ///
    /// # Errors
    /// Nothing was started.
    pub async fn start(&self, mut order: Order) -> Result<Session, StartError> {
        let _one = self.starting.lock().await;
        self.admit(&order.room.app, order.app_limit)?;
        if self.is_known(&order.sid) {
            return Err(StartError::Used { sid: order.sid });
        }
        let same = |session: &&Session| {
            *session.room() == order.room && session.recorder_uid() == order.recorder_uid
        };
        if let Some(other) = self.sessions().recording().find(same) {
            return Err(StartError::Conflict { sid: other.sid().to_owned() });
        }
        let mut layout = None;
        let mut choice = None;
        if let Mode::Mix(mix) = &mut order.mode {
            check_audio(&mix.output)?;
            self.admit_av1(&mix.output).await?;
            let ready = self.parts.gallery.ready(&mix.layout, &Wall::default())?;
            choice = Some(std::mem::replace(&mut mix.layout, ready));
            let opened = self.parts.layouts.open(&mix.layout)?;
            layout = Some(trial::tried(opened, mix, self.parts.clock.now()).await?);
        }
        self.parts.storages.open(&order.storage)?;
        let until = self.parts.clock.now() + order.controllable;
        let uid = order.recorder_uid;
        let clock = Corrected::now(&self.parts.clock);
        let ahead_micros = clock.ahead_micros();
        let handle = self.launch(order, layout, clock).await?;
        let session = Session::new(handle, uid, until, ahead_micros);
        self.sessions().insert(session.clone(), choice.clone());
        self.watch(session.clone());
        if let Some(choice) = choice {
            self.parts.gallery.fetch(&session, choice, session.wall().lock().await.change());
        }
        Ok(session)
    }

    /// Gives a recording another layout or other options.
    ///
    /// # Errors
    /// The recording is over or the layout refused; it goes on as it was.
    pub async fn update_layout(
        &self,
        session: &Session,
        choice: LayoutChoice,
    ) -> Result<(), UpdateLayoutError> {
        let sid = session.sid();
        let mut wall = session.wall().lock().await;
        let now = self.sessions().layout(sid);
        let layout = match now {
            Some(now) if now.name == choice.name => None,
            _ => Some(self.parts.layouts.open(&choice)?),
        };
        let ready = self.parts.gallery.ready(&choice, &wall)?;
        let change = LayoutChange { choice: ready, layout, images: BTreeMap::new() };
        session.handle().update_layout(change).await?;
        tracing::info!(sid, layout = choice.name, "layout changed");
        self.sessions().set_layout(sid, choice.clone());
        self.parts.gallery.fetch(session, choice, wall.change());
        Ok(())
    }

    /// Tells of a method that didn't fit the recording's state.
    pub async fn misused(&self, session: &Session, status: u8) {
        let handle = session.handle().clone();
        // An event that can't be kept is logged where it is owed.
        let _ = tokio::task::spawn_blocking(move || handle.misused(status)).await;
    }

    /// Tells of each recording from whose times the machine's clock has parted since its start, once.
    pub(crate) fn tell_of_clocks(&self) {
        let clock = &*self.parts.clock;
        let sessions: Vec<Session> = self.sessions().recording().cloned().collect();
        for session in sessions {
            let parted = clocks::parted(clock, session.ahead_micros());
            if clocks::is_told(parted) && session.first_told_of_clocks() {
                let message = format!(
                    "the machine's clock was set by {:+.1} s after the start; the recording's times go \
                     on as they began",
                    parted as f64 / 1e6
                );
                let (module, code) = (Module::Service, Code::ClockSet);
                session.handle().warn(Problem { module, level: 3, code, message });
            }
        }
    }

    /// Tells a recording to end.
    ///
    /// # Errors
    /// It was told before, or ends by itself.
    pub fn request_stop(&self, session: &Session) -> Result<(), StopError> {
        if !self.sessions().ask_stop(session.sid()) {
            return Err(StopError::Already { sid: session.sid().to_owned() });
        }
        session.handle().request_stop(StopReason::Asked);
        Ok(())
    }

    /// Ends every recording and waits until their last segments are cut, then for their uploads,
    /// each for at most `patience`. What is owed after that stays in the outbox.
    pub async fn shut_down(&self, patience: Duration) {
        self.watchers.close();
        // A start that is under way is let through; the next one finds the door closed.
        drop(self.starting.lock().await);
        let sessions = self.list();
        for session in &sessions {
            session.handle().request_stop(StopReason::Shutdown);
        }
        let stopped = async {
            for session in &sessions {
                session.handle().stopped().await;
            }
        };
        if tokio::time::timeout(patience, stopped).await.is_err() {
            tracing::warn!("recordings did not end in time; their tapes hold everything so far");
        }
        let drained = async {
            self.watchers.wait().await;
            while owes(self.parts.outbox.owed()) {
                tokio::time::sleep(DRAIN_POLL).await;
            }
        };
        if tokio::time::timeout(patience, drained).await.is_err() {
            let owed = self.parts.outbox.owed();
            tracing::warn!(
                uploads = owed.uploads,
                events = owed.events,
                "still owed; the next start goes on with them"
            );
        }
    }

    /// A recording's working folder.
    #[must_use]
    pub fn folder(&self, sid: &str) -> PathBuf {
        self.parts.limits.work_dir.join(sid)
    }

    async fn admit_av1(&self, output: &OutputSettings) -> Result<(), StartError> {
        let av1 = |output: &OutputSettings| {
            output.video.is_some_and(|video| video.codec == VideoCodec::Av1)
        };
        if !av1(output) {
            return Ok(());
        }
        let load = |output: &OutputSettings| Load { size: output.canvas, fps: output.fps };
        let running: Vec<Load> = self
            .sessions()
            .recording()
            .filter_map(|session| session.handle().settings().mix())
            .map(|mix| &mix.output)
            .filter(|output| av1(output))
            .map(load)
            .collect();
        let asked = load(output);
        let (gate, clock) = (Arc::clone(&self.av1), Arc::clone(&self.parts.clock));
        // It may encode for a second, which only the first request of this kind waits for.
        let admitted = tokio::task::spawn_blocking(move || gate.admit(asked, &running, &*clock));
        Ok(admitted.await.map_err(|_| StartError::Aborted)??)
    }

    async fn launch(
        &self,
        order: Order,
        layout: Option<Box<dyn Layout>>,
        clock: Corrected,
    ) -> Result<RecordingHandle, StartError> {
        let Parts { ingest, outbox, limits, gallery, .. } = &self.parts;
        let ahead_micros = clock.ahead_micros();
        let events = ingest.subscribe_to(&order.room, order.subscription.video_layer);
        let equipment = Equipment {
            clock: Arc::new(clock),
            events: Box::new(Room { events, ahead_micros }),
            keyframes: Arc::new(Asker { ingest: ingest.clone(), room: order.room.clone() }),
            layout,
            images: gallery.configured(),
            typeface: gallery.typeface(),
            outbox: outbox.clone(),
            work_dir: limits.work_dir.clone(),
        };
        let segment_seconds = match order.mode {
            Mode::Individual(_) => limits.individual.slice_seconds,
            Mode::Mix(_) | Mode::SnapshotsOnly => limits.segment_seconds,
        };
        let settings = RecordingSettings {
            sid: order.sid,
            room: order.room,
            recorder_uid: order.recorder_uid.get(),
            mode: order.mode,
            subscription: order.subscription,
            snapshots: order.snapshots,
            prefix: order.prefix,
            storage: order.storage,
            max_idle: order.max_idle,
            segment: Duration::from_secs(segment_seconds.into()),
            keep_tapes: limits.keep_tapes,
        };
        let launched = tokio::task::spawn_blocking(move || Recording::start(settings, equipment));
        Ok(launched.await.map_err(|_| StartError::Aborted)??)
    }

    /// Logs a recording's end and forgets it when everything has left.
    fn watch(&self, session: Session) {
        let sessions = Arc::clone(&self.sessions);
        self.watchers.spawn(async move {
            session.handle().stopped().await;
            let status = session.status();
            let sid = session.sid();
            tracing::info!(
                sid,
                reason = ?status.stopped,
                segments = status.segments,
                skipped = status.pictures_skipped,
                "recording ended"
            );
            let outcome = session.finished().await;
            tracing::info!(sid, delivered = ?outcome.delivered, "recording is out of the house");
            lock(&sessions).end(sid, &outcome);
        });
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.sessions)
    }
}

/// Whether anything is on its way out. What is parked waits for the operator, not for the end.
const fn owes(owed: Owed) -> bool {
    owed.uploads > 0 || owed.events > 0
}

/// Refuses a sound encoder that this build lacks before anything is started.
fn check_audio(output: &OutputSettings) -> Result<(), EncodeError> {
    let Some(audio) = output.audio else { return Ok(()) };
    let codec = match audio.codec {
        AudioCodec::Aac => OutputAudio::Aac,
        AudioCodec::Opus => OutputAudio::Opus,
    };
    let settings =
        AudioSettings { channels: audio.channels, bitrate_kbps: audio.bitrate_kbps, codec };
    audio_encoder(&settings).map(drop)
}

fn lock(sessions: &Mutex<Sessions>) -> MutexGuard<'_, Sessions> {
    sessions.lock().unwrap_or_else(PoisonError::into_inner)
}
