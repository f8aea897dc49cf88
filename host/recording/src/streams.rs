//! Who is heard and seen: from the room's events to the changes that are told outside.
//!
//! A participant's camera and screen are one stream of pictures. A change is told once, when the first
//! of a participant's tracks of a medium begins to come or the last one ends.

use std::collections::BTreeSet;

use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_outbox::event::{Event, Medium, StreamState};

/// Which tracks come at this moment.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    coming: BTreeSet<TrackId>,
    /// Whether the stream of everybody in one, uid 0, is told of too.
    mixed: bool,
}

impl Streams {
    /// Nobody is heard or seen yet.
    pub(crate) fn new(mixed: bool) -> Self {
        Self { mixed, ..Self::default() }
    }

    /// Takes in an event of a track that is recorded; returns what is to be told.
    pub(crate) fn observe(&mut self, event: &RoomEvent) -> Vec<Event> {
        match event {
            RoomEvent::TrackStarted { track, at, .. } | RoomEvent::Unmuted { track, at } => {
                self.begin(*track, *at)
            }
            RoomEvent::Muted { track, at } => self.end(*track, *at),
            RoomEvent::Left { uid, at, reason: LeaveReason::Quit | LeaveReason::Lost } => {
                let theirs: Vec<TrackId> =
                    self.coming.iter().filter(|track| track.uid == *uid).copied().collect();
                theirs.into_iter().flat_map(|track| self.end(track, *at)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, track: TrackId, at: RoomTime) -> Vec<Event> {
        let before = self.comes(track);
        self.coming.insert(track);
        self.changes(track, before, StreamState::Receiving, at)
    }

    fn end(&mut self, track: TrackId, at: RoomTime) -> Vec<Event> {
        let before = self.comes(track);
        self.coming.remove(&track);
        self.changes(track, before, StreamState::Silent, at)
    }

    /// Whether the medium of `track` comes from its participant, and from anybody.
    fn comes(&self, track: TrackId) -> (bool, bool) {
        let medium = medium(track.kind);
        let mut same = self.coming.iter().filter(|other| medium == self::medium(other.kind));
        let theirs = same.clone().any(|other| other.uid == track.uid);
        (theirs, same.next().is_some())
    }

    fn changes(
        &self,
        track: TrackId,
        before: (bool, bool),
        state: StreamState,
        at: RoomTime,
    ) -> Vec<Event> {
        let now = self.comes(track);
        let medium = medium(track.kind);
        let change = |uid: Option<Uid>| Event::StreamChanged { uid, medium, state, at };
        let theirs = (before.0 != now.0).then(|| change(Some(track.uid)));
        let everybodys = (self.mixed && before.1 != now.1).then(|| change(None));
        theirs.into_iter().chain(everybodys).collect()
    }
}

const fn medium(kind: TrackKind) -> Medium {
    if kind.is_video() { Medium::Video } else { Medium::Audio }
}

#[cfg(test)]
mod tests {
    use capstan_media::codec::Codec;

    use super::*;

    const AT: RoomTime = RoomTime::from_millis(1);

    fn track(uid: u32, kind: TrackKind) -> TrackId {
        TrackId { uid: Uid::new(uid).unwrap(), kind }
    }

    const fn started(track: TrackId) -> RoomEvent {
        RoomEvent::TrackStarted { track, codec: Codec::Vp8, at: AT }
    }

    fn told(streams: &mut Streams, event: &RoomEvent) -> Vec<(String, u64)> {
        let facts = |event: Event| {
            let details = event.details();
            let uid = details["streamUid"].as_str().unwrap().to_owned();
            (format!("{uid} {}", &event.kind()[9..14]), details["state"].as_u64().unwrap())
        };
        streams.observe(event).into_iter().map(facts).collect()
    }

    fn list(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
        expected.iter().map(|(name, state)| ((*name).to_owned(), *state)).collect()
    }

    #[test]
    fn a_change_is_told_once_for_each_participant_and_for_the_mix() {
        let mut streams = Streams::new(true);
        let (camera, screen) = (track(7, TrackKind::Camera), track(7, TrackKind::Screen));
        let told_both = list(&[("7 video", 0), ("0 video", 0)]);
        assert_eq!(told(&mut streams, &started(camera)), told_both);
        assert_eq!(told(&mut streams, &started(screen)), []);
        assert_eq!(told(&mut streams, &started(camera)), [], "a newer session of the same uid");
        let other = started(track(8, TrackKind::Camera));
        assert_eq!(told(&mut streams, &other), list(&[("8 video", 0)]));
        assert_eq!(told(&mut streams, &RoomEvent::Muted { track: camera, at: AT }), []);
        let muted = told(&mut streams, &RoomEvent::Muted { track: screen, at: AT });
        assert_eq!(muted, list(&[("7 video", 1)]));
        let back = told(&mut streams, &RoomEvent::Unmuted { track: screen, at: AT });
        assert_eq!(back, list(&[("7 video", 0)]));
    }

    #[test]
    fn who_leaves_is_no_longer_received_and_who_is_replaced_still_is() {
        let mut streams = Streams::new(false);
        streams.observe(&started(track(7, TrackKind::Camera)));
        streams.observe(&started(track(7, TrackKind::Audio)));
        let left = |reason| RoomEvent::Left { uid: Uid::new(7).unwrap(), at: AT, reason };
        assert_eq!(told(&mut streams, &left(LeaveReason::Replaced)), []);
        let lost = told(&mut streams, &left(LeaveReason::Lost));
        assert_eq!(lost, list(&[("7 audio", 1), ("7 video", 1)]));
        assert_eq!(told(&mut streams, &left(LeaveReason::Quit)), []);
    }
}
