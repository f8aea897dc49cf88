//! Cuts samples into segments at key pictures.
//!
//! Segments follow each other without gap or overlap on every track: a segment holds the samples
//! that start in it, and a sample's decode time is the sum of the durations before it.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use bytes::Bytes;
use capstan_media::container::fmp4::{Fmp4Error, TrackRun, init_segment, media_segment};
use capstan_media::frame::FrameKind;
use capstan_media::sample::{Sample, Segment, TrackConfig};
use capstan_media::time::RoomTime;
use thiserror::Error;

/// How far the leading track may be ahead of a cut before the segment is closed without waiting
/// any longer for the other tracks; what is late then goes into the next segment.
pub const MAX_WAIT: Duration = Duration::from_secs(4);
/// The most bytes of samples that may wait to be cut: over 3 minutes at 10 Mbit/s.
pub const MAX_PENDING: usize = 256 << 20;

const MICROS: u64 = 1_000_000;

/// Why samples can't become segments.
#[derive(Debug, Error)]
pub enum SegmentError {
    /// The tracks can't be described in an init segment, or the samples not in a media segment.
    #[error("segment can't be written")]
    Container(#[from] Fmp4Error),
    /// The settings make no sense.
    #[error("segmenter settings refused: {what}")]
    Settings {
        /// What is wrong.
        what: &'static str,
    },
    /// A sample came for a track that isn't there.
    #[error("sample for track {track} of {tracks}")]
    NoTrack {
        /// The number that was given.
        track: usize,
        /// How many tracks there are.
        tracks: usize,
    },
    /// The leading track has brought nothing to cut at for too long.
    #[error("{bytes} bytes of samples wait for a cut, at most {MAX_PENDING} may")]
    Backlog {
        /// How many wait.
        bytes: usize,
    },
}

/// Whether picture number `tick` (from 0, at `fps` a second) must be a key picture so that a
/// segment of this length can start there: the first at or after each multiple of the length.
#[must_use]
pub fn starts_segment(tick: u64, fps: u32, segment: Duration) -> bool {
    let length = segment.as_micros().saturating_mul(u128::from(fps)).max(1);
    let before = u128::from(tick.saturating_sub(1)) * u128::from(MICROS) / length;
    let multiple = (before + 1) * length;
    tick == 0 || multiple <= u128::from(tick) * u128::from(MICROS)
}

/// Collects the samples of one recording and cuts them.
#[derive(Debug)]
pub struct Segmenter {
    init: Bytes,
    start: RoomTime,
    /// Microseconds that a segment should last.
    length: u64,
    tracks: Vec<Track>,
    /// The place of the track that is cut at.
    leader: usize,
    /// Cuts that were seen and not made, oldest first, in ticks of the leader.
    cuts: VecDeque<u64>,
    /// Microseconds since `start` from which on the next cut is looked for.
    next_cut: u64,
    /// Segments made.
    count: u64,
}

/// One track's samples that aren't in a segment yet.
#[derive(Debug)]
struct Track {
    timescale: u64,
    samples: VecDeque<Sample>,
    bytes: usize,
    /// Decode time of the first of `samples`, in ticks.
    from: u64,
    /// Decode time of the next sample to be pushed.
    end: u64,
}

impl Segmenter {
    /// A segmenter whose first samples start at `start`. The first picture track leads; without
    /// one the first track does.
    ///
    /// # Errors
    /// If there is no track, a track's facts are malformed, or the length is zero.
    pub fn new(
        start: RoomTime,
        segment: Duration,
        tracks: Vec<TrackConfig>,
    ) -> Result<Self, SegmentError> {
        let init = init_segment(&tracks)?;
        let length = u64::try_from(segment.as_micros()).unwrap_or(u64::MAX);
        if length == 0 {
            return Err(SegmentError::Settings { what: "segments of no length" });
        }
        if tracks.iter().any(|track| track.timescale == 0) {
            return Err(SegmentError::Settings { what: "a track without ticks" });
        }
        let leader = tracks.iter().position(|track| track.coding.is_video()).unwrap_or(0);
        let tracks = tracks.iter().map(|config| Track::new(config.timescale)).collect();
        let cuts = VecDeque::new();
        Ok(Self { init, start, length, tracks, leader, cuts, next_cut: length, count: 0 })
    }

