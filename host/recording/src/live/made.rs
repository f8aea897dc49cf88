//! What was made of it so far. Only the threads that make files write it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;

/// Pictures and segments of one recording.
#[derive(Default)]
pub(crate) struct Made(Mutex<Counts>);

/// A moment's view of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Up to when everything is rendered.
    pub(crate) rendered_to: Option<RoomTime>,
    /// Pictures rendered.
    pub(crate) pictures: u64,
    /// Pictures skipped by overload.
    pub(crate) pictures_skipped: u64,
    /// Segments on disk.
    pub(crate) segments: u64,
    /// How far tracks' own files are.
    pub(crate) tracks: BTreeMap<TrackId, TrackFiles>,
}

/// How far a track's own files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrackFiles {
    /// Its playlist's key.
    pub(crate) playlist: String,
    /// Segments in that playlist.
    pub(crate) slices: u64,
    /// Frames that aren't in its files.
    pub(crate) left_out: u64,
}

impl Made {
    /// Everything up to there is rendered.
    pub(crate) fn rendered(&self, to: RoomTime) {
        self.lock().rendered_to = Some(to);
    }

    /// Up to when everything is rendered.
    pub(crate) fn rendered_to(&self) -> Option<RoomTime> {
        self.lock().rendered_to
    }

    /// Counts a picture; everything up to `to` is rendered.
    pub(crate) fn picture(&self, to: RoomTime) {
        let mut counts = self.lock();
        (counts.rendered_to, counts.pictures) = (Some(to), counts.pictures + 1);
    }

    /// Counts a picture that was skipped; everything up to `to` is rendered.
    pub(crate) fn skipped(&self, to: RoomTime) {
        let mut counts = self.lock();
        (counts.rendered_to, counts.pictures_skipped) = (Some(to), counts.pictures_skipped + 1);
    }

    /// Counts a segment.
    pub(crate) fn segment(&self) {
        self.lock().segments += 1;
    }

    /// Notes how far a track's own files are.
    pub(crate) fn filed(&self, track: TrackId, files: TrackFiles) {
        self.lock().tracks.insert(track, files);
    }

    /// As it is now.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
