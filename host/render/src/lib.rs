//! Renders a recording again from its tapes and timeline: the same composite, the same scenes, or the
//! same tracks each for itself; no clock. Where the live one lost nothing and skipped nothing, the
//! pictures are the same.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use capstan_archive::folder::{tape_folder, write_whole};
use capstan_archive::names;
use capstan_archive::settings::{
    Container, IndividualSettings, MixFiles, OutputSettings, RecordingSettings,
};
use capstan_archive::tape::reader::{self, TapeDamage, TapeReader};
use capstan_archive::tape::record::Record;
use capstan_archive::timeline::{self, DamagedLine};
use capstan_media::room::RoomEvent;
use capstan_media::scene::Scene;
use capstan_media::time::RoomTime;
use capstan_media::timeline::Mark;
use capstan_pipeline::composite::{Composite, Image, Typeface};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::composition::{Cut, Cutter, OutputError, composite_settings};

mod apart;
pub mod composition;
mod files;
pub mod pictures;
mod tail;
pub mod tracks;

pub use self::files::render_into;
pub use self::tail::{Means, bring_home};

/// Encoders run for so long before what they are needed for, so that nothing is heard of their start.
const WARM_UP: Duration = Duration::from_secs(1);

/// What a recording's folder says of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The recording.
    pub sid: String,
    /// The start of its files' names.
    pub stem: String,
    /// What was made of the room.
    #[serde(flatten)]
    pub made: Made,
    /// The least length of a segment in milliseconds.
    pub segment_ms: u64,
    /// What the segments of a mixed recording were; of the others, `made` says it.
    #[serde(default)]
    pub container: Container,
}

/// What a recording made of the room. Screenshots alone leave no tapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Made {
    /// One picture and sound of everybody.
    #[serde(rename = "output")]
    Mix(OutputSettings),
    /// Files of each track.
    #[serde(rename = "individual")]
    Individual(IndividualSettings),
}

/// What is to be rendered.
#[derive(Clone, Debug)]
pub struct Rendering {
    /// The recording's folder.
    pub folder: PathBuf,
    /// Another output than the recording had; of a mixed one only.
    pub output: Option<OutputSettings>,
    /// Pictures that scenes may name.
    pub images: BTreeMap<String, Image>,
    /// What the text of scenes is drawn with.
    pub typeface: Typeface,
}

/// What was rendered.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Composed pictures; none where everybody is apart.
    pub pictures: u64,
    /// Segments.
    pub segments: u64,
    /// Segments that couldn't be made, and why.
    pub lost: Vec<String>,
    /// Tapes that end before their end, and why.
    pub damaged_tapes: Vec<(PathBuf, TapeDamage)>,
    /// Lines of the timeline that are lost.
    pub damaged_lines: Vec<DamagedLine>,
}

