//! Who is in which room, and who listens. Pure: time is an argument, queues never block.
//!
//! A participant is there while the session that owns its uid is. A newer session takes the uid over
//! without a leave; a lost one that returns within the grace keeps the time at which it joined.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::frame::Frame;
use capstan_media::room::{LeaveReason, RoomEvent, SenderReport};
use capstan_media::subscription::VideoLayer;
use capstan_media::time::RoomTime;
use capstan_media::track::{RoomId, TrackId, TrackKind, Uid};
use metrics::counter;

use crate::config::IngestConfig;
use crate::sessions::PeerId;
use crate::subscription::{Push, Queue};
use crate::view::{View, Views};

/// A participant who is in a room now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presence {
    /// Who.
    pub uid: Uid,
    /// Since when.
    pub joined: RoomTime,
    /// What it sends, and in which codec.
    pub tracks: Vec<(TrackKind, Codec)>,
}

/// Whether a frame is the first of its track in its session (or simulcast layer): its media time
/// has nothing to do with the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// It is.
    First,
    /// It goes on.
    Next,
}

/// Every room that has a participant or a subscriber.
#[derive(Debug)]
pub(crate) struct Rooms {
    rooms: HashMap<RoomId, Room>,
    mute_after: Duration,
    return_grace: Duration,
    queue_events: usize,
    queue_bytes: usize,
}

#[derive(Debug, Default)]
struct Room {
    participants: BTreeMap<Uid, Participant>,
    subscribers: Vec<Subscriber>,
    keyframes_wanted: bool,
}

#[derive(Debug)]
struct Subscriber {
    queue: Arc<Queue>,
    layer: VideoLayer,
}

#[derive(Debug)]
struct Participant {
    joined: RoomTime,
    owner: Owner,
    tracks: Views<BTreeMap<TrackKind, Track>>,
    keyframes_wanted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    Here(PeerId),
    LostSince(RoomTime),
}

#[derive(Debug)]
struct Track {
    codec: Codec,
    started: RoomTime,
    newest_frame: RoomTime,
    muted_since: Option<RoomTime>,
}

impl Rooms {
    pub(crate) fn new(config: &IngestConfig) -> Self {
        Self {
            rooms: HashMap::new(),
            mute_after: config.mute_after,
            return_grace: config.return_grace,
            queue_events: config.queue_events,
            queue_bytes: config.queue_bytes,
        }
    }

    /// A session is connected, again connected, or takes over from an older one.
    pub(crate) fn connected(&mut self, room: &RoomId, uid: Uid, peer: PeerId, now: RoomTime) {
        let grace = self.return_grace;
        let room = self.rooms.entry(room.clone()).or_default();
        let joined = match room.participants.get_mut(&uid) {
            Some(participant) => match participant.owner {
                Owner::Here(_) => {
                    participant.owner = Owner::Here(peer);
                    return;
                }
                Owner::LostSince(at) if now.since(at) <= grace => participant.joined,
                Owner::LostSince(_) => now,
            },
            None => now,
        };
        room.participants.insert(uid, Participant::new(joined, peer));
        room.send(&RoomEvent::Joined { uid, at: now, since: joined }, View::Both, now);
    }