    /// The init segment, the same for all segments.
    #[must_use]
    pub fn init(&self) -> Bytes {
        self.init.clone()
    }

    /// Takes the next sample of track number `track` and returns the segment that it completed: a
    /// segment is complete when the leader has reached a key sample at or after its nominal end
    /// and every other track has reached it too.
    ///
    /// # Errors
    /// If there is no such track, or so much waits for a cut that memory would run out.
    pub fn push(&mut self, track: usize, sample: Sample) -> Result<Option<Segment>, SegmentError> {
        let tracks = self.tracks.len();
        let is_leader = track == self.leader;
        let into = self.tracks.get_mut(track).ok_or(SegmentError::NoTrack { track, tracks })?;
        let at = into.end;
        if is_leader && sample.kind == FrameKind::Key && micros(at, into.timescale) >= self.next_cut
        {
            self.cuts.push_back(at);
            // On the grid of whole lengths, so that a late key sample doesn't shift the rest.
            let passed = micros(at, into.timescale) / self.length;
            self.next_cut = (passed + 1).saturating_mul(self.length);
        }
        into.push(sample);
        let bytes = self.tracks.iter().map(|track| track.bytes).sum();
        if bytes > MAX_PENDING {
            return Err(SegmentError::Backlog { bytes });
        }
        let Some(&cut) = self.cuts.front() else { return Ok(None) };
        if !self.is_reached(cut) {
            return Ok(None);
        }
        self.cuts.pop_front();
        self.close(Some(cut)).map(Some)
    }

    /// Returns what is left as the last segments, oldest first (rarely more than one: when sound
    /// lagged over a cut).
    ///
    /// # Errors
    /// If a segment can't be written.
    pub fn flush(&mut self) -> Result<Vec<Segment>, SegmentError> {
        let mut segments = Vec::new();
        for cut in mem::take(&mut self.cuts) {
            segments.push(self.close(Some(cut))?);
        }
        if self.tracks.iter().any(|track| !track.samples.is_empty()) {
            segments.push(self.close(None)?);
        }
        Ok(segments)
    }

    /// Whether all tracks are at the cut, or the leader is so far beyond that it waits no longer.
    fn is_reached(&self, cut: u64) -> bool {
        let Some(leader) = self.tracks.get(self.leader) else { return false };
        let ahead = micros(leader.end.saturating_sub(cut), leader.timescale);
        u128::from(ahead) >= MAX_WAIT.as_micros()
            || self.tracks.iter().all(|track| !track.is_before(track.end, cut, leader.timescale))
    }

    /// Makes a segment of what starts before the cut, or of everything.
    fn close(&mut self, cut: Option<u64>) -> Result<Segment, SegmentError> {
        let scale = self.tracks.get(self.leader).map_or(1, |leader| leader.timescale);
        let starts: Vec<_> = self.tracks.iter().map(|track| track.from).collect();
        let taken: Vec<_> = self.tracks.iter_mut().map(|track| track.take(cut, scale)).collect();
        let runs: Vec<_> = starts
            .iter()
            .zip(&taken)
            .enumerate()
            .map(|(track, (&start, samples))| TrackRun { track, start, samples })
            .collect();
        let sequence = u32::try_from(self.count + 1).unwrap_or(u32::MAX);
        let bytes = media_segment(sequence, &runs)?;
        let (from, until) = self.span(&starts);
        let index = self.count;
        self.count += 1;
        let start = self.start + Duration::from_micros(from);
        Ok(Segment { index, start, micros: until - from, bytes })
    }

