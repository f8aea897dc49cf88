//! The beginning of a slice's header (7.3.3): which picture parameter set it goes by, and its picture's numbers,
//! which can be changed where they are.

use super::super::bits::Bits;
use super::nal::{SLICE_IDR, escaped, nal_type, unescaped};
use super::sps::Sps;

const SLICE: u8 = 1;

/// `pic_parameter_set_id`, of a slice only.
pub(super) fn picture_set(nal: &[u8]) -> Option<u32> {
    if !matches!(nal_type(nal), SLICE | SLICE_IDR) {
        return None;
    }
    // Three numbers of at most 63 bits.
    let payload = unescaped(nal.get(1..nal.len().min(40))?);
    let mut bits = Bits::new(&payload);
    bits.exp_golomb()?; // first_mb_in_slice
    bits.exp_golomb()?; // slice_type
    bits.exp_golomb()
}

/// The numbers by which pictures are told apart and ordered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    /// `frame_num`.
    pub frame: u32,
    /// `pic_order_cnt_lsb`, where the stream has it.
    pub order: Option<u32>,
}

/// The numbers of a slice that isn't of an IDR picture; `None` if it is, or is no slice, or cut short.
#[must_use]
pub fn numbers(nal: &[u8], sps: &Sps) -> Option<Numbers> {
    let payload = unescaped(nal.get(1..)?);
    places(nal, &payload, sps).map(|places| places.numbers)
}

/// The same slice with its numbers moved back by these, each modulo what the stream counts to.
#[must_use]
pub fn renumbered(nal: &[u8], sps: &Sps, back: Numbers) -> Option<Vec<u8>> {
    let (&header, rest) = nal.split_first()?;
    let mut payload = unescaped(rest);
    let Places { numbers, frame_at, order_at } = places(nal, &payload, sps)?;
    let moved = |number: u32, back: u32, len: u32| number.wrapping_sub(back) & ((1 << len) - 1);
    let len = sps.frame_num_bits;
    put(&mut payload, frame_at, len, moved(numbers.frame, back.frame, len));
    if let (Some(order), Some(at), Some(back), Some(len)) =
        (numbers.order, order_at, back.order, sps.order_bits)
    {
        put(&mut payload, at, len, moved(order, back, len));
    }
    let mut out = vec![header];
    escaped(&payload, &mut out);
    Some(out)
}

struct Places {
    numbers: Numbers,
    frame_at: usize,
    order_at: Option<usize>,
}

fn places(nal: &[u8], payload: &[u8], sps: &Sps) -> Option<Places> {
    if nal_type(nal) != SLICE {
        return None;
    }
    let mut bits = Bits::new(payload);
    bits.exp_golomb()?; // first_mb_in_slice
    bits.exp_golomb()?; // slice_type
    bits.exp_golomb()?; // pic_parameter_set_id
    let frame_at = bits.at();
    let frame = bits.take(sps.frame_num_bits)?;
    if !sps.frames_only && bits.flag()? {
        bits.skip(1)?; // bottom_field_flag
    }
    let (order_at, order) = match sps.order_bits {
        Some(len) => (Some(bits.at()), Some(bits.take(len)?)),
        None => (None, None),
    };
    Some(Places { numbers: Numbers { frame, order }, frame_at, order_at })
}

/// Writes `len` bits of a number at a bit's place.
fn put(data: &mut [u8], at: usize, len: u32, number: u32) {
    for (bit, at) in (0..len).rev().zip(at..) {
        if let Some(byte) = data.get_mut(at / 8) {
            let mask = 0x80 >> (at % 8);
            *byte = if number >> bit & 1 == 1 { *byte | mask } else { *byte & !mask };
        }
    }
}
