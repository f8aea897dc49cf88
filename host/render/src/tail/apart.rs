//! The tails of tracks that are recorded apart: all slices again, of which only those behind the last
//! listed one are kept.
//!
//! Slices are cut by what arrived, so the same come out again. Where they don't, because the recording had
//! lost something that its tape has, what follows is listed as not going on from what came before.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use capstan_archive::facts::FileFacts;
use capstan_archive::listed::{Head, Listed, UNEVEN};
use capstan_archive::listing::uri_of;
use capstan_archive::names;
use capstan_archive::remembered::Remembered;
use capstan_archive::settings::{IndividualSettings, TrackType};
use capstan_archive::tail::{Begun, Tail};
use capstan_media::codec::Codec;
use capstan_media::container::playlist::Entry;
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;
use capstan_pipeline::as_sent::{Piece, Slice};

use super::joining::{damage, newest, number_of, unread, unwritten};
use crate::apart::play;
use crate::rendering::RenderError;
use crate::score::Score;
use crate::tracks::{longest, sync_tags};

/// Makes them.
pub(super) fn make(
    hls: &Path,
    known: &Remembered,
    settings: IndividualSettings,
    score: Score,
    stop: &AtomicBool,
) -> Result<Tail, RenderError> {
    let slice = Duration::from_millis(known.segment_ms);
    let mut lines: BTreeMap<TrackId, Line> = BTreeMap::new();
    let mut tail = Tail::default();
    let score = play(score, slice, settings, stop, |track, piece, codec| {
        let line = match lines.entry(track) {
            std::collections::btree_map::Entry::Occupied(line) => line.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                let line = Line::open(hls, track, names::of_track(&known.stem, track));
                place.insert(line.map_err(unread(hls))?)
            }
        };
        match piece {
            Piece::Init(bytes) => line.init(&bytes).map_err(unwritten(hls)),
            Piece::Slice(slice) => {
                let begun = line.slice(slice, codec).map_err(unwritten(hls))?;
                tail.begun.extend(begun);
                Ok(())
            }
            Piece::Lost { frames, why } => {
                tail.damage.push(format!("a slice of {track} with {frames} frames: {why}"));
                Ok(())
            }
        }
    })?;
    for (track, line) in lines {
        let head = Head { target_seconds: longest(slice), independent: !track.kind.is_video() };
        line.listed.finish(head).map_err(unwritten(hls))?;
        tail.lists.extend(line.facts());
        tail.segments += line.listed.fresh() as u64;
        tail.to = tail.to.max(line.listed.end());
    }
    tail.damage.extend(damage(&score.damaged_tapes, &score.damaged_lines));
    Ok(tail)
}

/// One track's playlist and what is put behind it.
struct Line {
    track: TrackId,
    stem: String,
    listed: Listed,
    /// Where the playlist ended that was on disk.
    end: Option<RoomTime>,
    /// The last slice that was listed came out again to the byte.
    exact: bool,
    /// Init segments that came out.
    inits: u64,
    /// The name of the one that holds.
    init: Option<String>,
    /// It isn't the one that was there under its name.
    changed: bool,
    /// Where the newest slice ends that came out.
    before: Option<RoomTime>,
    playable: bool,
}

impl Line {
    fn open(hls: &Path, track: TrackId, stem: String) -> std::io::Result<Self> {
        let listed = Listed::open(hls, &stem)?;
        Ok(Self {
            track,
            stem,
            end: listed.end(),
            listed,
            exact: false,
            inits: 0,
            init: None,
            changed: false,
            before: None,
            playable: true,
        })
    }

    /// The init segment of the slices that follow: the one that is there, if it is the same.
    fn init(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut number = self.inits;
        let mut name = names::init(&self.stem, number);
        if self.listed.inits().contains(&name) {
            let there = self.listed.read(&name);
            let changed = number_of(number, there, bytes)?.1;
            self.changed = changed;
            if changed {
                number = newest(self.listed.inits()).max(number) + 1;
                name = names::init(&self.stem, number);
            }
        }
        if !self.listed.inits().contains(&name) && !self.listed.ended() {
            self.listed.write(&name, bytes)?;
        }
        self.inits = number + 1;
        self.init = Some(name);
        Ok(())
    }

    /// Takes a slice. Returns the session that begins with it, if it is new.
    fn slice(&mut self, slice: Slice, codec: Option<Codec>) -> std::io::Result<Option<Begun>> {
        // No browser plays VP8 in MP4.
        if self.listed.is_empty() {
            self.playable = codec != Some(Codec::Vp8);
        }
        let sync = sync_tags(&slice, self.track.kind);
        let Slice { segment, container, begins, discontinuity, .. } = slice;
        let (start, end) = (segment.start, segment.start + Duration::from_micros(segment.micros));
        let before = self.before.replace(end);
        let name = names::slice(&self.stem, start, container);
        if self.listed.named().contains(&name) {
            let is_last = self.listed.named().last() == Some(&name);
            self.exact = is_last && self.listed.read(&name)? == segment.bytes;
            return Ok(None);
        }
        let is_there = self.end.is_some_and(|listed| end <= listed + UNEVEN);
        if is_there || self.listed.ended() {
            return Ok(None);
        }
        self.listed.write(&name, &segment.bytes)?;
        let seam = !self.listed.named().is_empty() && self.listed.fresh() == 0;
        let torn = std::mem::take(&mut self.changed) || (seam && !self.exact);
        let entry = Entry {
            uri: uri_of(&name),
            init_uri: self.init.as_deref().map(uri_of),
            start,
            micros: segment.micros,
            discontinuity: discontinuity || torn,
            sync,
        };
        self.listed.add(entry, container);
        let begun = before.filter(|_| begins);
        Ok(begun.and_then(|before| Some(Begun { facts: self.session(start)?, before })))
    }

    fn session(&self, start: RoomTime) -> Option<FileFacts> {
        Some(FileFacts { start, ..self.facts()? })
    }

    /// What events and lists say of the playlist.
    fn facts(&self) -> Option<FileFacts> {
        let start = self.listed.start()?;
        let is_video = self.track.kind.is_video();
        Some(FileFacts {
            key: names::playlist(&self.stem),
            tracks: if is_video { TrackType::Video } else { TrackType::Audio },
            start,
            uid: Some(self.track.uid),
            playable: self.playable,
        })
    }
}
