//! Why what a participant sends isn't all in a recording: causes, each with its name, its number in
//! events, and what the sender could change.
//!
//! Another cause is another variant with its [`Facts`]; everything that tells of causes goes by those.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::RoomTime;
use crate::track::TrackId;

/// Why something of a track is missing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Pictures come, but none that decoding can begin with.
    NoKeyFrame,
    /// A decoder refuses the pictures.
    Undecodable,
    /// The pictures are sound, but of a kind that isn't decoded or can't be described in a file.
    Unsupported,
    /// H.264 without the parameter sets that it needs.
    NoParameterSets,
    /// Pictures got lost on the way, and what came since needs them.
    PicturesLost,
    /// A decoder refuses the sound.
    SoundUndecodable,
    /// Frames came that the files don't hold: too late, or nothing was known to decode them with.
    LeftOut,
}

/// What is to be known of a cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Its name in JSON, metrics and logs.
    pub name: &'static str,
    /// Its number in events.
    pub number: u16,
    /// What is missing.
    pub what: &'static str,
    /// What the sender could change.
    pub advice: &'static str,
    /// How long it must last until it is told: shorter than this it is ordinary. At most 6 s, so that
    /// it is told within 10.
    pub patience: Duration,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoKeyFrame,
        Self::Undecodable,
        Self::Unsupported,
        Self::NoParameterSets,
        Self::PicturesLost,
        Self::SoundUndecodable,
        Self::LeftOut,
    ];

    /// What is to be known of it.
    #[must_use]
    pub const fn facts(self) -> Facts {
        let (name, number, what, advice, patience) = match self {
            Self::NoKeyFrame => (
                "no_key_frame",
                1010,
                "no picture to begin with has come, though one was asked for",
                "let the encoder answer PLI with a key frame, or send one every few seconds",
                5_000,
            ),
            Self::Undecodable => (
                "undecodable",
                1011,
                "its pictures can't be decoded",
                "check the encoder and what lies between it and this server, or try another codec",
                3_000,
            ),
            Self::Unsupported => (
                "unsupported",
                1012,
                "its pictures are of a kind that isn't recorded",
                "send 8-bit 4:2:0: VP8, VP9 profile 0, AV1 main, or H.264 baseline, main or high without interlacing",
                1_000,
            ),
            Self::NoParameterSets => (
                "no_parameter_sets",
                1013,
                "its H.264 comes without parameter sets",
                "send SPS and PPS before each IDR picture, or in sprop-parameter-sets of the offer",
                3_000,
            ),
            Self::PicturesLost => (
                "pictures_lost",
                1014,
                "pictures were lost on the way; the last one is held until one comes that needs none before it",
                "let the encoder answer NACK and PLI, or lower its bit rate",
                1_000,
            ),
            Self::SoundUndecodable => (
                "sound_undecodable",
                1015,
                "its sound can't be decoded",
                "send Opus as RFC 7587 has it",
                1_000,
            ),
            Self::LeftOut => (
                "left_out",
                1017,
                "frames came that its files don't hold",
                "send frames in order and within a second, each codec as its RTP payload format says",
                0,
            ),
        };
        Facts { name, number, what, advice, patience: Duration::from_millis(patience) }
    }

    /// Its name in JSON, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }
}

/// Something that a stage can't make anything of at this moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Complaint {
    /// Whose and what.
    pub track: TrackId,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub since: RoomTime,
    /// The decoder's words, say; empty if there is nothing to add.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn causes_are_told_apart_and_in_time() {
        let facts = Cause::ALL.map(Cause::facts);
        let (names, numbers): (BTreeSet<_>, BTreeSet<_>) =
            facts.iter().map(|facts| (facts.name, facts.number)).unzip();
        assert_eq!((names.len(), numbers.len()), (facts.len(), facts.len()));
        for (cause, facts) in Cause::ALL.into_iter().zip(facts) {
            assert!(facts.patience <= Duration::from_secs(6) && facts.number > 1_000, "{cause:?}");
            let written = serde_json::to_value(cause).unwrap();
            assert_eq!(written, facts.name, "one name everywhere");
        }
    }
}
