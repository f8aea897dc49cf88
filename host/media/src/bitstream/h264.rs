//! H.264: NAL units, parameter sets, and the two ways of framing them (ITU-T H.264, 7.3 and B).
//!
//! Publishers and encoders speak Annex B (start codes); files hold 4-byte lengths with parameter
//! sets apart.

mod recovery;
mod sets;
pub mod slice;

pub use self::recovery::{grey_pictures, recovery_point};
pub use self::sets::{KnownSets, ParameterSets, parameter_sets};
use super::BadBitstream;
use super::bits::Bits;
use crate::colour_space::ColourSpace;
use crate::frame::Size;

/// NAL unit types (table 7-1) that are told apart here.
const SLICE_IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const ACCESS_UNIT_DELIMITER: u8 = 9;
const FILLER: u8 = 12;

/// The longest parameter set that is looked at. Real ones have under 100 bytes.
const MAX_PARAMETER_SET: usize = 4096;
/// The largest picture that level 5.2 allows has 36864 macroblocks; no side can have more.
const MAX_MACROBLOCKS_ACROSS: u32 = 1055;

/// The NAL units of an Annex B byte stream, without start codes and trailing zeros. Bytes before
/// the first start code are ignored; empty units are left out.
pub fn nal_units(annex_b: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(annex_b);
    std::iter::from_fn(move || {
        loop {
            let unit = rest?;
            let unit = match find_start_code(unit) {
                Some(end) => {
                    let (unit, tail) = unit.split_at_checked(end)?;
                    rest = after_start_code(tail);
                    unit
                }
                None => {
                    rest = None;
                    unit
                }
            };
            let unit = trim_zeros(unit);
            if !unit.is_empty() {
                return Some(unit);
            }
        }
    })
}

/// Whether decoding can begin with the access unit: it holds an IDR picture, or a recovery point.
#[must_use]
pub fn is_key(annex_b: &[u8]) -> bool {
    is_idr(annex_b) || recovery_point(annex_b).is_some()
}

/// Whether the access unit holds an IDR picture.
#[must_use]
pub fn is_idr(annex_b: &[u8]) -> bool {
    nal_units(annex_b).any(|nal| nal_type(nal) == SLICE_IDR)
}

/// The access unit as files hold it: every NAL unit behind its length in 4 bytes, without parameter
/// sets, delimiters and filler.
#[must_use]
pub fn to_length_prefixed(annex_b: &[u8]) -> Vec<u8> {
    length_prefixed_without(annex_b, &[SPS, PPS, ACCESS_UNIT_DELIMITER, FILLER])
}

/// As [`to_length_prefixed`], with the parameter sets.
#[must_use]
pub fn to_length_prefixed_with_sets(annex_b: &[u8]) -> Vec<u8> {
    length_prefixed_without(annex_b, &[ACCESS_UNIT_DELIMITER, FILLER])
}

fn length_prefixed_without(annex_b: &[u8], left_out: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(annex_b.len() + 16);
    for nal in nal_units(annex_b) {
        if left_out.contains(&nal_type(nal)) {
            continue;
        }
        let Ok(len) = u32::try_from(nal.len()) else { continue };
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(nal);
    }
    out
}

/// The NAL units of an access unit as [`to_length_prefixed`] makes it. What is cut short ends them.
pub fn length_prefixed_units(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (unit, tail) = tail.split_at_checked(length)?;
        rest = tail;
        Some(unit)
    })
}

/// Appends a NAL unit behind a start code of four bytes.
pub fn push_annex_b(out: &mut Vec<u8>, nal: &[u8]) {
    out.extend_from_slice(&[0, 0, 0, 1]);
    out.extend_from_slice(nal);
}

/// The first sequence parameter set in the access unit, without start code.
#[must_use]
pub fn sps(annex_b: &[u8]) -> Option<&[u8]> {
    nal_units(annex_b).find(|nal| nal_type(nal) == SPS)
}

/// What a sequence parameter set says about its pictures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sps {
    /// `profile_idc`.
    pub profile: u8,
    /// The `constraint_set` flags, as one byte.
    pub constraints: u8,
    /// `level_idc`: ten times the level.
    pub level: u8,
    /// Size of the shown pictures, cropping applied.
    pub size: Size,
    /// `seq_parameter_set_id`.
    pub number: u32,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma_format: u32,
    /// Bits of `frame_num`.
    pub frame_num_bits: u32,
    /// Bits of `pic_order_cnt_lsb`, where slices have it.
    pub order_bits: Option<u32>,
    /// Whether slices say how their order differs from what is expected.
    pub order_deltas: bool,
    /// The most frames that a picture may refer to.
    pub references: u32,
    /// Whether no picture is interlaced.
    pub frames_only: bool,
    /// Macroblocks of a picture.
    pub macroblocks: u32,
    /// How their colours are to be read.
    pub colours: ColourSpace,
}

