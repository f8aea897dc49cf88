//! What recordings are written as: fragmented MP4 or MPEG-TS, and the playlist that lists it.
//!
//! Writers only: everything is rendered from values, byte for byte the same each time.

use serde::{Deserialize, Serialize};

pub mod fmp4;
pub mod mp4;
pub mod playlist;
mod sample_entry;
pub mod ts;
pub mod utc;

/// What the segments of a playlist are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// Fragmented MP4 with an init segment of its own: any encoding.
    #[default]
    Fmp4,
    /// MPEG-TS: H.264 and AAC, for players and tools that know nothing newer.
    Ts,
}

impl Container {
    /// What the names of its segments end with, behind the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Fmp4 => "m4s",
            Self::Ts => "ts",
        }
    }

    /// The media type of its segments.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Fmp4 => "video/mp4",
            Self::Ts => "video/mp2t",
        }
    }
}
