//! Which of a room's tracks a recording takes: a pure state machine from the room's events to those of
//! the recording.
//!
//! What comes out is a room of its own: who isn't subscribed never came, who no longer is left. So tape,
//! timeline and output say the same, whatever the subscription was and however often it changed. A picture
//! that stands still is handed on to a subscription that comes later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use capstan_archive::settings::Subscription;
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, Frame};
use capstan_media::kept::Kept;
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, TrackKind, Uid};

/// The room as it is, and what is taken of it.
#[derive(Debug)]
pub(crate) struct Subscriber {
    subscription: Subscription,
    people: BTreeMap<Uid, Person>,
    /// Who counts for the limit.
    taken: BTreeSet<Uid>,
    /// Tracks whose start came out, or is to be told with their next frame's gap.
    tracks: BTreeMap<TrackId, Flow>,
    /// The newest time that anything came with: what is handed on comes before whatever follows.
    latest: Option<RoomTime>,
}

#[derive(Debug)]
struct Person {
    joined: RoomTime,
    tracks: BTreeMap<TrackKind, Known>,
}

#[derive(Debug)]
struct Known {
    codec: Codec,
    muted: bool,
    /// Of pictures: what a subscription needs that begins now.
    kept: Kept,
}

/// Whether a taken track's next frame goes on from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Whole,
    /// It was running when it was subscribed: what its next frame needs isn't there.
    Torn,
}

impl Subscriber {
    pub(crate) const fn new(subscription: Subscription) -> Self {
        Self {
            subscription,
            people: BTreeMap::new(),
            taken: BTreeSet::new(),
            tracks: BTreeMap::new(),
            latest: None,
        }
    }

    /// Takes an event of the room; returns what the recording sees of it.
    pub(crate) fn take(&mut self, event: RoomEvent) -> Vec<RoomEvent> {
        self.latest = self.latest.max(Some(event.at()));
        match event {
            RoomEvent::Joined { uid, at, since } => {
                self.people.insert(uid, Person { joined: since, tracks: BTreeMap::new() });
                if self.taken.contains(&uid) { vec![event] } else { self.fill_up(at) }
            }
            RoomEvent::Left { reason: LeaveReason::Replaced, uid, .. } => {
                if self.taken.contains(&uid) { vec![event] } else { Vec::new() }
            }
            RoomEvent::Left { uid, at, .. } => {
                self.people.remove(&uid);
                if !self.drop_uid(uid) {
                    return Vec::new();
                }
                let mut seen = vec![event];
                seen.extend(self.fill_up(at));
                seen
            }
            RoomEvent::TrackStarted { track, codec, .. } => {
                self.know(track, |tracks| {
                    tracks.insert(track.kind, Known { codec, muted: false, kept: Kept::new() });
                });
                if !self.takes(track) {
                    return Vec::new();
                }
                self.tracks.insert(track, Flow::Whole);
                vec![event]
            }
            RoomEvent::Muted { track, .. } | RoomEvent::Unmuted { track, .. } => {
                let silent = matches!(event, RoomEvent::Muted { .. });
                self.know(track, |tracks| {
                    if let Some(known) = tracks.get_mut(&track.kind) {
                        known.muted = silent;
                    }
                });
                if self.tracks.contains_key(&track) { vec![event] } else { Vec::new() }
            }
            RoomEvent::Frame(frame) => self.frame(frame).into_iter().collect(),
            RoomEvent::Report(report) => {
                let taken = self.tracks.contains_key(&report.track);
                if taken { vec![event] } else { Vec::new() }
            }
            RoomEvent::Lost { .. } => {
                let people = self.people.values_mut();
                people.flat_map(|one| one.tracks.values_mut()).for_each(|known| known.kept.tear());
                vec![event]
            }
        }
    }

    /// Takes other tracks from now on; returns what the recording sees of the change.
    pub(crate) fn change(&mut self, subscription: Subscription, at: RoomTime) -> Vec<RoomEvent> {
        self.subscription = subscription;
        let mut seen = Vec::new();
        for uid in self.superfluous() {
            self.drop_uid(uid);
            seen.push(RoomEvent::Left { uid, at, reason: LeaveReason::Quit });
        }
        let gone = |track: &&TrackId| !self.subscription.selects(**track);
        let gone: Vec<TrackId> = self.tracks.keys().filter(gone).copied().collect();
        for track in gone {
            self.tracks.remove(&track);
            seen.push(RoomEvent::Muted { track, at });
        }
        for uid in self.taken.clone() {
            seen.extend(self.begin_tracks(uid, at));
        }
        seen.extend(self.fill_up(at));
        seen
    }

    fn frame(&mut self, frame: Arc<Frame>) -> Option<RoomEvent> {
        if frame.track.kind.is_video() {
            self.know(frame.track, |tracks| {
                if let Some(known) = tracks.get_mut(&frame.track.kind) {
                    known.kept.push(&frame);
                }
            });
        }
        let flow = self.tracks.get_mut(&frame.track)?;
        if std::mem::replace(flow, Flow::Whole) == Flow::Torn {
            let torn = Frame { continuity: Continuity::AfterGap, ..Frame::clone(&frame) };
            return Some(RoomEvent::Frame(Arc::new(torn)));
        }
        Some(RoomEvent::Frame(frame))
    }