    /// A session is gone. Nothing happens if another one owns the uid.
    pub(crate) fn gone(
        &mut self,
        room: &RoomId,
        uid: Uid,
        peer: PeerId,
        reason: LeaveReason,
        now: RoomTime,
    ) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        let Some(participant) = room.participants.get_mut(&uid) else { return };
        if participant.owner != Owner::Here(peer) {
            return;
        }
        if reason == LeaveReason::Lost {
            participant.owner = Owner::LostSince(now);
            participant.tracks = Views::default();
        } else {
            room.participants.remove(&uid);
        }
        room.send(&RoomEvent::Left { uid, at: now, reason }, View::Both, now);
    }

    /// A frame of the session that owns its uid; frames of any other are ignored.
    pub(crate) fn frame(
        &mut self,
        room: &RoomId,
        peer: PeerId,
        frame: Frame,
        start: Start,
        view: View,
    ) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        let now = frame.arrived;
        let Some(participant) = room.participants.get_mut(&frame.track.uid) else { return };
        if participant.owner != Owner::Here(peer) {
            return;
        }
        let frame = Arc::new(frame);
        let mut news = Vec::new();
        for (layer, tracks) in participant.tracks.each_mut() {
            if view.shows(layer) {
                let mut events = observe(tracks, &frame, start);
                events.push(RoomEvent::Frame(Arc::clone(&frame)));
                news.extend(events.into_iter().map(|event| (event, View::With(layer))));
            }
        }
        for (event, view) in &news {
            room.send(event, *view, now);
        }
    }

    /// A sender report of the session that owns its uid.
    pub(crate) fn report(&mut self, room: &RoomId, peer: PeerId, report: SenderReport, view: View) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        let owner = room.participants.get(&report.track.uid).map(|p| p.owner);
        if owner == Some(Owner::Here(peer)) {
            room.send(&RoomEvent::Report(report), view, report.arrived);
        }
    }

    /// Notices silence, forgets those who stayed away and the rooms that nobody needs. To be called
    /// a few times a second.
    pub(crate) fn tick(&mut self, now: RoomTime) {
        for room in self.rooms.values_mut() {
            let mut news = Vec::new();
            for (&uid, participant) in &mut room.participants {
                for (layer, tracks) in participant.tracks.each_mut() {
                    for (&kind, track) in tracks {
                        let silent = now.since(track.newest_frame) >= self.mute_after;
                        if silent && track.muted_since.is_none() {
                            track.muted_since = Some(now);
                            let track = TrackId { uid, kind };
                            news.push((RoomEvent::Muted { track, at: now }, View::With(layer)));
                        }
                    }
                }
            }
            for (event, view) in &news {
                room.send(event, *view, now);
            }
            room.participants.retain(|_, participant| match participant.owner {
                Owner::Here(_) => true,
                Owner::LostSince(at) => now.since(at) <= self.return_grace,
            });
            room.subscribers.retain(|subscriber| !subscriber.queue.is_unread());
        }
        self.rooms.retain(|_, room| !room.participants.is_empty() || !room.subscribers.is_empty());
    }

    /// Adds a listener, tells it who is there, and wants key frames for it.
    pub(crate) fn subscribe(&mut self, room: &RoomId, layer: VideoLayer) -> Arc<Queue> {
        let queue = Arc::new(Queue::new(self.queue_events, self.queue_bytes));
        let room = self.rooms.entry(room.clone()).or_default();
        for (&uid, participant) in &room.participants {
            if !matches!(participant.owner, Owner::Here(_)) {
                continue;
            }
            let at = participant.joined;
            queue.push(RoomEvent::Joined { uid, at, since: at }, at);
            for (&kind, known) in participant.tracks.of(layer) {
                let (track, at) = (TrackId { uid, kind }, known.started);
                queue.push(RoomEvent::TrackStarted { track, codec: known.codec, at }, at);
                if let Some(at) = known.muted_since {
                    queue.push(RoomEvent::Muted { track, at }, at);
                }
            }
        }
        room.subscribers.push(Subscriber { queue: Arc::clone(&queue), layer });
        room.keyframes_wanted = true;
        queue
    }

    /// Wants a key frame of every video track in the room.
    pub(crate) fn want_keyframes(&mut self, room: &RoomId) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.keyframes_wanted = true;
        }
    }

    /// Wants a key frame of every video track of one participant.
    pub(crate) fn want_keyframes_of(&mut self, room: &RoomId, uid: Uid) {
        let room = self.rooms.get_mut(room);
        if let Some(participant) = room.and_then(|room| room.participants.get_mut(&uid)) {
            participant.keyframes_wanted = true;
        }
    }

    /// The sessions that owe key frames since the last call.
    pub(crate) fn take_keyframes_wanted(&mut self) -> Vec<PeerId> {
        let mut peers = Vec::new();
        for room in self.rooms.values_mut() {
            let of_all = std::mem::take(&mut room.keyframes_wanted);
            peers.extend(room.participants.values_mut().filter_map(|participant| {
                let wanted = std::mem::take(&mut participant.keyframes_wanted) || of_all;
                match participant.owner {
                    Owner::Here(peer) => wanted.then_some(peer),
                    Owner::LostSince(_) => None,
                }
            }));
        }
        peers
    }

    /// Who is in a room now.
    pub(crate) fn roster(&self, room: &RoomId) -> Vec<Presence> {
        let tracks = |tracks: &BTreeMap<TrackKind, Track>| {
            tracks.iter().map(|(&kind, track)| (kind, track.codec)).collect()
        };
        let here = |(&uid, participant): (&Uid, &Participant)| {
            matches!(participant.owner, Owner::Here(_)).then(|| Presence {
                uid,
                joined: participant.joined,
                tracks: tracks(participant.tracks.of(VideoLayer::High)),
            })
        };
        self.rooms
            .get(room)
            .map(|room| room.participants.iter().filter_map(here).collect())
            .unwrap_or_default()
    }

    /// How many participants are in all rooms together; those who are silent don't count.
    pub(crate) fn present(&self) -> usize {
        let participants = self.rooms.values().flat_map(|room| room.participants.values());
        participants.filter(|one| matches!(one.owner, Owner::Here(_))).count()
    }

    /// The rooms with somebody in them.
    pub(crate) fn occupied(&self) -> Vec<RoomId> {
        let occupied = |room: &&RoomId| !self.roster(room).is_empty();
        self.rooms.keys().filter(occupied).cloned().collect()
    }

    /// No more events will come.
    pub(crate) fn end(&mut self) {
        for (_, room) in self.rooms.drain() {
            room.subscribers.iter().for_each(|subscriber| subscriber.queue.end());
        }
    }
}

