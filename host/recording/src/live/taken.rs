//! What was taken from the room so far. The tape thread alone writes it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::track::TrackId;

use crate::status::TrackFacts;

/// Frames and tracks of one recording.
#[derive(Default)]
pub(crate) struct Taken(Mutex<Counts>);

/// A moment's view of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Frames that were to be written to tape.
    pub(crate) frames: u64,
    /// Events that the room had to drop.
    pub(crate) lost: u64,
    /// The tracks that are or were recorded.
    pub(crate) tracks: BTreeMap<TrackId, TrackFacts>,
}

impl Taken {
    /// Counts a frame.
    pub(crate) fn frame(&self) {
        self.lock().frames += 1;
    }

    /// Counts events that the room had to drop.
    pub(crate) fn lost(&self, events: u64) {
        self.lock().lost += events;
    }

    /// Takes in what happened to a track that is recorded.
    pub(crate) fn observe(&self, event: &RoomEvent) {
        let tracks = &mut self.lock().tracks;
        let mut coming = |track: &TrackId, coming| {
            if let Some(facts) = tracks.get_mut(track) {
                facts.coming = coming;
            }
        };
        match event {
            RoomEvent::TrackStarted { track, codec, .. } => {
                let fresh = TrackFacts::new(*track, *codec);
                let facts = tracks.entry(*track).or_insert(fresh);
                (facts.codec, facts.coming) = (*codec, true);
            }
            RoomEvent::Muted { track, .. } => coming(track, false),
            RoomEvent::Unmuted { track, .. } => coming(track, true),
            RoomEvent::Left { uid, reason: LeaveReason::Quit | LeaveReason::Lost, .. } => {
                let theirs = tracks.values_mut().filter(|facts| facts.track.uid == *uid);
                theirs.for_each(|facts| facts.coming = false);
            }
            _ => {}
        }
    }

    /// As it is now.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
