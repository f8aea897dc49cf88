//! The tail of a mixed recording: played from its start, since only that brings everybody's decoders and
//! clocks to where they were; painted and encoded from where the last segment ends.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use capstan_archive::facts::FileFacts;
use capstan_archive::folder::{hls_folder, parts_folder, write_whole};
use capstan_archive::listed::{Head, Listed};
use capstan_archive::listing::uri_of;
use capstan_archive::names;
use capstan_archive::remembered::Remembered;
use capstan_archive::settings::{MixFiles, Mp4Limits, OutputSettings};
use capstan_archive::tail::{Joint, Tail};
use capstan_media::container::Container;
use capstan_media::container::playlist::{Entry, target_seconds};
use capstan_media::sample::Segment;
use capstan_media::time::RoomTime;
use capstan_pipeline::composite::Composite;

use super::joining::{Means, damage, newest, number_of, unread, unwritten};
use crate::mix::{Cut, Cutter, OutputError, Seam, composite_settings, sync_tags};
use crate::mixed::play;
use crate::rendering::RenderError;
use crate::score::Score;

/// Twins are made of the segments; how they are put together is somebody else's question.
const TWINS: Mp4Limits = Mp4Limits { longest: Duration::MAX, largest: u64::MAX };
/// In a recording without pictures a segment ends where a packet of sound does. They are at least so long.
const HALF_A_PACKET: Duration = Duration::from_millis(5);

/// Makes it.
pub(super) fn make(
    folder: &Path,
    known: &Remembered,
    output: &OutputSettings,
    score: Score,
    means: Means<'_>,
) -> Result<Tail, RenderError> {
    let hls = &hls_folder(folder);
    let Means { images, typeface, mp4, stop } = means;
    let segment = Duration::from_millis(known.segment_ms);
    let listed = Listed::open(hls, &known.stem).map_err(unread(hls))?;
    let mut going = GoingOn {
        folder,
        stem: &known.stem,
        output,
        container: known.container,
        init: None,
        changed: false,
        joint: None,
        listed,
    };
    if going.listed.ended() {
        return Ok(going.tail(Vec::new()));
    }
    let start = score.start;
    let settings = composite_settings(output, segment, images, typeface);
    let composite = Composite::new(settings, start).map_err(OutputError::from)?;
    let container = known.container;
    let files = MixFiles { container, mp4: mp4.then_some(TWINS) };
    let cutter = Cutter::new(start, segment, output, files);
    let (from, cutter) = match going.listed.end() {
        None => (0, cutter),
        Some(end) => {
            let from = composite.ticks_in(end.since(start));
            let seam = going.seam(start, end, from, segment).map_err(unread(hls))?;
            (from, cutter.behind(seam))
        }
    };
    let rendered = play(score, composite, cutter, from, stop, |cut| going.take(cut))?;
    let micros = u64::try_from(segment.as_micros()).unwrap_or(u64::MAX);
    let head = Head { target_seconds: target_seconds(micros), independent: true };
    going.listed.finish(head).map_err(unwritten(hls))?;
    Ok(going.tail(damage(&rendered.damaged_tapes, &rendered.damaged_lines)))
}

/// The playlist and what is put behind it.
struct GoingOn<'a> {
    folder: &'a Path,
    stem: &'a str,
    output: &'a OutputSettings,
    container: Container,
    /// The name of the init segment of what follows.
    init: Option<String>,
    /// It isn't the one from before.
    changed: bool,
    joint: Option<Joint>,
    listed: Listed,
}

impl GoingOn<'_> {
    /// Where the playlist goes on, at the tick `from`.
    fn seam(
        &self,
        start: RoomTime,
        end: RoomTime,
        from: u64,
        segment: Duration,
    ) -> std::io::Result<Seam> {
        let (at, timescale) = match self.output.video {
            Some(_) => (from * 1_000, u64::from(self.output.fps) * 1_000),
            None => {
                let at = end.since(start).saturating_sub(HALF_A_PACKET).as_micros();
                (u64::try_from(at).unwrap_or(u64::MAX), 1_000_000)
            }
        };
        let cut = end.since(start).as_micros() / segment.as_micros().max(1);
        let count = (self.listed.named().len() as u64).max(u64::try_from(cut).unwrap_or(0));
        let last = self.listed.named().last().filter(|_| self.container == Container::Ts);
        let last = last.map(|name| self.listed.read(name)).transpose()?.map(Bytes::from);
        let silent = self.output.audio.is_some();
        Ok(Seam { at, timescale, count, last, sound: 0, silent })
    }

    fn take(&mut self, cut: Cut) -> Result<(), RenderError> {
        match cut {
            Cut::Init(bytes) => self.init(&bytes),
            Cut::Segment(segment) => self.segment(&segment),
        }
    }

    /// The init segment: the one that is there, if it is the same.
    fn init(&mut self, bytes: &[u8]) -> Result<(), RenderError> {
        let parts = parts_folder(self.folder);
        let twins = self.container == Container::Ts;
        let here = |number| names::init(self.stem, number);
        let mut number = newest(self.listed.inits());
        if !self.listed.is_empty() {
            let path = parts.join(here(number));
            let there = if twins { std::fs::read(&path) } else { self.listed.read(&here(number)) };
            (number, self.changed) = number_of(number, there, bytes).map_err(unread(&path))?;
        }
        let name = here(number);
        if let Some(at) = self.listed.end().filter(|_| self.changed) {
            self.joint = Some(Joint { before: self.listed.named().len(), at, init: number });
        }
        if twins {
            std::fs::create_dir_all(&parts).map_err(unwritten(&parts))?;
            write_whole(&parts.join(&name), bytes).map_err(unwritten(&parts))?;
        } else {
            if self.changed || self.listed.is_empty() {
                self.listed.write(&name, bytes).map_err(unwritten(&parts))?;
            }
            self.init = Some(name);
        }
        Ok(())
    }

    fn segment(&mut self, segment: &Segment) -> Result<(), RenderError> {
        let (stem, start) = (self.stem, segment.start);
        let name = names::slice(stem, start, self.container);
        let path = self.folder.join(&name);
        if let Some(twin) = &segment.twin {
            let part = parts_folder(self.folder).join(names::slice(stem, start, Container::Fmp4));
            write_whole(&part, twin).map_err(unwritten(&part))?;
        }
        self.listed.write(&name, &segment.bytes).map_err(unwritten(&path))?;
        let discontinuity = std::mem::take(&mut self.changed);
        let begins = discontinuity || self.listed.is_empty();
        let entry = Entry {
            uri: uri_of(&name),
            init_uri: self.init.as_deref().map(uri_of),
            start,
            micros: segment.micros,
            discontinuity,
            sync: if begins { sync_tags(self.output, start) } else { Vec::new() },
        };
        self.listed.add(entry, self.container);
        Ok(())
    }

    fn tail(&self, damage: Vec<String>) -> Tail {
        let facts = self.listed.start().map(|start| {
            FileFacts::mixed(names::playlist(self.stem), self.output.track_type(), start)
        });
        Tail {
            lists: facts.into_iter().collect(),
            segments: self.listed.fresh() as u64,
            to: self.listed.end(),
            damage,
            joint: self.joint,
            ..Tail::default()
        }
    }
}