impl Sps {
    /// Parses a whole NAL unit.
    ///
    /// # Errors
    /// If it is none, is cut short or describes impossible pictures.
    pub fn parse(nal: &[u8]) -> Result<Self, BadBitstream> {
        if nal_type(nal) != SPS {
            return Err(bad("not a sequence parameter set"));
        }
        if nal.len() > MAX_PARAMETER_SET {
            return Err(bad("sequence parameter set too long"));
        }
        let payload = unescaped(nal.get(1..).unwrap_or_default());
        parse_sps(&mut Bits::new(&payload))
            .ok_or_else(|| bad("sequence parameter set cut short"))?
    }
}

const fn bad(what: &'static str) -> BadBitstream {
    BadBitstream { codec: "h264", what }
}

fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1f)
}

/// Where the next 00 00 01 begins.
fn find_start_code(data: &[u8]) -> Option<usize> {
    data.windows(3).position(|three| three == [0, 0, 1])
}

fn after_start_code(data: &[u8]) -> Option<&[u8]> {
    data.get(find_start_code(data)? + 3..)
}

/// Without the zeros that end a unit: a unit's own last byte is never zero (7.4.1).
fn trim_zeros(unit: &[u8]) -> &[u8] {
    let len = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    unit.get(..len).unwrap_or_default()
}

/// Puts a 03 into whatever would look like a start code (7.3.1).
fn escaped(payload: &[u8], out: &mut Vec<u8>) {
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
}

/// Drops the 03 of each 00 00 03 (7.3.1).
fn unescaped(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// 7.3.2.1.1; `None` where the bits run out.
fn parse_sps(bits: &mut Bits<'_>) -> Option<Result<Sps, BadBitstream>> {
    let [profile, constraints, level] = [bits.byte()?, bits.byte()?, bits.byte()?];
    let number = bits.exp_golomb()?;
    let chroma_format = if has_chroma_format(profile) { skip_high_profile(bits)? } else { 1 };
    // More than 16 bits of either aren't allowed (7.4.2.1.1).
    let frame_num_bits = (bits.exp_golomb()?.saturating_add(4)).min(16);
    let (mut order_bits, mut order_deltas) = (None, false);
    match bits.exp_golomb()? {
        0 => order_bits = Some((bits.exp_golomb()?.saturating_add(4)).min(16)),
        1 => {
            order_deltas = !bits.flag()?;
            bits.signed_exp_golomb()?;
            bits.signed_exp_golomb()?;
            let cycle = bits.exp_golomb()?;
            for _ in 0..cycle.min(255) {
                bits.signed_exp_golomb()?;
            }
        }
        _ => {}
    }
    let references = bits.exp_golomb()?;
    bits.skip(1)?; // gaps_in_frame_num_value_allowed_flag
    let across = bits.exp_golomb()?.saturating_add(1);
    let down = bits.exp_golomb()?.saturating_add(1);
    if across > MAX_MACROBLOCKS_ACROSS || down > MAX_MACROBLOCKS_ACROSS {
        return Some(Err(bad("picture larger than any level allows")));
    }
    let frames_only = bits.flag()?;
    let fields = if frames_only { 1 } else { 2 };
    if !frames_only {
        bits.skip(1)?; // mb_adaptive_frame_field_flag
    }
    bits.skip(1)?; // direct_8x8_inference_flag
    let (crop_across, crop_down) = if bits.flag()? {
        let edge = |bits: &mut Bits<'_>| {
            Some(bits.exp_golomb()?.saturating_add(bits.exp_golomb()?).min(1 << 16))
        };
        (edge(bits)?, edge(bits)?)
    } else {
        (0, 0)
    };
    // Crop units of table 6-1: 4:2:0 and 4:2:2 have half the columns, 4:2:0 half the rows.
    let unit_across = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
    let unit_down = if chroma_format == 1 { 2 } else { 1 } * fields;
    let width = (across * 16).checked_sub(crop_across * unit_across);
    let height = (down * 16 * fields).checked_sub(crop_down * unit_down);
    Some(match (width, height) {
        (Some(width @ 1..), Some(height @ 1..)) => Ok(Sps {
            profile,
            constraints,
            level,
            size: Size { width, height },
            number,
            chroma_format,
            frame_num_bits,
            order_bits,
            order_deltas,
            references,
            frames_only,
            macroblocks: across * down * fields,
            // Much of what follows is optional: where it is cut short nothing is said.
            colours: colours(bits).unwrap_or(ColourSpace::UNSAID),
        }),
        _ => Err(bad("cropped to nothing")),
    })
}

