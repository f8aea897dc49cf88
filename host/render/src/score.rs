//! All that a recording's tapes and timeline hold, in the order in which it happened.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use capstan_archive::folder::tape_folder;
use capstan_archive::names;
use capstan_archive::tape::reader::{self, TapeDamage, TapeReader};
use capstan_archive::tape::record::Record;
use capstan_archive::timeline::{self, DamagedLine};
use capstan_media::room::RoomEvent;
use capstan_media::scene::Scene;
use capstan_media::time::RoomTime;
use capstan_media::timeline::Mark;

use crate::rendering::RenderError;

/// All that happened, in the order of room time.
pub(crate) struct Score {
    pub(crate) start: RoomTime,
    pub(crate) end: Option<RoomTime>,
    marks: std::vec::IntoIter<Mark>,
    mark: Option<Mark>,
    scenes: std::iter::Peekable<std::vec::IntoIter<Mark>>,
    tapes: Vec<Tape>,
    pub(crate) damaged_tapes: Vec<(PathBuf, TapeDamage)>,
    pub(crate) damaged_lines: Vec<DamagedLine>,
    /// When the newest thing happened that was taken.
    pub(crate) newest: RoomTime,
}

/// One tape and its next record.
struct Tape {
    path: PathBuf,
    reader: TapeReader<BufReader<File>>,
    next: Option<Record>,
}

impl Score {
    pub(crate) fn read(folder: &Path) -> Result<Self, RenderError> {
        let path = folder.join(names::TIMELINE);
        let (marks, damaged_lines) =
            timeline::read(&path).map_err(|source| RenderError::Io { path, source })?;
        let start = marks.iter().find(|mark| matches!(mark, Mark::Started { .. }));
        let start = start.map(Mark::at);
        let end = marks.iter().find(|mark| matches!(mark, Mark::Stopped { .. })).map(Mark::at);
        let (scenes, marks): (Vec<_>, Vec<_>) =
            marks.into_iter().partition(|mark| matches!(mark, Mark::Scene { .. }));
        let start = start.ok_or_else(|| RenderError::Nothing { folder: folder.to_owned() })?;
        let mut score = Self {
            start,
            newest: start,
            end,
            marks: marks.into_iter(),
            mark: None,
            scenes: scenes.into_iter().peekable(),
            tapes: Vec::new(),
            damaged_tapes: Vec::new(),
            damaged_lines,
        };
        score.mark = score.marks.next();
        score.open_tapes(&tape_folder(folder))?;
        Ok(score)
    }

    fn open_tapes(&mut self, folder: &Path) -> Result<(), RenderError> {
        let failed = |source| RenderError::Io { path: folder.to_owned(), source };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            paths.push(entry.map_err(failed)?.path());
        }
        paths.sort();
        for path in paths {
            match reader::open(&path) {
                Ok(reader) => {
                    let mut tape = Tape { path, reader, next: None };
                    tape.advance(&mut self.damaged_tapes);
                    self.tapes.push(tape);
                }
                Err(damage) => self.damaged_tapes.push((path, damage)),
            }
        }
        Ok(())
    }

    /// Whether a tick belongs to it. A recording without an end, whose process died, lasts as long as
    /// anything happened.
    pub(crate) fn has(&self, tick: RoomTime) -> bool {
        match self.end {
            Some(end) => tick < end,
            None => tick <= self.newest || self.next_at().is_some(),
        }
    }

    /// When the next thing happens.
    pub(crate) fn next_at(&self) -> Option<RoomTime> {
        let taped = self.tapes.iter().filter_map(|tape| Some(tape.next.as_ref()?.arrived()));
        taped.chain(self.mark.as_ref().map(Mark::at)).min()
    }

    /// What happened until then and wasn't taken before.
    pub(crate) fn events_until(&mut self, until: RoomTime) -> Vec<RoomEvent> {
        let mut events = Vec::new();
        while let Some(mark) = self.mark.take_if(|mark| mark.at() <= until) {
            events.extend(mark.to_event());
            self.mark = self.marks.next();
        }
        for tape in &mut self.tapes {
            while let Some(record) = tape.next.take_if(|record| record.arrived() <= until) {
                events.push(match record {
                    Record::Frame(frame) => RoomEvent::Frame(Arc::new(frame)),
                    Record::Report(report) => RoomEvent::Report(report),
                });
                tape.advance(&mut self.damaged_tapes);
            }
        }
        events.sort_by_key(RoomEvent::at);
        if let Some(last) = events.last() {
            self.newest = self.newest.max(last.at());
        }
        events
    }

    /// The scene that holds at this tick, if it is a new one.
    pub(crate) fn scene_until(&mut self, tick: RoomTime) -> Option<Scene> {
        let mut newest = None;
        while let Some(mark) = self.scenes.next_if(|mark| mark.at() <= tick) {
            if let Mark::Scene { scene, .. } = mark {
                newest = Some(scene);
            }
        }
        newest
    }
}

impl Tape {
    fn advance(&mut self, damaged: &mut Vec<(PathBuf, TapeDamage)>) {
        self.next = match self.reader.next() {
            Some(Ok(record)) => Some(record),
            Some(Err(damage)) => {
                damaged.push((self.path.clone(), damage));
                None
            }
            None => None,
        };
    }
}
