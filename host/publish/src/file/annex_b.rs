//! H.264 byte streams (ISO 14496-10, annex B), cut into access units.

use bytes::{BufMut, BytesMut};
use capstan_media::bitstream::h264;
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;

use crate::looped::{Looped, Piece};

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// NAL unit types (ISO 14496-10, table 7-1).
const SLICE: u8 = 1;
const IDR_SLICE: u8 = 5;
const SEI: u8 = 6;
const DELIMITER: u8 = 9;

pub(super) fn read(data: &[u8], fps: u32) -> Result<Looped, String> {
    let fps = i64::from(fps.max(1));
    let units = access_units(data)?;
    let time = |number: usize| i64::try_from(number).unwrap_or(i64::MAX) * 1_000_000 / fps;
    let length = time(units.len());
    let pieces: Vec<_> = units
        .into_iter()
        .enumerate()
        .map(|(number, unit)| {
            let kind = if h264::is_key(&unit) { FrameKind::Key } else { FrameKind::Delta };
            Piece { offset: time(number), data: unit.freeze(), kind }
        })
        .collect();
    match pieces.first() {
        None => Err("it holds no H.264 pictures in Annex B form".to_owned()),
        Some(first) if first.kind == FrameKind::Delta => {
            Err("its first picture is no IDR picture".to_owned())
        }
        Some(_) => Looped::file(Codec::H264, pieces, length).ok_or_else(String::new),
    }
}

fn access_units(data: &[u8]) -> Result<Vec<BytesMut>, String> {
    let mut units: Vec<BytesMut> = Vec::new();
    let mut open = BytesMut::new();
    let mut has_slice = false;
    for nal in h264::nal_units(data) {
        let Some(kind) = nal.first().map(|byte| byte & 0x1f) else { continue };
        let slice = matches!(kind, SLICE | IDR_SLICE);
        if (2..=4).contains(&kind) {
            return Err("it uses data partitioning, which no WebRTC receiver takes".to_owned());
        }
        // A slice that begins with macroblock 0 (its first bit is the code of zero) starts a
        // picture, as does whatever may only stand before a picture's slices (7.4.1.2.3).
        let starts = if slice {
            nal.get(1).is_some_and(|byte| byte & 0x80 != 0)
        } else {
            (SEI..=DELIMITER).contains(&kind)
        };
        if starts && has_slice {
            units.push(open.split());
            has_slice = false;
        }
        has_slice |= slice;
        open.put_slice(&START_CODE);
        open.put_slice(nal);
    }
    if has_slice {
        units.push(open);
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    fn stream(nals: &[&[u8]]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [&[0, 0, 1], *nal].concat()).collect()
    }

    #[test]
    fn pictures_of_several_slices_stay_whole() {
        let (sps, pps): (&[u8], &[u8]) = (&[0x67, 66, 0, 30], &[0x68, 1]);
        let data = stream(&[
            sps,
            pps,
            &[0x65, 0x88],
            &[0x65, 0x40],
            &[0x41, 0x9a],
            &[0x41, 0x50],
            sps,
            pps,
            &[0x65, 0x88],
        ]);
        let units = access_units(&data).expect("units");
        assert_eq!(units.len(), 3);
        assert_eq!(h264::nal_units(&units[0]).count(), 4);
        assert_eq!(h264::nal_units(&units[1]).count(), 2);
        let looped = read(&data, 30).expect("a source");
        assert_eq!(looped.len(), 3);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |data: &[u8]| read(data, 30).expect_err("an error");
        assert!(error(b"").contains("no H.264"));
        assert!(error(&stream(&[&[0x41, 0x9a]])).contains("IDR"));
        assert!(error(&stream(&[&[0x42, 0x9a]])).contains("partitioning"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&data, 30);
        }
    }
}
