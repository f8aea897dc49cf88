//! Which sessions exist: capacity, take-over and names. Pure.
//!
//! A uid has at most one connected session and one that is about to replace it. The old one goes on
//! until the new one is connected, so a take-over loses nothing and a failed one changes nothing.
//!
//! Sessions that wait for their connection are bounded apart from the connected ones: offers cost their
//! sender nothing, so they must not take a publisher's place.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use capstan_media::time::RoomTime;
use capstan_media::track::{RoomId, Uid};

use crate::error::PublishError;

/// A session's unguessable name: 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SessionId(String);

impl SessionId {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The name as it appears in URLs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A session's number within the process, growing: of two sessions the greater is the newer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct PeerId(pub(crate) u64);

/// How many sessions there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Participants who are connected.
    pub(crate) publishers: usize,
    /// Sessions that wait for their connection, beside those.
    pub(crate) waiting: usize,
    /// The same of those whose offers came from one address.
    pub(crate) waiting_per_address: usize,
}

/// A session of which checks have come is about to connect and doesn't make way for so long.
const HEARD_PATIENCE: Duration = Duration::from_secs(5);

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    limits: Limits,
    newest: u64,
    by_peer: HashMap<PeerId, Session>,
}

/// A new session and those that end for it.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Opened {
    pub(crate) id: PeerId,
    /// Never connected, and of the same uid.
    pub(crate) replaced: Vec<PeerId>,
    /// Never connected, and in the way of a newer one.
    pub(crate) displaced: Vec<PeerId>,
}

#[derive(Debug)]
struct Session {
    name: SessionId,
    room: RoomId,
    uid: Uid,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Waiting { from: IpAddr, since: RoomTime, heard: bool },
    Connected,
}

impl Sessions {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, newest: 0, by_peer: HashMap::new() }
    }

    /// Opens a session for an offer that came from an address.
    pub(crate) fn open(
        &mut self,
        room: &RoomId,
        uid: Uid,
        name: SessionId,
        from: IpAddr,
        now: RoomTime,
    ) -> Result<Opened, PublishError> {
        let (connected, replaced): (Vec<_>, Vec<_>) =
            self.of(room, uid).into_iter().partition(|id| self.is_connected(*id));
        if connected.is_empty() && self.publishers() >= self.limits.publishers {
            return Err(PublishError::ServerFull { limit: self.limits.publishers });
        }
        let displaced = self.make_way(&replaced, from, now)?;
        for id in replaced.iter().chain(&displaced) {
            self.by_peer.remove(id);
        }
        self.newest += 1;
        let id = PeerId(self.newest);
        let stage = Stage::Waiting { from, since: now, heard: false };
        self.by_peer.insert(id, Session { name, room: room.clone(), uid, stage });
        Ok(Opened { id, replaced, displaced })
    }

    /// A connectivity check of a session has come.
    pub(crate) fn heard(&mut self, peer: PeerId) {
        if let Some(Stage::Waiting { heard, .. }) =
            self.by_peer.get_mut(&peer).map(|s| &mut s.stage)
        {
            *heard = true;
        }
    }

    /// A session is connected: answers the older ones of its uid, which are over. `None` if others took
    /// the last place since its offer: then it is over itself.
    pub(crate) fn connected(&mut self, peer: PeerId) -> Option<Vec<PeerId>> {
        let session = self.by_peer.get(&peer)?;
        let (room, uid) = (session.room.clone(), session.uid);
        let mut older = self.of(&room, uid);
        older.retain(|id| *id < peer);
        let has_place = self.of(&room, uid).into_iter().any(|id| self.is_connected(id));
        if !has_place && self.publishers() >= self.limits.publishers {
            return None;
        }
        self.by_peer.get_mut(&peer)?.stage = Stage::Connected;
        for id in &older {
            self.by_peer.remove(id);
        }
        Some(older)
    }

    /// Forgets a session.
    pub(crate) fn remove(&mut self, peer: PeerId) {
        self.by_peer.remove(&peer);
    }

    /// The session that a URL names.
    pub(crate) fn find(&self, room: &RoomId, uid: Uid, name: &str) -> Option<PeerId> {
        let named = |s: &Session| s.name.as_str() == name && s.uid == uid && s.room == *room;
        self.by_peer.iter().find(|(_, session)| named(session)).map(|(id, _)| *id)
    }

    /// Participants who are connected.
    pub(crate) fn publishers(&self) -> usize {
        let connected = self.by_peer.values().filter(|s| s.stage == Stage::Connected);
        let mut all: Vec<_> = connected.map(|s| (&s.room, s.uid)).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Sessions that wait for their connection.
    pub(crate) fn waiting(&self) -> usize {
        self.by_peer.values().filter(|s| s.stage != Stage::Connected).count()
    }

    /// The sessions that must end for another one from this address, apart from some that end anyway.
    /// First go those of whom nothing was heard, the oldest first.
    fn make_way(
        &self,
        ending: &[PeerId],
        from: IpAddr,
        now: RoomTime,
    ) -> Result<Vec<PeerId>, PublishError> {
        let mut waiting: Vec<Waiting> = Vec::new();
        for (id, session) in self.by_peer.iter().filter(|(id, _)| !ending.contains(id)) {
            if let Stage::Waiting { from, since, heard } = session.stage {
                waiting.push(Waiting { id: *id, from, since, heard });
            }
        }
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        waiting.iter().for_each(|one| *counts.entry(one.from).or_default() += 1);
        let full_address =
            counts.get(&from).is_some_and(|count| *count >= self.limits.waiting_per_address);
        if !full_address && waiting.len() < self.limits.waiting {
            return Ok(Vec::new());
        }
        // Whoever has most gives way to who has fewer.
        let crowded = counts.iter().max_by_key(|(address, count)| (**count, **address));
        let crowded = if full_address { Some(from) } else { crowded.map(|(address, _)| *address) };
        waiting
            .into_iter()
            .filter(|one| Some(one.from) == crowded)
            .filter(|one| !one.heard || now.since(one.since) >= HEARD_PATIENCE)
            .min_by_key(|one| (one.heard, one.since, one.id))
            .map(|one| vec![one.id])
            .ok_or(PublishError::TooManyWaiting { waiting: self.waiting() })
    }

    fn of(&self, room: &RoomId, uid: Uid) -> Vec<PeerId> {
        let same = |s: &Session| s.uid == uid && s.room == *room;
        self.by_peer.iter().filter(|(_, s)| same(s)).map(|(id, _)| *id).collect()
    }

    fn is_connected(&self, peer: PeerId) -> bool {
        self.by_peer.get(&peer).is_some_and(|session| session.stage == Stage::Connected)
    }
}

