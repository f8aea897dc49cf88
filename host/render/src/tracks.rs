//! Everybody's tracks on one clock, each for itself: room events in, pieces of files out.
//!
//! Time comes with the events alone, so a recording that is made again from its tapes is made here too.

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_archive::settings::{IndividualAudio, IndividualSettings};
use capstan_media::container::playlist::{SyncTag, target_seconds};
use capstan_media::room::{LeaveReason, RoomEvent};
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::trouble::Complaint;
use capstan_pipeline::as_sent::{AsSent, Making, Piece, SETTLE, Shape, Slice};
use capstan_pipeline::playout::align::align;

/// Tracks of one participant move towards each other by at most one part in this many: inaudible.
const SLEW: u64 = 200;
/// Key frames come a little after they are asked for, so slices are a little longer than asked for:
/// 15 s become 18, as in Agora's playlists.
const LATE_KEY: u32 = 3;

/// What a track has given.
pub type Given = (TrackId, Vec<Piece>);

/// All tracks that ever sent anything. They stay to the end: who comes back goes on in the same
/// playlists.
pub struct Tracks {
    slice: Duration,
    settings: IndividualSettings,
    /// The recording's zero, once media came.
    zero: Option<RoomTime>,
    people: BTreeMap<Uid, Person>,
}

#[derive(Default)]
struct Person {
    tracks: BTreeMap<TrackKind, AsSent>,
    aligned: Option<RoomTime>,
}

impl Tracks {
    /// None yet; slices are to be at least so long.
    pub const fn new(slice: Duration, settings: IndividualSettings) -> Self {
        Self { slice, settings, zero: None, people: BTreeMap::new() }
    }

    /// When the first media came.
    pub const fn zero(&self) -> Option<RoomTime> {
        self.zero
    }

    /// A track that sent anything.
    pub fn get(&self, track: TrackId) -> Option<&AsSent> {
        self.people.get(&track.uid)?.tracks.get(&track.kind)
    }

    /// Takes in what happened; returns what became complete before it.
    pub fn take(&mut self, event: &RoomEvent) -> Option<Given> {
        match event {
            RoomEvent::Frame(frame) => {
                let making = self.making(frame.arrived);
                let person = self.people.entry(frame.track.uid).or_default();
                let kind = frame.track.kind;
                let track = person.tracks.entry(kind).or_insert_with(|| made(kind, making));
                let pieces = track.advance(frame.arrived - SETTLE);
                track.push(frame);
                Some((frame.track, pieces))
            }
            RoomEvent::TrackStarted { track, .. } => {
                self.people.get_mut(&track.uid)?.tracks.get_mut(&track.kind)?.start();
                None
            }
            RoomEvent::Report(report) => {
                let person = self.people.get_mut(&report.track.uid)?;
                let track = person.tracks.get_mut(&report.track.kind);
                let pieces = track.map(|track| {
                    let pieces = track.advance(report.arrived - SETTLE);
                    track.report(report);
                    pieces
                });
                person.align(report.arrived);
                Some((report.track, pieces?))
            }
            RoomEvent::Lost { .. } => {
                let people = self.people.values_mut();
                people.flat_map(|person| person.tracks.values_mut()).for_each(AsSent::tear);
                None
            }
            RoomEvent::Muted { track, at } => {
                self.people.get_mut(&track.uid)?.tracks.get_mut(&track.kind)?.end(*at);
                None
            }
            RoomEvent::Left { uid, at, reason: LeaveReason::Quit | LeaveReason::Lost } => {
                let tracks = &mut self.people.get_mut(uid)?.tracks;
                tracks.values_mut().for_each(|track| track.end(*at));
                None
            }
            RoomEvent::Joined { .. } | RoomEvent::Left { .. } | RoomEvent::Unmuted { .. } => None,
        }
    }

    /// Everything up to a room time has come: ends what fell silent.
    pub fn advance(&mut self, until: RoomTime) -> Vec<Given> {
        self.each(|track| track.advance(until))
    }

    /// What its files lack at this moment.
    pub fn complaints(&mut self, now: RoomTime) -> Vec<Complaint> {
        let tracks = self.people.values_mut().flat_map(|person| person.tracks.values_mut());
        tracks.flat_map(|track| track.complaints(now)).collect()
    }

    /// Whatever is left; last pictures stand up to the end, if it is known.
    pub fn finish(&mut self, end: Option<RoomTime>) -> Vec<Given> {
        self.each(|track| track.finish(end))
    }

    fn each(&mut self, pieces: impl Fn(&mut AsSent) -> Vec<Piece>) -> Vec<Given> {
        let mut given = Vec::new();
        for (&uid, person) in &mut self.people {
            for (&kind, track) in &mut person.tracks {
                given.push((TrackId { uid, kind }, pieces(track)));
            }
        }
        given
    }

    fn making(&mut self, arrived: RoomTime) -> Making {
        let zero = *self.zero.get_or_insert(arrived);
        let IndividualSettings { container, audio } = self.settings;
        Making { zero, slice: self.slice, container, aac: audio == IndividualAudio::Aac }
    }
}

impl Person {
    fn align(&mut self, at: RoomTime) {
        let since = self.aligned.replace(at).map_or(Duration::ZERO, |before| at.since(before));
        let slew = since.as_micros() / u128::from(SLEW);
        let mut playouts: Vec<_> = self.tracks.values_mut().filter_map(AsSent::playout).collect();
        align(&mut playouts, i64::try_from(slew).unwrap_or(i64::MAX));
    }
}

fn made(kind: TrackKind, making: Making) -> AsSent {
    if kind.is_video() { AsSent::pictures(making) } else { AsSent::sound(making) }
}

/// What a playlist says before a slice.
pub fn sync_tags(slice: &Slice, kind: TrackKind) -> Vec<SyncTag> {
    let at = slice.segment.start;
    let begins = slice.begins.then_some(SyncTag::Start { pictures: kind.is_video(), at });
    let size = slice.shape.map(|Shape { size, turn }| SyncTag::Size { size, turn, at });
    begins.into_iter().chain(size).collect()
}

/// The longest slice in whole seconds that is planned.
pub fn longest(slice: Duration) -> u32 {
    let micros = u64::try_from(slice.as_micros()).unwrap_or(u64::MAX);
    target_seconds(micros).saturating_add(LATE_KEY)
}
