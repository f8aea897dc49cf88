//! Beginning in the middle of a stream that refreshes its pictures bit by bit instead of sending whole ones:
//! recovery points (D.2.8), and the grey pictures that stand in for what came before.

use bytes::Bytes;

use super::super::bits::{BitWriter, Bits};
use super::nal::{escaped, nal_type, nal_units, push_annex_b, unescaped};
use super::sps::Sps;

const SEI: u8 = 6;
/// `payloadType` of a recovery point.
const RECOVERY_POINT: u32 = 6;
/// The picture parameter set of the grey pictures: a number that hardly an encoder takes and every
/// decoder knows.
const GREY_SET: u32 = 31;
/// The most frames that pictures may refer to (A.3.1).
const MAX_REFERENCES: u32 = 16;

/// How many pictures after the access unit are needed until they are whole, if decoding can begin
/// with it though it is no IDR picture: `recovery_frame_cnt`.
#[must_use]
pub fn recovery_point(annex_b: &[u8]) -> Option<u32> {
    nal_units(annex_b).filter(|nal| nal_type(nal) == SEI).find_map(|nal| {
        let payload = unescaped(nal.get(1..nal.len().min(4_096))?);
        let mut rest = payload.as_slice();
        // The last byte holds the stop bit.
        while rest.len() > 2 {
            let kind = long(&mut rest)?;
            let len = long(&mut rest)? as usize;
            let (message, after) = rest.split_at_checked(len)?;
            if kind == RECOVERY_POINT {
                return Bits::new(message).exp_golomb();
            }
            rest = after;
        }
        None
    })
}

/// A number of SEI's: bytes of 255 and a rest (7.3.2.3.1).
fn long(data: &mut &[u8]) -> Option<u32> {
    let mut sum = 0_u32;
    loop {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        sum = sum.checked_add(u32::from(byte))?;
        if byte != 255 {
            return Some(sum);
        }
    }
}

/// Grey pictures, an access unit each, with which a decoder can begin: as many as later ones may refer to,
/// numbered from 0. `None` for streams that these can't be made for: interlaced ones or other than 4:2:0.
#[must_use]
pub fn grey_pictures(sps_nal: &[u8], sps: &Sps) -> Option<Vec<Bytes>> {
    if !sps.frames_only || sps.chroma_format != 1 {
        return None;
    }
    let references = sps.references.clamp(1, MAX_REFERENCES);
    let last = (1_u32 << sps.frame_num_bits) - 1;
    (0..references.min(last))
        .map(|number| {
            let mut unit = Vec::new();
            if number == 0 {
                push_annex_b(&mut unit, sps_nal);
                push_annex_b(&mut unit, &picture_set(sps));
            }
            push_annex_b(&mut unit, &if number == 0 { whole(sps) } else { same(sps, number) });
            Some(unit.into())
        })
        .collect()
}

/// A picture parameter set without anything special.
fn picture_set(sps: &Sps) -> Vec<u8> {
    let mut bits = BitWriter::default();
    bits.exp_golomb(GREY_SET);
    bits.exp_golomb(sps.number);
    bits.put(0, 2); // CAVLC, no field order
    bits.exp_golomb(0); // one slice group
    bits.exp_golomb(0); // one reference by default
    bits.exp_golomb(0);
    bits.put(0, 3); // no weights
    bits.exp_golomb(0); // qp, and that of switching pictures
    bits.exp_golomb(0);
    bits.exp_golomb(0); // chroma's
    bits.put(0b100, 3); // slices say how they are deblocked
    nal(0x68, bits)
}

/// An IDR picture all of whose blocks are predicted from nothing: grey.
fn whole(sps: &Sps) -> Vec<u8> {
    let mut bits = BitWriter::default();
    header(&mut bits, 7, sps, 0);
    bits.put(0, 2); // earlier pictures are output, no long-term reference
    closing(&mut bits);
    for _ in 0..sps.macroblocks {
        bits.exp_golomb(3); // 16x16, predicted by the mean, no coefficients
        bits.put(0b111, 3); // chroma likewise, the same qp, no DC coefficients
    }
    nal(0x65, bits)
}

/// A picture that skips every block: the same as the one before.
fn same(sps: &Sps, number: u32) -> Vec<u8> {
    let mut bits = BitWriter::default();
    header(&mut bits, 5, sps, number);
    bits.put(0, 3); // references as usual: their number, their order, and what is kept
    closing(&mut bits);
    bits.exp_golomb(sps.macroblocks);
    nal(0x41, bits)
}

fn header(bits: &mut BitWriter, slice_type: u32, sps: &Sps, number: u32) {
    bits.exp_golomb(0); // from the first macroblock
    bits.exp_golomb(slice_type);
    bits.exp_golomb(GREY_SET);
    bits.put(number, sps.frame_num_bits);
    if number == 0 {
        bits.exp_golomb(0); // idr_pic_id
    }
    if let Some(len) = sps.order_bits {
        bits.put((2 * number) & ((1 << len) - 1), len);
    }
    if sps.order_deltas {
        bits.exp_golomb(0);
    }
}

fn closing(bits: &mut BitWriter) {
    bits.exp_golomb(0); // slice_qp_delta
    bits.exp_golomb(1); // not deblocked
}

fn nal(header: u8, bits: BitWriter) -> Vec<u8> {
    let mut out = vec![header];
    escaped(&bits.finish(), &mut out);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_recovery_point_is_found_behind_other_messages() {
        // Type 5 of 260 bytes, then type 6: 14 pictures, exact, not broken.
        let mut sei = vec![6, 5, 255, 5];
        sei.extend([7; 260]);
        sei.extend([6, 2, 0b0001_1111, 0b0001_0000, 0x80]);
        let mut unit = Vec::new();
        push_annex_b(&mut unit, &sei);
        assert_eq!(recovery_point(&unit), Some(14));
        assert_eq!(recovery_point(&unit[..20]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut unit = Vec::new();
            push_annex_b(&mut unit, &[&[6][..], &data].concat());
            let _ = recovery_point(&unit);
        }
    }
}
