//! Cuts samples into segments at key pictures.
//!
//! Segments follow each other without gap or overlap on every track: a segment holds the samples
//! that start in it, and a sample's decode time is the sum of the durations before it.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use bytes::Bytes;
use capstan_media::container::Container;
use capstan_media::container::fmp4::{Fmp4Error, TrackRun, init_segment, media_segment};
use capstan_media::container::playlist::target_seconds;
use capstan_media::container::ts::{TsError, TsMuxer};
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
    Fmp4(#[from] Fmp4Error),
    /// The same for a transport stream.
    #[error("segment can't be written")]
    Ts(#[from] TsError),
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
    muxer: Muxer,
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
    /// Where the newest cut was seen, in ticks of the leader.
    last_cut: u64,
    /// The most microseconds of a segment: those that a playlist of segments of this length may name.
    longest: u64,
    /// Segments made.
    count: u64,
}

/// Writes segments in their container.
#[derive(Debug)]
enum Muxer {
    Fmp4 { init: Bytes },
    Ts { muxer: TsMuxer, twin: Option<Bytes> },
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
    /// If there is no track, a track's facts are malformed or have no place in the container, or the
    /// length is zero.
    pub fn new(
        start: RoomTime,
        segment: Duration,
        container: Container,
        tracks: &[TrackConfig],
    ) -> Result<Self, SegmentError> {
        let muxer = match container {
            Container::Fmp4 => Muxer::Fmp4 { init: init_segment(tracks)? },
            Container::Ts => Muxer::Ts { muxer: TsMuxer::new(tracks)?, twin: None },
        };
        let length = u64::try_from(segment.as_micros()).unwrap_or(u64::MAX);
        if length == 0 {
            return Err(SegmentError::Settings { what: "segments of no length" });
        }
        if tracks.iter().any(|track| track.timescale == 0) {
            return Err(SegmentError::Settings { what: "a track without ticks" });
        }
        let leader = tracks.iter().position(|track| track.coding.is_video()).unwrap_or(0);
        let tracks = tracks.iter().map(|config| Track::new(config.timescale)).collect();
        // `EXTINF` rounded to whole seconds must not be above `EXT-X-TARGETDURATION` (RFC 8216, 4.3.3.1).
        let longest = u64::from(target_seconds(length)) * MICROS + MICROS / 2 - 1;
        Ok(Self {
            muxer,
            start,
            length,
            tracks,
            leader,
            cuts: VecDeque::new(),
            next_cut: length,
            last_cut: 0,
            longest,
            count: 0,
        })
    }

    /// Writes every segment as fMP4 too, whatever the container is: what MP4 files are made of.
    ///
    /// # Errors
    /// If the tracks can't be described in an init segment.
    pub fn with_twins(mut self, tracks: &[TrackConfig]) -> Result<Self, SegmentError> {
        if let Muxer::Ts { twin, .. } = &mut self.muxer {
            *twin = Some(init_segment(tracks)?);
        }
        Ok(self)
    }

    /// Goes on behind segments that are there already: each track's next sample begins at so many of its
    /// ticks, and `count` segments came before. `last` is the segment before, if there is one: a
    /// transport stream's counters run on from it.
    #[must_use]
    pub fn going_on(mut self, begins: &[u64], count: u64, last: Option<&[u8]>) -> Self {
        for (track, &at) in self.tracks.iter_mut().zip(begins) {
            (track.from, track.end) = (at, at);
        }
        if let Some(leader) = self.tracks.get(self.leader) {
            self.last_cut = leader.end;
            let now = micros(leader.end, leader.timescale);
            self.next_cut = (now / self.length + 1).saturating_mul(self.length);
        }
        self.count = count;
        if let (Muxer::Ts { muxer, .. }, Some(last)) = (&mut self.muxer, last) {
            muxer.follow(last);
        }
        self
    }

    /// The init segment of all segments or, in a transport stream, of their twins if there are any.
    #[must_use]
    pub fn init(&self) -> Option<Bytes> {
        match &self.muxer {
            Muxer::Fmp4 { init } => Some(init.clone()),
            Muxer::Ts { twin, .. } => twin.clone(),
        }
    }

    /// Takes the next sample of track number `track` and returns the segment that it completed: a
    /// segment is complete when the leader has reached a key sample at or after its nominal end
    /// and every other track has reached it too. Where no key sample comes before the segment is too
    /// long to be listed, it ends at any sample.
    ///
    /// # Errors
    /// If there is no such track, or so much waits for a cut that memory would run out.
    pub fn push(&mut self, track: usize, sample: Sample) -> Result<Option<Segment>, SegmentError> {
        let tracks = self.tracks.len();
        let is_leader = track == self.leader;
        let into = self.tracks.get_mut(track).ok_or(SegmentError::NoTrack { track, tracks })?;
        let at = into.end;
        if is_leader && at > self.last_cut {
            let (now, scale) = (micros(at, into.timescale), into.timescale);
            let after = micros(at + u64::from(sample.duration) - self.last_cut, scale);
            let is_due = sample.kind == FrameKind::Key && now >= self.next_cut;
            if is_due || after > self.longest {
                self.cuts.push_back(at);
                self.last_cut = at;
                // On the grid of whole lengths, so that a late key sample doesn't shift the rest.
                self.next_cut = (now / self.length + 1).saturating_mul(self.length);
            }
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
        let (bytes, twin) = match &mut self.muxer {
            Muxer::Fmp4 { .. } => (media_segment(sequence, &runs)?, None),
            Muxer::Ts { muxer, twin } => {
                let twin = twin.is_some().then(|| media_segment(sequence, &runs)).transpose()?;
                (muxer.segment(&runs)?, twin)
            }
        };
        let (from, until) = self.span(&starts);
        let index = self.count;
        self.count += 1;
        let start = self.start + Duration::from_micros(from);
        Ok(Segment { index, start, micros: until - from, bytes, twin })
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
        Sample { data: Bytes::from_static(b"data"), duration, offset: 0, kind }
    }

    fn segmenter(seconds: u64) -> Segmenter {
        let tracks = vec![config(15_000), config(48_000)];
        Segmenter::new(START, Duration::from_secs(seconds), Container::Fmp4, &tracks).unwrap()
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
    fn no_segment_is_too_long_to_be_listed() {
        for (millis, fps) in [(1_000, 15), (2_000, 15), (1_400, 24), (6_000, 1)] {
            let tracks = [config(fps * 1_000)];
            let length = Duration::from_millis(millis);
            let mut segmenter = Segmenter::new(START, length, Container::Fmp4, &tracks).unwrap();
            let mut segments = Vec::new();
            // The only key sample is the first; later ones come far too late.
            for tick in 0..fps * 40 {
                let is_key = tick == 0 || tick == fps * 30;
                let kind = if is_key { FrameKind::Key } else { FrameKind::Delta };
                segments.extend(segmenter.push(0, sample(1_000, kind)).unwrap());
            }
            segments.extend(segmenter.flush().unwrap());
            let target = u64::from(target_seconds(millis * 1_000));
            for segment in &segments {
                let rounded = (segment.micros + 500_000) / 1_000_000;
                assert!(rounded <= target, "{millis}: {} us", segment.micros);
            }
            let total: u64 = segments.iter().map(|segment| segment.micros).sum();
            assert!(total.abs_diff(40_000_000) <= segments.len() as u64, "{total}");
            // On the grid of whole lengths the late key sample is cut at again.
            let at_key = START + Duration::from_secs(30);
            let cut = segments.iter().any(|segment| segment.start == at_key);
            assert_eq!(cut, 30_000 % millis == 0, "{millis}");
        }
    }

    #[test]
    fn sound_alone_is_cut_at_packets() {
        let (length, tracks) = (Duration::from_secs(6), [config(48_000)]);
        let mut segmenter = Segmenter::new(START, length, Container::Fmp4, &tracks).unwrap();
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
        let make = |secs, container, tracks: &[TrackConfig]| {
            Segmenter::new(START, Duration::from_secs(secs), container, tracks)
        };
        assert!(make(0, Container::Fmp4, &tracks).is_err());
        assert!(make(1, Container::Fmp4, &[]).is_err());
        assert!(make(1, Container::Fmp4, &[config(0)]).is_err());
        assert!(matches!(make(1, Container::Ts, &tracks), Err(SegmentError::Ts(_))));
        let mut segmenter = make(1, Container::Fmp4, &tracks).unwrap();
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
