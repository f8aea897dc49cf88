//! Screenshots: the newest picture of every video track once an interval.
//!
//! Nothing is decoded between two screenshots: the encoded frames since the last key frame are kept,
//! within bounds, and decoded when a picture is due. Where they are many a key frame is asked for
//! first, so that one frame does. The first picture of a track is taken at once, later ones on a grid
//! that all tracks share, so that one key frame a publisher serves an interval. A track that stands still
//! has its picture taken again: it is what there is to see.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use capstan_media::frame::Frame;
use capstan_media::kept::Kept;
use capstan_media::room::RoomEvent;
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;

use crate::decode::stream::{Decoded, VideoStream};
use crate::encode::EncodeError;
use crate::encode::jpeg::jpeg;
use crate::limits::MAX_PARTICIPANTS;

/// The most frames that are decoded for a picture without asking for a key frame first.
const CHEAP: usize = 32;
/// How long a key frame is waited for before all that is kept is decoded instead.
const PATIENCE: Duration = Duration::from_secs(2);
/// For how long the picture before a loss stands for those that are missing.
const STALE: Duration = Duration::from_millis(3_500);
/// The most tracks: a camera and a screen of each participant that is mixed.
const MAX_TRACKS: usize = 2 * MAX_PARTICIPANTS;

/// One screenshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// Whose, and camera or screen.
    pub track: TrackId,
    /// When its picture arrived; of a track that stands still, when it was taken again.
    pub at: RoomTime,
    /// The JPEG file.
    pub jpeg: Vec<u8>,
}

/// What became of a picture that was due.
#[derive(Debug)]
pub enum Taken {
    /// Here it is.
    Snapshot(Snapshot),
    /// There is none: no picture came in time, or none that can be decoded.
    Missing {
        /// Whose.
        track: TrackId,
    },
    /// It can't be written as JPEG.
    Failed {
        /// Whose.
        track: TrackId,
        /// Why.
        error: EncodeError,
    },
}

/// All screenshots of one room.
#[derive(Debug)]
pub struct Snapshots {
    interval: Duration,
    zero: Option<RoomTime>,
    tracks: BTreeMap<TrackId, Track>,
    wants_keys: bool,
}

/// One track: its frames since the last key frame, and when it is due.
#[derive(Debug, Default)]
struct Track {
    kept: Kept,
    muted: bool,
    last: Option<Last>,
    /// The time of the last screenshot.
    taken: Option<RoomTime>,
    due: Option<RoomTime>,
}

/// The picture that was taken last, for a track that stands still.
#[derive(Debug)]
struct Last {
    arrived: RoomTime,
    jpeg: Vec<u8>,
}

impl Snapshots {
    /// Takes a picture of each track every `interval`.
    #[must_use]
    pub const fn new(interval: Duration) -> Self {
        Self { interval, zero: None, tracks: BTreeMap::new(), wants_keys: false }
    }

    /// Takes in what happens in the room. Sound is passed over.
    pub fn push(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::Frame(frame) if frame.track.kind.is_video() => self.frame(frame),
            RoomEvent::TrackStarted { track, .. } => {
                if let Some(track) = self.tracks.get_mut(track) {
                    track.kept.forget();
                }
            }
            RoomEvent::Muted { track, .. } => self.set_muted(*track, true),
            RoomEvent::Unmuted { track, .. } => self.set_muted(*track, false),
            RoomEvent::Left { uid, .. } => self.tracks.retain(|track, _| track.uid != *uid),
            RoomEvent::Lost { .. } => {
                self.tracks.values_mut().for_each(|track| track.kept.tear());
            }
            _ => {}
        }
    }

    fn frame(&mut self, frame: &Arc<Frame>) {
        self.zero.get_or_insert(frame.arrived);
        if !self.tracks.contains_key(&frame.track) && self.tracks.len() >= MAX_TRACKS {
            return;
        }
        let track = self.tracks.entry(frame.track).or_default();
        track.muted = false;
        track.kept.push(frame);
    }

    fn set_muted(&mut self, track: TrackId, muted: bool) {
        if let Some(track) = self.tracks.get_mut(&track) {
            track.muted = muted;
        }
    }

    /// Takes one picture that is due, if one is; there may be more.
    pub fn poll(&mut self, now: RoomTime) -> Option<Taken> {
        let (zero, interval) = (self.zero?, self.interval);
        for (&id, track) in &mut self.tracks {
            let due = *track.due.get_or_insert(now);
            if due > now {
                continue;
            }
            if track.muted {
                track.due = Some(next(zero, interval, now, track.taken));
                continue;
            }
            if !track.is_cheap() && now.since(due) < PATIENCE {
                self.wants_keys = true;
                continue;
            }
            let taken = track.take(id, now);
            if let Taken::Snapshot(snapshot) = &taken {
                track.taken = Some(snapshot.at);
            }
            track.due = Some(match track.taken {
                // Until there is a first picture, the next key frame is it.
                None => now,
                last => next(zero, interval, now, last),
            });
            match taken {
                Taken::Missing { .. } if track.taken.is_none() => self.wants_keys = true,
                taken => return Some(taken),
            }
        }
        None
    }

    /// Whether a key frame of every track would help; asked for once.
    pub const fn wants_keys(&mut self) -> bool {
        std::mem::replace(&mut self.wants_keys, false)
    }
}

/// The first point of the grid after `now` that isn't just behind the picture before.
fn next(zero: RoomTime, interval: Duration, now: RoomTime, last: Option<RoomTime>) -> RoomTime {
    let step = interval.as_micros().max(1);
    let not_before = last.map_or(now, |last| now.max(last + interval / 2));
    let passed = not_before.since(zero).as_micros() / step + 1;
    let micros = u64::try_from(passed.saturating_mul(step)).unwrap_or(u64::MAX);
    zero + Duration::from_micros(micros)
}

impl Track {
    /// The newest picture of what is kept.
    fn take(&mut self, track: TrackId, now: RoomTime) -> Taken {
        let Some(newest) = self.kept.newest() else { return Taken::Missing { track } };
        let again = self.last.as_ref().filter(|last| last.arrived == newest);
        if self.kept.is_broken() && (again.is_some() || now.since(newest) > STALE) {
            // Newer pictures are missing: this one isn't what is to be seen.
            return Taken::Missing { track };
        }
        if let Some(last) = again {
            return Taken::Snapshot(Snapshot { track, at: now, jpeg: last.jpeg.clone() });
        }
        let mut stream = VideoStream::default();
        for frame in self.kept.frames() {
            if !matches!(stream.push(frame, false), Decoded::Done) {
                self.kept.forget();
                return Taken::Missing { track };
            }
        }
        let Some(picture) = stream.shown().and_then(|shown| shown.picture) else {
            return Taken::Missing { track };
        };
        match jpeg(picture) {
            Ok(jpeg) => {
                self.last = Some(Last { arrived: newest, jpeg: jpeg.clone() });
                Taken::Snapshot(Snapshot { track, at: newest, jpeg })
            }
            Err(error) => Taken::Failed { track, error },
        }
    }

    /// Whether a picture can be had without much decoding.
    fn is_cheap(&self) -> bool {
        let newest = self.kept.newest();
        let again = self.last.as_ref().is_some_and(|last| Some(last.arrived) == newest);
        !self.kept.is_broken() && (again || (1..=CHEAP).contains(&self.kept.frames().len()))
    }
}

#[cfg(test)]
mod tests;
