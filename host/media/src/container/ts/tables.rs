//! The two tables of a transport stream with one program (ISO 13818-1, 2.4.4).

use super::packet;

/// Which program it is; any number but 0 will do.
const PROGRAM: u8 = 1;

/// The section that says where the program's map is (2.4.4.3).
pub(super) fn program_association() -> Vec<u8> {
    let [high, low] = pid_bytes(packet::PMT_PID);
    section(0x00, PROGRAM, 0, &[0, PROGRAM, high, low])
}

/// The section that lists the streams, by their types, and names the one with the clock (2.4.4.8).
pub(super) fn program_map(
    version: u8,
    clock: u16,
    stream_types: impl Iterator<Item = u8>,
) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&pid_bytes(clock));
    body.extend_from_slice(&[0xf0, 0]); // no program descriptors
    for (track, stream_type) in stream_types.enumerate() {
        let [high, low] = pid_bytes(packet::pid(track));
        body.extend_from_slice(&[stream_type, high, low, 0xf0, 0]); // no descriptors
    }
    section(0x02, PROGRAM, version, &body)
}

/// A PID behind its three reserved bits.
const fn pid_bytes(pid: u16) -> [u8; 2] {
    (0xe000 | pid & 0x1fff).to_be_bytes()
}

/// A whole section: the only one of its table, in force now.
fn section(table: u8, extension: u8, version: u8, body: &[u8]) -> Vec<u8> {
    // What follows the length: five bytes, the body, the checksum. With 32 streams it is far below
    // the 1021 that are allowed.
    let len = u16::try_from(body.len() + 9).unwrap_or(1021);
    let [high, low] = (0xb000 | len & 0x0fff).to_be_bytes();
    let mut out = vec![table, high, low, 0, extension, 0xc1 | version << 1, 0, 0];
    out.extend_from_slice(body);
    let crc = crc32(&out);
    out.extend_from_slice(&crc.to_be_bytes());
    out
}

/// The checksum of annex A: CRC-32 with the bits as they come.
fn crc32(data: &[u8]) -> u32 {
    data.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            let carry = crc >> 31 == 1;
            crc << 1 ^ if carry { 0x04c1_1db7 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // CRC-32/MPEG-2 of its catalogue's check string.
        assert_eq!(crc32(b"123456789"), 0x0376_e6e7);
        // A section with its checksum leaves nothing over.
        assert_eq!(crc32(&program_association()), 0);
        assert_eq!(crc32(&program_map(3, 0x100, [0x1b, 0x0f].into_iter())), 0);
    }
}
