//! Pictures as sent: slices begin at key frames, and frames that can't be decoded are left out.
//!
//! A picture stands until the next one, or until the track ends. One that stands for longer than a slice is
//! repeated at the start of each, so that slices keep coming and each decodes alone.

use std::sync::Arc;
use std::time::Duration;

use capstan_media::bitstream::h264;
use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::frame::{Frame, FrameKind};
use capstan_media::kept::Kept;
use capstan_media::sample::{Coding, TrackConfig};
use capstan_media::time::RoomTime;
use capstan_media::trouble::{Cause, Complaint};
use capstan_media::turn::Turn;

use super::BREAK;
use super::coding::{coding_of, sample_of, with_orientation};
use super::piece::{Making, Piece, Shape};
use super::run::{Opening, Run, Zero};

/// Ticks a second of the files: those of RTP.
const TIMESCALE: u32 = 90_000;
/// How long the only picture of a session lasts.
const USUAL: u32 = TIMESCALE / 15;
/// A slice ends here even without a key frame; the next one then can't be decoded alone.
const LONGEST: Duration = Duration::from_secs(330);
/// Likewise.
const LARGEST: usize = 50 << 20;
/// A picture that stood for so long is repeated where a slice is due: until then a key frame may come.
const STANDS: u64 = 3 * TIMESCALE as u64;
/// The most bytes that are repeated in a slice; a picture that takes more is one long sample instead.
const MOST_REPEATED: usize = 1 << 20;

/// When a frame is decoded and when it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) decoded: RoomTime,
    pub(super) shown: RoomTime,
}

/// A camera's or a screen's pictures.
#[derive(Debug)]
pub(super) struct Pictures {
    zero: Zero,
    slice: Duration,
    /// What runs are to be; fMP4 for good once one is, since a playlist can't take an init segment
    /// back.
    container: Container,
    run: Option<Run>,
    /// What the newest init segment describes.
    described: Option<(Coding, Turn)>,
    /// Another init segment was made before that one.
    described_anew: bool,
    /// Nothing can be decoded before a key frame.
    broken: bool,
    /// The slice is long enough.
    overdue: bool,
    /// Pictures are turned otherwise than their slice says.
    askew: bool,
    /// What the newest picture needs.
    kept: Kept,
    /// Why frames are left out, since when, and when the last one was.
    trouble: Option<(Complaint, RoomTime)>,
    /// Frames left out since nothing was known to decode them with.
    left_out: u64,
}

impl Pictures {
    pub(super) const fn new(making: Making) -> Self {
        let Making { zero, slice, container, .. } = making;
        Self {
            zero: Zero { room: zero },
            slice,
            container,
            run: None,
            described: None,
            described_anew: false,
            broken: true,
            overdue: false,
            askew: false,
            kept: Kept::new(),
            trouble: None,
            left_out: 0,
        }
    }

    /// Another stream follows.
    pub(super) const fn restart(&mut self) {
        self.broken = true;
    }

    pub(super) const fn wants_key(&self) -> bool {
        self.broken || self.overdue || self.askew
    }

    /// Why frames are left out, if the newest ones are.
    pub(super) fn complaint(&self, now: RoomTime) -> Option<&Complaint> {
        let (complaint, last) = self.trouble.as_ref()?;
        (now.since(*last) < BREAK).then_some(complaint)
    }

    /// Frames left out since nothing was known to decode them with.
    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Takes a frame. False if it is left out.
    pub(super) fn push(
        &mut self,
        codec: Codec,
        frame: &Arc<Frame>,
        times: Times,
        after_gap: bool,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let cause = if self.run.is_some() { Cause::PicturesLost } else { Cause::NoKeyFrame };
        let written = self.write(codec, frame, times, after_gap, pieces);
        if written {
            self.trouble = None;
            return true;
        }
        self.left_out += 1;
        let cause = match (frame.kind, codec) {
            (FrameKind::Delta, _) => cause,
            (FrameKind::Key, Codec::H264) if h264::parameter_sets(&frame.data).is_none() => {
                Cause::NoParameterSets
            }
            (FrameKind::Key, _) => Cause::Unsupported,
        };
        let (track, since) = (frame.track, frame.arrived);
        let fresh = Complaint { track, cause, since, detail: String::new() };
        match &mut self.trouble {
            // A key frame that can't be described says more than that one is waited for.
            Some((trouble, last)) if frame.kind == FrameKind::Delta || trouble.cause == cause => {
                *last = since;
            }
            other => *other = Some((fresh, since)),
        }
        false
    }

    fn write(
        &mut self,
        codec: Codec,
        frame: &Arc<Frame>,
        times: Times,
        after_gap: bool,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let key = frame.kind == FrameKind::Key;
        self.broken |= after_gap;
        if self.broken && !key {
            return false;
        }
        let at = self.zero.ticks(times.decoded, TIMESCALE);
        let shown = self.zero.ticks(times.shown, TIMESCALE);
        if key && !self.begin_at_key(codec, frame, at, pieces) {
            self.broken = true;
            return false;
        }
        if self.run.as_ref().is_some_and(|run| run.turn() != frame.turn) {
            self.turn(frame, at, pieces);
        }
        let Some(run) = &mut self.run else { return false };
        self.broken = false;
        let long = run.length(at) >= self.slice;
        if (key && long) || run.length(at) >= LONGEST || run.bytes() >= LARGEST {
            run.cut(at, pieces);
        }
        self.overdue = long && !key;
        append(run, self.described_anew, at, shown, frame);
        self.kept.push(frame);
        true
    }

