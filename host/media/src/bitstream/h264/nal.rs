//! NAL units: their types, and how they lie in a byte stream (ITU-T H.264, 7.3.1 and B).

/// NAL unit types (table 7-1) that are told apart here.
pub(super) const SLICE_IDR: u8 = 5;
pub(super) const SPS: u8 = 7;
pub(super) const PPS: u8 = 8;
pub(super) const ACCESS_UNIT_DELIMITER: u8 = 9;
pub(super) const FILLER: u8 = 12;

/// The longest parameter set that is looked at. Real ones have under 100 bytes.
pub(super) const MAX_PARAMETER_SET: usize = 4096;

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

/// Appends a NAL unit behind a start code of four bytes.
pub fn push_annex_b(out: &mut Vec<u8>, nal: &[u8]) {
    out.extend_from_slice(&[0, 0, 0, 1]);
    out.extend_from_slice(nal);
}

pub(super) fn nal_type(nal: &[u8]) -> u8 {
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
pub(super) fn escaped(payload: &[u8], out: &mut Vec<u8>) {
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
pub(super) fn unescaped(payload: &[u8]) -> Vec<u8> {
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