/// A session that waits.
struct Waiting {
    id: PeerId,
    from: IpAddr,
    since: RoomTime,
    heard: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { publishers: 5, waiting: 8, waiting_per_address: 4 };

    fn room() -> RoomId {
        RoomId { app: "demo".into(), name: "r".into() }
    }

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    fn name(text: &str) -> SessionId {
        SessionId::new(text.into())
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn open(
        sessions: &mut Sessions,
        number: u32,
        from: u8,
        at: i64,
    ) -> Result<Opened, PublishError> {
        let at = RoomTime::from_millis(at);
        sessions.open(&room(), uid(number), name(&number.to_string()), address(from), at)
    }

    #[test]
    fn a_full_server_still_lets_a_participant_take_over() {
        let mut sessions = Sessions::new(Limits { publishers: 1, ..LIMITS });
        let first = open(&mut sessions, 1, 1, 0).unwrap().id;
        assert_eq!(sessions.connected(first), Some(vec![]));
        let full = open(&mut sessions, 2, 1, 0);
        assert_eq!(full, Err(PublishError::ServerFull { limit: 1 }));
        let opened =
            sessions.open(&room(), uid(1), name("c"), address(1), RoomTime::from_millis(1));
        let second = opened.unwrap();
        assert_eq!((second.replaced, second.displaced), (vec![], vec![]));
        let second = second.id;
        assert_eq!(sessions.connected(second), Some(vec![first]));
        assert_eq!(sessions.find(&room(), uid(1), "1"), None);
        assert_eq!(sessions.find(&room(), uid(1), "c"), Some(second));
        sessions.remove(second);
        assert_eq!(sessions.publishers(), 0);
    }

    #[test]
    fn only_the_newest_of_the_waiting_sessions_stays() {
        let mut sessions = Sessions::new(LIMITS);
        let first = open(&mut sessions, 1, 1, 0).unwrap().id;
        let second = open(&mut sessions, 1, 1, 1).unwrap();
        assert_eq!(second.replaced, [first]);
        assert_eq!(sessions.connected(first), None, "it is forgotten");
        assert_eq!(sessions.connected(second.id), Some(vec![]));
    }

    #[test]
    fn a_session_is_found_only_under_its_own_room_and_uid() {
        let mut sessions = Sessions::new(LIMITS);
        let id = open(&mut sessions, 1, 1, 0).unwrap().id;
        assert_eq!(sessions.find(&room(), uid(1), "1"), Some(id));
        assert_eq!(sessions.find(&room(), uid(2), "1"), None);
        let other = RoomId { app: "other".into(), name: "r".into() };
        assert_eq!(sessions.find(&other, uid(1), "1"), None);
    }

    #[test]
    fn offers_that_never_connect_take_no_publishers_place() {
        let mut sessions = Sessions::new(LIMITS);
        let crowd: Vec<_> =
            (1..=20).map(|n| open(&mut sessions, n, 1, i64::from(n)).unwrap()).collect();
        assert_eq!((sessions.publishers(), sessions.waiting()), (0, 4));
        assert_eq!(crowd[4].displaced, [crowd[0].id], "the oldest of its address goes");
        let other = open(&mut sessions, 30, 2, 30).unwrap();
        assert_eq!(other.displaced, [], "another address isn't concerned");
        assert_eq!(sessions.connected(other.id), Some(vec![]));
    }

    #[test]
    fn who_is_heard_stays_and_who_has_most_makes_way() {
        let mut sessions = Sessions::new(LIMITS);
        let heard: Vec<_> = (1..=4).map(|n| open(&mut sessions, n, 1, 0).unwrap().id).collect();
        heard.iter().for_each(|id| sessions.heard(*id));
        let full = open(&mut sessions, 5, 1, 100);
        assert_eq!(full, Err(PublishError::TooManyWaiting { waiting: 4 }));
        for n in 10..14 {
            open(&mut sessions, n, u8::try_from(n).unwrap(), 100).unwrap();
        }
        let full = open(&mut sessions, 20, 20, 100);
        assert_eq!(full, Err(PublishError::TooManyWaiting { waiting: 8 }));
        let late = open(&mut sessions, 20, 20, 5_000).unwrap();
        assert_eq!(late.displaced, [heard[0]], "checks without a connection don't hold for ever");
    }

    #[test]
    fn the_last_place_is_taken_once() {
        let mut sessions = Sessions::new(Limits { publishers: 1, ..LIMITS });
        let one = open(&mut sessions, 1, 1, 0).unwrap().id;
        let two = open(&mut sessions, 2, 2, 0).unwrap().id;
        assert_eq!(sessions.connected(two), Some(vec![]));
        assert_eq!(sessions.connected(one), None);
    }
}
