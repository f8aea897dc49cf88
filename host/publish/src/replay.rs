//! Frames sent once, each when and with what media time somebody wrote down; then nothing more.

use std::time::Duration;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use capstan_media::time::RoomTime;
use capstan_media::turn::Turn;

use crate::encode::EncodeError;
use crate::source::{Fate, Source, Unit};

/// How long a source that is over has nothing: longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(366 * 86_400);

/// One frame.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// When it leaves, in microseconds after the start.
    pub(crate) leaves: i64,
    /// Its media time, likewise.
    pub(crate) media: i64,
    pub(crate) data: Bytes,
    pub(crate) kind: FrameKind,
    pub(crate) fate: Fate,
}

/// Frames as somebody wrote them down.
#[derive(Clone, Debug)]
pub struct Replay {
    codec: Codec,
    parameters: Option<String>,
    steps: Vec<Step>,
    next: usize,
    start: Option<RoomTime>,
}

impl Replay {
    pub(crate) const fn new(codec: Codec, parameters: Option<String>, steps: Vec<Step>) -> Self {
        Self { codec, parameters, steps, next: 0, start: None }
    }
}

impl Source for Replay {
    fn codec(&self) -> Codec {
        self.codec
    }

    fn parameters(&self) -> Option<&str> {
        self.parameters.as_deref()
    }

    fn next_at(&mut self, now: RoomTime) -> RoomTime {
        let start = *self.start.get_or_insert(now);
        let next = self.steps.get(self.next);
        next.map_or(now + FOR_EVER, |step| start.offset_micros(step.leaves))
    }

    fn next(&mut self, _: FrameKind) -> Result<Unit, EncodeError> {
        let start = self.start.unwrap_or(RoomTime::from_micros(0));
        let step = self.steps.get(self.next).ok_or_else(|| EncodeError::Setting {
            what: "the number of frames",
            value: self.steps.len().to_string(),
            allowed: "more than were sent",
        })?;
        self.next += 1;
        Ok(Unit {
            at: start.offset_micros(step.leaves),
            media: start.offset_micros(step.media),
            data: step.data.clone(),
            kind: step.kind,
            turn: Turn::None,
            fate: step.fate,
        })
    }
}
