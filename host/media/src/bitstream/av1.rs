//! AV1: OBUs and the sequence header (AV1 bitstream specification, 5.3 to 5.5).
//!
//! Frames are in the low-overhead format: every OBU has a size field, but for the last one, which
//! may go to the end.

use super::BadBitstream;
use super::bits::Bits;
use crate::colour_space::ColourSpace;
use crate::frame::Size;

/// OBU types (6.2.2) that are told apart here.
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;

/// One open bitstream unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Obu<'a> {
    /// `obu_type`.
    pub kind: u8,
    /// The whole unit with its header.
    pub bytes: &'a [u8],
    /// What follows the header and the size field.
    pub payload: &'a [u8],
}

/// The OBUs of a temporal unit. After an error there is nothing more.
pub fn obus(data: &[u8]) -> impl Iterator<Item = Result<Obu<'_>, BadBitstream>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match split_obu(rest) {
            Ok((obu, tail)) => {
                rest = tail;
                Some(Ok(obu))
            }
            Err(error) => {
                rest = &[];
                Some(Err(error))
            }
        }
    })
}

/// The first sequence header of a temporal unit, with its header and size field.
#[must_use]
pub fn sequence_header(data: &[u8]) -> Option<&[u8]> {
    obus(data).map_while(Result::ok).find(|obu| obu.kind == SEQUENCE_HEADER).map(|obu| obu.bytes)
}

/// Whether the temporal unit's first frame is a shown key frame with a sequence header before it.
#[must_use]
pub fn is_key(data: &[u8]) -> bool {
    let mut has_sequence_header = false;
    for obu in obus(data).map_while(Result::ok) {
        match obu.kind {
            SEQUENCE_HEADER => has_sequence_header = true,
            FRAME_HEADER | FRAME => {
                // show_existing_frame = 0, frame_type = KEY_FRAME (00), show_frame = 1
                let first = obu.payload.first().copied().unwrap_or(0xff);
                return has_sequence_header && first >> 4 == 0b0001;
            }
            _ => {}
        }
    }
    false
}

/// The temporal unit as files hold it: without temporal delimiters.
///
/// # Errors
/// If the units don't add up.
pub fn without_temporal_delimiters(data: &[u8]) -> Result<Vec<u8>, BadBitstream> {
    let mut out = Vec::with_capacity(data.len());
    for obu in obus(data) {
        let obu = obu?;
        if obu.kind != TEMPORAL_DELIMITER {
            out.extend_from_slice(obu.bytes);
        }
    }
    Ok(out)
}

/// What a sequence header says about its pictures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SequenceHeader {
    /// `seq_profile`, 0 to 2.
    pub profile: u8,
    /// `seq_level_idx` of the first operating point.
    pub level: u8,
    /// `seq_tier` of the first operating point: false for the main tier.
    pub high_tier: bool,
    /// The largest size that its frames may have.
    pub size: Size,
    /// 8, 10 or 12.
    pub bit_depth: u8,
    /// Whether there is no colour.
    pub monochrome: bool,
    /// Whether the chroma planes have half the columns.
    pub subsampled_across: bool,
    /// Whether they have half the rows.
    pub subsampled_down: bool,
    /// `chroma_sample_position`.
    pub chroma_position: u8,
    /// How colours are to be read.
    pub colours: ColourSpace,
}

impl SequenceHeader {
    /// Parses a whole OBU.
    ///
    /// # Errors
    /// If it is none or is cut short.
    pub fn parse(obu: &[u8]) -> Result<Self, BadBitstream> {
        let (obu, _) = split_obu(obu)?;
        if obu.kind != SEQUENCE_HEADER {
            return Err(bad("not a sequence header"));
        }
        parse_sequence_header(&mut Bits::new(obu.payload))
            .ok_or_else(|| bad("sequence header cut short"))
    }
}

const fn bad(what: &'static str) -> BadBitstream {
    BadBitstream { codec: "av1", what }
}

