//! A recording as its owner holds it: start, look, change the layout, stop.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use capstan_archive::facts::StopReason;
use capstan_archive::folder::{hls_folder, tape_folder};
use capstan_archive::names;
use capstan_archive::remembered::{Made, remember};
use capstan_archive::report::Report;
use capstan_archive::settings::{
    BadSetting, IndividualAudio, Mode, RecordingSettings, Subscription,
};
use capstan_archive::timeline::Timeline;
use capstan_media::time::{RoomClock, RoomTime};
use capstan_outbox::event::Problem;
use capstan_outbox::outcome::{Delivered, Outcome};
use capstan_outbox::{Outbox, OutboxError};
use capstan_pipeline::as_sent;
use capstan_pipeline::composite::{Composite, CompositeError, Image, Typeface};
use capstan_render::mix::composite_settings;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::director::Director;
use crate::layout::Layout;
use crate::live::driver;
use crate::live::parts::Parts;
use crate::live::work::{Crew, MixWork, Work};
use crate::requests::{
    LayoutChange, LayoutRequest, SubscriptionRequest, UpdateLayoutError, UpdateSubscriptionError,
};
use crate::source::{KeyFrames, RoomEvents};
use crate::status::RecordingStatus;

/// Starts recordings.
#[derive(Debug)]
pub struct Recording;

/// What a recording works with.
pub struct Equipment {
    /// The process's room clock.
    pub clock: Arc<dyn RoomClock>,
    /// The room.
    pub events: Box<dyn RoomEvents>,
    /// Asks the room for key frames.
    pub keyframes: Arc<dyn KeyFrames>,
    /// Answers scenes; the settings name it. Only a mixed recording has one.
    pub layout: Option<Box<dyn Layout>>,
    /// Pictures that scenes may name.
    pub images: BTreeMap<String, Image>,
    /// What the text of scenes is drawn with.
    pub typeface: Typeface,
    /// Takes over files and events.
    pub outbox: Outbox,
    /// Holds one folder per recording; the recording's own is made in it.
    pub work_dir: PathBuf,
}

