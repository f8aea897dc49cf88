//! The bounded queue between the tape thread and the composite thread.
//!
//! It never blocks the tape: when the composite is too slow, video frames are dropped up to the
//! track's next key frame and counted. Sound is dropped only beyond a limit that no composite that
//! runs at all can reach.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::RoomEvent;
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;

use crate::requests::LayoutRequest;

/// The most bytes of encoded pictures that wait: some seconds of a full room.
const MAX_VIDEO_BYTES: usize = 16 * 1024 * 1024;
/// The most messages that wait while pictures are taken.
const MAX_MESSAGES: usize = 8 * 1024;
/// The most messages at all: over a minute of the sound of a room of 17.
const MAX_MESSAGES_AT_ALL: usize = 64 * 1024;

/// What the composite thread is told.
pub(crate) enum Message {
    /// Something happened in the room.
    Room(RoomEvent),
    /// Somebody wants another layout.
    Layout(LayoutRequest),
    /// The recording ends: no picture belongs to this time or later.
    Stop {
        /// When.
        at: RoomTime,
    },
}

impl Message {
    /// When what it tells of happened in the room.
    pub(crate) fn at(&self) -> Option<RoomTime> {
        match self {
            Self::Room(event) => Some(event.at()),
            Self::Layout(_) | Self::Stop { .. } => None,
        }
    }
}

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    video_bytes: usize,
    /// Tracks whose frames are dropped until a key frame finds room.
    broken: HashSet<TrackId>,
    dropped: u64,
    stopped: bool,
    closed: bool,
}

impl Queue {
    /// Gives the composite an event of the room. Returns how many frames a gap dropped that ends
    /// with this event, if one does.
    pub(crate) fn push(&self, event: RoomEvent) -> Option<u64> {
        let mut state = self.lock();
        match &event {
            RoomEvent::Frame(frame) if frame.track.kind.is_video() => {
                if !state.has_room(frame) {
                    state.broken.insert(frame.track);
                    state.dropped += 1;
                    return None;
                }
                state.video_bytes += frame.data.len();
                if state.broken.remove(&frame.track) {
                    let frame = Frame { continuity: Continuity::AfterGap, ..Frame::clone(frame) };
                    state.messages.push_back(Message::Room(RoomEvent::Frame(Arc::new(frame))));
                    self.filled.notify_one();
                    return Some(std::mem::take(&mut state.dropped));
                }
            }
            RoomEvent::Frame(_) | RoomEvent::Report(_)
                if state.messages.len() >= MAX_MESSAGES_AT_ALL =>
            {
                state.dropped += 1;
                return None;
            }
            _ => {}
        }
        state.messages.push_back(Message::Room(event));
        self.filled.notify_one();
        None
    }

    /// Asks for a layout. The request comes back if nobody takes messages any more.
    pub(crate) fn ask(&self, request: LayoutRequest) -> Result<(), LayoutRequest> {
        let mut state = self.lock();
        if state.closed || state.messages.len() >= MAX_MESSAGES_AT_ALL {
            return Err(request);
        }
        state.messages.push_back(Message::Layout(request));
        self.filled.notify_one();
        Ok(())
    }

    /// Ends the recording at a time. Returns how many frames of open gaps are lost.
    pub(crate) fn stop(&self, at: RoomTime) -> u64 {
        let mut state = self.lock();
        state.messages.push_back(Message::Stop { at });
        state.stopped = true;
        self.filled.notify_one();
        std::mem::take(&mut state.dropped)
    }

    /// Takes the oldest message, waiting up to `patience` for one.
    pub(crate) fn pop(&self, patience: Duration) -> Option<Message> {
        let mut state = self.lock();
        if state.messages.is_empty() && !patience.is_zero() {
            (state, _) = self
                .filled
                .wait_timeout_while(state, patience, |state| state.messages.is_empty())
                .unwrap_or_else(PoisonError::into_inner);
        }
        let message = state.messages.pop_front();
        if let Some(Message::Room(RoomEvent::Frame(frame))) = &message
            && frame.track.kind.is_video()
        {
            state.video_bytes = state.video_bytes.saturating_sub(frame.data.len());
        }
        message
    }

    /// Throws away what comes until the recording is stopped, for a composite that can't go on.
    pub(crate) fn wait_for_stop(&self) {
        let mut state = self.lock();
        while !state.stopped {
            state.messages.clear();
            state.video_bytes = 0;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more requests; those that wait are dropped, which tells their askers.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.messages.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a picture may join: there is room, and its track has no gap that it can't end.
    fn has_room(&self, frame: &Frame) -> bool {
        let fits = self.video_bytes + frame.data.len() <= MAX_VIDEO_BYTES
            && self.messages.len() < MAX_MESSAGES;
        fits && (frame.kind == FrameKind::Key || !self.broken.contains(&frame.track))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use capstan_media::codec::Codec;
    use capstan_media::time::RtpTime;
    use capstan_media::track::{TrackKind, Uid};
    use capstan_media::turn::Turn;

    use super::*;

    fn frame(kind: TrackKind, frame_kind: FrameKind, len: usize) -> RoomEvent {
        RoomEvent::Frame(Arc::new(Frame {
            track: TrackId { uid: Uid::new(1).unwrap(), kind },
            arrived: RoomTime::from_millis(1),
            rtp_time: RtpTime(0),
            codec: if kind.is_video() { Codec::Vp8 } else { Codec::Opus },
            kind: frame_kind,
            continuity: Continuity::Contiguous,
            turn: Turn::None,
            data: Bytes::from(vec![0; len]),
        }))
    }

    #[test]
    fn a_slow_composite_loses_pictures_up_to_a_key_frame_and_no_sound() {
        let queue = Queue::default();
        let half = MAX_VIDEO_BYTES / 2;
        let video = |kind, len| queue.push(frame(TrackKind::Camera, kind, len));
        assert_eq!(video(FrameKind::Key, half), None);
        assert_eq!(video(FrameKind::Delta, half), None);
        assert_eq!(video(FrameKind::Delta, 1), None, "full: dropped");
        assert_eq!(queue.push(frame(TrackKind::Audio, FrameKind::Key, 100)), None);
        assert!(queue.pop(Duration::ZERO).is_some());
        assert_eq!(video(FrameKind::Delta, 1), None, "room again, but it needs the dropped one");
        assert_eq!(video(FrameKind::Key, 1), Some(2));
        assert_eq!(video(FrameKind::Delta, 1), None);

        let mut kinds = Vec::new();
        while let Some(Message::Room(RoomEvent::Frame(frame))) = queue.pop(Duration::ZERO) {
            kinds.push((frame.track.kind, frame.kind, frame.continuity));
        }
        use Continuity::{AfterGap, Contiguous};
        use FrameKind::{Delta, Key};
        assert_eq!(
            kinds,
            [
                (TrackKind::Camera, Delta, Contiguous),
                (TrackKind::Audio, Key, Contiguous),
                (TrackKind::Camera, Key, AfterGap),
                (TrackKind::Camera, Delta, Contiguous),
            ]
        );
    }
}