    /// Microseconds from `start` to the ends of the samples just taken: the leader's, or where it
    /// had none the longest of the others.
    fn span(&self, starts: &[u64]) -> (u64, u64) {
        let span = |(track, &from): (&Track, &u64)| {
            (micros(from, track.timescale), micros(track.from, track.timescale))
        };
        let mut spans = self.tracks.iter().zip(starts).map(span);
        let leader = spans.clone().nth(self.leader).filter(|(from, until)| until > from);
        leader.or_else(|| spans.by_ref().max_by_key(|(from, until)| until - from)).unwrap_or((0, 0))
    }
}

impl Track {
    fn new(timescale: u32) -> Self {
        let samples = VecDeque::new();
        Self { timescale: timescale.into(), samples, bytes: 0, from: 0, end: 0 }
    }

    fn push(&mut self, sample: Sample) {
        self.bytes += sample.data.len();
        self.end += u64::from(sample.duration);
        self.samples.push_back(sample);
    }

    /// Whether the track's time `at` lies before the leader's time `cut`, compared exactly.
    fn is_before(&self, at: u64, cut: u64, leader_timescale: u64) -> bool {
        u128::from(at) * u128::from(leader_timescale) < u128::from(cut) * u128::from(self.timescale)
    }

    /// Takes the samples that start before the cut, or all.
    fn take(&mut self, cut: Option<u64>, leader_timescale: u64) -> Vec<Sample> {
        let mut taken = Vec::new();
        while let Some(sample) = self.samples.front() {
            if cut.is_some_and(|cut| !self.is_before(self.from, cut, leader_timescale)) {
                break;
            }
            self.from += u64::from(sample.duration);
            self.bytes -= sample.data.len();
            taken.extend(self.samples.pop_front());
        }
        taken
    }
}

/// Ticks as microseconds, rounded down.
fn micros(ticks: u64, timescale: u64) -> u64 {
    let micros = u128::from(ticks) * u128::from(MICROS) / u128::from(timescale.max(1));
    u64::try_from(micros).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use capstan_media::sample::Coding;
    use proptest::prelude::*;

    use super::*;

    const START: RoomTime = RoomTime::from_millis(1_700_000_000_000);

    /// Sound on other timescales stands for pictures: the cutter only looks at kinds.
    fn config(timescale: u32) -> TrackConfig {
        TrackConfig { timescale, coding: Coding::Opus { channels: 1 } }
    }

    fn sample(duration: u32, kind: FrameKind) -> Sample {
        Sample { data: Bytes::from_static(b"data"), duration, kind }
    }

    fn segmenter(seconds: u64) -> Segmenter {
        let tracks = vec![config(15_000), config(48_000)];
        Segmenter::new(START, Duration::from_secs(seconds), tracks).unwrap()
    }

    /// Pictures at 15 a second, key where a segment may start.
    fn picture(tick: u64, seconds: u64) -> Sample {
        let is_key = starts_segment(tick, 15, Duration::from_secs(seconds));
        sample(1_000, if is_key { FrameKind::Key } else { FrameKind::Delta })
    }

    #[test]
    fn a_cut_waits_for_the_sound() {
        let mut segmenter = segmenter(2);
        for tick in 0..40 {
            assert_eq!(segmenter.push(0, picture(tick, 2)).unwrap(), None);
        }
        // 93 packets end at 1.984 s, the 94th crosses the cut at 2 s.
        for _ in 0..93 {
            assert_eq!(segmenter.push(1, sample(1_024, FrameKind::Key)).unwrap(), None);
        }
        let segment = segmenter.push(1, sample(1_024, FrameKind::Key)).unwrap().unwrap();
        assert_eq!((segment.index, segment.start, segment.micros), (0, START, 2_000_000));
        let rest = segmenter.flush().unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].start, START + Duration::from_secs(2));
        assert_eq!(rest[0].micros, 666_666);
    }

    #[test]
    fn a_cut_does_not_wait_forever() {
        let mut segmenter = segmenter(2);
        let mut segments = Vec::new();
        for tick in 0..400 {
            segments.extend(segmenter.push(0, picture(tick, 2)).unwrap());
        }
        // At 26.6 s the cuts up to 22.6 s are made.
        assert_eq!(segments.len(), 11);
        segments.extend(segmenter.flush().unwrap());
        assert_eq!(segments.len(), 14);
        let total: u64 = segments.iter().map(|segment| segment.micros).sum();
        assert_eq!(total, 400_000_000 / 15);
    }

    #[test]
    fn a_late_key_picture_shifts_one_cut_only() {
        let mut segmenter = segmenter(2);
        let mut segments = Vec::new();
        for tick in 0..100 {
            let is_key = [0, 33, 60, 90].contains(&tick);
            let kind = if is_key { FrameKind::Key } else { FrameKind::Delta };
            segments.extend(segmenter.push(0, sample(1_000, kind)).unwrap());
            segments.extend(segmenter.push(1, sample(3_200, FrameKind::Key)).unwrap());
        }
        let lengths: Vec<_> = segments.iter().map(|segment| segment.micros).collect();
        assert_eq!(lengths, [2_200_000, 1_800_000, 2_000_000]);
    }

    #[test]
    fn sound_alone_is_cut_at_packets() {
        let mut segmenter =
            Segmenter::new(START, Duration::from_secs(6), vec![config(48_000)]).unwrap();
        let mut segments = Vec::new();
        for _ in 0..1_000 {
            segments.extend(segmenter.push(0, sample(1_024, FrameKind::Key)).unwrap());
        }
        let lengths: Vec<_> = segments.iter().map(|segment| segment.micros).collect();
        // The first packets at or after 6, 12 and 18 s.
        assert_eq!(lengths, [6_016_000, 5_994_666, 5_994_667]);
        assert_eq!(segments[1].start, START + Duration::from_micros(6_016_000));
    }

    #[test]
    fn wrong_use_is_refused() {
        let tracks = vec![config(48_000)];
        assert!(Segmenter::new(START, Duration::ZERO, tracks.clone()).is_err());
        assert!(Segmenter::new(START, Duration::from_secs(1), Vec::new()).is_err());
        assert!(Segmenter::new(START, Duration::from_secs(1), vec![config(0)]).is_err());
        let mut segmenter = Segmenter::new(START, Duration::from_secs(1), tracks).unwrap();
        let error = segmenter.push(1, sample(1, FrameKind::Key)).unwrap_err();
        assert_eq!(error.to_string(), "sample for track 1 of 1");
        assert_eq!(segmenter.flush().unwrap(), []);
    }

    #[test]
    fn segments_may_start_on_the_grid() {
        let ticks = |fps, millis| -> Vec<u64> {
            let length = Duration::from_millis(millis);
            (0..40).filter(|&tick| starts_segment(tick, fps, length)).collect()
        };
        assert_eq!(ticks(15, 2_000), [0, 30]);
        // Multiples of 1.1 s are 16.5, 33 pictures.
        assert_eq!(ticks(15, 1_100), [0, 17, 33]);
        assert_eq!(ticks(1, 10_000), [0, 10, 20, 30]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_overlaps(
            order in prop::collection::vec((any::<bool>(), 1_u32..4, any::<bool>()), 1..400),
        ) {
            let mut segmenter = segmenter(1);
            let mut segments = Vec::new();
            let mut ticks = 0_u64;
            for &(video, stretch, key) in &order {
                let kind = if key { FrameKind::Key } else { FrameKind::Delta };
                let made = if video {
                    ticks += u64::from(stretch) * 1_000;
                    segmenter.push(0, sample(stretch * 1_000, kind)).unwrap()
                } else {
                    segmenter.push(1, sample(1_024, FrameKind::Key)).unwrap()
                };
                segments.extend(made);
            }
            segments.extend(segmenter.flush().unwrap());
            let mut next = START;
            for (index, segment) in segments.iter().enumerate() {
                prop_assert_eq!(segment.index, u64::try_from(index).unwrap());
                prop_assert_eq!(segment.start, next);
                next = segment.start + Duration::from_micros(segment.micros);
            }
            if ticks > 0 {
                prop_assert_eq!(next, START + Duration::from_micros(ticks * 1_000_000 / 15_000));
            }
            prop_assert!(segmenter.tracks.iter().all(|track| track.bytes == 0));
        }
    }
}