/// Why a recording can't start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting is out of range.
    #[error("recording can't start: {0}")]
    Setting(#[from] BadSetting),
    /// Picture or sound can't be made as asked.
    #[error("recording can't start: {0}")]
    Composite(#[from] CompositeError),
    /// A folder, file or thread can't be made.
    #[error("recording {sid} can't start")]
    Io {
        /// The recording.
        sid: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
    /// The outbox can't take it over.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

/// A running or ended recording. Clones are the same recording; dropping them doesn't stop it.
#[derive(Clone)]
pub struct RecordingHandle {
    parts: Arc<Parts>,
}

impl Recording {
    /// Makes the recording's folder, owes its first event and starts its threads. Blocks for a few
    /// milliseconds of disk.
    ///
    /// # Errors
    /// Nothing runs then. If its folder was there already, it is left alone.
    pub fn start(
        settings: RecordingSettings,
        equipment: Equipment,
    ) -> Result<RecordingHandle, StartError> {
        settings.validate()?;
        let sid = settings.sid.clone();
        let Equipment { clock, events, keyframes, layout, images, typeface, outbox, work_dir } =
            equipment;
        let work = work(&settings, layout, images, typeface, clock.now())?;
        let folder = work_dir.join(&sid);
        let existed = folder.exists();
        let failed = |source| StartError::Io { sid: sid.clone(), source };
        // A folder says that there was a recording: none stays behind of one that never began.
        let timeline = make_folder(&folder, &settings)
            .map_err(failed)
            .inspect_err(|_| remove_new(&folder, existed))?;
        let view = outbox
            .begin_at(&settings, &folder, clock.now())
            .inspect_err(|_| remove_new(&folder, existed))?;
        let (ask, requests) = mpsc::channel();
        let parts = Parts::new(settings, folder, clock, outbox, view, timeline, ask);
        keyframes.request();
        let crew = Crew { work, requests, events, keyframes };
        if let Err(source) = driver::start(&parts, crew) {
            let failure = driver::failure(format!("its threads can't be started: {source}"));
            let now = parts.basics.now();
            parts.outbox.close(&sid, StopReason::Failed, Some(failure), now)?;
            return Err(failed(source));
        }
        Ok(RecordingHandle { parts: Arc::new(parts) })
    }
}

/// Removes the folder of a recording that never began, if it wasn't there before.
fn remove_new(folder: &Path, existed: bool) {
    if !existed && let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(folder = %folder.display(), %error, "a folder of nothing remains");
    }
}

/// What is to be made of the room, once it is certain that it can be.
fn work(
    settings: &RecordingSettings,
    layout: Option<Box<dyn Layout>>,
    images: BTreeMap<String, Image>,
    typeface: Typeface,
    now: RoomTime,
) -> Result<Work, StartError> {
    let mix = match &settings.mode {
        Mode::Mix(mix) => mix.clone(),
        Mode::Individual(individual) => {
            if individual.audio == IndividualAudio::Aac {
                as_sent::check_aac().map_err(CompositeError::from)?;
            }
            return Ok(Work::Individual(*individual));
        }
        Mode::SnapshotsOnly => return Ok(Work::Snapshots),
    };
    let Some(layout) = layout else {
        let what = "is missing, and a mixed recording needs one".to_owned();
        return Err(BadSetting { field: "layout", what }.into());
    };
    // Made once to see that every setting can be met, before anybody is told that it starts.
    let wanted =
        composite_settings(&mix.output, settings.segment, images.clone(), typeface.clone());
    Composite::new(wanted, now)?;
    let (canvas, background) = (mix.output.canvas, mix.output.background);
    let director = Director::new(layout, mix.layout.clone(), canvas, background);
    Ok(Work::Mix(Box::new(MixWork { mix, director, images, typeface })))
}

/// The recording's folder, as `render` expects it later.
fn make_folder(folder: &Path, settings: &RecordingSettings) -> io::Result<Timeline> {
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::create_dir(folder)?;
    std::fs::create_dir(tape_folder(folder))?;
    std::fs::create_dir(hls_folder(folder))?;
    match &settings.mode {
        Mode::Mix(mix) => remember(folder, settings, Made::Mix(mix.output.clone()))?,
        Mode::Individual(individual) => {
            remember(folder, settings, Made::Individual(*individual))?;
        }
        Mode::SnapshotsOnly => {}
    }
    Timeline::open(&folder.join(names::TIMELINE))
}

impl RecordingHandle {
    /// What it was asked to do.
    #[must_use]
    pub fn settings(&self) -> &RecordingSettings {
        &self.parts.basics.settings
    }

    /// Its working folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.parts.basics.folder
    }

    /// How it is doing now. Never waits for a disk.
    #[must_use]
    pub fn status(&self) -> RecordingStatus {
        self.parts.status()
    }

    /// What its timeline says so far. Blocks on the disk.
    #[must_use]
    pub fn report(&self) -> Report {
        self.parts.notes.report()
    }

    /// Asks the new layout for a scene; on success the next picture shows it.
    ///
    /// # Errors
    /// The recording is over or the layout refused; nothing has changed then.
    pub async fn update_layout(&self, change: LayoutChange) -> Result<(), UpdateLayoutError> {
        let over = || UpdateLayoutError::Over { sid: self.parts.basics.settings.sid.clone() };
        let (answer, answered) = oneshot::channel();
        self.parts.queue.ask(LayoutRequest { change, answer }).map_err(|_| over())?;
        answered.await.unwrap_or_else(|_| Err(over()))
    }

    /// Takes other tracks of the room from now on. The layer of those who send several stays as it
    /// was at the start. When this returns the change is on the timeline.
    ///
    /// # Errors
    /// The subscription makes no sense, or the recording is over.
    pub async fn update_subscription(
        &self,
        subscription: Subscription,
    ) -> Result<(), UpdateSubscriptionError> {
        let settings = &self.parts.basics.settings;
        settings.validate_subscription(&subscription)?;
        let (answer, answered) = oneshot::channel();
        let asked = self.parts.ask(SubscriptionRequest { subscription, answer });
        if !asked || answered.await.is_err() {
            return Err(UpdateSubscriptionError::Over { sid: settings.sid.clone() });
        }
        Ok(())
    }

    /// Tells of trouble around the recording: an event, a line in the log, and on the status.
    pub fn warn(&self, problem: Problem) {
        self.parts.notes.warn(problem);
    }

    /// Tells that the API was asked for what doesn't fit the state it is in, by its number there; at
    /// most once in a while. Blocks for a disk's sync.
    pub fn misused(&self, status: u8) {
        self.parts.notes.misused(status);
    }

    /// Tells it to end, without waiting. The first reason counts.
    pub fn request_stop(&self, reason: StopReason) {
        self.parts.course.stop(reason);
    }

    /// Waits until the last segment is cut and owed: nothing is recorded any more.
    pub async fn stopped(&self) {
        self.parts.course.wait_for_cut().await;
    }

    /// Waits until everything has left: files uploaded or parked, the last event owed.
    pub async fn finished(&self) -> Outcome {
        self.stopped().await;
        let mut view = self.parts.view.clone();
        let ended = match view.wait_for(|view| view.outcome.is_some()).await {
            Ok(view) => view.outcome.clone(),
            // The outbox forgot it; what it said last stays.
            Err(_) => self.parts.view.borrow().outcome.clone(),
        };
        ended.unwrap_or_else(|| Outcome {
            stopped: StopReason::Failed,
            files: Vec::new(),
            delivered: Delivered::Nothing,
            failure: Some("the outbox was closed before the recording had left it".into()),
        })
    }

    /// Tells it to end and waits until everything has left.
    pub async fn stop(&self, reason: StopReason) -> Outcome {
        self.request_stop(reason);
        self.finished().await
    }
}
