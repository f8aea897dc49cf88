//! One track of one participant: from its frames to its playlist.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::container::playlist::{SyncTag, target_seconds};
use capstan_media::frame::Frame;
use capstan_media::room::SenderReport;
use capstan_media::time::RoomTime;
use capstan_media::timeline::LossPlace;
use capstan_media::track::{TrackId, TrackKind};
use capstan_pipeline::as_sent::{self, AsSent, Making, Piece};
use capstan_pipeline::playout::Playout;

use crate::event::Event;
use crate::names;
use crate::publisher::{Plan, Publisher, Slice};
use crate::seldom::Seldom;
use crate::settings::{Container, IndividualAudio, IndividualSettings, TrackType};
use crate::shared::Shared;
use crate::status::FileFacts;

/// How often key frames are asked for while one is needed.
const KEY_FRAMES_EVERY: Duration = Duration::from_secs(1);
/// Who sent nothing for so long isn't asked.
const GONE: Duration = Duration::from_secs(2);
/// Key frames come a little after they are asked for, so slices are a little longer than asked for:
/// 15 s become 18, as in Agora's playlists.
const LATE_KEY: u32 = 3;

pub(super) struct Line {
    shared: Arc<Shared>,
    track: TrackId,
    as_sent: AsSent,
    /// The init segment of the first slice, which isn't there yet.
    init: Option<Bytes>,
    publisher: Option<Publisher>,
    /// Where the newest slice ends.
    end: Option<RoomTime>,
    arrived: RoomTime,
    keys: Seldom,
}

impl Line {
    /// A track of a recording that began at `zero`.
    pub(super) fn new(
        shared: Arc<Shared>,
        settings: IndividualSettings,
        track: TrackId,
        zero: RoomTime,
    ) -> Self {
        let IndividualSettings { container, audio } = settings;
        let (slice, aac) = (shared.settings.segment, audio == IndividualAudio::Aac);
        let making = Making { zero, slice, container, aac };
        let as_sent = match track.kind {
            TrackKind::Audio => AsSent::sound(making),
            TrackKind::Camera | TrackKind::Screen => AsSent::pictures(making),
        };
        Self {
            shared,
            track,
            as_sent,
            init: None,
            publisher: None,
            end: None,
            arrived: zero,
            keys: Seldom::new(KEY_FRAMES_EVERY),
        }
    }

    /// Another stream of the track begins.
    pub(super) fn start(&mut self) {
        self.as_sent.start();
    }

    pub(super) fn push(&mut self, frame: &Arc<Frame>) {
        self.arrived = frame.arrived;
        self.as_sent.push(frame);
    }

    pub(super) fn report(&mut self, report: &SenderReport) {
        self.as_sent.report(report);
    }

    pub(super) const fn tear(&mut self) {
        self.as_sent.tear();
    }

    pub(super) fn playout(&mut self) -> Option<&mut Playout> {
        self.as_sent.playout()
    }

    /// Publishes what is complete once everything up to a room time has come.
    pub(super) fn advance(&mut self, until: RoomTime) {
        let pieces = self.as_sent.advance(until);
        self.publish(pieces);
    }

    /// Whether key frames are to be asked for now.
    pub(super) fn wants_key(&mut self, now: RoomTime) -> bool {
        self.as_sent.wants_key() && now.since(self.arrived) < GONE && self.keys.may(now)
    }

    /// Completes the files.
    pub(super) fn finish(&mut self) {
        let pieces = self.as_sent.finish();
        self.publish(pieces);
        let Some(publisher) = &mut self.publisher else { return };
        publisher.end();
        // Files that can't be owed lie whole on disk; a new process finds them by the playlist.
        if !publisher.settle() {
            tracing::error!(track = %self.track, "the last files of a track can't be owed");
        }
    }

    fn publish(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Init(bytes) => match &mut self.publisher {
                    Some(publisher) => publisher.init(bytes),
                    None => self.init = Some(bytes),
                },
                Piece::Slice(slice) => self.slice(slice),
                Piece::Lost { frames, why } => {
                    let why = format!("a slice of {} couldn't be made: {why}", self.track);
                    self.shared.lost(LossPlace::Segment, frames, why);
                }
            }
        }
    }

    fn slice(&mut self, slice: as_sent::Slice) {
        let as_sent::Slice { segment, container, begins, discontinuity, size } = slice;
        let (at, length) = (segment.start, Duration::from_micros(segment.micros));
        let pictures = self.track.kind.is_video();
        let mut sync = Vec::new();
        if begins {
            sync.push(SyncTag::Start { pictures, at });
        }
        if let Some(size) = size {
            sync.push(SyncTag::Size { size, rotation: 0, at });
        }
        let before = self.end.replace(at + length);
        if self.publisher.is_none() {
            let mut publisher = self.begin(at, container);
            if let Some(init) = self.init.take() {
                publisher.init(init);
            }
            self.publisher = Some(publisher);
        }
        let tracks = self.tracks();
        let Some(publisher) = &mut self.publisher else { return };
        publisher.slice(Slice { segment, container, discontinuity, sync });
        if let Some(before) = before.filter(|_| begins) {
            let uid = Some(self.track.uid);
            self.shared.say(&Event::SliceStarted { uid, tracks, at, before }, at);
        }
        let slices = publisher.segments();
        self.shared.filed(self.track, &publisher.facts().key, slices, self.as_sent.left_out());
    }

    /// The playlist of a track whose first slice starts at `start`.
    fn begin(&self, start: RoomTime, container: Container) -> Publisher {
        let settings = &self.shared.settings;
        let stem = names::of_track(&settings.stem(), self.track);
        let facts = FileFacts {
            key: settings.key(&names::playlist(&stem)),
            tracks: self.tracks(),
            start,
            uid: Some(self.track.uid),
            // No browser plays VP8 in MP4.
            playable: self.as_sent.codec() != Some(Codec::Vp8),
        };
        let micros = u64::try_from(settings.segment.as_micros()).unwrap_or(u64::MAX);
        let plan = Plan {
            stem,
            facts,
            container,
            target_seconds: target_seconds(micros).saturating_add(LATE_KEY),
            // Forced ends of slices are followed by one that isn't.
            independent: !self.track.kind.is_video(),
            mp4: None,
            mixed: None,
        };
        Publisher::new(Arc::clone(&self.shared), plan)
    }

    const fn tracks(&self) -> TrackType {
        if self.track.kind.is_video() { TrackType::Video } else { TrackType::Audio }
    }
}
