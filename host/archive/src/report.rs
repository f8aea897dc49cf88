//! What a timeline tells of a recording in short: who sent what, and where something is missing.
//!
//! A report is bounded whatever the timeline holds, so that it can be kept after the recording's folder is
//! gone.

use std::collections::BTreeMap;
use std::path::Path;

use capstan_media::codec::Codec;
use capstan_media::time::RoomTime;
use capstan_media::timeline::{LossPlace, Mark};
use capstan_media::track::TrackId;
use capstan_media::trouble::Cause;
use serde::{Deserialize, Serialize};

use crate::{names, timeline};

/// The most tracks that are told of: three for each of many participants.
const MAX_TRACKS: usize = 512;
/// The most encodings of one track.
const MAX_CODECS: usize = 16;
/// The most troubles: the first ones.
const MAX_TROUBLES: usize = 512;
/// The most characters of a trouble's words.
const MAX_WORDS: usize = 512;

/// A recording in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Who sent what, by uid and kind.
    pub tracks: Vec<TrackReport>,
    /// Where something is missing, in the order of time.
    pub troubles: Vec<Trouble>,
}

/// One track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackReport {
    /// Which.
    pub track: TrackId,
    /// How it was encoded, each time it changed.
    pub codecs: Vec<Codec>,
    /// When it came first.
    pub first: RoomTime,
    /// When it fell silent or left; `None` while it comes.
    pub last: Option<RoomTime>,
}

/// A span in which something is missing, or a moment at which something went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// From when.
    pub from: RoomTime,
    /// To when; `None` if only the moment is known.
    pub to: Option<RoomTime>,
    /// What kind.
    pub kind: TroubleKind,
    /// For people.
    pub what: String,
    /// Of which track, if it is of one.
    #[serde(default)]
    pub track: Option<TrackId>,
}

/// Kinds of troubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// Pictures were left out, the machine was too busy.
    Overload,
    /// Something was dropped.
    Lost(LossPlace),
    /// A layout or a disk misbehaved.
    Fault,
    /// A file that was asked for beside the playlist couldn't be made.
    File,
    /// The process was gone.
    Interrupted,
    /// Something of a track is missing.
    Missing(Cause),
}

impl TroubleKind {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Lost(LossPlace::Room) => "room",
            Self::Lost(LossPlace::Tape) => "tape",
            Self::Lost(LossPlace::Composite) => "composite",
            Self::Lost(LossPlace::Segment) => "segment",
            Self::Fault => "fault",
            Self::File => "file",
            Self::Interrupted => "interrupted",
            Self::Missing(cause) => cause.name(),
        }
    }

    /// Whether the recording's files lack something by it.
    #[must_use]
    pub const fn is_lack(self) -> bool {
        !matches!(self, Self::Fault | Self::Lost(LossPlace::Tape))
    }
}

impl Report {
    /// Reads a recording's timeline. What can't be read is left out. Blocks on the disk.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        Self::read_with(folder, Vec::new())
    }

    /// The same with marks that aren't on disk yet.
    #[must_use]
    pub fn read_with(folder: &Path, waiting: Vec<Mark>) -> Self {
        let mut marks = match timeline::read(&folder.join(names::TIMELINE)) {
            Ok((marks, _)) => marks,
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "a timeline can't be read");
                Vec::new()
            }
        };
        marks.extend(waiting);
        Self::of(&marks)
    }

    /// Sums up marks.
    #[must_use]
    pub fn of(marks: &[Mark]) -> Self {
        let mut tracks: BTreeMap<TrackId, TrackReport> = BTreeMap::new();
        let mut troubles = Vec::new();
        for mark in marks {
            follow(&mut tracks, mark);
            close(&mut troubles, mark);
            if troubles.len() < MAX_TROUBLES {
                troubles.extend(trouble(mark));
            }
        }
        Self { tracks: tracks.into_values().collect(), troubles }
    }

    /// In how many spans the recording's files lack something.
    #[must_use]
    pub fn lacks(&self) -> usize {
        self.troubles.iter().filter(|trouble| trouble.kind.is_lack()).count()
    }
}

/// Gives a trouble that is over its end.
fn close(troubles: &mut [Trouble], mark: &Mark) {
    let Mark::TroubleEnded { at, track, cause } = mark else { return };
    let same = |trouble: &&mut Trouble| {
        trouble.kind == TroubleKind::Missing(*cause) && trouble.track == Some(*track)
    };
    if let Some(trouble) = troubles.iter_mut().rev().find(same) {
        trouble.to.get_or_insert(*at);
    }
}

