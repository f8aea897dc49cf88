//! Cuts samples into segments at key pictures.
//!
//! Segments follow each other without gap or overlap on every track: a segment holds the samples
//! that start in it, and a sample's decode time is the sum of the durations before it.

use std::time::Duration;

use bytes::Bytes;
use capstan_media::sample::{Sample, Segment, TrackConfig};
use capstan_media::time::RoomTime;
use thiserror::Error;

/// Why samples can't become segments.
#[derive(Debug, Error)]
pub enum SegmentError {
    /// The tracks can't be described in an init segment.
    #[error("tracks refused: {what}")]
    Tracks {
        /// What is wrong.
        what: String,
    },
}

/// Whether picture number `tick` (from 0, at `fps` a second) must be a key picture so that a
/// segment of this length can start there.
#[must_use]
pub fn starts_segment(tick: u64, fps: u32, segment: Duration) -> bool {
    // The first tick at or after each multiple of the length.
    let micros = segment.as_micros().max(1);
    let at = |tick: u64| u128::from(tick) * 1_000_000 / u128::from(fps.max(1)) / micros;
    tick == 0 || at(tick) != at(tick - 1)
}

/// Collects the samples of one recording and cuts them.
#[derive(Debug)]
pub struct Segmenter {
    init: Bytes,
}

impl Segmenter {
    /// A segmenter whose first samples start at `start`. The first picture track leads; without
    /// one the first sound track does.
    ///
    /// # Errors
    /// If there is no track or a track's facts are malformed.
    pub fn new(
        start: RoomTime,
        segment: Duration,
        tracks: Vec<TrackConfig>,
    ) -> Result<Self, SegmentError> {
        let _ = (start, segment, tracks);
        Err(SegmentError::Tracks { what: "not built yet".into() })
    }

    /// The init segment, the same for all segments.
    #[must_use]
    pub fn init(&self) -> Bytes {
        self.init.clone()
    }

    /// Takes the next sample of track number `track` and returns the segment that it completed.
    ///
    /// # Errors
    /// If there is no such track, or a track is so far behind that memory would run out.
    pub fn push(&mut self, track: usize, sample: Sample) -> Result<Option<Segment>, SegmentError> {
        let _ = (track, sample);
        Ok(None)
    }

    /// Returns what is left as the last segments, oldest first (rarely more than one: when sound
    /// lagged over a cut).
    ///
    /// # Errors
    /// As `push`.
    pub fn flush(&mut self) -> Result<Vec<Segment>, SegmentError> {
        Ok(Vec::new())
    }
}
