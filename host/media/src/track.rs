//! Who sends what: rooms, participants and their tracks.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A participant's number within a room: 1 to 4294967295.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// `None` for zero, which names nobody.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no [`Uid`].
#[derive(Debug, Error, PartialEq, Eq)]
#[error("uid {text:?} is not a decimal number from 1 to 4294967295")]
pub struct BadUid {
    /// What was given, cut to 32 characters.
    pub text: String,
}

impl FromStr for Uid {
    type Err = BadUid;

    fn from_str(text: &str) -> Result<Self, BadUid> {
        let bad = || BadUid { text: text.chars().take(32).collect() };
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        text.parse().ok().and_then(Self::new).ok_or_else(bad)
    }
}

/// One room of one app. Rooms of different apps never meet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RoomId {
    /// The app's id, from the configuration.
    pub app: String,
    /// The room's name, unique within the app.
    pub name: String,
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.app, self.name)
    }
}

/// What a track carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrackKind {
    /// A participant's microphone: the first sound section of an offer.
    Audio,
    /// A participant's camera: the first video section of an offer.
    Camera,
    /// A shared screen: the second video section of an offer.
    Screen,
    /// The sound of what is shared: the second sound section of an offer.
    ScreenAudio,
    /// Any other sound: the third sound section of an offer.
    OtherAudio,
}

impl TrackKind {
    /// The kinds of sound, in the order of an offer's sections.
    pub const SOUNDS: [Self; 3] = [Self::Audio, Self::ScreenAudio, Self::OtherAudio];
    /// The kinds of pictures, likewise.
    pub const PICTURES: [Self; 2] = [Self::Camera, Self::Screen];

    /// Whether the track carries pictures.
    #[must_use]
    pub const fn is_video(self) -> bool {
        matches!(self, Self::Camera | Self::Screen)
    }

    /// The kind's name in file names, logs and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Camera => "camera",
            Self::Screen => "screen",
            Self::ScreenAudio => "screenaudio",
            Self::OtherAudio => "otheraudio",
        }
    }
}

/// One of a participant's tracks: at most one of each kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TrackId {
    /// Whose.
    pub uid: Uid,
    /// What.
    pub kind: TrackKind,
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.uid, self.kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_decimal_and_not_zero() {
        assert_eq!("4294967295".parse::<Uid>().map(Uid::get), Ok(u32::MAX));
        for bad in ["0", "", "+1", "4294967296", "8810546176", "a", "-1", " 1"] {
            assert!(bad.parse::<Uid>().is_err(), "{bad:?}");
        }
    }
}