/// 5.3.
fn split_obu(data: &[u8]) -> Result<(Obu<'_>, &[u8]), BadBitstream> {
    let header = *data.first().ok_or_else(|| bad("no unit"))?;
    if header & 0x80 != 0 {
        return Err(bad("forbidden bit is set"));
    }
    let has_extension = header & 4 != 0;
    let has_size = header & 2 != 0;
    let start = if has_extension { 2 } else { 1 };
    let body = data.get(start..).ok_or_else(|| bad("unit header cut short"))?;
    let (size, size_len) = if has_size { leb128(body)? } else { (body.len(), 0) };
    let end = size
        .checked_add(start + size_len)
        .filter(|&end| end <= data.len())
        .ok_or_else(|| bad("unit longer than its data"))?;
    let (bytes, tail) = data.split_at_checked(end).unwrap_or((data, &[]));
    let payload = bytes.get(start + size_len..).unwrap_or_default();
    Ok((Obu { kind: header >> 3 & 0xf, bytes, payload }, tail))
}

/// 4.10.5; the value and how many bytes it took.
fn leb128(data: &[u8]) -> Result<(usize, usize), BadBitstream> {
    let mut value = 0_u64;
    for (at, &byte) in data.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let value = u32::try_from(value).map_err(|_| bad("unit size above 32 bits"))?;
            return Ok((usize::try_from(value).unwrap_or(usize::MAX), at + 1));
        }
    }
    Err(bad("unit size cut short"))
}

/// 5.5.1; `None` where the bits run out.
fn parse_sequence_header(bits: &mut Bits<'_>) -> Option<SequenceHeader> {
    let profile = u8::try_from(bits.take(3)?).ok()?;
    bits.skip(1)?; // still_picture
    let reduced = bits.flag()?;
    let (level, high_tier) =
        if reduced { (u8::try_from(bits.take(5)?).ok()?, false) } else { operating_points(bits)? };
    let width_bits = bits.take(4)? + 1;
    let height_bits = bits.take(4)? + 1;
    let width = bits.take(width_bits)? + 1;
    let height = bits.take(height_bits)? + 1;
    if !reduced && bits.flag()? {
        bits.skip(4 + 3)?; // frame id lengths
    }
    bits.skip(3)?; // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if !reduced {
        skip_inter_tools(bits)?;
    }
    bits.skip(3)?; // enable_superres, enable_cdef, enable_restoration
    let header = SequenceHeader {
        profile,
        level,
        high_tier,
        size: Size { width, height },
        bit_depth: 8,
        monochrome: false,
        subsampled_across: true,
        subsampled_down: true,
        chroma_position: 0,
        colours: ColourSpace::UNSAID,
    };
    color_config(bits, header)
}

/// Reads up to the operating points and returns level and tier of the first.
fn operating_points(bits: &mut Bits<'_>) -> Option<(u8, bool)> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.skip(64)?; // num_units_in_display_tick, time_scale
        if bits.flag()? {
            bits.exp_golomb()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.take(5)? + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let has_initial_delay = bits.flag()?;
    let points = bits.take(5)? + 1;
    let mut first = None;
    for _ in 0..points {
        bits.skip(12)?; // operating_point_idc
        let level = u8::try_from(bits.take(5)?).ok()?;
        let high_tier = level > 7 && bits.flag()?;
        if let Some(len) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * len + 1)?;
        }
        if has_initial_delay && bits.flag()? {
            bits.skip(4)?;
        }
        first = first.or(Some((level, high_tier)));
    }
    first
}

fn skip_inter_tools(bits: &mut Bits<'_>) -> Option<()> {
    bits.skip(4)?; // interintra, masked, warped, dual filter
    let has_order_hint = bits.flag()?;
    if has_order_hint {
        bits.skip(2)?; // enable_jnt_comp, enable_ref_frame_mvs
    }
    let has_screen_tools = bits.flag()? || bits.flag()?;
    if has_screen_tools && !bits.flag()? {
        bits.skip(1)?; // seq_force_integer_mv
    }
    if has_order_hint {
        bits.skip(3)?;
    }
    Some(())
}

