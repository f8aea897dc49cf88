//! Which sessions exist: capacity, take-over and names. Pure.
//!
//! A uid has at most one connected session and one that is about to replace it. The old one goes on
//! until the new one is connected, so a take-over loses nothing and a failed one changes nothing.

use std::collections::HashMap;
use std::fmt;

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

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    limit: usize,
    newest: u64,
    by_peer: HashMap<PeerId, Session>,
}

#[derive(Debug)]
struct Session {
    name: SessionId,
    room: RoomId,
    uid: Uid,
    connected: bool,
}

impl Sessions {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, newest: 0, by_peer: HashMap::new() }
    }

    /// Opens a session. Also answers the sessions of the uid that never connected, which are over.
    pub(crate) fn open(
        &mut self,
        room: &RoomId,
        uid: Uid,
        name: SessionId,
    ) -> Result<(PeerId, Vec<PeerId>), PublishError> {
        let same = self.of(room, uid);
        let waiting: Vec<_> = same.iter().copied().filter(|id| !self.is_connected(*id)).collect();
        if same.is_empty() && self.participants() >= self.limit {
            return Err(PublishError::ServerFull { limit: self.limit });
        }
        for id in &waiting {
            self.by_peer.remove(id);
        }
        self.newest += 1;
        let id = PeerId(self.newest);
        let session = Session { name, room: room.clone(), uid, connected: false };
        self.by_peer.insert(id, session);
        Ok((id, waiting))
    }

    /// A session is connected: answers the older ones of its uid, which are over.
    pub(crate) fn connected(&mut self, peer: PeerId) -> Vec<PeerId> {
        let Some(session) = self.by_peer.get_mut(&peer) else { return Vec::new() };
        session.connected = true;
        let (room, uid) = (session.room.clone(), session.uid);
        let mut older = self.of(&room, uid);
        older.retain(|id| *id < peer);
        for id in &older {
            self.by_peer.remove(id);
        }
        older
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

    /// Participants with a session.
    pub(crate) fn participants(&self) -> usize {
        let mut all: Vec<_> = self.by_peer.values().map(|s| (&s.room, s.uid)).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    fn of(&self, room: &RoomId, uid: Uid) -> Vec<PeerId> {
        let same = |s: &Session| s.uid == uid && s.room == *room;
        self.by_peer.iter().filter(|(_, s)| same(s)).map(|(id, _)| *id).collect()
    }

    fn is_connected(&self, peer: PeerId) -> bool {
        self.by_peer.get(&peer).is_some_and(|session| session.connected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> RoomId {
        RoomId { app: "demo".into(), name: "r".into() }
    }

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    fn name(text: &str) -> SessionId {
        SessionId::new(text.into())
    }

    #[test]
    fn a_full_server_still_lets_a_participant_take_over() {
        let mut sessions = Sessions::new(1);
        let (first, _) = sessions.open(&room(), uid(1), name("a")).unwrap();
        sessions.connected(first);
        let full = sessions.open(&room(), uid(2), name("b"));
        assert_eq!(full, Err(PublishError::ServerFull { limit: 1 }));
        let (second, over) = sessions.open(&room(), uid(1), name("c")).unwrap();
        assert_eq!(over, []);
        assert_eq!(sessions.connected(second), [first]);
        assert_eq!(sessions.find(&room(), uid(1), "a"), None);
        assert_eq!(sessions.find(&room(), uid(1), "c"), Some(second));
        sessions.remove(second);
        assert_eq!(sessions.participants(), 0);
    }

    #[test]
    fn only_the_newest_of_the_waiting_sessions_stays() {
        let mut sessions = Sessions::new(5);
        let (first, _) = sessions.open(&room(), uid(1), name("a")).unwrap();
        let (second, over) = sessions.open(&room(), uid(1), name("b")).unwrap();
        assert_eq!(over, [first]);
        assert_eq!(sessions.connected(first), []);
        assert_eq!(sessions.connected(second), []);
    }

    #[test]
    fn a_session_is_found_only_under_its_own_room_and_uid() {
        let mut sessions = Sessions::new(5);
        let (id, _) = sessions.open(&room(), uid(1), name("a")).unwrap();
        assert_eq!(sessions.find(&room(), uid(1), "a"), Some(id));
        assert_eq!(sessions.find(&room(), uid(2), "a"), None);
        let other = RoomId { app: "other".into(), name: "r".into() };
        assert_eq!(sessions.find(&other, uid(1), "a"), None);
    }
}