    fn know(&mut self, track: TrackId, change: impl FnOnce(&mut BTreeMap<TrackKind, Known>)) {
        if let Some(person) = self.people.get_mut(&track.uid) {
            change(&mut person.tracks);
        }
    }

    fn takes(&self, track: TrackId) -> bool {
        self.taken.contains(&track.uid) && self.subscription.selects(track)
    }

    /// Takes those who joined earliest, as far as there is room. Who is taken stays.
    fn fill_up(&mut self, at: RoomTime) -> Vec<RoomEvent> {
        let mut seen = Vec::new();
        while self.taken.len() < usize::try_from(self.subscription.max_uids).unwrap_or(usize::MAX) {
            let waits = |(uid, _): &(&Uid, &Person)| {
                !self.taken.contains(uid) && self.subscription.selects_any(**uid)
            };
            let order = |(uid, person): &(&Uid, &Person)| (person.joined, **uid);
            let Some((&uid, person)) = self.people.iter().filter(waits).min_by_key(order) else {
                break;
            };
            seen.push(RoomEvent::Joined { uid, at, since: person.joined });
            self.taken.insert(uid);
            seen.extend(self.begin_tracks(uid, at));
        }
        seen
    }

    /// Starts the tracks of somebody taken that were running untaken.
    fn begin_tracks(&mut self, uid: Uid, at: RoomTime) -> Vec<RoomEvent> {
        let mut seen = Vec::new();
        let Some(person) = self.people.get(&uid) else { return seen };
        for (&kind, known) in &person.tracks {
            let track = TrackId { uid, kind };
            if !self.subscription.selects(track) || self.tracks.contains_key(&track) {
                continue;
            }
            seen.push(RoomEvent::TrackStarted { track, codec: known.codec, at });
            if known.muted {
                seen.push(RoomEvent::Muted { track, at });
            }
            let stands = self.latest.filter(|_| !known.muted).map(|now| known.kept.stand_in(now));
            let stands = stands.unwrap_or_default();
            let flow = if stands.is_empty() { Flow::Torn } else { Flow::Whole };
            self.tracks.insert(track, flow);
            seen.extend(stands.into_iter().map(RoomEvent::Frame));
        }
        seen
    }

    /// Who is no longer selected, and those who joined last if there are too many.
    fn superfluous(&self) -> Vec<Uid> {
        let joined = |uid: &Uid| self.people.get(uid).map(|person| person.joined);
        let (mut stay, mut go): (Vec<Uid>, Vec<Uid>) =
            self.taken.iter().partition(|uid| self.subscription.selects_any(**uid));
        stay.sort_by_key(|uid| (joined(uid), *uid));
        let most = usize::try_from(self.subscription.max_uids).unwrap_or(usize::MAX);
        go.extend(stay.into_iter().skip(most));
        go
    }

