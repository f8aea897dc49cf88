//! All parts of one recording, for its handles and for who starts its threads: what each thread gets of
//! them, its own file says.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use capstan_archive::folder::hls_folder;
use capstan_archive::settings::RecordingSettings;
use capstan_archive::timeline::Timeline;
use capstan_media::time::RoomClock;
use capstan_outbox::{Outbox, View};
use tokio::sync::watch;

use super::basics::Basics;
use super::course::Course;
use super::made::Made;
use super::notes::Notes;
use super::queue::Queue;
use super::taken::Taken;
use super::tools::Tools;
use crate::requests::SubscriptionRequest;
use crate::status::{Phase, RecordingStatus, TrackFacts};

/// The parts. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) basics: Arc<Basics>,
    pub(crate) course: Arc<Course>,
    pub(crate) notes: Arc<Notes>,
    pub(crate) taken: Arc<Taken>,
    pub(crate) made: Arc<Made>,
    /// From the tape thread to the one that makes files.
    pub(crate) queue: Arc<Queue>,
    /// Where screenshots are taken from, if there are to be any.
    pub(crate) snapshots: Option<Arc<Queue>>,
    pub(crate) outbox: Outbox,
    pub(crate) view: watch::Receiver<View>,
    requests: Sender<SubscriptionRequest>,
}

impl Parts {
    pub(crate) fn new(
        settings: RecordingSettings,
        folder: PathBuf,
        clock: Arc<dyn RoomClock>,
        outbox: Outbox,
        view: watch::Receiver<View>,
        timeline: Timeline,
        requests: Sender<SubscriptionRequest>,
    ) -> Self {
        let snapshots = settings.snapshots.map(|_| Arc::default());
        let basics = Arc::new(Basics { settings, folder, clock });
        let notes = Notes::new(Arc::clone(&basics), timeline, outbox.clone());
        Self {
            course: Arc::new(Course::new(Arc::clone(&basics))),
            notes: Arc::new(notes),
            basics,
            taken: Arc::default(),
            made: Arc::default(),
            queue: Arc::default(),
            snapshots,
            outbox,
            view,
            requests,
        }
    }

    /// What a thread that makes files works with.
    pub(crate) fn tools(&self) -> Tools {
        Tools {
            basics: Arc::clone(&self.basics),
            notes: Arc::clone(&self.notes),
            made: Arc::clone(&self.made),
            outbox: self.outbox.clone(),
        }
    }

    /// Asks the tape thread for another subscription; false if the recording is over.
    pub(crate) fn ask(&self, request: SubscriptionRequest) -> bool {
        self.requests.send(request).is_ok()
    }

    /// How it is doing now.
    pub(crate) fn status(&self) -> RecordingStatus {
        let view = self.view.borrow().clone();
        let (taken, made) = (self.taken.counts(), self.made.counts());
        let settings = &self.basics.settings;
        let with_files = |facts: TrackFacts| match made.tracks.get(&facts.track) {
            Some(files) => TrackFacts {
                playlist: Some(files.playlist.clone()),
                slices: files.slices,
                left_out: files.left_out,
                ..facts
            },
            None => facts,
        };
        let session = self.course.session();
        let phase = match &view.outcome {
            Some(outcome) if outcome.failure.is_some() => Phase::Failed,
            Some(_) => Phase::Done,
            None => session.phase(),
        };
        RecordingStatus {
            phase,
            stopped: session.stopped().map(|(reason, _)| reason),
            playlist: settings.key(&settings.playlist_name()),
            playlist_path: hls_folder(&self.basics.folder).join(settings.playlist_name()),
            tracks: settings.track_type(),
            slice_start: session.first_media(),
            rendered_to: made.rendered_to,
            participants: session.participants(),
            segments: made.segments,
            first_upload_done: view.first_upload_done,
            pictures: made.pictures,
            pictures_skipped: made.pictures_skipped,
            frames: taken.frames,
            frames_lost: taken.lost + self.notes.losses(),
            files: view.files,
            track_facts: taken.tracks.into_values().map(with_files).collect(),
            owed: view.owed,
            troubles: self.notes.troubles_told(),
            trouble: view.trouble.or(self.notes.trouble()),
            storage_trouble: view.storage_trouble,
        }
    }
}
