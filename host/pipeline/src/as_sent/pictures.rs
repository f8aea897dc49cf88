//! Pictures as sent: slices begin at key frames, and frames that can't be decoded are left out.

use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::frame::{Frame, FrameKind};
use capstan_media::sample::{Coding, TrackConfig};
use capstan_media::time::RoomTime;

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
        }
    }

    /// Another stream follows.
    pub(super) const fn restart(&mut self) {
        self.broken = true;
    }

    pub(super) const fn wants_key(&self) -> bool {
        self.broken || self.overdue
    }

    /// Takes a frame. False if it is left out.
    pub(super) fn push(
        &mut self,
        codec: Codec,
        frame: &Frame,
        at: RoomTime,
        after_gap: bool,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let key = frame.kind == FrameKind::Key;
        self.broken |= after_gap;
        if self.broken && !key {
            return false;
        }
        let at = self.zero.ticks(at, TIMESCALE);
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
        run.push(at, sample_of(codec, &frame.data, with_sets), frame.kind);
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
