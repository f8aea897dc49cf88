//! VP8: key frames, sizes, and frames on which nothing later depends (RFC 6386, 9 and 19.2).
//!
//! A frame is called droppable only if a decoder that never sees it ends up in the same state.

use super::BadBitstream;
use crate::frame::Size;

/// What a frame's headers say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The size, of a key frame only.
    pub key_size: Option<Size>,
    /// Whether the frame is to be shown.
    pub shown: bool,
    /// Whether no later frame needs it: it updates no reference, probability or persistent setting.
    pub droppable: bool,
}

impl Header {
    /// Parses a whole frame.
    ///
    /// # Errors
    /// If the header is cut short or its fixed bytes are wrong.
    pub fn parse(data: &[u8]) -> Result<Self, BadBitstream> {
        Ok(parse(data)?.0)
    }

    /// Whether the frame decodes alone.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        self.key_size.is_some()
    }
}

/// Follows the frames of a track and tells more droppable ones than a header alone can: streams
/// made for lossy networks repeat settings in every frame, which then change nothing.
#[derive(Clone, Default, Debug)]
pub struct Dependencies {
    deltas: [u32; DELTAS],
}

impl Dependencies {
    /// Whether no later frame needs this one. Takes every frame of the track, in order; after a
    /// gap the answers count from the next key frame on.
    pub fn is_droppable(&mut self, data: &[u8]) -> bool {
        let Ok((header, updates)) = parse(data) else { return false };
        if header.is_key() {
            self.deltas = [0; DELTAS];
        }
        let before = self.deltas;
        for (delta, update) in self.deltas.iter_mut().zip(updates.deltas) {
            *delta = update.unwrap_or(*delta);
        }
        !header.is_key() && !updates.others && before == self.deltas
    }
}

/// Loop filter deltas: four of reference frames, four of modes.
const DELTAS: usize = 8;

/// What a frame leaves behind for later ones.
struct Updates {
    /// New loop filter deltas: six bits and a sign.
    deltas: [Option<u32>; DELTAS],
    /// A reference, the probabilities, or the segmentation.
    others: bool,
}

fn parse(data: &[u8]) -> Result<(Header, Updates), BadBitstream> {
    let tag = data.get(..3).ok_or_else(|| bad("frame tag cut short"))?;
    let tag = tag.iter().rev().fold(0_u32, |tag, &byte| tag << 8 | u32::from(byte));
    let shown = tag >> 4 & 1 == 1;
    let is_key = tag & 1 == 0;
    let key_size = if is_key { Some(key_size(data)?) } else { None };
    let first_partition = data.get(if is_key { 10 } else { 3 }..).unwrap_or_default();
    let declared = usize::try_from(tag >> 5).unwrap_or(usize::MAX);
    if declared > first_partition.len() {
        return Err(bad("first partition cut short"));
    }
    let updates = updates(&mut BoolDecoder::new(first_partition), is_key);
    let is_delta_set = updates.deltas.iter().any(Option::is_some);
    let droppable = !is_key && !updates.others && !is_delta_set;
    Ok((Header { key_size, shown, droppable }, updates))
}

const fn bad(what: &'static str) -> BadBitstream {
    BadBitstream { codec: "vp8", what }
}

/// 9.1: start code, then 14 bits of size and 2 of scale for each side, least significant first.
fn key_size(data: &[u8]) -> Result<Size, BadBitstream> {
    let Some(&[a, b, c, width_low, width_high, height_low, height_high]) = data.get(3..10) else {
        return Err(bad("key frame header cut short"));
    };
    if [a, b, c] != [0x9d, 0x01, 0x2a] {
        return Err(bad("start code is wrong"));
    }
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    let size = Size { width: side(width_low, width_high), height: side(height_low, height_high) };
    if size.width == 0 || size.height == 0 {
        return Err(bad("size is zero"));
    }
    Ok(size)
}

/// 9.2 to 9.11.
fn updates(bits: &mut BoolDecoder<'_>, is_key: bool) -> Updates {
    if is_key {
        bits.literal(2); // color_space, clamping_type
    }
    let segmentation = bits.flag() && skip_segmentation(bits);
    bits.literal(1 + 6 + 3); // filter_type, loop_filter_level, sharpness_level
    let mut deltas = [None; DELTAS];
    if bits.flag() && bits.flag() {
        // loop_filter_adj_enable, mode_ref_lf_delta_update
        for delta in &mut deltas {
            *delta = bits.flag().then(|| bits.literal(7));
        }
    }
    bits.literal(2); // log2_nbr_of_dct_partitions
    bits.literal(7); // y_ac_qi
    for _ in 0..5 {
        if bits.flag() {
            bits.literal(5);
        }
    }
    if is_key {
        return Updates { deltas, others: true };
    }
    let refresh_golden = bits.flag();
    let refresh_alternate = bits.flag();
    let copy_to_golden = !refresh_golden && bits.literal(2) != 0;
    let copy_to_alternate = !refresh_alternate && bits.literal(2) != 0;
    bits.literal(2); // sign biases
    let refresh_entropy = bits.flag();
    let refresh_last = bits.flag();
    let references = refresh_golden || refresh_alternate || refresh_last;
    let copies = copy_to_golden || copy_to_alternate;
    Updates { deltas, others: segmentation || references || copies || refresh_entropy }
}

/// Returns whether anything was updated that later frames go on using.
fn skip_segmentation(bits: &mut BoolDecoder<'_>) -> bool {
    let update_map = bits.flag();
    let update_features = bits.flag();
    if update_features {
        bits.flag(); // segment_feature_mode
        for len in [7, 7, 7, 7, 6, 6, 6, 6] {
            if bits.flag() {
                bits.literal(len + 1);
            }
        }
    }
    if update_map {
        for _ in 0..3 {
            if bits.flag() {
                bits.literal(8);
            }
        }
    }
    update_map || update_features
}

