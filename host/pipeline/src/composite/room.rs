//! Who is in the room, and their tracks.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use capstan_media::codec::Codec;
use capstan_media::frame::Frame;
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::scene::Participant;
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::trouble::Complaint;

use super::inbox::Arrival;
use super::track::{AudioTrack, VideoTrack};
use crate::limits::MAX_PARTICIPANTS;
use crate::mix::canvas::{Shown, Sources};
use crate::mix::loudness::{Loudness, SILENCE};
use crate::mix::voice::Voice;
use crate::playout::Playout;
use crate::playout::align::align;
use crate::stats::Stats;

/// Tracks of one participant move towards each other by at most one part in this many: inaudible.
const SLEW: i64 = 200;

/// Everybody of whom something arrived.
#[derive(Debug)]
pub(super) struct Room {
    people: BTreeMap<Uid, Person>,
    /// Whether pictures are asked for.
    pictures: bool,
    /// The channels of the sound, if it is asked for.
    channels: Option<usize>,
}

/// One participant. Frames may be here before the tick at which they joined.
#[derive(Debug, Default)]
struct Person {
    joined: Option<RoomTime>,
    /// Microphone, the screen's sound and another, as far as they came.
    sounds: BTreeMap<TrackKind, AudioTrack>,
    camera: Option<VideoTrack>,
    screen: Option<VideoTrack>,
}

impl Room {
    pub(super) const fn new(pictures: bool, channels: Option<usize>) -> Self {
        Self { people: BTreeMap::new(), pictures, channels }
    }

    /// Takes what arrived, ahead of its tick.
    pub(super) fn arrive(&mut self, arrival: Arrival, stats: &mut Stats) {
        match arrival {
            Arrival::Frame(frame) => self.arrive_frame(&frame, stats),
            Arrival::Report(report) => {
                if let Some(playout) = self.playout(report.track) {
                    playout.report(&report);
                }
            }
            Arrival::Torn(Some(track)) => {
                if let Some(playout) = self.playout(track) {
                    playout.tear();
                }
            }
            Arrival::Torn(None) => {
                for track in self.people.values_mut().flat_map(Person::videos) {
                    track.playout.tear();
                }
            }
        }
    }

    fn arrive_frame(&mut self, frame: &Arc<Frame>, stats: &mut Stats) {
        let TrackId { uid, kind } = frame.track;
        if kind.is_video() != frame.codec.is_video() {
            stats.broken += 1;
            return;
        }
        let channels = self.channels;
        let Some(person) = self.person(uid) else { return };
        if kind.is_video() {
            let slot = person.video_slot(kind);
            let rate = frame.codec.clock_rate();
            slot.get_or_insert_with(|| VideoTrack::new(rate)).push(frame, stats);
        } else {
            person.sound(kind, frame.codec, channels, |track| track.push(frame, stats));
        }
    }

    /// Takes what happened, at its tick.
    pub(super) fn happen(&mut self, event: &RoomEvent) {
        match *event {
            RoomEvent::Joined { uid, since, .. } => {
                if let Some(person) = self.person(uid) {
                    person.joined = Some(since);
                }
            }
            RoomEvent::Left { reason: LeaveReason::Replaced, .. } => {}
            RoomEvent::Left { uid, at, .. } => {
                let Some(person) = self.people.get_mut(&uid) else { return };
                person.leave(at);
                if person.is_empty() {
                    self.people.remove(&uid);
                }
            }
            RoomEvent::TrackStarted { track: TrackId { uid, kind }, codec, .. } => {
                let channels = self.channels;
                let Some(person) = self.person(uid) else { return };
                if !kind.is_video() {
                    person.sound(kind, codec, channels, |track| track.set_muted(false));
                } else {
                    let slot = person.video_slot(kind);
                    slot.get_or_insert_with(|| VideoTrack::new(codec.clock_rate()))
                        .set_muted(false);
                }
            }
            RoomEvent::Muted { track, .. } => self.mute(track, true),
            RoomEvent::Unmuted { track, .. } => self.mute(track, false),
            RoomEvent::Frame(_) | RoomEvent::Report(_) | RoomEvent::Lost { .. } => {}
        }
    }

    fn mute(&mut self, TrackId { uid, kind }: TrackId, muted: bool) {
        let Some(person) = self.people.get_mut(&uid) else { return };
        if !kind.is_video() {
            if let Some(track) = person.sounds.get_mut(&kind) {
                track.set_muted(muted);
            }
        } else if let Some(track) = person.video_slot(kind) {
            track.set_muted(muted);
        }
    }

    /// Brings everybody's pictures up to a tick; `period` is the time between ticks in µs.
    pub(super) fn advance(&mut self, tick: RoomTime, period: i64, stats: &mut Stats) {
        // A tick's picture is seen until the next tick: what comes nearer to this one belongs here, so
        // that pictures are as often early as late against the sound.
        let until = tick.offset_micros(period / 2);
        for person in self.people.values_mut() {
            let Person { sounds, camera, screen, .. } = person;
            let mut tracks: Vec<&mut Playout> = Vec::with_capacity(5);
            tracks.extend(sounds.values_mut().map(|track| &mut track.playout));
            tracks.extend(camera.as_mut().map(|track| &mut track.playout));
            tracks.extend(screen.as_mut().map(|track| &mut track.playout));
            align(&mut tracks, period / SLEW);
            for track in person.videos() {
                track.advance(until, self.pictures, stats);
            }
        }
    }

