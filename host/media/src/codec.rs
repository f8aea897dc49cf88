//! The codecs a publisher may send.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An encoding of sound or pictures.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// RFC 6716; always 48 kHz on the wire (RFC 7587).
    Opus,
    /// RFC 6386.
    Vp8,
    /// VP9 profile 0.
    Vp9,
    /// H.264; frames are Annex B byte streams.
    H264,
    /// AV1; frames are OBUs with size fields, without temporal delimiters.
    Av1,
}

impl Codec {
    /// RTP ticks a second.
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            Self::Vp8 | Self::Vp9 | Self::H264 | Self::Av1 => 90_000,
        }
    }

    /// Whether it encodes pictures.
    #[must_use]
    pub const fn is_video(self) -> bool {
        !matches!(self, Self::Opus)
    }

    /// The name in options, logs and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
            Self::H264 => "h264",
            Self::Av1 => "av1",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
