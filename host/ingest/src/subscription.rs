//! A subscriber's bounded queue of room events.
//!
//! Pushing never blocks: what doesn't fit is dropped and counted, and the reader learns of it by a
//! `Lost` event in its place. Events other than frames and reports are small and rare; they have a
//! reserve of their own, so that a reader who falls behind on frames still learns who left.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capstan_media::room::RoomEvent;
use capstan_media::time::RoomTime;
use tokio::sync::Notify;

/// Room for joins, leaves and the like beyond the frames' share of the queue.
const CONTROL_RESERVE: usize = 1_024;

/// What a wait with a time limit brought.
#[derive(Debug)]
pub enum Received {
    /// The next event.
    Event(RoomEvent),
    /// Nothing came in time.
    TimedOut,
    /// Nothing will come any more: ingest has stopped.
    Ended,
}

/// The events of one room, in order, from the moment of subscribing. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    queue: Arc<Queue>,
}

impl Subscription {
    pub(crate) const fn new(queue: Arc<Queue>) -> Self {
        Self { queue }
    }

    /// Waits for the next event; `None` after ingest has stopped. Cancelling loses nothing.
    pub async fn recv(&mut self) -> Option<RoomEvent> {
        loop {
            match self.try_recv() {
                Received::Event(event) => return Some(event),
                Received::Ended => return None,
                // A push between the look and the wait leaves a permit behind.
                Received::TimedOut => self.queue.notify.notified().await,
            }
        }
    }

    /// Blocks the thread until the next event; `None` after ingest has stopped.
    pub fn blocking_recv(&mut self) -> Option<RoomEvent> {
        let ready = |state: &mut State| state.events.is_empty() && !state.ended;
        let state = self.queue.readable.wait_while(self.queue.lock(), ready);
        take(&mut state.unwrap_or_else(PoisonError::into_inner)).into_event()
    }

    /// Blocks the thread until the next event, but no longer than `limit`.
    pub fn recv_timeout(&mut self, limit: Duration) -> Received {
        let ready = |state: &mut State| state.events.is_empty() && !state.ended;
        let waited = self.queue.readable.wait_timeout_while(self.queue.lock(), limit, ready);
        take(&mut waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// The next event if it is there already.
    pub fn try_recv(&mut self) -> Received {
        take(&mut self.queue.lock())
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.unread = true;
        state.events.clear();
    }
}

impl Received {
    fn into_event(self) -> Option<RoomEvent> {
        match self {
            Self::Event(event) => Some(event),
            Self::TimedOut | Self::Ended => None,
        }
    }
}

/// Whether a push found room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Push {
    /// It did.
    Queued,
    /// It did, after some had not: the reader has a gap just before.
    QueuedAfterLoss,
    /// It didn't; counted.
    Dropped,
    /// Nobody reads any more.
    Unread,
}

/// The queue itself, shared by the room and the subscriber.
#[derive(Debug)]
pub(crate) struct Queue {
    max_events: usize,
    max_bytes: usize,
    state: Mutex<State>,
    readable: Condvar,
    notify: Notify,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<RoomEvent>,
    bytes: usize,
    lost: u64,
    ended: bool,
    unread: bool,
}

impl Queue {
    pub(crate) fn new(max_events: usize, max_bytes: usize) -> Self {
        let state = Mutex::new(State::default());
        Self { max_events, max_bytes, state, readable: Condvar::new(), notify: Notify::new() }
    }

    /// Appends an event that happens at `now`.
    pub(crate) fn push(&self, event: RoomEvent, now: RoomTime) -> Push {
        let mut state = self.lock();
        if state.unread {
            return Push::Unread;
        }
        let bytes = size(&event);
        let fits = if matches!(event, RoomEvent::Frame(_) | RoomEvent::Report(_)) {
            state.events.len() < self.max_events && state.bytes + bytes <= self.max_bytes
        } else {
            state.events.len() < self.max_events + CONTROL_RESERVE
        };
        if !fits {
            state.lost += 1;
            return Push::Dropped;
        }
        let lost = std::mem::take(&mut state.lost);
        if lost > 0 {
            state.events.push_back(RoomEvent::Lost { at: now, events: lost });
        }
        state.bytes += bytes;
        state.events.push_back(event);
        drop(state);
        self.wake();
        if lost > 0 { Push::QueuedAfterLoss } else { Push::Queued }
    }

    /// Lets the reader finish what is queued, then tells it that no more comes.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.wake();
    }

    /// Whether the subscription was dropped.
    pub(crate) fn is_unread(&self) -> bool {
        self.lock().unread
    }