fn follow(tracks: &mut BTreeMap<TrackId, TrackReport>, mark: &Mark) {
    match mark {
        Mark::TrackStarted { track, codec, at } => {
            if tracks.len() >= MAX_TRACKS && !tracks.contains_key(track) {
                return;
            }
            let new = || TrackReport { track: *track, codecs: Vec::new(), first: *at, last: None };
            let report = tracks.entry(*track).or_insert_with(new);
            report.last = None;
            if report.codecs.last() != Some(codec) && report.codecs.len() < MAX_CODECS {
                report.codecs.push(*codec);
            }
        }
        Mark::Muted { track, at } => {
            if let Some(report) = tracks.get_mut(track) {
                report.last = Some(*at);
            }
        }
        Mark::Unmuted { track, .. } => {
            if let Some(report) = tracks.get_mut(track) {
                report.last = None;
            }
        }
        Mark::Left { uid, at, .. } => {
            let theirs = tracks.values_mut().filter(|report| report.track.uid == *uid);
            theirs.for_each(|report| report.last = report.last.or(Some(*at)));
        }
        Mark::Stopped { at } => {
            tracks.values_mut().for_each(|report| report.last = report.last.or(Some(*at)));
        }
        _ => {}
    }
}

fn trouble(mark: &Mark) -> Option<Trouble> {
    let cut = |text: &str| text.chars().take(MAX_WORDS).collect::<String>();
    match mark {
        Mark::Overloaded { from, to, pictures } => Some(Trouble {
            from: *from,
            to: Some(*to),
            kind: TroubleKind::Overload,
            what: format!("{pictures} pictures were left out"),
            track: None,
        }),
        Mark::Lost { at, place, events, why } => Some(Trouble {
            from: *at,
            to: None,
            kind: TroubleKind::Lost(*place),
            what: cut(&format!("{events} lost: {why}")),
            track: None,
        }),
        Mark::Fault { at, detail } => {
            let what = cut(detail);
            Some(Trouble { from: *at, to: None, kind: TroubleKind::Fault, what, track: None })
        }
        Mark::TroubleBegan { at, track, cause, detail } => Some(Trouble {
            from: *at,
            to: None,
            kind: TroubleKind::Missing(*cause),
            what: cut(&words(*track, *cause, detail)),
            track: Some(*track),
        }),
        _ => None,
    }
}

/// A trouble in words, with what the sender could change.
#[must_use]
pub fn words(track: TrackId, cause: Cause, detail: &str) -> String {
    let facts = cause.facts();
    let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
    format!("{track}: {}{detail}; {}", facts.what, facts.advice)
}

#[cfg(test)]
mod tests {
    use capstan_media::room::LeaveReason;
    use capstan_media::track::{TrackKind, Uid};

    use super::*;

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    #[test]
    fn tracks_and_troubles_are_summed_up() {
        let uid = Uid::new(7).unwrap();
        let track = |kind| TrackId { uid, kind };
        let (audio, camera) = (track(TrackKind::Audio), track(TrackKind::Camera));
        let started = |track, codec, at| Mark::TrackStarted { track, codec, at: ms(at) };
        let began = |track, at| {
            let (cause, detail) = (Cause::NoKeyFrame, String::new());
            Mark::TroubleBegan { at: ms(at), track, cause, detail }
        };
        let marks = [
            started(audio, Codec::Opus, 1),
            started(camera, Codec::Vp8, 2),
            Mark::Muted { track: audio, at: ms(3) },
            started(camera, Codec::H264, 4),
            Mark::Overloaded { from: ms(5), to: ms(6), pictures: 3 },
            Mark::Left { uid, at: ms(7), reason: LeaveReason::Quit },
            Mark::Lost { at: ms(8), place: LossPlace::Room, events: 2, why: "slow".into() },
            began(camera, 9),
            Mark::TroubleEnded { at: ms(10), track: camera, cause: Cause::NoKeyFrame },
            began(camera, 11),
            Mark::Fault { at: ms(12), detail: "odd".into() },
        ];
        let report = Report::of(&marks);
        assert_eq!(report.lacks(), 4, "a fault costs nothing that was sent");
        let Report { tracks, troubles } = report;
        assert_eq!(tracks.len(), 2);
        assert_eq!((tracks[0].first, tracks[0].last), (ms(1), Some(ms(3))));
        assert_eq!(tracks[1].codecs, [Codec::Vp8, Codec::H264]);
        assert_eq!(tracks[1].last, Some(ms(7)));
        assert_eq!(troubles.len(), 5);
        let spans = [(ms(9), Some(ms(10))), (ms(11), None)];
        assert_eq!([2, 3].map(|n: usize| (troubles[n].from, troubles[n].to)), spans);
        assert_eq!((troubles[2].kind.name(), troubles[2].track), ("no_key_frame", Some(camera)));
        assert!(troubles[2].what.starts_with("7-camera: no picture"), "{}", troubles[2].what);
        assert_eq!((troubles[0].from, troubles[0].to), (ms(5), Some(ms(6))));
        assert_eq!(troubles[1].kind.name(), "room");
        assert_eq!(troubles[1].what, "2 lost: slow");
    }
}
