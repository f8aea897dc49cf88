//! Who of a room is recorded, and which of their streams.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::track::{TrackId, TrackKind, Uid};

/// Whose sound and whose pictures a recording takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Whose sound.
    pub audio: UidSelection,
    /// Whose pictures.
    pub video: UidSelection,
    /// Sound, pictures or both, of everybody selected.
    pub streams: Streams,
    /// Which layer of those who send several.
    pub video_layer: VideoLayer,
    /// The most participants at once, in the order in which they joined.
    pub max_uids: u32,
}

/// Some of a room's participants, present or to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UidSelection {
    /// Everybody.
    All,
    /// These and nobody else.
    Only(BTreeSet<Uid>),
    /// Everybody but these.
    Except(BTreeSet<Uid>),
}

/// Which kinds of streams are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Streams {
    /// Sound and pictures.
    Both,
    /// Sound only.
    Audio,
    /// Pictures only.
    Video,
}

/// Which layer of a publisher who sends several is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoLayer {
    /// The largest.
    High,
    /// The smallest.
    Low,
}

/// How many participants a recording takes at once unless it is told otherwise.
const MAX_UIDS: u32 = 17;

impl Default for Subscription {
    fn default() -> Self {
        Self {
            audio: UidSelection::All,
            video: UidSelection::All,
            streams: Streams::Both,
            video_layer: VideoLayer::High,
            max_uids: MAX_UIDS,
        }
    }
}

impl Subscription {
    /// The most participants that one recording takes at once.
    pub const MOST_UIDS: u32 = 64;

    /// Whether any track of a participant may be selected, so that they count for the limit.
    #[must_use]
    pub fn selects_any(&self, uid: Uid) -> bool {
        [TrackKind::Audio, TrackKind::Camera]
            .iter()
            .any(|&kind| self.selects(TrackId { uid, kind }))
    }

    /// Whether a track is selected, the limit of participants aside.
    #[must_use]
    pub fn selects(&self, track: TrackId) -> bool {
        if track.kind.is_video() {
            self.streams != Streams::Audio && self.video.holds(track.uid)
        } else {
            self.streams != Streams::Video && self.audio.holds(track.uid)
        }
    }
}

impl UidSelection {
    /// Whether a participant is among them.
    #[must_use]
    pub fn holds(&self, uid: Uid) -> bool {
        match self {
            Self::All => true,
            Self::Only(uids) => uids.contains(&uid),
            Self::Except(uids) => !uids.contains(&uid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_is_selected_by_its_kind_and_its_uid() {
        let uid = |number| Uid::new(number).unwrap();
        let track = |number, kind| TrackId { uid: uid(number), kind };
        let subscription = Subscription {
            audio: UidSelection::Only([uid(1)].into()),
            video: UidSelection::Except([uid(1)].into()),
            ..Subscription::default()
        };
        assert!(subscription.selects(track(1, TrackKind::Audio)));
        assert!(!subscription.selects(track(2, TrackKind::Audio)));
        assert!(subscription.selects(track(1, TrackKind::ScreenAudio)));
        assert!(!subscription.selects(track(2, TrackKind::OtherAudio)));
        assert!(!subscription.selects(track(1, TrackKind::Screen)));
        assert!(subscription.selects(track(2, TrackKind::Camera)));
        let sound_only = Subscription { streams: Streams::Audio, ..subscription };
        assert!(sound_only.selects(track(1, TrackKind::Audio)));
        assert!(!sound_only.selects(track(2, TrackKind::Camera)));
    }
}
