//! Pictures as sent: slices begin at key frames, and frames that can't be decoded are left out.

use std::time::Duration;

use capstan_media::bitstream::h264;
use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::frame::{Frame, FrameKind};
use capstan_media::sample::{Coding, TrackConfig};
use capstan_media::time::RoomTime;
use capstan_media::trouble::{Cause, Complaint};

use super::BREAK;
use super::coding::{coding_of, sample_of};
use super::piece::{Making, Piece};
use super::run::{Opening, Run, Zero};

/// Ticks a second of the files: those of RTP.
const TIMESCALE: u32 = 90_000;
/// How long the only picture of a session lasts.
const USUAL: u32 = TIMESCALE / 15;
/// A slice ends here even without a key frame; the next one then can't be decoded alone.
const LONGEST: Duration = Duration::from_secs(330);
/// Likewise.
const LARGEST: usize = 50 << 20;

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
    described: Option<Coding>,
    /// Another init segment was made before that one.
    described_anew: bool,
    /// Nothing can be decoded before a key frame.
    broken: bool,
    /// The slice is long enough.
    overdue: bool,
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
            trouble: None,
            left_out: 0,
        }
    }

    /// Another stream follows.
    pub(super) const fn restart(&mut self) {
        self.broken = true;
    }

    pub(super) const fn wants_key(&self) -> bool {
        self.broken || self.overdue
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
        frame: &Frame,
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
        frame: &Frame,
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
        let Some(run) = &mut self.run else { return false };
        self.broken = false;
        let long = run.length(at) >= self.slice;
        if (key && long) || run.length(at) >= LONGEST || run.bytes() >= LARGEST {
            run.cut(at, pieces);
        }
        self.overdue = long && !key;
        // FFmpeg heeds the first init segment of a playlist only, and finds later parameter sets here.
        let with_sets = self.described_anew && run.container() == Container::Fmp4;
        run.push_shown_at(at, shown, sample_of(codec, &frame.data, with_sets), frame.kind);
        true
    }

    /// The session ends with what came so far.
    pub(super) fn end(&mut self, pieces: &mut Vec<Piece>) {
        if let Some(mut run) = self.run.take() {
            run.end(USUAL, pieces);
        }
        self.broken = true;
        self.overdue = false;
    }

    /// Sees to a run that holds frames encoded as this key frame is. False if it can't be told how.
    fn begin_at_key(
        &mut self,
        codec: Codec,
        frame: &Frame,
        at: u64,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let Some(coding) = coding_of(codec, &frame.data, self.described.as_ref()) else {
            return false;
        };
        let same = self.run.as_ref().is_some_and(|run| run.config().coding == coding);
        if same {
            return true;
        }
        let before = self.run.take().map(|mut run| {
            run.cut(at, pieces);
            run.config().coding.size()
        });
        let size = coding.size();
        let opening = Opening {
            begins: before.is_none(),
            discontinuity: true,
            size: size.filter(|_| before != Some(size)),
        };
        let config = TrackConfig { timescale: TIMESCALE, coding: coding.clone() };
        match Run::new(self.zero, config, self.container, opening) {
            Ok((init, run)) => {
                self.container = run.container();
                let before = self.described.replace(coding);
                let fresh = before.as_ref() != Some(&run.config().coding);
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