    /// False if it wasn't taken.
    fn drop_uid(&mut self, uid: Uid) -> bool {
        self.tracks.retain(|track, _| track.uid != uid);
        self.taken.remove(&uid)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use capstan_media::frame::FrameKind;
    use capstan_media::time::RtpTime;
    use capstan_media::turn::Turn;

    use super::*;
    use capstan_archive::settings::UidSelection;

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    fn track(number: u32, kind: TrackKind) -> TrackId {
        TrackId { uid: uid(number), kind }
    }

    /// What a test compares: short words for events.
    fn words(events: &[RoomEvent]) -> Vec<String> {
        let word = |event: &RoomEvent| match event {
            RoomEvent::Joined { uid, since, .. } => format!("join {uid} {}", since.as_millis()),
            RoomEvent::Left { uid, .. } => format!("left {uid}"),
            RoomEvent::TrackStarted { track, .. } => format!("start {track}"),
            RoomEvent::Muted { track, .. } => format!("mute {track}"),
            RoomEvent::Unmuted { track, .. } => format!("unmute {track}"),
            RoomEvent::Frame(frame) => format!("frame {} {:?}", frame.track, frame.continuity),
            RoomEvent::Report(report) => format!("report {}", report.track),
            RoomEvent::Lost { events, .. } => format!("lost {events}"),
        };
        events.iter().map(word).collect()
    }

    fn join(subscriber: &mut Subscriber, number: u32, at: i64) -> Vec<String> {
        let (uid, since) = (uid(number), ms(at));
        let mut seen = subscriber.take(RoomEvent::Joined { uid, at: since, since });
        for (kind, codec) in [(TrackKind::Audio, Codec::Opus), (TrackKind::Camera, Codec::Vp8)] {
            let track = track(number, kind);
            seen.extend(subscriber.take(RoomEvent::TrackStarted { track, codec, at: ms(at) }));
        }
        words(&seen)
    }

    fn leave(subscriber: &mut Subscriber, number: u32, at: i64) -> Vec<String> {
        let reason = LeaveReason::Quit;
        words(&subscriber.take(RoomEvent::Left { uid: uid(number), at: ms(at), reason }))
    }

    fn frame(subscriber: &mut Subscriber, track: TrackId) -> Vec<String> {
        let frame = Frame {
            track,
            arrived: ms(0),
            rtp_time: RtpTime(0),
            codec: if track.kind.is_video() { Codec::Vp8 } else { Codec::Opus },
            kind: FrameKind::Key,
            continuity: Continuity::Contiguous,
            turn: Turn::None,
            data: Bytes::from_static(b"x"),
        };
        words(&subscriber.take(RoomEvent::Frame(Arc::new(frame))))
    }

    #[test]
    fn only_selected_tracks_of_the_first_to_join_are_taken() {
        let subscription = Subscription { max_uids: 2, ..Subscription::default() };
        let mut subscriber = Subscriber::new(subscription);
        let all = |number: u32, at: i64| {
            vec![
                format!("join {number} {at}"),
                format!("start {}", track(number, TrackKind::Audio)),
                format!("start {}", track(number, TrackKind::Camera)),
            ]
        };
        assert_eq!(join(&mut subscriber, 30, 1), all(30, 1));
        assert_eq!(join(&mut subscriber, 20, 2), all(20, 2));
        assert_eq!(join(&mut subscriber, 10, 3), Vec::<String>::new());
        assert_eq!(join(&mut subscriber, 5, 4), Vec::<String>::new());
        assert_eq!(frame(&mut subscriber, track(10, TrackKind::Camera)), Vec::<String>::new());
        let mut expected = vec!["left 30".to_owned()];
        expected.extend(all(10, 3));
        assert_eq!(leave(&mut subscriber, 30, 9), expected, "the third takes the place");
        let camera = track(10, TrackKind::Camera);
        assert_eq!(frame(&mut subscriber, camera), [format!("frame {camera} AfterGap")]);
        assert_eq!(frame(&mut subscriber, camera), [format!("frame {camera} Contiguous")]);
        assert_eq!(join(&mut subscriber, 30, 1), Vec::<String>::new(), "who is taken stays");
        assert_eq!(leave(&mut subscriber, 5, 10), Vec::<String>::new());
    }

    #[test]
    fn a_picture_that_stands_comes_with_a_later_subscription() {
        let nobody =
            Subscription { video: UidSelection::Only([].into()), ..Subscription::default() };
        let mut subscriber = Subscriber::new(nobody);
        join(&mut subscriber, 1, 0);
        let camera = track(1, TrackKind::Camera);
        assert_eq!(frame(&mut subscriber, camera), Vec::<String>::new());
        let later = RoomEvent::Muted { track: track(1, TrackKind::Audio), at: ms(60_000) };
        subscriber.take(later);
        let seen = subscriber.change(Subscription::default(), ms(60_100));
        let arrived = |event: &RoomEvent| match event {
            RoomEvent::Frame(frame) => Some(frame.arrived),
            _ => None,
        };
        assert_eq!(seen.iter().filter_map(arrived).collect::<Vec<_>>(), [ms(60_000)]);
        assert_eq!(words(&seen), [format!("start {camera}"), format!("frame {camera} Contiguous")]);
        assert_eq!(frame(&mut subscriber, camera), [format!("frame {camera} Contiguous")]);
    }

    #[test]
    fn a_change_says_who_came_and_who_is_gone() {
        let mut subscriber = Subscriber::new(Subscription::default());
        for number in 1..=3 {
            join(&mut subscriber, number, i64::from(number));
        }
        let subscription = Subscription {
            audio: UidSelection::Only([uid(1), uid(3)].into()),
            video: UidSelection::Only([uid(3)].into()),
            ..Subscription::default()
        };
        let seen = words(&subscriber.change(subscription, ms(50)));
        let camera = track(1, TrackKind::Camera);
        assert_eq!(seen, ["left 2".to_owned(), format!("mute {camera}")]);
        assert_eq!(frame(&mut subscriber, camera), Vec::<String>::new());
        assert_eq!(frame(&mut subscriber, track(1, TrackKind::Audio)).len(), 1);

        let muted = RoomEvent::Muted { track: track(2, TrackKind::Audio), at: ms(60) };
        assert_eq!(words(&subscriber.take(muted)), Vec::<String>::new());
        let except = Subscription {
            video: UidSelection::Except([uid(3)].into()),
            ..Subscription::default()
        };
        let seen = words(&subscriber.change(except, ms(70)));
        let expected = [
            format!("mute {}", track(3, TrackKind::Camera)),
            format!("start {camera}"),
            "join 2 2".to_owned(),
            format!("start {}", track(2, TrackKind::Audio)),
            format!("mute {}", track(2, TrackKind::Audio)),
            format!("start {}", track(2, TrackKind::Camera)),
        ];
        assert_eq!(seen, expected);
    }
}
