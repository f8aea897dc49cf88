//! IVF: a header, then frames with a size and a time each.

use bytes::Bytes;
use capstan_media::bitstream::{av1, vp8, vp9};
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;

use crate::looped::{Looped, Piece};

/// The shortest header, which is the only one in use.
const HEADER: usize = 32;

pub(super) fn read(data: &[u8]) -> Result<Looped, String> {
    let header = data.get(..HEADER).filter(|header| header.starts_with(b"DKIF"));
    let header = header.ok_or("it is no IVF file: it doesn't begin with DKIF")?;
    let codec = match header.get(8..12) {
        Some(b"VP80") => Codec::Vp8,
        Some(b"VP90") => Codec::Vp9,
        Some(b"AV01") => Codec::Av1,
        other => {
            let name = String::from_utf8_lossy(other.unwrap_or_default()).into_owned();
            return Err(format!("it holds {name:?}; VP80, VP90 and AV01 can be published"));
        }
    };
    let (rate, scale) = (i64::from(word(header, 16)), i64::from(word(header, 20)));
    if rate == 0 || scale == 0 {
        return Err("its time base is zero".to_owned());
    }
    let start = usize::from(u16::from_le_bytes([at(header, 6), at(header, 7)])).max(HEADER);
    let pieces = frames(data.get(start..).unwrap_or_default(), codec, |time| {
        i64::try_from(i128::from(time) * 1_000_000 * i128::from(scale) / i128::from(rate)).ok()
    })?;
    let length = match pieces.as_slice() {
        [.., before, last] => 2 * last.offset - before.offset,
        _ => 1_000_000 * scale / rate,
    };
    Looped::file(codec, pieces, length).ok_or_else(|| "it holds no frames".to_owned())
}

fn frames(
    mut rest: &[u8],
    codec: Codec,
    micros: impl Fn(u64) -> Option<i64>,
) -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut first = None;
    while let Some((header, data)) = rest.split_first_chunk::<12>() {
        let [s0, s1, s2, s3, time @ ..] = *header;
        let size = u32::from_le_bytes([s0, s1, s2, s3]) as usize;
        let number = pieces.len();
        let frame = data.get(..size);
        let frame = frame.ok_or_else(|| format!("frame {number} is cut short"))?;
        rest = data.get(size..).unwrap_or_default();
        let time = u64::from_le_bytes(time);
        let offset = time.checked_sub(*first.get_or_insert(time)).and_then(&micros);
        let offset = offset.ok_or_else(|| format!("frame {number} has an impossible time"))?;
        if pieces.last().is_some_and(|last| offset <= last.offset) {
            return Err(format!("the time of frame {number} is not after the one before it"));
        }
        let kind = kind(frame, codec).map_err(|error| format!("frame {number}: {error}"))?;
        if number == 0 && kind == FrameKind::Delta {
            return Err("its first frame is no key frame".to_owned());
        }
        pieces.push(Piece { offset, data: prepared(frame, codec)?, kind });
    }
    Ok(pieces)
}

fn kind(frame: &[u8], codec: Codec) -> Result<FrameKind, String> {
    let key = match codec {
        Codec::Vp8 => {
            vp8::Header::parse(frame).map_err(|error| error.to_string())?.key_size.is_some()
        }
        Codec::Vp9 => {
            vp9::Header::parse(frame).map_err(|error| error.to_string())?.key_size.is_some()
        }
        _ => av1::is_key(frame),
    };
    Ok(if key { FrameKind::Key } else { FrameKind::Delta })
}

fn prepared(frame: &[u8], codec: Codec) -> Result<Bytes, String> {
    if codec == Codec::Av1 {
        return av1::without_temporal_delimiters(frame)
            .map(Bytes::from)
            .map_err(|error| error.to_string());
    }
    Ok(Bytes::copy_from_slice(frame))
}

fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or(0)
}

fn word(bytes: &[u8], index: usize) -> u32 {
    let byte = |offset| at(bytes, index + offset);
    u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
}

#[cfg(test)]
mod tests {
    use capstan_media::time::RoomTime;
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::source::Source;

    fn ivf(fourcc: &[u8; 4], frames: &[(u64, &[u8])]) -> Vec<u8> {
        let mut file = b"DKIF\0\0\x20\0".to_vec();
        file.extend(fourcc);
        file.extend([0x80, 2, 0x68, 1, 30, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for (time, data) in frames {
            file.extend((data.len() as u32).to_le_bytes());
            file.extend(time.to_le_bytes());
            file.extend(*data);
        }
        file
    }

    /// A VP8 key frame's header of 640x360, and a delta frame's.
    const KEY: [u8; 10] = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 2, 0x68, 1];
    const DELTA: [u8; 4] = [0x11, 0, 0, 0];

    #[test]
    fn frames_keep_their_times() {
        let mut source = read(&ivf(b"VP80", &[(5, &KEY), (6, &DELTA), (9, &DELTA)])).expect("VP8");
        let start = RoomTime::from_micros(0);
        let mut times = Vec::new();
        for _ in 0..4 {
            times.push(source.next_at(start).as_micros());
            source.next(FrameKind::Delta).expect("a unit");
        }
        assert_eq!(times, [0, 33_333, 133_333, 233_333]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |file: &[u8]| read(file).expect_err("an error");
        assert!(error(b"RIFF").contains("no IVF"));
        assert!(error(&ivf(b"H264", &[])).contains("H264"));
        assert!(error(&ivf(b"VP80", &[])).contains("no frames"));
        assert!(error(&ivf(b"VP80", &[(0, &DELTA)])).contains("no key frame"));
        assert!(error(&ivf(b"VP80", &[(1, &KEY), (1, &DELTA)])).contains("not after"));
        let mut cut = ivf(b"VP80", &[(0, &KEY)]);
        cut.pop();
        assert!(error(&cut).contains("cut short"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut file = ivf(b"VP90", &[]);
            let _ = read(&tail);
            file.extend(tail);
            let _ = read(&file);
        }
    }
}