impl Room {
    fn send(&mut self, event: &RoomEvent, view: View, now: RoomTime) {
        let wanted = &mut self.keyframes_wanted;
        self.subscribers.retain(|Subscriber { queue, layer }| {
            if !view.shows(*layer) {
                return true;
            }
            match queue.push(event.clone(), now) {
                Push::Queued => true,
                Push::QueuedAfterLoss => {
                    // The reader's decoders have lost their references.
                    *wanted = true;
                    true
                }
                Push::Dropped => {
                    counter!("capstan_ingest_dropped_events_total").increment(1);
                    true
                }
                Push::Unread => false,
            }
        });
    }
}

impl Participant {
    fn new(joined: RoomTime, peer: PeerId) -> Self {
        let owner = Owner::Here(peer);
        Self { joined, owner, tracks: Views::default(), keyframes_wanted: false }
    }
}

/// Notes a frame in the tracks of a view; answers what is to be told before it.
fn observe(tracks: &mut BTreeMap<TrackKind, Track>, frame: &Frame, start: Start) -> Vec<RoomEvent> {
    let (track, codec, at) = (frame.track, frame.codec, frame.arrived);
    let known = tracks.get_mut(&track.kind);
    let muted = known.as_ref().is_some_and(|known| known.muted_since.is_some());
    let mut news = Vec::new();
    if muted {
        news.push(RoomEvent::Unmuted { track, at });
    }
    match known {
        Some(known) if start == Start::Next && known.codec == codec => {
            known.newest_frame = at;
            known.muted_since = None;
        }
        _ => {
            let fresh = Track { codec, started: at, newest_frame: at, muted_since: None };
            tracks.insert(track.kind, fresh);
            news.push(RoomEvent::TrackStarted { track, codec, at });
        }
    }
    news
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use capstan_media::frame::{Continuity, FrameKind};
    use capstan_media::time::RtpTime;

    use super::*;
    use crate::subscription::{Received, Subscription};

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    fn id() -> RoomId {
        RoomId { app: "demo".into(), name: "r".into() }
    }

    fn uid() -> Uid {
        Uid::new(5).unwrap()
    }

    fn frame(at: i64) -> Frame {
        Frame {
            track: TrackId { uid: uid(), kind: TrackKind::Camera },
            arrived: ms(at),
            rtp_time: RtpTime(1),
            codec: Codec::Vp8,
            kind: FrameKind::Delta,
            continuity: Continuity::Contiguous,
            data: Bytes::from_static(b"x"),
        }
    }

    fn names(events: &mut Subscription) -> Vec<String> {
        let mut names = Vec::new();
        while let Received::Event(event) = events.try_recv() {
            let name = format!("{event:?}");
            names.push(name.split([' ', '(']).next().unwrap().to_owned());
        }
        names
    }

    fn rooms() -> (Rooms, Subscription) {
        let mut rooms = Rooms::new(&IngestConfig::default());
        let events = Subscription::new(rooms.subscribe(&id(), VideoLayer::High));
        (rooms, events)
    }

    #[test]
    fn a_late_subscriber_sees_the_present_and_asks_for_key_frames() {
        let (mut rooms, _first) = rooms();
        rooms.connected(&id(), uid(), PeerId(1), ms(0));
        rooms.frame(&id(), PeerId(1), frame(10), Start::First, View::Both);
        assert_eq!(rooms.take_keyframes_wanted(), [PeerId(1)]);
        assert_eq!(rooms.take_keyframes_wanted(), []);
        rooms.tick(ms(5_000));
        let mut late = Subscription::new(rooms.subscribe(&id(), VideoLayer::High));
        assert_eq!(names(&mut late), ["Joined", "TrackStarted", "Muted"]);
        assert_eq!(rooms.take_keyframes_wanted(), [PeerId(1)]);
    }

    #[test]
    fn the_replaced_session_has_no_say_any_more() {
        let (mut rooms, mut events) = rooms();
        rooms.connected(&id(), uid(), PeerId(1), ms(0));
        rooms.frame(&id(), PeerId(1), frame(1), Start::First, View::Both);
        rooms.connected(&id(), uid(), PeerId(2), ms(2));
        rooms.frame(&id(), PeerId(1), frame(3), Start::Next, View::Both);
        rooms.gone(&id(), uid(), PeerId(1), LeaveReason::Replaced, ms(4));
        rooms.frame(&id(), PeerId(2), frame(5), Start::First, View::Both);
        let expected = ["Joined", "TrackStarted", "Frame", "TrackStarted", "Frame"];
        assert_eq!(names(&mut events), expected);
    }

    #[test]
    fn only_a_lost_participant_that_returns_in_time_keeps_its_age() {
        for (reason, back, joined) in [
            (LeaveReason::Lost, 20_000, 0),
            (LeaveReason::Lost, 50_000, 50_000),
            (LeaveReason::Quit, 2_000, 2_000),
        ] {
            let (mut rooms, _events) = rooms();
            rooms.connected(&id(), uid(), PeerId(1), ms(0));
            rooms.gone(&id(), uid(), PeerId(1), reason, ms(1_000));
            assert_eq!(rooms.roster(&id()), []);
            assert_eq!(rooms.occupied(), []);
            rooms.connected(&id(), uid(), PeerId(2), ms(back));
            assert_eq!(rooms.roster(&id()).first().map(|p| p.joined), Some(ms(joined)));
        }
    }

    #[test]
    fn who_comes_back_joins_when_it_comes_back() {
        let (mut rooms, mut events) = rooms();
        rooms.connected(&id(), uid(), PeerId(1), ms(0));
        rooms.gone(&id(), uid(), PeerId(1), LeaveReason::Lost, ms(4_500));
        rooms.connected(&id(), uid(), PeerId(1), ms(4_700));
        let mut joins = Vec::new();
        while let Received::Event(event) = events.try_recv() {
            if let RoomEvent::Joined { at, since, .. } = event {
                joins.push((at, since));
            }
        }
        assert_eq!(joins, [(ms(0), ms(0)), (ms(4_700), ms(0))]);
    }

    #[test]
    fn another_codec_starts_the_track_anew() {
        let (mut rooms, mut events) = rooms();
        rooms.connected(&id(), uid(), PeerId(1), ms(0));
        rooms.frame(&id(), PeerId(1), frame(1), Start::First, View::Both);
        let other = Frame { codec: Codec::Vp9, ..frame(2) };
        rooms.frame(&id(), PeerId(1), other, Start::Next, View::Both);
        let expected = ["Joined", "TrackStarted", "Frame", "TrackStarted", "Frame"];
        assert_eq!(names(&mut events), expected);
    }

    #[test]
    fn rooms_that_nobody_needs_are_forgotten() {
        let (mut rooms, events) = rooms();
        rooms.connected(&id(), uid(), PeerId(1), ms(0));
        rooms.gone(&id(), uid(), PeerId(1), LeaveReason::Lost, ms(1));
        drop(events);
        rooms.tick(ms(2));
        assert_eq!(rooms.rooms.len(), 1);
        rooms.tick(ms(60_000));
        assert_eq!(rooms.rooms.len(), 0);
    }
}