    /// Who is there, in the order of joining.
    pub(super) fn participants(&self) -> Vec<Participant> {
        let present = self.people.iter().filter_map(|(&uid, person)| person.seen(uid));
        let mut participants: Vec<Participant> = present.collect();
        participants.sort_by_key(|participant| (participant.joined, participant.uid));
        participants
    }

    /// Video tracks that wait for a key frame.
    pub(super) fn starving(&self) -> Vec<TrackId> {
        // Without pictures to make nothing is decoded, and nothing missed.
        let people = self.people.iter().filter(|_| self.pictures);
        let tracks = people.flat_map(|(&uid, person)| {
            let video = |kind, track: &Option<VideoTrack>| {
                let starving = track.as_ref().is_some_and(VideoTrack::is_starving);
                starving.then_some(TrackId { uid, kind })
            };
            let camera = video(TrackKind::Camera, &person.camera);
            camera.into_iter().chain(video(TrackKind::Screen, &person.screen))
        });
        tracks.collect()
    }

    /// What nothing can be made of now.
    pub(super) fn complaints(&self) -> Vec<Complaint> {
        let people = self.people.values().filter(|person| person.joined.is_some());
        let tracks = people.flat_map(|person| person.camera.iter().chain(&person.screen));
        tracks.filter_map(VideoTrack::complaint).cloned().collect()
    }

    /// Everybody's voice with its queue, in the order of uids.
    pub(super) fn voices(&mut self) -> Vec<(&mut Playout, &mut Voice)> {
        let tracks = self.people.values_mut().flat_map(|person| person.sounds.values_mut());
        tracks.filter_map(|track| Some((&mut track.playout, track.voice.as_mut()?))).collect()
    }

    /// The person, new if there is room for one more.
    fn person(&mut self, uid: Uid) -> Option<&mut Person> {
        if self.people.len() >= MAX_PARTICIPANTS && !self.people.contains_key(&uid) {
            return None;
        }
        Some(self.people.entry(uid).or_default())
    }

    fn playout(&mut self, TrackId { uid, kind }: TrackId) -> Option<&mut Playout> {
        let person = self.people.get_mut(&uid)?;
        if kind.is_video() {
            person.video_slot(kind).as_mut().map(|track| &mut track.playout)
        } else {
            person.sounds.get_mut(&kind).map(|track| &mut track.playout)
        }
    }
}

impl Sources for Room {
    fn find(&self, uid: Uid, kind: TrackKind) -> Option<Shown<'_>> {
        let person = self.people.get(&uid).filter(|person| person.joined.is_some())?;
        match kind {
            TrackKind::Audio | TrackKind::ScreenAudio | TrackKind::OtherAudio => None,
            TrackKind::Camera => person.camera.as_ref()?.shown(),
            TrackKind::Screen => person.screen.as_ref()?.shown(),
        }
    }
}

impl Person {
    fn videos(&mut self) -> impl Iterator<Item = &mut VideoTrack> {
        self.camera.iter_mut().chain(&mut self.screen)
    }

    /// The camera's slot, or the screen's.
    fn video_slot(&mut self, kind: TrackKind) -> &mut Option<VideoTrack> {
        if kind == TrackKind::Screen { &mut self.screen } else { &mut self.camera }
    }

    /// Does something with a sound track, which is made if it isn't there.
    fn sound(
        &mut self,
        kind: TrackKind,
        codec: Codec,
        channels: Option<usize>,
        then: impl FnOnce(&mut AudioTrack),
    ) {
        let track = match self.sounds.entry(kind) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => match AudioTrack::new(codec.clock_rate(), channels) {
                Ok(track) => entry.insert(track),
                Err(error) => {
                    tracing::error!(%error, "sound track not mixed");
                    return;
                }
            },
        };
        then(track);
    }

    fn leave(&mut self, at: RoomTime) {
        self.joined = None;
        self.sounds.values_mut().for_each(|track| track.leave(at));
        self.videos().for_each(|track| track.leave(at));
    }

    fn is_empty(&self) -> bool {
        let mut playouts = (self.sounds.values().map(|track| &track.playout))
            .chain(self.camera.iter().map(|track| &track.playout))
            .chain(self.screen.iter().map(|track| &track.playout));
        playouts.all(Playout::is_empty)
    }

    fn seen(&self, uid: Uid) -> Option<Participant> {
        let audible = || self.sounds.iter().filter(|(_, sound)| !sound.is_muted());
        // Who shows a film isn't speaking.
        let spoken = || audible().filter(|(kind, _)| **kind != TrackKind::ScreenAudio);
        let loudness = || spoken().filter_map(|(_, sound)| Some(sound.voice.as_ref()?.loudness()));
        // A level counts down from 0, the loudest.
        let level = loudness().map(Loudness::level).min();
        Some(Participant {
            uid,
            joined: self.joined?,
            camera: self.camera.as_ref().and_then(VideoTrack::size),
            screen: self.screen.as_ref().and_then(VideoTrack::size),
            has_audio: audible().next().is_some(),
            speaking: loudness().any(Loudness::is_speaking),
            level: level.unwrap_or(SILENCE),
        })
    }
}
