//! What travels: encoded frames, decoded pictures, samples.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::time::{RoomTime, RtpTime};
use crate::track::TrackId;

/// Whether a frame decodes alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FrameKind {
    /// Decodes without any earlier frame. Every Opus frame is one.
    Key,
    /// Needs the frames before it.
    Delta,
}

/// Whether the frame before this one on the track arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Continuity {
    /// It did.
    Contiguous,
    /// One or more frames before this one are lost for good; of sound, they may still come, and are sorted
    /// into their places.
    AfterGap,
}

/// One encoded frame of one track, as it arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Whose and what.
    pub track: TrackId,
    /// When its last packet arrived, on the room clock.
    pub arrived: RoomTime,
    /// The sender's media time, in ticks of `codec.clock_rate()`.
    pub rtp_time: RtpTime,
    /// How `data` is encoded.
    pub codec: Codec,
    /// Key or delta.
    pub kind: FrameKind,
    /// Whether frames before it are missing.
    pub continuity: Continuity,
    /// The encoded bytes, in the form that [`Codec`] names.
    pub data: Bytes,
}

/// A width and a height in pixels, neither zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// One plane of a picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plane {
    /// `stride * height` bytes or more; row `y` begins at `y * stride`.
    pub data: Vec<u8>,
    /// Bytes from one row to the next, at least the plane's width.
    pub stride: usize,
}

/// A decoded picture: 8-bit I420, BT.601 limited range unless the sender said otherwise.
///
/// Chroma planes are half the size in each direction, rounded up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// Luma size.
    pub size: Size,
    /// Y, U, V.
    pub planes: [Plane; 3],
}

/// A picture that several owners look at.
pub type SharedPicture = Arc<Picture>;

/// Decoded sound: interleaved, at 48 kHz.
#[derive(Clone, PartialEq, Debug)]
pub struct Samples {
    /// Channels, 1 or 2.
    pub channels: usize,
    /// Interleaved samples, nominally -1.0 to 1.0; a multiple of `channels` long.
    pub data: Vec<f32>,
}
