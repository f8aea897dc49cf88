//! The life of one recording as a pure state machine: who is there, when it is idle, where it stands.
//!
//! Time is an argument; nothing here waits, writes or sends. Phases only go forward.

use std::collections::BTreeSet;
use std::time::Duration;

use capstan_archive::facts::StopReason;
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, Uid};

use crate::status::Phase;

/// One recording's state.
#[derive(Debug)]
pub struct Session {
    phase: Phase,
    present: BTreeSet<Uid>,
    /// Pictures that are there to be seen, whether they move or not.
    seen: BTreeSet<TrackId>,
    max_idle: Duration,
    /// When media last came, recorded or not; at first, when the recording began to listen.
    last_media: RoomTime,
    first_media: Option<RoomTime>,
    stopped: Option<(StopReason, RoomTime)>,
}

impl Session {
    /// A session that begins to listen at `now` and ends after `max_idle` without media.
    #[must_use]
    pub const fn new(max_idle: Duration, now: RoomTime) -> Self {
        Self {
            phase: Phase::Starting,
            present: BTreeSet::new(),
            seen: BTreeSet::new(),
            max_idle,
            last_media: now,
            first_media: None,
            stopped: None,
        }
    }

    /// Its threads run.
    pub fn ready(&mut self) {
        self.advance(Phase::Recording);
    }

    /// Takes in what the room says.
    pub fn observe(&mut self, event: &RoomEvent) {
        match event {
            RoomEvent::Joined { uid, .. } => {
                self.present.insert(*uid);
            }
            RoomEvent::Left { reason: LeaveReason::Replaced, .. } => {}
            RoomEvent::Left { uid, at, .. } => {
                self.present.remove(uid);
                self.end(|track| track.uid == *uid, *at);
            }
            RoomEvent::TrackStarted { track, .. } | RoomEvent::Unmuted { track, .. } => {
                if track.kind.is_video() {
                    self.seen.insert(*track);
                }
            }
            RoomEvent::Muted { track, at } => self.end(|other| other == track, *at),
            RoomEvent::Frame(frame) => {
                self.last_media = self.last_media.max(frame.arrived);
            }
            RoomEvent::Report(_) | RoomEvent::Lost { .. } => {}
        }
    }

    /// Pictures that were there up to a moment.
    fn end(&mut self, which: impl Fn(&TrackId) -> bool, at: RoomTime) {
        let before = self.seen.len();
        self.seen.retain(|track| !which(track));
        if self.seen.len() < before {
            self.last_media = self.last_media.max(at);
        }
    }

    /// The recording takes media that arrived at `at`. True for the first.
    pub fn takes_media(&mut self, at: RoomTime) -> bool {
        let first = self.first_media.is_none();
        self.first_media.get_or_insert(at);
        first
    }

    /// Ends the session if it has been idle for too long. True when this call ended it.
    pub fn poll(&mut self, now: RoomTime) -> bool {
        self.stopped.is_none()
            && self.seen.is_empty()
            && now.since(self.last_media) >= self.max_idle
            && self.stop(StopReason::Idle, now)
    }

    /// Ends the session; only the first reason counts. True if this call was the first.
    pub fn stop(&mut self, reason: StopReason, now: RoomTime) -> bool {
        if self.stopped.is_some() {
            return false;
        }
        self.stopped = Some((reason, now));
        self.advance(Phase::Stopping);
        true
    }

    /// The last segment is cut and owed.
    pub fn cut(&mut self) {
        self.advance(Phase::Uploading);
    }

