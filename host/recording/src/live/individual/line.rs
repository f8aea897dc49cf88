//! One track of one participant: from the pieces of its files to its playlist.

use std::time::Duration;

use bytes::Bytes;
use capstan_archive::facts::FileFacts;
use capstan_archive::names;
use capstan_archive::settings::{Container, TrackType};
use capstan_media::codec::Codec;
use capstan_media::time::RoomTime;
use capstan_media::timeline::LossPlace;
use capstan_media::track::TrackId;
use capstan_outbox::event::Event;
use capstan_pipeline::as_sent::{self, AsSent, Piece};
use capstan_render::tracks::{longest, sync_tags};

use crate::live::made::TrackFiles;
use crate::live::tools::Tools;
use crate::live::writer::{Plan, Slice, Writer};
use crate::seldom::Seldom;

/// How often key frames are asked for while one is needed.
const KEY_FRAMES_EVERY: Duration = Duration::from_secs(1);
/// Who sent nothing for so long isn't asked.
const GONE: Duration = Duration::from_secs(2);

pub(super) struct Line {
    tools: Tools,
    track: TrackId,
    /// The init segment of the first slice, which isn't there yet.
    init: Option<Bytes>,
    writer: Option<Writer>,
    /// Where the newest slice ends.
    end: Option<RoomTime>,
    arrived: RoomTime,
    keys: Seldom,
}

impl Line {
    /// A track whose first frame arrived then.
    pub(super) const fn new(tools: Tools, track: TrackId, arrived: RoomTime) -> Self {
        Self {
            tools,
            track,
            init: None,
            writer: None,
            end: None,
            arrived,
            keys: Seldom::new(KEY_FRAMES_EVERY),
        }
    }

    /// Another frame of it arrived.
    pub(super) const fn arrived(&mut self, at: RoomTime) {
        self.arrived = at;
    }

    /// Whether key frames, which it needs, are to be asked for now.
    pub(super) fn may_ask(&mut self, now: RoomTime) -> bool {
        now.since(self.arrived) < GONE && self.keys.may(now)
    }

    /// Completes the files; answers what writes them, which may have to wait for the disk.
    pub(super) fn finish(&mut self) -> Option<&mut Writer> {
        let writer = self.writer.as_mut()?;
        writer.end();
        Some(writer)
    }

    /// Time passes.
    pub(super) fn poll(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.poll();
        }
    }

    /// Takes what the track gave.
    pub(super) fn write(&mut self, pieces: Vec<Piece>, from: &AsSent) {
        for piece in pieces {
            match piece {
                Piece::Init(bytes) => match &mut self.writer {
                    Some(writer) => writer.init(bytes),
                    None => self.init = Some(bytes),
                },
                Piece::Slice(slice) => self.slice(slice, from),
                Piece::Lost { frames, why } => {
                    let why = format!("a slice of {} couldn't be made: {why}", self.track);
                    self.tools.notes.lost(LossPlace::Segment, frames, why);
                }
            }
        }
    }

    fn slice(&mut self, slice: as_sent::Slice, from: &AsSent) {
        let sync = sync_tags(&slice, self.track.kind);
        let as_sent::Slice { segment, container, begins, discontinuity, .. } = slice;
        let (at, length) = (segment.start, Duration::from_micros(segment.micros));
        let before = self.end.replace(at + length);
        if self.writer.is_none() {
            let mut writer = self.begin(at, container, from.codec());
            if let Some(init) = self.init.take() {
                writer.init(init);
            }
            self.writer = Some(writer);
        }
        let tracks = self.tracks();
        let Some(writer) = &mut self.writer else { return };
        writer.slice(Slice { segment, container, discontinuity, sync });
        if let Some(before) = before.filter(|_| begins) {
            let uid = Some(self.track.uid);
            self.tools.notes.say(&Event::SliceStarted { uid, tracks, at, before }, at);
        }
        let files = TrackFiles {
            playlist: writer.facts().key.clone(),
            slices: writer.segments() as u64,
            left_out: from.left_out(),
        };
        self.tools.made.filed(self.track, files);
    }

    /// The playlist of a track whose first slice starts at `start`.
    fn begin(&self, start: RoomTime, container: Container, codec: Option<Codec>) -> Writer {
        let settings = &self.tools.basics.settings;
        let stem = names::of_track(&settings.stem(), self.track);
        let facts = FileFacts {
            key: settings.key(&names::playlist(&stem)),
            tracks: self.tracks(),
            start,
            uid: Some(self.track.uid),
            // No browser plays VP8 in MP4.
            playable: codec != Some(Codec::Vp8),
        };
        let plan = Plan {
            stem,
            facts,
            container,
            target_seconds: longest(settings.segment),
            // Forced ends of slices are followed by one that isn't.
            independent: !self.track.kind.is_video(),
            mp4: None,
            mixed: None,
        };
        Writer::new(self.tools.clone(), plan)
    }

    const fn tracks(&self) -> TrackType {
        if self.track.kind.is_video() { TrackType::Video } else { TrackType::Audio }
    }
}