    fn wake(&self) {
        self.readable.notify_one();
        self.notify.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(state: &mut State) -> Received {
    match state.events.pop_front() {
        Some(event) => {
            state.bytes -= size(&event);
            Received::Event(event)
        }
        None if state.ended => Received::Ended,
        None => Received::TimedOut,
    }
}

fn size(event: &RoomEvent) -> usize {
    match event {
        RoomEvent::Frame(frame) => frame.data.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use capstan_media::codec::Codec;
    use capstan_media::frame::{Continuity, Frame, FrameKind};
    use capstan_media::time::RtpTime;
    use capstan_media::track::{TrackId, TrackKind, Uid};
    use capstan_media::turn::Turn;

    use super::*;

    fn frame(bytes: usize) -> RoomEvent {
        RoomEvent::Frame(Arc::new(Frame {
            track: TrackId { uid: Uid::new(1).unwrap(), kind: TrackKind::Camera },
            arrived: RoomTime::from_millis(1),
            rtp_time: RtpTime(1),
            codec: Codec::Vp8,
            kind: FrameKind::Key,
            continuity: Continuity::Contiguous,
            turn: Turn::None,
            data: Bytes::from(vec![0; bytes]),
        }))
    }

    fn joined(uid: u32) -> RoomEvent {
        let at = RoomTime::from_millis(0);
        RoomEvent::Joined { uid: Uid::new(uid).unwrap(), at, since: at }
    }

    fn pair(events: usize, bytes: usize) -> (Arc<Queue>, Subscription) {
        let queue = Arc::new(Queue::new(events, bytes));
        (Arc::clone(&queue), Subscription::new(queue))
    }

    #[test]
    fn a_slow_reader_learns_how_much_it_missed_and_who_came() {
        let (queue, mut reader) = pair(2, 1_000);
        let now = RoomTime::from_millis(9);
        assert_eq!(queue.push(frame(1), now), Push::Queued);
        assert_eq!(queue.push(frame(1), now), Push::Queued);
        assert_eq!(queue.push(frame(1), now), Push::Dropped);
        assert_eq!(queue.push(frame(1), now), Push::Dropped);
        assert_eq!(queue.push(joined(7), now), Push::QueuedAfterLoss);
        assert!(matches!(reader.try_recv(), Received::Event(RoomEvent::Frame(_))));
        assert!(matches!(reader.try_recv(), Received::Event(RoomEvent::Frame(_))));
        let lost = reader.blocking_recv();
        assert!(matches!(lost, Some(RoomEvent::Lost { events: 2, at }) if at == now));
        assert!(matches!(reader.try_recv(), Received::Event(RoomEvent::Joined { .. })));
        assert!(matches!(reader.try_recv(), Received::TimedOut));
    }

    #[test]
    fn bytes_and_control_events_are_bounded_too() {
        let (queue, mut reader) = pair(10, 100);
        let now = RoomTime::from_millis(0);
        assert_eq!(queue.push(frame(60), now), Push::Queued);
        assert_eq!(queue.push(frame(60), now), Push::Dropped);
        assert!(matches!(reader.try_recv(), Received::Event(_)));
        assert_eq!(queue.push(frame(60), now), Push::QueuedAfterLoss);
        let pushed = (0..10_000).filter(|_| queue.push(joined(1), now) != Push::Dropped).count();
        assert!(pushed <= 10 + CONTROL_RESERVE);
    }

    #[test]
    fn an_end_comes_after_what_is_queued() {
        let (queue, mut reader) = pair(4, 100);
        queue.push(joined(1), RoomTime::from_millis(0));
        queue.end();
        assert!(reader.blocking_recv().is_some());
        assert!(reader.blocking_recv().is_none());
        assert!(matches!(reader.recv_timeout(Duration::from_secs(5)), Received::Ended));
    }

    #[tokio::test]
    async fn an_async_reader_is_woken_from_another_thread() {
        let (queue, mut reader) = pair(4, 100);
        let pusher = std::thread::spawn(move || {
            queue.push(joined(1), RoomTime::from_millis(0));
            queue.end();
        });
        assert!(reader.recv().await.is_some());
        assert!(reader.recv().await.is_none());
        pusher.join().unwrap();
    }

    #[test]
    fn a_dropped_reader_is_noticed() {
        let (queue, reader) = pair(4, 100);
        drop(reader);
        assert_eq!(queue.push(frame(1), RoomTime::from_millis(0)), Push::Unread);
        assert!(queue.is_unread());
    }
}
