//! Who is in which room, and who listens. Pure: time is an argument, queues never block.
//!
//! A participant is there while the session that owns its uid is. A newer session takes the uid over
//! without a leave; a lost one that returns within the grace keeps the time at which it joined.
//!
//! Sound that stops is muted. Pictures that stop are not: a shared screen stands still for hours, and its
//! last picture is what there is to see until its sender says goodbye or its session ends. Here alone it is
//! decided how long a picture is held; whoever shows it goes by `Muted` and `Left`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::frame::Frame;
use capstan_media::kept::{Keeping, Kept, STILL};
use capstan_media::room::{LeaveReason, RoomEvent, SenderReport};
use capstan_media::subscription::VideoLayer;
use capstan_media::time::RoomTime;
use capstan_media::track::{RoomId, TrackId, TrackKind, Uid};
use metrics::counter;

use crate::config::IngestConfig;
use crate::sessions::PeerId;
use crate::subscription::{Push, Queue};
use crate::view::{View, Views};

/// A frame that comes so soon after its sender's goodbye may have been sent before it.
const ON_THE_WAY: Duration = Duration::from_millis(500);

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
    silence_timeout: Duration,
    return_grace: Duration,
    queue_events: usize,
    queue_bytes: usize,
    /// The newest time that anything came with: nothing comes with an earlier one.
    latest: RoomTime,
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
    Lost { peer: PeerId, since: RoomTime },
}

#[derive(Debug)]
struct Track {
    codec: Codec,
    started: RoomTime,
    newest_frame: RoomTime,
    /// When its sender said goodbye, or its session lost the uid. Frames take it back.
    over: Option<RoomTime>,
    muted_since: Option<RoomTime>,
    /// Of pictures: what somebody needs who comes now.
    kept: Kept,
}

impl Rooms {
    pub(crate) fn new(config: &IngestConfig) -> Self {
        Self {
            rooms: HashMap::new(),
            mute_after: config.mute_after,
            silence_timeout: config.silence_timeout,
            return_grace: config.return_grace,
            queue_events: config.queue_events,
            queue_bytes: config.queue_bytes,
            latest: RoomTime::from_micros(i64::MIN),
        }
    }