/// The arithmetic decoder of section 7, for bits of even probability. Past the end it reads zeros.
struct BoolDecoder<'a> {
    data: std::slice::Iter<'a, u8>,
    value: u32,
    range: u32,
    /// Shifts since the last byte was taken in.
    shifts: u32,
}

impl<'a> BoolDecoder<'a> {
    fn new(data: &'a [u8]) -> Self {
        let mut decoder = Self { data: data.iter(), value: 0, range: 255, shifts: 0 };
        decoder.value = decoder.byte() << 8;
        decoder.value |= decoder.byte();
        decoder
    }

    fn byte(&mut self) -> u32 {
        self.data.next().map_or(0, |&byte| u32::from(byte))
    }

    fn flag(&mut self) -> bool {
        let split = 1 + (((self.range - 1) * 128) >> 8);
        let set = self.value >= split << 8;
        if set {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.value <<= 1;
            self.range <<= 1;
            self.shifts += 1;
            if self.shifts == 8 {
                self.shifts = 0;
                self.value |= self.byte();
            }
        }
        set
    }

    /// `len` bits, most significant first; at most 32 count.
    fn literal(&mut self, len: u32) -> u32 {
        (0..len).fold(0, |value, _| value << 1 | u32::from(self.flag()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The encoder to [`BoolDecoder`] (section 7.3), to make headers with.
    struct BoolEncoder {
        out: Vec<u8>,
        low: u128,
        range: u128,
        bits: u32,
    }

    impl BoolEncoder {
        fn flag(&mut self, set: bool) {
            let split = 1 + (((self.range - 1) * 128) >> 8);
            if set {
                self.low += split;
                self.range -= split;
            } else {
                self.range = split;
            }
            while self.range < 128 {
                self.range <<= 1;
                self.low <<= 1;
                self.bits += 1;
            }
        }

        fn literal(&mut self, value: u32, len: u32) {
            for bit in (0..len).rev() {
                self.flag(value >> bit & 1 == 1);
            }
        }

        /// `low` holds every bit so far: at most 112 shifts fit.
        fn finish(mut self) -> Vec<u8> {
            assert!(self.bits <= 112);
            let whole = self.low << (120 - self.bits);
            self.out.extend_from_slice(&whole.to_be_bytes());
            self.out
        }
    }

    fn inter_frame(golden: bool, copy_to_golden: u32, entropy: bool, last: bool) -> Vec<u8> {
        with_delta(None, golden, copy_to_golden, entropy, last)
    }

    fn with_delta(
        delta: Option<u32>,
        golden: bool,
        copy_to_golden: u32,
        entropy: bool,
        last: bool,
    ) -> Vec<u8> {
        let mut bits = BoolEncoder { out: Vec::new(), low: 0, range: 255, bits: 0 };
        bits.flag(false); // segmentation
        bits.literal(0b00_1000_0011, 10); // filter
        bits.flag(delta.is_some());
        if let Some(delta) = delta {
            bits.flag(true);
            bits.flag(true);
            bits.literal(delta, 7);
            bits.literal(0, 7);
        }
        bits.literal(0, 2); // partitions
        bits.literal(40, 7); // quantiser
        bits.literal(0, 5);
        bits.flag(golden);
        bits.flag(false);
        if !golden {
            bits.literal(copy_to_golden, 2);
        }
        bits.literal(0, 2);
        bits.literal(0, 2);
        bits.flag(entropy);
        bits.flag(last);
        let partition = bits.finish();
        let tag = 1 | 1 << 4 | u32::try_from(partition.len()).unwrap() << 5;
        let mut frame = tag.to_le_bytes()[..3].to_vec();
        frame.extend(partition);
        frame
    }

    #[test]
    fn only_frames_that_change_nothing_are_droppable() {
        let droppable = |frame: Vec<u8>| Header::parse(&frame).unwrap().droppable;
        assert!(droppable(inter_frame(false, 0, false, false)));
        assert!(!droppable(inter_frame(true, 0, false, false)));
        assert!(!droppable(inter_frame(false, 1, false, false)));
        assert!(!droppable(inter_frame(false, 0, true, false)));
        assert!(!droppable(inter_frame(false, 0, false, true)));
    }

    #[test]
    fn repeated_settings_change_nothing() {
        let mut dependencies = Dependencies::default();
        let key = [0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1];
        assert!(!dependencies.is_droppable(&key));
        let mut droppable =
            |delta, last| dependencies.is_droppable(&with_delta(delta, false, 0, false, last));
        assert!(!droppable(Some(6), false), "a new delta");
        assert!(droppable(Some(6), false));
        assert!(!droppable(Some(6), true), "a reference");
        assert!(droppable(None, false));
        assert!(!droppable(Some(7), false));
        assert!(!dependencies.is_droppable(&key));
        assert!(!dependencies.is_droppable(&with_delta(Some(7), false, 0, false, false)));
    }

    #[test]
    fn a_key_frame_tells_its_size() {
        let data = [0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0x68, 1];
        let header = Header::parse(&data).unwrap();
        assert_eq!(header.key_size, Some(Size { width: 640, height: 360 }));
        assert!(header.shown && header.is_key() && !header.droppable);
        assert_eq!(Header::parse(&data[..9]).unwrap_err().what, "key frame header cut short");
        assert_eq!(Header::parse(&[0x11, 9, 0]).unwrap_err().what, "first partition cut short");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(header) = Header::parse(&data) {
                prop_assert!(!(header.is_key() && header.droppable));
            }
        }
    }
}
