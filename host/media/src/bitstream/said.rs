//! What frames of any codec say of their pictures.

use super::{av1, h264, vp9};
use crate::codec::Codec;
use crate::colour_space::ColourSpace;

/// The colours of a frame and of those that follow; `None` where it says nothing and what was said before
/// holds.
#[must_use]
pub fn colours(codec: Codec, data: &[u8]) -> Option<ColourSpace> {
    match codec {
        Codec::H264 => h264::sps(data).and_then(|sps| h264::Sps::parse(sps).ok()).map(|s| s.colours),
        Codec::Vp9 => {
            let header = vp9::Header::parse(data).ok()?;
            header.is_key().then_some(header.colours)
        }
        Codec::Av1 => {
            let header = av1::sequence_header(data)?;
            av1::SequenceHeader::parse(header).ok().map(|header| header.colours)
        }
        // VP8 knows one: BT.601 (RFC 6386, 9.2).
        Codec::Vp8 | Codec::Opus => None,
    }
}