    /// Everything owed has left, or what couldn't is known.
    pub fn settled(&mut self, normal: bool) {
        self.advance(if normal { Phase::Done } else { Phase::Failed });
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Why and when it stopped.
    #[must_use]
    pub const fn stopped(&self) -> Option<(StopReason, RoomTime)> {
        self.stopped
    }

    /// When the first media came: the recording's zero.
    #[must_use]
    pub const fn first_media(&self) -> Option<RoomTime> {
        self.first_media
    }

    /// Who is in the room, by uid.
    #[must_use]
    pub fn participants(&self) -> Vec<Uid> {
        self.present.iter().copied().collect()
    }

    fn advance(&mut self, to: Phase) {
        let rank = |phase| match phase {
            Phase::Starting => 0,
            Phase::Recording => 1,
            Phase::Stopping => 2,
            Phase::Uploading => 3,
            Phase::Done | Phase::Failed => 4,
        };
        if rank(to) > rank(self.phase) {
            self.phase = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use capstan_media::codec::Codec;
    use capstan_media::frame::{Continuity, Frame, FrameKind};
    use capstan_media::time::RtpTime;
    use capstan_media::track::{TrackId, TrackKind};
    use capstan_media::turn::Turn;

    use super::*;

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    fn media(arrived: RoomTime) -> RoomEvent {
        let track = TrackId { uid: Uid::new(1).unwrap(), kind: TrackKind::Audio };
        RoomEvent::Frame(Arc::new(Frame {
            track,
            arrived,
            rtp_time: RtpTime(0),
            codec: Codec::Opus,
            kind: FrameKind::Key,
            continuity: Continuity::Contiguous,
            turn: Turn::None,
            data: Bytes::new(),
        }))
    }

    #[test]
    fn it_ends_when_nobody_sends_for_the_idle_time() {
        let mut session = Session::new(Duration::from_secs(5), ms(0));
        session.ready();
        let uid = Uid::new(1).unwrap();
        session.observe(&RoomEvent::Joined { uid, at: ms(1_000), since: ms(1_000) });
        assert!(!session.poll(ms(4_999)));
        session.observe(&media(ms(4_000)));
        assert_eq!(session.first_media(), None);
        assert!(session.takes_media(ms(4_000)) && !session.takes_media(ms(4_020)));
        assert_eq!(session.first_media(), Some(ms(4_000)));
        assert!(!session.poll(ms(8_999)));
        assert_eq!(session.participants(), [uid]);
        assert!(session.poll(ms(9_000)));
        assert!(!session.poll(ms(20_000)), "it ends once");
        assert_eq!(session.stopped(), Some((StopReason::Idle, ms(9_000))));
        assert!(!session.stop(StopReason::Asked, ms(9_001)));
        assert_eq!(session.phase(), Phase::Stopping);
    }

    #[test]
    fn a_picture_that_stands_is_media_until_it_ends() {
        let mut session = Session::new(Duration::from_secs(5), ms(0));
        let uid = Uid::new(1).unwrap();
        let track = TrackId { uid, kind: TrackKind::Screen };
        session.observe(&RoomEvent::TrackStarted { track, codec: Codec::Vp8, at: ms(1_000) });
        assert!(!session.poll(ms(3_600_000)));
        session.observe(&RoomEvent::Muted { track, at: ms(3_600_000) });
        assert!(!session.poll(ms(3_604_999)));
        session.observe(&RoomEvent::Unmuted { track, at: ms(3_604_999) });
        assert!(!session.poll(ms(3_700_000)));
        session.observe(&RoomEvent::Left { uid, at: ms(3_700_000), reason: LeaveReason::Lost });
        assert!(!session.poll(ms(3_704_999)) && session.poll(ms(3_705_000)));
    }

    #[test]
    fn phases_only_go_forward() {
        let mut session = Session::new(Duration::from_secs(5), ms(0));
        assert_eq!(session.phase(), Phase::Starting);
        assert!(session.stop(StopReason::Asked, ms(1)));
        session.ready();
        assert_eq!(session.phase(), Phase::Stopping);
        session.cut();
        session.settled(true);
        session.cut();
        assert_eq!(session.phase(), Phase::Done);
    }

    #[test]
    fn a_takeover_keeps_the_participant() {
        let mut session = Session::new(Duration::from_secs(5), ms(0));
        let uid = Uid::new(3).unwrap();
        session.observe(&RoomEvent::Joined { uid, at: ms(1), since: ms(1) });
        session.observe(&RoomEvent::Left { uid, at: ms(2), reason: LeaveReason::Replaced });
        assert_eq!(session.participants(), [uid]);
        session.observe(&RoomEvent::Left { uid, at: ms(2), reason: LeaveReason::Quit });
        assert!(session.participants().is_empty());
    }
}