/// The colours of the VUI (E.1.1), if there is one.
fn colours(bits: &mut Bits<'_>) -> Option<ColourSpace> {
    const EXTENDED_SAR: u8 = 255;
    let unsaid = ColourSpace::UNSAID;
    if !bits.flag()? {
        return Some(unsaid);
    }
    if bits.flag()? && bits.byte()? == EXTENDED_SAR {
        bits.skip(32)?; // sar_width, sar_height
    }
    if bits.flag()? {
        bits.skip(1)?; // overscan_appropriate_flag
    }
    if !bits.flag()? {
        return Some(unsaid);
    }
    bits.skip(3)?; // video_format
    let full_range = bits.flag()?;
    if !bits.flag()? {
        return Some(ColourSpace { full_range, ..unsaid });
    }
    let [primaries, transfer, matrix] = [bits.byte()?, bits.byte()?, bits.byte()?];
    Some(ColourSpace { primaries, transfer, matrix, full_range })
}

const fn has_chroma_format(profile: u8) -> bool {
    matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

/// Reads what only the high profiles have and returns `chroma_format_idc`.
fn skip_high_profile(bits: &mut Bits<'_>) -> Option<u32> {
    let chroma_format = bits.exp_golomb()?;
    if chroma_format == 3 {
        bits.skip(1)?;
    }
    bits.exp_golomb()?; // bit_depth_luma
    bits.exp_golomb()?; // bit_depth_chroma
    bits.skip(1)?; // qpprime_y_zero_transform_bypass_flag
    if bits.flag()? {
        let lists = if chroma_format == 3 { 12 } else { 8 };
        for list in 0..lists {
            if bits.flag()? {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(chroma_format)
}

/// 7.3.2.1.1.1.
fn skip_scaling_list(bits: &mut Bits<'_>, len: u32) -> Option<()> {
    let mut last = 8_i32;
    for _ in 0..len {
        let next = (last.wrapping_add(bits.signed_exp_golomb()?)) & 0xff;
        if next == 0 {
            break;
        }
        last = next;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// x264, 640x360, high profile.
    const HIGH_360P: &str = "67640016acd940a02ff970110000030001000003001e0f162d96";
    /// x264, 1920x1080 (cropped from 1088).
    const HIGH_1080P: &str = "67640028acd940780227e5c044000003000400000300783c60c658";

    #[test]
    fn sizes_are_cropped() {
        let parse = |text: &str| Sps::parse(&hex::decode(text).unwrap()).unwrap();
        let sps = parse(HIGH_360P);
        assert_eq!((sps.profile, sps.level), (100, 22));
        assert_eq!(sps.size, Size { width: 640, height: 360 });
        assert_eq!(parse(HIGH_1080P).size, Size { width: 1920, height: 1080 });
        assert_eq!(sps.colours, ColourSpace::UNSAID);
    }

    #[test]
    fn colours_are_those_of_the_vui() {
        // x264, 640x360, BT.709 in limited and in full range.
        let limited = "6742c016da0280bfe59a808080a0000003002000000303d1e2c5d4";
        let full = "6742c016da0280bfe59b808080a0000003002000000303d1e2c5d4";
        let parse = |text: &str| Sps::parse(&hex::decode(text).unwrap()).unwrap().colours;
        assert!(!parse(limited).full_range);
        assert_eq!(parse(full), ColourSpace { full_range: true, ..parse(limited) });
        assert_eq!(parse(limited).matrix, 1);
    }

    #[test]
    fn units_are_found_behind_both_start_codes() {
        let stream = [9, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3, 0, 0, 1];
        let units: Vec<_> = nal_units(&stream).collect();
        assert_eq!(units, [&[0x67, 1][..], &[0x68, 2], &[0x65, 3]]);
        assert!(is_key(&stream));
        let prefixed = to_length_prefixed(&stream);
        assert_eq!(prefixed, [0, 0, 0, 2, 0x65, 3]);
        assert_eq!(length_prefixed_units(&prefixed).collect::<Vec<_>>(), [&[0x65, 3]]);
        assert_eq!(length_prefixed_units(&prefixed[..5]).count(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..600)) {
            let units: usize = nal_units(&data).map(<[u8]>::len).sum();
            prop_assert!(units <= data.len());
            prop_assert!(to_length_prefixed(&data).len() <= data.len() * 2);
            let _ = (is_key(&data), parameter_sets(&data), Sps::parse(&data));
        }

        #[test]
        fn a_broken_parameter_set_is_survived(at in 0_usize..25, byte: u8, len in 0_usize..26) {
            let mut sps = hex::decode(HIGH_360P).unwrap();
            sps[at] = byte;
            sps.truncate(len);
            if let Ok(sps) = Sps::parse(&sps) {
                prop_assert!(sps.size.width > 0 && sps.size.height > 0);
            }
        }
    }
}
