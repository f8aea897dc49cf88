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
        }
    }
}

impl Report {
    /// Reads a recording's timeline. What can't be read is left out. Blocks on the disk.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        match timeline::read(&folder.join(names::TIMELINE)) {
            Ok((marks, _)) => Self::of(&marks),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "a timeline can't be read");
                Self::default()
            }
        }
    }

    /// Sums up marks.
    #[must_use]
    pub fn of(marks: &[Mark]) -> Self {
        let mut tracks: BTreeMap<TrackId, TrackReport> = BTreeMap::new();
        let mut troubles = Vec::new();
        for mark in marks {
            follow(&mut tracks, mark);
            if troubles.len() < MAX_TROUBLES {
                troubles.extend(trouble(mark));
            }
        }
        Self { tracks: tracks.into_values().collect(), troubles }
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
        }),
        Mark::Lost { at, place, events, why } => Some(Trouble {
            from: *at,
            to: None,
            kind: TroubleKind::Lost(*place),
            what: cut(&format!("{events} lost: {why}")),
        }),
        Mark::Fault { at, detail } => {
            let what = cut(detail);
            Some(Trouble { from: *at, to: None, kind: TroubleKind::Fault, what })
        }
        _ => None,
    }
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
        let marks = [
            started(audio, Codec::Opus, 1),
            started(camera, Codec::Vp8, 2),
            Mark::Muted { track: audio, at: ms(3) },
            started(camera, Codec::H264, 4),
            Mark::Overloaded { from: ms(5), to: ms(6), pictures: 3 },
            Mark::Left { uid, at: ms(7), reason: LeaveReason::Quit },
            Mark::Lost { at: ms(8), place: LossPlace::Room, events: 2, why: "slow".into() },
        ];
        let Report { tracks, troubles } = Report::of(&marks);
        assert_eq!(tracks.len(), 2);
        assert_eq!((tracks[0].first, tracks[0].last), (ms(1), Some(ms(3))));
        assert_eq!(tracks[1].codecs, [Codec::Vp8, Codec::H264]);
        assert_eq!(tracks[1].last, Some(ms(7)));
        assert_eq!(troubles.len(), 2);
        assert_eq!((troubles[0].from, troubles[0].to), (ms(5), Some(ms(6))));
        assert_eq!(troubles[1].kind.name(), "room");
        assert_eq!(troubles[1].what, "2 lost: slow");
    }
}
