//! What an encoder makes and a segment holds: samples, and the facts a player needs to read them.

use bytes::Bytes;

use crate::colour_space::ColourSpace;
use crate::frame::{FrameKind, Size};
use crate::time::RoomTime;

/// One encoded access unit on its way into a file.
///
/// Samples of a track follow each other without gap: the next one starts where this one ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sample {
    /// The bytes as ISO BMFF stores them: H.264 with 4-byte lengths and without parameter sets,
    /// AV1 without temporal delimiters, VP8 and VP9 frames, AAC raw access units, Opus packets.
    pub data: Bytes,
    /// In ticks of the track's timescale.
    pub duration: u32,
    /// How much later it is shown than decoded, likewise.
    pub offset: u32,
    /// Whether a player can start here.
    pub kind: FrameKind,
}

/// The facts about one output track that don't change while the file grows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackConfig {
    /// Ticks a second of its samples' durations.
    pub timescale: u32,
    /// How it is encoded.
    pub coding: Coding,
}

/// An output encoding with its decoder configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Coding {
    /// H.264.
    H264 {
        /// Coded picture size.
        size: Size,
        /// Sequence parameter sets, whole NAL units without start codes; that of the size first.
        sps: Vec<Bytes>,
        /// Picture parameter sets, likewise.
        pps: Vec<Bytes>,
    },
    /// AV1.
    Av1 {
        /// Coded picture size.
        size: Size,
        /// The sequence header OBU with its header and size field.
        sequence_header: Bytes,
    },
    /// VP8.
    Vp8 {
        /// Coded picture size.
        size: Size,
    },
    /// VP9, profile 0: 8 bits, 4:2:0.
    Vp9 {
        /// Coded picture size.
        size: Size,
        /// How its colours are to be read.
        colours: ColourSpace,
    },
    /// AAC-LC.
    Aac {
        /// AudioSpecificConfig (ISO 14496-3, 1.6.2.1).
        config: Bytes,
        /// Channels, 1 or 2.
        channels: u8,
        /// Samples a second.
        rate: u32,
    },
    /// Opus at 48 kHz, its pre-skip already removed.
    Opus {
        /// Channels, 1 or 2.
        channels: u8,
    },
}

impl Coding {
    /// The encoding's name in errors and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::H264 { .. } => "h264",
            Self::Vp8 { .. } => "vp8",
            Self::Vp9 { .. } => "vp9",
            Self::Av1 { .. } => "av1",
            Self::Aac { .. } => "aac",
            Self::Opus { .. } => "opus",
        }
    }

    /// Whether it is a picture track.
    #[must_use]
    pub const fn is_video(&self) -> bool {
        self.size().is_some()
    }

    /// The pictures' size; `None` for sound.
    #[must_use]
    pub const fn size(&self) -> Option<Size> {
        match self {
            Self::H264 { size, .. }
            | Self::Av1 { size, .. }
            | Self::Vp8 { size }
            | Self::Vp9 { size, .. } => Some(*size),
            Self::Aac { .. } | Self::Opus { .. } => None,
        }
    }
}

/// A cut piece of a recording: a whole media segment of its container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// 0, 1, 2, ... within one playlist.
    pub index: u64,
    /// Room time of its first picture or sample.
    pub start: RoomTime,
    /// Length in microseconds: exactly the sum of its leading track's sample durations.
    pub micros: u64,
    /// `moof` and `mdat`, or a stretch of transport stream, ready to be written.
    pub bytes: Bytes,
    /// The same samples as `moof` and `mdat`, where `bytes` is something else and MP4 files are to be
    /// made of them.
    pub twin: Option<Bytes>,
}