    /// A session is connected, again connected, or takes over from an older one.
    pub(crate) fn connected(&mut self, room: &RoomId, uid: Uid, peer: PeerId, now: RoomTime) {
        self.latest = self.latest.max(now);
        let grace = self.return_grace;
        let room = self.rooms.entry(room.clone()).or_default();
        let joined = match room.participants.get_mut(&uid) {
            Some(participant) => match participant.owner {
                Owner::Here(_) => {
                    participant.owner = Owner::Here(peer);
                    participant.hand_over(now);
                    return;
                }
                Owner::Lost { peer: lost, since } if now.since(since) <= grace => {
                    if lost == peer {
                        participant.come_back(peer, since - self.silence_timeout - STILL, now);
                        room.send_return(uid, now);
                        return;
                    }
                    participant.joined
                }
                Owner::Lost { .. } => now,
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
        self.latest = self.latest.max(now);
        let Some(room) = self.rooms.get_mut(room) else { return };
        let Some(participant) = room.participants.get_mut(&uid) else { return };
        if participant.owner != Owner::Here(peer) {
            return;
        }
        if reason == LeaveReason::Lost {
            // The same session may be heard again, and its still pictures with it.
            participant.owner = Owner::Lost { peer, since: now };
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
        self.latest = self.latest.max(now);
        let Some(participant) = room.participants.get_mut(&frame.track.uid) else { return };
        if participant.owner != Owner::Here(peer) {
            return;
        }
        let frame = Arc::new(frame);
        let mut news = Vec::new();
        for (layer, tracks) in participant.tracks.each_mut() {
            if view.shows(layer) {
                let (mut events, keeping) = observe(tracks, &frame, start);
                // A still picture must be there for who comes later, so a source that goes on for long
                // is asked now and then: one that stands still couldn't answer.
                participant.keyframes_wanted |= keeping == Keeping::Full;
                events.push(RoomEvent::Frame(Arc::clone(&frame)));
                news.extend(events.into_iter().map(|event| (event, View::With(layer))));
            }
        }
        for (event, view) in &news {
            room.send(event, *view, now);
        }
    }

    /// The sender of a track said goodbye to it; the session goes on.
    pub(crate) fn over(
        &mut self,
        room: &RoomId,
        peer: PeerId,
        track: TrackId,
        view: View,
        now: RoomTime,
    ) {
        let room = self.rooms.get_mut(room);
        let participant = room.and_then(|room| room.participants.get_mut(&track.uid));
        let Some(participant) = participant.filter(|one| one.owner == Owner::Here(peer)) else {
            return;
        };
        for (layer, tracks) in participant.tracks.each_mut() {
            if view.shows(layer)
                && let Some(track) = tracks.get_mut(&track.kind)
            {
                track.over = Some(now);
            }
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
        self.latest = self.latest.max(now);
        for room in self.rooms.values_mut() {
            let mut news = Vec::new();
            for (&uid, participant) in &mut room.participants {
                for (layer, tracks) in participant.tracks.each_mut() {
                    for (&kind, track) in tracks {
                        if track.muted_since.is_none()
                            && track.has_ended(kind, now, self.mute_after)
                        {
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
                Owner::Lost { since, .. } => now.since(since) <= self.return_grace,
            });
            room.subscribers.retain(|subscriber| !subscriber.queue.is_unread());
        }
        self.rooms.retain(|_, room| !room.participants.is_empty() || !room.subscribers.is_empty());
    }

    /// Adds a listener, tells it who is there and what stands still, and wants key frames for it.
    pub(crate) fn subscribe(&mut self, room: &RoomId, layer: VideoLayer) -> Arc<Queue> {
        let queue = Arc::new(Queue::new(self.queue_events, self.queue_bytes));
        let room = self.rooms.entry(room.clone()).or_default();
        for (&uid, participant) in &room.participants {
            if !matches!(participant.owner, Owner::Here(_)) {
                continue;
            }
            for event in participant.present(uid, layer, (participant.joined, self.latest)) {
                let at = event.at();
                queue.push(event, at);
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
                    Owner::Lost { .. } => None,
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
    /// Tells that somebody is back, with what stood still meanwhile.
    fn send_return(&mut self, uid: Uid, now: RoomTime) {
        for layer in [VideoLayer::High, VideoLayer::Low] {
            let Some(participant) = self.participants.get(&uid) else { return };
            for event in participant.present(uid, layer, (now, now)) {
                self.send(&event, View::With(layer), now);
            }
        }
    }

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

    /// Its session is heard again. What stood still already `before` it was lost still does; of the rest
    /// new frames tell.
    fn come_back(&mut self, peer: PeerId, before: RoomTime, now: RoomTime) {
        self.owner = Owner::Here(peer);
        for (_, tracks) in self.tracks.each_mut() {
            tracks.retain(|kind, track| {
                kind.is_video() && track.muted_since.is_none() && track.newest_frame <= before
            });
            tracks.values_mut().for_each(|track| track.started = now);
        }
    }

    /// Another session has the uid from now on: what it doesn't bring is over.
    fn hand_over(&mut self, now: RoomTime) {
        for (_, tracks) in self.tracks.each_mut() {
            tracks.values_mut().for_each(|track| track.over = Some(now));
        }
    }

    /// All that is to be known of it at `now` by who is told that it came at a moment.
    fn present(
        &self,
        uid: Uid,
        layer: VideoLayer,
        (at, now): (RoomTime, RoomTime),
    ) -> Vec<RoomEvent> {
        let mut events = vec![RoomEvent::Joined { uid, at, since: self.joined }];
        for (&kind, known) in self.tracks.of(layer) {
            let track = TrackId { uid, kind };
            events.push(RoomEvent::TrackStarted { track, codec: known.codec, at: known.started });
            match known.muted_since {
                Some(at) => events.push(RoomEvent::Muted { track, at }),
                None => events.extend(known.kept.stand_in(now).into_iter().map(RoomEvent::Frame)),
            }
        }
        events
    }
}

impl Track {
    /// Whether nothing is to be heard or seen of it any more.
    fn has_ended(&self, kind: TrackKind, now: RoomTime, after: Duration) -> bool {
        let since = match (kind.is_video(), self.over) {
            (false, _) => self.newest_frame,
            (true, Some(over)) => self.newest_frame.max(over),
            (true, None) => return false,
        };
        now.since(since) >= after
    }
}

/// Notes a frame in the tracks of a view; answers what is to be told before it, and whether it is kept.
fn observe(
    tracks: &mut BTreeMap<TrackKind, Track>,
    frame: &Arc<Frame>,
    start: Start,
) -> (Vec<RoomEvent>, Keeping) {
    let (track, codec, at) = (frame.track, frame.codec, frame.arrived);
    let known = tracks.get_mut(&track.kind);
    let muted = known.as_ref().is_some_and(|known| known.muted_since.is_some());
    let mut news = Vec::new();
    if muted {
        news.push(RoomEvent::Unmuted { track, at });
    }
    let known = match known {
        Some(known) if start == Start::Next && known.codec == codec => {
            known.newest_frame = at;
            known.muted_since = None;
            known.over = known.over.filter(|over| at.since(*over) < ON_THE_WAY);
            known
        }
        _ => {
            news.push(RoomEvent::TrackStarted { track, codec, at });
            let fresh = Track {
                codec,
                started: at,
                newest_frame: at,
                over: None,
                muted_since: None,
                kept: Kept::default(),
            };
            tracks.entry(track.kind).insert_entry(fresh).into_mut()
        }
    };
    let keeping = if track.kind.is_video() { known.kept.push(frame) } else { Keeping::Kept };
    (news, keeping)
}

#[cfg(test)]
mod tests;