/// 5.5.2, put into `header`.
fn color_config(bits: &mut Bits<'_>, header: SequenceHeader) -> Option<SequenceHeader> {
    /// BT.709 primaries, sRGB transfer, identity matrix: 4:4:4 without saying so.
    const SRGB: (u8, u8, u8) = (1, 13, 0);
    let high_depth = bits.flag()?;
    let bit_depth = match (header.profile, high_depth) {
        (2, true) => {
            if bits.flag()? {
                12
            } else {
                10
            }
        }
        (_, true) => 10,
        (_, false) => 8,
    };
    let monochrome = header.profile != 1 && bits.flag()?;
    let (primaries, transfer, matrix) =
        if bits.flag()? { (bits.byte()?, bits.byte()?, bits.byte()?) } else { (2, 2, 2) };
    let colours = ColourSpace { primaries, transfer, matrix, full_range: false };
    let header = SequenceHeader { bit_depth, monochrome, colours, ..header };
    if (primaries, transfer, matrix) == SRGB && !monochrome {
        let colours = ColourSpace { full_range: true, ..colours };
        let header = SequenceHeader { colours, ..header };
        return Some(SequenceHeader { subsampled_across: false, subsampled_down: false, ..header });
    }
    let colours = ColourSpace { full_range: bits.flag()?, ..colours };
    let header = SequenceHeader { colours, ..header };
    if monochrome {
        return Some(header);
    }
    let (subsampled_across, subsampled_down) = match (header.profile, bit_depth) {
        (0, _) => (true, true),
        (1, _) => (false, false),
        (_, 12) => {
            let across = bits.flag()?;
            (across, across && bits.flag()?)
        }
        _ => (true, false),
    };
    let chroma_position =
        if subsampled_across && subsampled_down { u8::try_from(bits.take(2)?).ok()? } else { 0 };
    Some(SequenceHeader { subsampled_across, subsampled_down, chroma_position, ..header })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// SVT-AV1's, 640x360.
    const HEADER_360P: &str = "0a0b0000000cc4ff673efe4010";

    #[test]
    fn a_sequence_header_tells_its_pictures() {
        let header = SequenceHeader::parse(&hex::decode(HEADER_360P).unwrap()).unwrap();
        assert_eq!(header.size, Size { width: 640, height: 360 });
        assert_eq!((header.profile, header.level, header.high_tier), (0, 1, false));
        assert_eq!((header.bit_depth, header.monochrome), (8, false));
        assert!(header.subsampled_across && header.subsampled_down);
    }

    #[test]
    fn units_are_split_and_delimiters_dropped() {
        let data = [0x12, 0, 0x0a, 2, 7, 8, 0x32, 1, 0x10, 0x30, 9];
        let kinds: Vec<_> = obus(&data).map(|obu| obu.map(|obu| (obu.kind, obu.payload))).collect();
        let expected: [(u8, &[u8]); 4] = [(2, &[]), (1, &[7, 8]), (6, &[0x10]), (6, &[9])];
        assert_eq!(kinds, expected.map(Ok));
        assert_eq!(without_temporal_delimiters(&data).unwrap(), data[2..]);
        assert_eq!(sequence_header(&data), Some(&data[2..6]));
        assert!(is_key(&data));
        assert!(!is_key(&data[6..]), "no sequence header");
    }

    #[test]
    fn wrong_units_are_refused() {
        let error = |data: &[u8]| without_temporal_delimiters(data).unwrap_err().what;
        assert_eq!(error(&[0x92]), "forbidden bit is set");
        assert_eq!(error(&[0x12, 5]), "unit longer than its data");
        assert_eq!(error(&[0x12, 0x80, 0x80]), "unit size cut short");
        assert_eq!(error(&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), "unit size above 32 bits");
        assert_eq!(SequenceHeader::parse(&[0x12, 0]).unwrap_err().what, "not a sequence header");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(obus(&data).count() <= data.len());
            let _ = (is_key(&data), without_temporal_delimiters(&data));
            let mut header = vec![0x0a, 0];
            header[1] = u8::try_from(data.len()).unwrap();
            header.extend(&data);
            if let Ok(header) = SequenceHeader::parse(&header) {
                prop_assert!(header.size.width >= 1 && header.size.width <= 65_536);
            }
        }
    }
}
