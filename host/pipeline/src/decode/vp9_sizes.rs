//! The sizes that a VP9 frame asks its decoder to make room for (bitstream specification, 6.2).
//!
//! Frames other than key frames may change the size too, and a superframe holds hidden frames, so
//! all of them are looked at before a decoder reserves memory.
//!
//! Without an index a decoder takes whatever follows a frame for another one, and where a frame ends is
//! known only once it is decoded. So no data goes in without an index: what is looked at here is all
//! that is decoded.

use bytes::{BufMut, Bytes, BytesMut};
use capstan_media::frame::Size;

/// The data with an index: its own, or one that says that all of it is one frame. `None` if it is too
/// long for an index.
pub(super) fn indexed(data: &Bytes) -> Option<Bytes> {
    if index(data).is_some() {
        return Some(data.clone());
    }
    // Four bytes for the length of one frame.
    const MARKER: u8 = 0xc0 | 3 << 3;
    let mut indexed = BytesMut::with_capacity(data.len() + 6);
    indexed.put_slice(data);
    indexed.put_u8(MARKER);
    indexed.put_u32_le(u32::try_from(data.len()).ok()?);
    indexed.put_u8(MARKER);
    Some(indexed.freeze())
}

/// The explicit sizes in a frame or superframe; `None` if a header is malformed.
pub(super) fn of(data: &[u8]) -> Option<Vec<Size>> {
    let frames = split(data)?;
    let sizes = frames.into_iter().map(|frame| size(&mut Bits { data: frame, at: 0 }));
    Some(sizes.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Annex B: the lengths in a superframe's index, and how many bytes each has.
fn index(data: &[u8]) -> Option<(&[u8], usize)> {
    let &marker = data.last()?;
    let (count, magnitude) = (usize::from(marker & 7) + 1, usize::from(marker >> 3 & 3) + 1);
    let start = data.len().checked_sub(2 + magnitude * count)?;
    match data.get(start..data.len() - 1)? {
        [first, sizes @ ..] if marker & 0xe0 == 0xc0 && *first == marker => {
            Some((sizes, magnitude))
        }
        _ => None,
    }
}

/// The frames of a superframe, or the one frame.
fn split(data: &[u8]) -> Option<Vec<&[u8]>> {
    let Some((sizes, magnitude)) = index(data) else { return Some(vec![data]) };
    let mut rest = data;
    let mut frames = Vec::new();
    for size in sizes.chunks(magnitude) {
        let len = size.iter().rev().fold(0, |len, &byte| len << 8 | usize::from(byte));
        let (frame, after) = rest.split_at_checked(len)?;
        // A frame of no bytes is skipped by decoders.
        if !frame.is_empty() {
            frames.push(frame);
        }
        rest = after;
    }
    Some(frames)
}

/// The size in one frame's header, if it names one. The outer `None` is a malformed header.
fn size(bits: &mut Bits<'_>) -> Option<Option<Size>> {
    const SYNC_CODE: u32 = 0x49_83_42;
    if bits.take(2)? != 2 || bits.take(2)? != 0 {
        // Only profile 0 is decoded.
        return None;
    }
    if bits.take(1)? == 1 {
        return Some(None); // show_existing_frame
    }
    let (inter, shown, resilient) = (bits.take(1)? == 1, bits.take(1)? == 1, bits.take(1)? == 1);
    if !inter {
        let sound = bits.take(24)? == SYNC_CODE;
        let srgb = bits.take(3)? == 7;
        bits.take(1)?; // color_range
        return if sound && !srgb { explicit(bits).map(Some) } else { None };
    }
    let intra_only = !shown && bits.take(1)? == 1;
    if !resilient {
        bits.take(2)?; // reset_frame_context
    }
    if intra_only {
        let sound = bits.take(24)? == SYNC_CODE;
        bits.take(8)?; // refresh_frame_flags
        return if sound { explicit(bits).map(Some) } else { None };
    }
    bits.take(8 + 3 * 4)?; // refresh_frame_flags, ref_frame_idx and sign bias
    for _ in 0..3 {
        if bits.take(1)? == 1 {
            return Some(None); // found_ref
        }
    }
    explicit(bits).map(Some)
}

fn explicit(bits: &mut Bits<'_>) -> Option<Size> {
    Some(Size { width: bits.take(16)? + 1, height: bits.take(16)? + 1 })
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| {
            let byte = self.data.get(self.at / 8)?;
            let bit = byte >> (7 - self.at % 8) & 1;
            self.at += 1;
            Some(value << 1 | u32::from(bit))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A key frame of libvpx, profile 0, 640x360.
    const KEY: [u8; 10] = [0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x16, 0x76, 0x00];

    #[test]
    fn key_frames_and_superframes_tell_their_sizes() {
        let small = Size { width: 640, height: 360 };
        assert_eq!(of(&KEY), Some(vec![small]));
        let mut superframe = [KEY, KEY].concat();
        superframe.extend([0xc1, 10, 10, 0xc1]);
        assert_eq!(of(&superframe), Some(vec![small, small]));
        let cut = superframe.get(4..).unwrap();
        assert_eq!(of(cut), None, "the index names more bytes than there are");
    }

    #[test]
    fn an_inter_frame_may_name_a_size() {
        // marker, profile, shown inter frame, resilient; no size found in a reference.
        let mut bits = vec![1, 0, 0, 0, 0, 1, 1, 1];
        bits.extend([0; 20]);
        bits.extend([0, 0, 0]);
        bits.extend([1; 32]);
        bits.resize(80, 0);
        let bytes: Vec<u8> =
            bits.chunks(8).map(|byte| byte.iter().fold(0, |sum, &bit| sum << 1 | bit)).collect();
        assert_eq!(of(&bytes), Some(vec![Size { width: 65_536, height: 65_536 }]));
    }

    #[test]
    fn what_has_no_index_gets_one_around_all_of_it() {
        let twice = Bytes::from([KEY, KEY].concat());
        let one = indexed(&twice).unwrap();
        assert_eq!(split(&one), Some(vec![&twice[..]]));
        assert_eq!(indexed(&one), Some(one.clone()), "it has one now");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..64)) {
            of(&data);
            if let Some(indexed) = indexed(&Bytes::from(data)) {
                prop_assert!(index(&indexed).is_some());
            }
        }
    }
}
