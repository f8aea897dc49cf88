//! What a key frame says of its encoding, and frames as files hold them.

use bytes::Bytes;
use capstan_media::bitstream::{av1, h264, vp8, vp9};
use capstan_media::codec::Codec;
use capstan_media::sample::Coding;
use capstan_media::turn::Turn;

/// How a key frame is encoded. H.264 may repeat parameter sets or leave them out: then those of
/// `before` hold. `None` if it doesn't say.
pub(super) fn coding_of(codec: Codec, data: &[u8], before: Option<&Coding>) -> Option<Coding> {
    match codec {
        Codec::Vp8 => {
            let size = vp8::Header::parse(data).ok()?.key_size?;
            Some(Coding::Vp8 { size })
        }
        Codec::Vp9 => {
            let header = vp9::Header::parse(data).ok()?;
            // Other profiles than 0 aren't negotiated, and what they need isn't known here.
            let size = header.key_size.filter(|_| header.profile == 0)?;
            Some(Coding::Vp9 { size, colours: header.colours })
        }
        Codec::H264 => match h264::parameter_sets(data) {
            Some(h264::ParameterSets { sps, pps }) => {
                let size = h264::Sps::parse(sps.first()?).ok()?.size;
                Some(Coding::H264 { size, sps, pps })
            }
            None => before.filter(|before| matches!(before, Coding::H264 { .. })).cloned(),
        },
        Codec::Av1 => {
            let header = av1::sequence_header(data)?;
            let size = av1::SequenceHeader::parse(header).ok()?.size;
            Some(Coding::Av1 { size, sequence_header: Bytes::copy_from_slice(header) })
        }
        Codec::Opus => None,
    }
}

/// A frame as [`capstan_media::sample::Sample`] has it; `with_sets` if parameter sets stay in it.
pub(super) fn sample_of(codec: Codec, data: &Bytes, with_sets: bool) -> Bytes {
    match codec {
        Codec::H264 if with_sets => h264::to_length_prefixed_with_sets(data).into(),
        Codec::H264 => h264::to_length_prefixed(data).into(),
        // Frames come without temporal delimiters already.
        Codec::Av1 | Codec::Vp8 | Codec::Vp9 | Codec::Opus => data.clone(),
    }
}

/// A sample of H.264 with a message before it that says how it is to be turned (D.1.27, display orientation);
/// it holds until the next key frame.
pub(super) fn with_orientation(sample: Bytes, turn: Turn) -> Bytes {
    // Anticlockwise in parts of 2^16, of which only the highest two bits differ here.
    let quarters = turn.back().quarters();
    if quarters == 0 {
        return sample;
    }
    // Not cancelled, not mirrored, 16 bits of angle, repetition period 1, no extension, aligned.
    // The last byte ends the unit (7.3.2.3).
    let message = [0, 0, 0, 7, 0x06, 47, 3, quarters << 3, 0, 0x09, 0x80];
    [&message[..], &sample].concat().into()
}
