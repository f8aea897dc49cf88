//! Samples that go on from each other, cut into segments: what one init segment describes.
//!
//! A sample ends where the next one begins, so the newest one waits for the next or for the end.

use std::time::Duration;

use bytes::Bytes;
use capstan_media::container::Container;
use capstan_media::container::fmp4::{Fmp4Error, TrackRun, media_segment, turned_init_segment};
use capstan_media::container::ts::TsMuxer;
use capstan_media::frame::FrameKind;
use capstan_media::sample::{Sample, Segment, TrackConfig};
use capstan_media::time::RoomTime;
use capstan_media::turn::Turn;

use super::piece::{LEAD, Piece, Shape, Slice};

/// Where the file's time and the room's meet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zero {
    /// The recording's zero.
    pub(super) room: RoomTime,
}

impl Zero {
    /// A room time in ticks of the file; not negative.
    pub(super) fn ticks(self, at: RoomTime, timescale: u32) -> u64 {
        let micros = i128::from(at.micros_from(self.room)) + lead_micros();
        let ticks = (micros.max(0) * i128::from(timescale) + 500_000) / 1_000_000;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// The room time of a tick of the file.
    fn room(self, ticks: u64, timescale: u32) -> RoomTime {
        let micros = i128::from(micros(ticks, timescale)) - lead_micros();
        self.room.offset_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

fn lead_micros() -> i128 {
    i128::try_from(LEAD.as_micros()).unwrap_or(0)
}

fn micros(ticks: u64, timescale: u32) -> u64 {
    let micros = u128::from(ticks) * 1_000_000 / u128::from(timescale.max(1));
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// What a slice says of itself that the run can't know.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Opening {
    pub(super) begins: bool,
    pub(super) discontinuity: bool,
    pub(super) shape: Option<Shape>,
}

/// Writes segments in their container.
#[derive(Debug)]
enum Muxer {
    Fmp4,
    Ts(TsMuxer),
}

/// Samples behind one init segment.
#[derive(Debug)]
pub(super) struct Run {
    zero: Zero,
    config: TrackConfig,
    turn: Turn,
    muxer: Muxer,
    sequence: u32,
    samples: Vec<Sample>,
    bytes: usize,
    /// Decode time of the first of `samples`.
    from: u64,
    /// Decode time of the newest sample, and the sample, whose duration isn't known yet.
    newest: Option<(u64, Sample)>,
    /// How long the sample before lasted.
    last: u32,
    opening: Opening,
}

impl Run {
    /// A run without samples, and its init segment if it has one: a transport stream has none, but
    /// holds H.264 and AAC only.
    pub(super) fn new(
        zero: Zero,
        config: TrackConfig,
        turn: Turn,
        container: Container,
        opening: Opening,
    ) -> Result<(Option<Bytes>, Self), Fmp4Error> {
        let tracks = std::slice::from_ref(&config);
        let stream = match container {
            Container::Ts => TsMuxer::new(tracks).ok(),
            Container::Fmp4 => None,
        };
        let (init, muxer) = match stream {
            Some(stream) => (None, Muxer::Ts(stream)),
            None => (Some(turned_init_segment(tracks, turn)?), Muxer::Fmp4),
        };
        let run = Self {
            zero,
            config,
            turn,
            muxer,
            sequence: 0,
            samples: Vec::new(),
            bytes: 0,
            from: 0,
            newest: None,
            last: 0,
            opening,
        };
        Ok((init, run))
    }

    pub(super) const fn config(&self) -> &TrackConfig {
        &self.config
    }

    /// How its pictures are to be turned.
    pub(super) const fn turn(&self) -> Turn {
        self.turn
    }

    /// Decode time of the newest sample.
    pub(super) fn newest(&self) -> Option<u64> {
        self.newest.as_ref().map(|(at, _)| *at)
    }

    /// Takes the next sample, which begins at `at` or, if that isn't after the newest one, right
    /// after it began.
    pub(super) fn push(&mut self, at: u64, data: Bytes, kind: FrameKind) {
        self.push_shown_at(at, at, data, kind);
    }

    /// The same for a sample that is shown later than it is decoded.
    pub(super) fn push_shown_at(&mut self, at: u64, shown: u64, data: Bytes, kind: FrameKind) {
        let at = self.newest().map_or(at, |newest| at.max(newest + 1));
        self.settle(at);
        if self.samples.is_empty() {
            self.from = at;
        }
        self.bytes += data.len();
        let offset = u32::try_from(shown.saturating_sub(at)).unwrap_or(0);
        self.newest = Some((at, Sample { data, duration: 1, offset, kind }));
    }

    /// What its segments are.
    pub(super) const fn container(&self) -> Container {
        match self.muxer {
            Muxer::Fmp4 => Container::Fmp4,
            Muxer::Ts(_) => Container::Ts,
        }
    }

    /// Decode time of the first sample that isn't in a segment yet.
    pub(super) fn from(&self) -> Option<u64> {
        if self.samples.is_empty() { self.newest() } else { Some(self.from) }
    }

    /// How long the slice would be that ends at `at`.
    pub(super) fn length(&self, at: u64) -> Duration {
        let ticks = self.from().map_or(0, |from| at.saturating_sub(from));
        Duration::from_micros(micros(ticks, self.config.timescale))
    }

    /// Bytes of samples that aren't in a segment yet.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Ends the newest sample at `at` and cuts there.
    pub(super) fn cut(&mut self, at: u64, pieces: &mut Vec<Piece>) {
        self.settle(at);
        self.close(pieces);
    }

    /// Ends the newest sample at `at`; if that isn't known or not after it began, after the usual time,
    /// at most a second. Cuts there.
    pub(super) fn end(&mut self, at: Option<u64>, usual: u32, pieces: &mut Vec<Piece>) {
        let second = self.config.timescale;
        let last = if self.last == 0 { usual } else { self.last.min(second) };
        if let Some(newest) = self.newest() {
            let at = at.filter(|at| *at > newest);
            self.cut(at.unwrap_or_else(|| newest + u64::from(last)), pieces);
        }
    }

    fn settle(&mut self, at: u64) {
        let Some((began, mut sample)) = self.newest.take() else { return };
        if self.samples.is_empty() {
            self.from = began;
        }
        sample.duration = u32::try_from(at.saturating_sub(began)).unwrap_or(u32::MAX).max(1);
        self.last = sample.duration;
        self.samples.push(sample);
    }

    fn close(&mut self, pieces: &mut Vec<Piece>) {
        let samples = std::mem::take(&mut self.samples);
        self.bytes = 0;
        if samples.is_empty() {
            return;
        }
        let Opening { begins, discontinuity, shape } = std::mem::take(&mut self.opening);
        self.sequence += 1;
        let run = TrackRun { track: 0, start: self.from, samples: &samples };
        let frames = samples.len() as u64;
        let (written, container) = match &mut self.muxer {
            Muxer::Fmp4 => {
                let written = media_segment(self.sequence, &[run]);
                (written.map_err(|error| error.to_string()), Container::Fmp4)
            }
            Muxer::Ts(stream) => {
                let written = stream.segment(&[run]);
                (written.map_err(|error| error.to_string()), Container::Ts)
            }
        };
        let bytes = match written {
            Ok(bytes) => bytes,
            Err(why) => {
                self.opening = Opening { begins, discontinuity: true, shape };
                pieces.push(Piece::Lost { frames, why });
                return;
            }
        };
        let ticks: u64 = samples.iter().map(|sample| u64::from(sample.duration)).sum();
        let scale = self.config.timescale;
        // A segment begins where its first picture is shown.
        let offsets = samples.iter().scan(self.from, |at, sample| {
            let shown = *at + u64::from(sample.offset);
            *at += u64::from(sample.duration);
            Some(shown)
        });
        let shown = offsets.min().unwrap_or(self.from);
        let segment = Segment {
            index: u64::from(self.sequence - 1),
            start: self.zero.room(shown, scale),
            micros: micros(self.from + ticks, scale) - micros(self.from, scale),
            bytes,
            twin: None,
        };
        pieces.push(Piece::Slice(Slice { segment, container, begins, discontinuity, shape }));
    }
}
