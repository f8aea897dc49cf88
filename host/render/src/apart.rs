//! A recording in which everybody is recorded apart, made again: the same slices, up to the last frame
//! on tape, and playlists that are over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use capstan_archive::listing::uri_of;
use capstan_archive::names;
use capstan_archive::remembered::Remembered;
use capstan_archive::settings::IndividualSettings;
use capstan_media::codec::Codec;
use capstan_media::container::Container;
use capstan_media::container::playlist::{self, Entry, Playlist};
use capstan_media::track::TrackId;
use capstan_pipeline::as_sent::{AsSent, Piece, SETTLE, Slice};

use crate::out::write_in;
use crate::rendering::{RenderError, Rendered};
use crate::score::Score;
use crate::tracks::{Given, Tracks, longest, sync_tags};

/// How much is read from the tapes at once.
const STEP: Duration = Duration::from_millis(500);

/// Makes all files in `out`. Returns the playlists' paths.
pub(crate) fn render(
    folder: &Path,
    known: &Remembered,
    settings: IndividualSettings,
    out: &Path,
) -> Result<(Vec<PathBuf>, Rendered), RenderError> {
    let slice = Duration::from_millis(known.segment_ms);
    let mut files =
        Files { out, stem: &known.stem, slice, lists: BTreeMap::new(), lost: Vec::new() };
    let score = Score::read(folder)?;
    let score = play(score, slice, settings, &AtomicBool::new(false), |track, piece, _| {
        files.piece(track, piece)
    })?;
    let (paths, rendered) = files.end()?;
    let Score { damaged_tapes, damaged_lines, .. } = score;
    Ok((paths, Rendered { damaged_tapes, damaged_lines, ..rendered }))
}

/// Plays the score to its end, giving each piece of a track and how the track is encoded to `sink`.
pub(crate) fn play(
    mut score: Score,
    slice: Duration,
    settings: IndividualSettings,
    stop: &AtomicBool,
    mut sink: impl FnMut(TrackId, Piece, Option<Codec>) -> Result<(), RenderError>,
) -> Result<Score, RenderError> {
    let mut tracks = Tracks::new(slice, settings);
    let mut codecs: BTreeMap<TrackId, Codec> = BTreeMap::new();
    let mut give = |given: Vec<Given>, tracks: &Tracks| {
        for (track, pieces) in given {
            // At the end a track has no encoding any more.
            if let Some(codec) = tracks.get(track).and_then(AsSent::codec) {
                codecs.insert(track, codec);
            }
            for piece in pieces {
                sink(track, piece, codecs.get(&track).copied())?;
            }
        }
        Ok::<(), RenderError>(())
    };
    while let Some(next) = score.next_at() {
        if stop.load(Ordering::Relaxed) {
            return Err(RenderError::Stopped);
        }
        let until = next + STEP;
        for event in score.events_until(until) {
            give(tracks.take(&event).into_iter().collect(), &tracks)?;
        }
        give(tracks.advance(until - SETTLE), &tracks)?;
    }
    // A recording without an end lasts as long as anything happened.
    let end = score.end.unwrap_or(score.newest);
    give(tracks.finish(Some(end)), &tracks)?;
    Ok(score)
}

/// The files so far.
struct Files<'a> {
    out: &'a Path,
    stem: &'a str,
    slice: Duration,
    lists: BTreeMap<TrackId, List>,
    lost: Vec<String>,
}

/// One track's playlist, and the init segment that holds for the next slice.
#[derive(Default)]
struct List {
    entries: Vec<Entry>,
    inits: u64,
    init_uri: Option<String>,
    container: Container,
}

impl Files<'_> {
    fn piece(&mut self, track: TrackId, piece: Piece) -> Result<(), RenderError> {
        let stem = names::of_track(self.stem, track);
        let list = self.lists.entry(track).or_default();
        match piece {
            Piece::Init(bytes) => {
                let name = names::init(&stem, list.inits);
                list.inits += 1;
                list.init_uri = Some(uri_of(&name));
                write_in(self.out, &name, &bytes)
            }
            Piece::Slice(slice) => {
                let sync = sync_tags(&slice, track.kind);
                let Slice { segment, container, discontinuity, .. } = slice;
                let name = names::slice(&stem, segment.start, container);
                list.container = container;
                list.entries.push(Entry {
                    uri: uri_of(&name),
                    init_uri: list.init_uri.clone(),
                    start: segment.start,
                    micros: segment.micros,
                    discontinuity,
                    sync,
                });
                write_in(self.out, &name, &segment.bytes)
            }
            Piece::Lost { frames, why } => {
                self.lost.push(format!("a slice of {track} with {frames} frames: {why}"));
                Ok(())
            }
        }
    }

    /// Writes the playlists. Returns their paths and what they name.
    fn end(self) -> Result<(Vec<PathBuf>, Rendered), RenderError> {
        let (mut paths, mut segments) = (Vec::new(), 0);
        for (track, list) in self.lists {
            let List { entries, container, .. } = list;
            let seconds = entries.iter().map(|entry| playlist::rounded_seconds(entry.micros));
            let Some(most) = seconds.max() else { continue };
            segments += entries.len() as u64;
            let list = Playlist {
                container,
                target_seconds: longest(self.slice).max(most),
                entries,
                // Forced ends of slices are followed by one that isn't.
                independent: !track.kind.is_video(),
                ended: true,
            };
            let name = names::playlist(&names::of_track(self.stem, track));
            write_in(self.out, &name, playlist::render(&list).as_bytes())?;
            paths.push(self.out.join(name));
        }
        Ok((paths, Rendered { segments, lost: self.lost, ..Rendered::default() }))
    }
}