    /// Pictures are turned otherwise from this one on, which needs those before it: these are repeated in a
    /// slice of its own. Where they are too many a key frame is waited for.
    fn turn(&mut self, frame: &Frame, at: u64, pieces: &mut Vec<Piece>) {
        let coding = self.run.as_ref().map(|run| run.config().coding.clone());
        self.askew = !self.is_repeatable();
        if let Some(coding) = coding.filter(|_| !self.askew)
            && self.describe(coding, frame, at, pieces)
        {
            self.repeat(at);
        }
    }

    /// Whether what the newest picture needs is here and not too much.
    fn is_repeatable(&self) -> bool {
        let bytes: usize = self.kept.frames().iter().map(|frame| frame.data.len()).sum();
        !self.broken && !self.kept.is_broken() && bytes <= MOST_REPEATED
    }

    /// Begins a slice with what the newest picture needs.
    fn repeat(&mut self, at: u64) {
        let Some(run) = &mut self.run else { return };
        let frames = self.kept.frames();
        for ((frame, at), shown) in frames.iter().zip(at..).zip(shown_from(at, frames)) {
            append(run, self.described_anew, at, shown, frame);
        }
    }

    /// The picture stands up to a room time: cuts the slices that are due until then.
    pub(super) fn stand(&mut self, until: RoomTime, pieces: &mut Vec<Piece>) {
        let until = self.zero.ticks(until, TIMESCALE);
        if !self.is_repeatable() {
            return;
        }
        let slice = u64::try_from(self.slice.as_micros()).unwrap_or(u64::MAX);
        let slice = slice.saturating_mul(u64::from(TIMESCALE)) / 1_000_000;
        while let Some(run) = &mut self.run
            && let (Some(from), Some(newest)) = (run.from(), run.newest())
        {
            let cut = from.saturating_add(slice).max(newest.saturating_add(STANDS));
            if cut > until {
                return;
            }
            run.cut(cut, pieces);
            self.repeat(cut);
            self.overdue = false;
        }
    }

    /// The session ends: at a room time if that is known, else with what came so far.
    pub(super) fn end(&mut self, at: Option<RoomTime>, pieces: &mut Vec<Piece>) {
        if let Some(mut run) = self.run.take() {
            run.end(at.map(|at| self.zero.ticks(at, TIMESCALE)), USUAL, pieces);
        }
        self.kept.forget();
        self.broken = true;
        (self.overdue, self.askew) = (false, false);
    }

    /// Sees to a run that holds frames encoded as this key frame is. False if it can't be told how.
    fn begin_at_key(
        &mut self,
        codec: Codec,
        frame: &Frame,
        at: u64,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let before = self.described.as_ref().map(|(coding, _)| coding);
        let Some(coding) = coding_of(codec, &frame.data, before) else {
            return false;
        };
        self.askew = false;
        let same = |run: &Run| run.config().coding == coding && run.turn() == frame.turn;
        self.run.as_ref().is_some_and(same) || self.describe(coding, frame, at, pieces)
    }

    /// Begins a run that holds frames encoded and turned as this one is.
    fn describe(
        &mut self,
        coding: Coding,
        frame: &Frame,
        at: u64,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let shape = |coding: &Coding, turn| coding.size().map(|size| Shape { size, turn });
        let before = self.run.take().map(|mut run| {
            run.cut(at, pieces);
            shape(&run.config().coding, run.turn())
        });
        let turn = frame.turn;
        let now = shape(&coding, turn);
        let opening = Opening {
            begins: before.is_none(),
            discontinuity: true,
            shape: now.filter(|_| before != Some(now)),
        };
        let config = TrackConfig { timescale: TIMESCALE, coding: coding.clone() };
        match Run::new(self.zero, config, turn, self.container, opening) {
            Ok((init, run)) => {
                self.container = run.container();
                let before = self.described.replace((coding, turn));
                let fresh = before != self.described;
                self.described_anew |= before.is_some() && fresh;
                pieces.extend(init.filter(|_| fresh).map(Piece::Init));
                self.run = Some(run);
                true
            }
            Err(error) => {
                tracing::debug!(track = %frame.track, %error, "a key frame can't be described");
                false
            }
        }
    }
}

/// Puts a frame into a run.
fn append(run: &mut Run, described_anew: bool, at: u64, shown: u64, frame: &Frame) {
    let fmp4 = run.container() == Container::Fmp4;
    // FFmpeg heeds the first init segment of a playlist only, and finds later parameter sets in the frames.
    let mut data = sample_of(frame.codec, &frame.data, described_anew && fmp4);
    if !fmp4 && frame.kind == FrameKind::Key && frame.codec == Codec::H264 {
        // A transport stream has no other place for it.
        data = with_orientation(data, run.turn());
    }
    run.push_shown_at(at, shown, data, frame.kind);
}

/// When frames are shown that are decoded one a tick from `at` on: in their own order, none before it is decoded.
fn shown_from(at: u64, frames: &[Arc<Frame>]) -> Vec<u64> {
    let mut by_time: Vec<usize> = (0..frames.len()).collect();
    by_time.sort_by_key(|number| frames.get(*number).map(|frame| frame.rtp_time.0));
    let mut ranks = vec![0; frames.len()];
    for (rank, number) in by_time.into_iter().enumerate() {
        if let Some(of) = ranks.get_mut(number) {
            *of = rank;
        }
    }
    let ahead = ranks.iter().enumerate().map(|(number, rank)| number.saturating_sub(*rank)).max();
    let from = at.saturating_add(ahead.unwrap_or(0) as u64);
    ranks.into_iter().map(|rank| from.saturating_add(rank as u64)).collect()
}
