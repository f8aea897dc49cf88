//! Sequence parameter sets: what they say of their pictures (ITU-T H.264, 7.3.2.1).

use super::super::BadBitstream;
use super::super::bits::Bits;
use super::nal::{MAX_PARAMETER_SET, SPS, nal_type, unescaped};
use crate::frame::Size;

/// The largest picture that level 5.2 allows has 36864 macroblocks; no side can have more.
const MAX_MACROBLOCKS_ACROSS: u32 = 1055;

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
        }),
        _ => Err(bad("cropped to nothing")),
    })
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
