//! Opus in Ogg (RFC 3533, RFC 7845): the packets of the first logical stream.

use bytes::{Bytes, BytesMut};
use capstan_media::bitstream::opus;
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;

use crate::looped::{Looped, Piece};

/// A page's header up to and with the number of its segments.
const HEADER: usize = 27;
/// The longest packet that is put together: 120 ms of Opus at its highest rate are far below it.
const MAX_PACKET: usize = 64 * 1024;

pub(super) fn read(data: &[u8]) -> Result<Looped, String> {
    let mut packets = packets(data)?.into_iter();
    let head = packets.next().filter(|packet| packet.starts_with(b"OpusHead"));
    let head = head.ok_or("it holds no Opus: its first packet is no OpusHead")?;
    // RFC 7845, 5.1.1.1: family 0 is mono or stereo in one stream, which is all that RTP carries.
    match (head.get(18), head.get(9)) {
        (Some(0), Some(1 | 2)) => {}
        _ => return Err("it has more than two channels".to_owned()),
    }
    if !packets.next().is_some_and(|packet| packet.starts_with(b"OpusTags")) {
        return Err("its second packet is no OpusTags".to_owned());
    }
    let mut offset = 0;
    let mut pieces = Vec::new();
    for packet in packets {
        let parsed = opus::Packet::parse(&packet)
            .map_err(|error| format!("packet {}: {error}", pieces.len()))?;
        pieces.push(Piece { offset, data: packet, kind: FrameKind::Key });
        offset += i64::from(parsed.samples()) * 1_000 / 48;
    }
    Looped::file(Codec::Opus, pieces, offset).ok_or_else(|| "it holds no sound".to_owned())
}

fn packets(mut rest: &[u8]) -> Result<Vec<Bytes>, String> {
    let mut packets = Vec::new();
    let mut open = BytesMut::new();
    let mut serial = None;
    while !rest.is_empty() {
        let header = rest.get(..HEADER).filter(|header| header.starts_with(b"OggS"));
        let header = header.ok_or("it is no Ogg file, or is cut short")?;
        let segments = usize::from(header.last().copied().unwrap_or(0));
        let lacing = rest.get(HEADER..HEADER + segments).ok_or("a page is cut short")?;
        let length: usize = lacing.iter().map(|&value| usize::from(value)).sum();
        let start = HEADER + segments;
        let mut body = rest.get(start..start + length).ok_or("a page is cut short")?;
        rest = rest.get(start + length..).unwrap_or_default();
        let this = header.get(14..18);
        if *serial.get_or_insert(this) != this {
            continue;
        }
        for &value in lacing {
            let (segment, after) = body.split_at(usize::from(value));
            body = after;
            open.extend_from_slice(segment);
            if open.len() > MAX_PACKET {
                return Err(format!("a packet is longer than {MAX_PACKET} bytes"));
            }
            if value < 255 {
                packets.push(open.split().freeze());
            }
        }
    }
    Ok(packets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn page(serial: u32, packets: &[&[u8]]) -> Vec<u8> {
        let mut page = b"OggS\0\0\0\0\0\0\0\0\0\0".to_vec();
        page.extend(serial.to_le_bytes());
        page.extend([0; 8]);
        let lacing: Vec<u8> = packets
            .iter()
            .flat_map(|packet| {
                let full = std::iter::repeat_n(255, packet.len() / 255);
                full.chain([(packet.len() % 255) as u8])
            })
            .collect();
        page.push(lacing.len() as u8);
        page.extend(lacing);
        page.extend(packets.concat());
        page
    }

    fn head(channels: u8, family: u8) -> Vec<u8> {
        let mut head = b"OpusHead\x01".to_vec();
        head.extend([channels, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, family]);
        head
    }

    #[test]
    fn packets_follow_each_other_without_gap() {
        let head = head(2, 0);
        // 20 ms of CELT and its payload; one is longer than a lacing value.
        let (short, long) = ([0xfc; 40], [0xfc; 600]);
        let mut file = page(1, &[&head]);
        file.extend(page(1, &[b"OpusTags....."]));
        file.extend(page(2, &[b"another stream"]));
        file.extend(page(1, &[&short, &long, &short]));
        let looped = read(&file).expect("Opus");
        assert_eq!(looped.len(), 3);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |file: &[u8]| read(file).expect_err("an error");
        assert!(error(b"ID3 music").contains("no Ogg"));
        assert!(error(&page(1, &[b"\x01vorbis"])).contains("no Opus"));
        assert!(error(&page(1, &[&head(6, 1)])).contains("channels"));
        assert!(error(&page(1, &[&head(1, 0), b"OpusTags"])).contains("no sound"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&tail);
            let mut file = page(1, &[&head(1, 0), b"OpusTags"]);
            file.extend(tail);
            let _ = read(&file);
        }
    }
}
