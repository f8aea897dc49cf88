//! What was pushed and isn't due yet, by its time.
//!
//! Two queues: arrivals (frames, reports) count ahead of their tick by the playout delay, what
//! happened (joins, leaves, mutes) counts at its tick.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use capstan_media::frame::{Frame, FrameKind};
use capstan_media::room::{RoomEvent, SenderReport};
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;

use crate::limits::{MAX_WAITING_BYTES, MAX_WAITING_EVENTS};
use crate::stats::Stats;

/// Something that counts as soon as it arrived.
#[derive(Clone, Debug)]
pub(super) enum Arrival {
    Frame(Arc<Frame>),
    Report(SenderReport),
    /// Frames of this track, or of any, were lost on the way here.
    Torn(Option<TrackId>),
}

/// Waiting events.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    arrivals: VecDeque<(RoomTime, Arrival)>,
    bytes: usize,
    happenings: VecDeque<(RoomTime, RoomEvent)>,
    /// Video tracks whose frames were dropped here since their last key frame.
    overflowed: BTreeSet<TrackId>,
}

impl Inbox {
    pub(super) fn push(&mut self, event: &RoomEvent, stats: &mut Stats) {
        let at = event.at();
        match event {
            RoomEvent::Frame(frame) => self.push_frame(frame, stats),
            RoomEvent::Report(report) if self.arrivals.len() < MAX_WAITING_EVENTS => {
                insert(&mut self.arrivals, at, Arrival::Report(*report));
            }
            RoomEvent::Report(_) => {}
            RoomEvent::Lost { .. } => insert(&mut self.arrivals, at, Arrival::Torn(None)),
            RoomEvent::Joined { .. }
            | RoomEvent::Left { .. }
            | RoomEvent::TrackStarted { .. }
            | RoomEvent::Muted { .. }
            | RoomEvent::Unmuted { .. } => insert(&mut self.happenings, at, event.clone()),
        }
    }

    fn push_frame(&mut self, frame: &Arc<Frame>, stats: &mut Stats) {
        let len = frame.data.len();
        let full =
            self.arrivals.len() >= MAX_WAITING_EVENTS || self.bytes + len > MAX_WAITING_BYTES;
        let torn = self.overflowed.contains(&frame.track);
        if full || (torn && frame.kind == FrameKind::Delta) {
            stats.overflowed += 1;
            if frame.codec.is_video() {
                self.overflowed.insert(frame.track);
            }
            return;
        }
        if torn {
            self.overflowed.remove(&frame.track);
            insert(&mut self.arrivals, frame.arrived, Arrival::Torn(Some(frame.track)));
        }
        self.bytes += len;
        insert(&mut self.arrivals, frame.arrived, Arrival::Frame(Arc::clone(frame)));
    }

    /// The next arrival not after `until`.
    pub(super) fn arrival(&mut self, until: RoomTime) -> Option<Arrival> {
        let (_, arrival) = self.arrivals.pop_front_if(|&mut (at, _)| at <= until)?;
        if let Arrival::Frame(frame) = &arrival {
            self.bytes -= frame.data.len();
        }
        Some(arrival)
    }

    /// The next other event not after `until`.
    pub(super) fn happening(&mut self, until: RoomTime) -> Option<RoomEvent> {
        self.happenings.pop_front_if(|&mut (at, _)| at <= until).map(|(_, event)| event)
    }
}

/// Keeps the queue in order of time; equal times in order of pushing.
fn insert<T>(queue: &mut VecDeque<(RoomTime, T)>, at: RoomTime, item: T) {
    let place = queue.iter().rposition(|&(before, _)| before <= at).map_or(0, |place| place + 1);
    queue.insert(place, (at, item));
}