/// Why nothing, or not all, can be rendered.
#[derive(Debug, Error)]
pub enum RenderError {
    /// A file of the recording can't be read.
    #[error("{} can't be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The timeline has no start: nobody ever sent media.
    #[error("{} records nothing: nobody sent media", folder.display())]
    Nothing {
        /// The recording's folder.
        folder: PathBuf,
    },
    /// Everybody was recorded apart, and one mixed output was asked for.
    #[error("{} isn't mixed: everybody was recorded apart", folder.display())]
    NotMixed {
        /// The recording's folder.
        folder: PathBuf,
    },
    /// The output can't be made.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The process ends before it is rendered.
    #[error("rendering was broken off")]
    Stopped,
    /// A rendered file can't be written.
    #[error("{} can't be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

/// Writes down what rendering needs beside tapes and timeline.
///
/// # Errors
/// The file can't be written.
pub fn remember(folder: &Path, settings: &RecordingSettings, made: Made) -> io::Result<()> {
    let remembered = Remembered {
        container: settings.mix().map(|mix| mix.files.container).unwrap_or_default(),
        sid: settings.sid.clone(),
        stem: settings.stem(),
        made,
        segment_ms: u64::try_from(settings.segment.as_millis()).unwrap_or(u64::MAX),
    };
    let json = serde_json::to_vec_pretty(&remembered)?;
    write_whole(&folder.join(names::OUTPUT), &json)
}

/// Reads what a recording's folder says of its files.
///
/// # Errors
/// The file can't be read or isn't one.
pub fn remembered(folder: &Path) -> Result<Remembered, RenderError> {
    let path = folder.join(names::OUTPUT);
    let read = || -> io::Result<Remembered> { Ok(serde_json::from_slice(&std::fs::read(&path)?)?) };
    read().map_err(|source| RenderError::Io { path: path.clone(), source })
}

/// Renders all of a mixed recording, giving each piece to `sink` as it is cut.
///
/// # Errors
/// As [`RenderError`] says, or the sink. Damaged tapes and lines are no error: what is whole is
/// rendered.
pub fn render(
    rendering: Rendering,
    sink: impl FnMut(Cut) -> Result<(), RenderError>,
) -> Result<Rendered, RenderError> {
    let Rendering { folder, output, images, typeface } = rendering;
    let known = remembered(&folder)?;
    let Made::Mix(mixed) = known.made else { return Err(RenderError::NotMixed { folder }) };
    let output = output.unwrap_or(mixed);
    let segment = Duration::from_millis(known.segment_ms);
    let score = Score::read(&folder)?;
    let settings = composite_settings(&output, segment, images, typeface);
    let composite = Composite::new(settings, score.start).map_err(OutputError::from)?;
    let cutter = Cutter::new(score.start, segment, &output, MixFiles::default());
    play(score, composite, cutter, 0, &AtomicBool::new(false), sink)
}

/// Plays the score up to its end, giving each piece to `sink` as it is cut. What comes before the tick
/// `from` is there already: it is decoded, not painted, and but for the last second not encoded.
fn play(
    mut score: Score,
    mut composite: Composite,
    mut cutter: Cutter,
    from: u64,
    stop: &AtomicBool,
    mut sink: impl FnMut(Cut) -> Result<(), RenderError>,
) -> Result<Rendered, RenderError> {
    let mut rendered = Rendered::default();
    let warm = from.saturating_sub(composite.ticks_in(WARM_UP)).max(u64::from(from > 0));
    let mut give = |cuts: Vec<Cut>, rendered: &mut Rendered| {
        for cut in cuts {
            rendered.segments += u64::from(matches!(cut, Cut::Segment(_)));
            sink(cut)?;
        }
        Ok::<(), RenderError>(())
    };
    for tick in 0.. {
        if !score.has(composite.next_tick()) {
            break;
        }
        if stop.load(Ordering::Relaxed) {
            return Err(RenderError::Stopped);
        }
        for event in score.events_until(composite.due()) {
            composite.push(&event);
        }
        // Decodes up to the tick, as the live recording does before it asks its layout.
        composite.roster();
        if let Some(scene) = score.scene_until(composite.next_tick()) {
            // A scene was valid when it was marked; one that isn't any more is passed over.
            if let Err(error) = composite.set_scene(scene) {
                tracing::warn!(%error, "a scene of the timeline can't be painted");
            }
        }
        if tick < warm {
            composite.pass();
            cutter.sound_begins(composite.passed_sound());
            continue;
        }
        let made = if tick < from { composite.skip() } else { composite.render() };
        let outputs = made.map_err(OutputError::from)?;
        rendered.pictures += u64::from(tick >= from);
        give(cutter.push(outputs, || composite.tracks())?, &mut rendered)?;
    }
    let outputs = composite.finish().map_err(OutputError::from)?;
    give(cutter.push(outputs, || composite.tracks())?, &mut rendered)?;
    give(cutter.finish()?, &mut rendered)?;
    rendered.damaged_tapes = score.damaged_tapes;
    rendered.damaged_lines = score.damaged_lines;
    Ok(rendered)
}

/// All that happened, in the order of room time.
struct Score {
    start: RoomTime,
    end: Option<RoomTime>,
    marks: std::vec::IntoIter<Mark>,
    mark: Option<Mark>,
    scenes: std::iter::Peekable<std::vec::IntoIter<Mark>>,
    tapes: Vec<Tape>,
    damaged_tapes: Vec<(PathBuf, TapeDamage)>,
    damaged_lines: Vec<DamagedLine>,
    /// When the newest thing happened that was taken.
    newest: RoomTime,
}

/// One tape and its next record.
struct Tape {
    path: PathBuf,
    reader: TapeReader<BufReader<File>>,
    next: Option<Record>,
}

impl Score {
    fn read(folder: &Path) -> Result<Self, RenderError> {
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
    fn has(&self, tick: RoomTime) -> bool {
        match self.end {
            Some(end) => tick < end,
            None => tick <= self.newest || self.next_at().is_some(),
        }
    }

    /// When the next thing happens.
    fn next_at(&self) -> Option<RoomTime> {
        let taped = self.tapes.iter().filter_map(|tape| Some(tape.next.as_ref()?.arrived()));
        taped.chain(self.mark.as_ref().map(Mark::at)).min()
    }

    /// What happened until then and wasn't taken before.
    fn events_until(&mut self, until: RoomTime) -> Vec<RoomEvent> {
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
    fn scene_until(&mut self, tick: RoomTime) -> Option<Scene> {
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
