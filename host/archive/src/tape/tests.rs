//! Tapes come back as written; damage is found, located and never a panic.

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, FrameKind};
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackKind, Uid};
use capstan_media::turn::Turn;
use proptest::prelude::*;

use super::reader::{TapeDamage, TapeReader};
use super::record::Record;
use super::*;

fn track() -> TrackId {
    TrackId { uid: Uid::new(42).unwrap(), kind: TrackKind::Camera }
}

fn frame(arrived: i64, data: &[u8]) -> Frame {
    Frame {
        track: track(),
        arrived: RoomTime::from_micros(arrived),
        rtp_time: RtpTime(90 * 1_000),
        codec: Codec::Vp8,
        kind: FrameKind::Key,
        continuity: Continuity::Contiguous,
        turn: Turn::None,
        data: Bytes::copy_from_slice(data),
    }
}

fn tape_of(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Header { sid: "sid1".into(), track: track() }.write(&mut bytes);
    for record in records {
        match record {
            Record::Frame(frame) => record::write_frame(&mut bytes, frame),
            Record::Report(report) => record::write_report(&mut bytes, report),
        }
    }
    bytes
}

fn arbitrary_record() -> impl Strategy<Value = Record> {
    let codec =
        prop_oneof![Just(Codec::Opus), Just(Codec::Vp9), Just(Codec::H264), Just(Codec::Av1)];
    let data = prop::collection::vec(any::<u8>(), 0..300);
    let facts = (any::<i64>(), any::<u64>(), any::<bool>(), any::<bool>(), 0..4_u8);
    prop_oneof![
        (facts, codec, data).prop_map(|((arrived, rtp, key, gap, quarters), codec, data)| {
            Record::Frame(Frame {
                track: track(),
                arrived: RoomTime::from_micros(arrived),
                rtp_time: RtpTime(rtp),
                codec,
                kind: if key { FrameKind::Key } else { FrameKind::Delta },
                continuity: if gap { Continuity::AfterGap } else { Continuity::Contiguous },
                turn: Turn::of_quarters(quarters),
                data: data.into(),
            })
        }),
        (any::<i64>(), any::<u64>(), any::<i64>()).prop_map(|(arrived, rtp, sender_micros)| {
            let (arrived, rtp_time) = (RoomTime::from_micros(arrived), RtpTime(rtp));
            Record::Report(SenderReport { track: track(), arrived, sender_micros, rtp_time })
        }),
    ]
}

proptest! {
    #[test]
    fn records_come_back(records in prop::collection::vec(arbitrary_record(), 0..20)) {
        let bytes = tape_of(&records);
        let mut reader = TapeReader::new(bytes.as_slice()).unwrap();
        let read: Result<Vec<_>, _> = reader.by_ref().collect();
        prop_assert_eq!(read.unwrap(), records);
        prop_assert_eq!(reader.offset(), bytes.len() as u64);
    }

    #[test]
    fn a_damaged_byte_costs_only_what_follows(
        records in prop::collection::vec(arbitrary_record(), 1..20),
        place in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut bytes = tape_of(&records);
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        let Ok(mut reader) = TapeReader::new(bytes.as_slice()) else {
            prop_assert!(place < record::header_len(&bytes).max(64));
            return Ok(());
        };
        let mut whole = 0;
        let mut damage = None;
        for item in reader.by_ref() {
            match item {
                Ok(record) => {
                    prop_assert_eq!(&record, &records[whole]);
                    whole += 1;
                }
                Err(found) => damage = Some(found),
            }
        }
        let (TapeDamage::Torn { offset } | TapeDamage::Corrupt { offset, .. }) = damage.unwrap()
        else { panic!("memory can't fail to be read") };
        prop_assert!(offset <= place as u64, "damage at {place}, told at {offset}");
        prop_assert_eq!(offset, tape_of(&records[..whole]).len() as u64);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(reader) = TapeReader::new(bytes.as_slice()) {
            let _ = reader.count();
        }
        let mut with_header = tape_of(&[]);
        with_header.extend(&bytes);
        let _ = TapeReader::new(with_header.as_slice()).unwrap().count();
    }
}

#[test]
fn a_torn_tail_is_told_and_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut tapes = Tapes::new(folder.path(), "sid1");
    for n in 0..3 {
        tapes.frame(&frame(n, b"0123456789")).unwrap();
    }
    assert!(tapes.sync().is_empty());
    let path = folder.path().join("42-camera.tape");
    let whole = std::fs::metadata(&path).unwrap().len();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(whole - 4).unwrap();

    let last = reader::open(&path).unwrap().last().unwrap();
    assert!(matches!(last, Err(TapeDamage::Torn { offset }) if offset < whole), "{last:?}");

    let mut tapes = Tapes::new(folder.path(), "sid1");
    tapes.frame(&frame(9, b"next")).unwrap();
    tapes.close(track()).unwrap();
    let read: Vec<_> = reader::open(&path).unwrap().map(|r| r.unwrap().arrived()).collect();
    let micros: Vec<_> = read.into_iter().map(RoomTime::as_micros).collect();
    assert_eq!(micros, [0, 1, 9]);
}

#[test]
fn a_foreign_tape_is_not_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut tapes = Tapes::new(folder.path(), "sid1");
    tapes.frame(&frame(0, b"x")).unwrap();
    tapes.close(track()).unwrap();
    let error = Tapes::new(folder.path(), "sid2").frame(&frame(1, b"y")).unwrap_err();
    assert!(matches!(error, TapeError::Io { records: 1, .. }), "{error:?}");
}

#[test]
fn a_disk_that_refuses_loses_counted_records_and_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut tapes = Tapes::new(folder.path(), "sid1");
    tapes.frame(&frame(0, b"kept")).unwrap();
    assert!(tapes.sync().is_empty());
    // A descriptor that can't be written stands in for a full disk.
    let path = folder.path().join("42-camera.tape");
    let writable = std::mem::replace(
        &mut tapes.open.get_mut(&track()).unwrap().file,
        File::open(&path).unwrap(),
    );
    tapes.frame(&frame(1, b"lost")).unwrap();
    tapes.frame(&frame(2, b"lost")).unwrap();
    let failed = tapes.sync();
    assert_eq!(failed.iter().map(TapeError::records).collect::<Vec<_>>(), [2]);
    let tape = tapes.open.get_mut(&track()).unwrap();
    tape.file = writable;
    tape.rewind().unwrap();
    tapes.frame(&frame(3, b"kept")).unwrap();
    assert!(tapes.sync().is_empty());
    let kept: Vec<_> = reader::open(&path).unwrap().map(|r| r.unwrap().arrived()).collect();
    assert_eq!(kept, [RoomTime::from_micros(0), RoomTime::from_micros(3)]);
}

#[test]
fn over_long_frames_and_too_many_tapes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut tapes = Tapes::new(folder.path(), "sid1");
    let long = vec![0; record::MAX_DATA + 1];
    assert!(matches!(tapes.frame(&frame(0, &long)), Err(TapeError::TooLong { .. })));
    for uid in 1..=MAX_OPEN as u32 {
        let track = TrackId { uid: Uid::new(uid).unwrap(), kind: TrackKind::Audio };
        tapes.frame(&Frame { track, ..frame(0, b"") }).unwrap();
    }
    assert!(matches!(tapes.frame(&frame(0, b"")), Err(TapeError::TooMany { .. })));
}
