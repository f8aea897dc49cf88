//! The files that the writer makes, read back box by box.

use mp4_atom::Mdat;

use super::*;
use crate::container::fmp4::{TrackRun, init_segment, media_segment};
use crate::frame::FrameKind;
use crate::sample::{Coding, Sample, TrackConfig};

/// Sound stands for pictures: the index only looks at flags.
fn init() -> Bytes {
    let opus = |timescale| TrackConfig { timescale, coding: Coding::Opus { channels: 2 } };
    init_segment(&[opus(15_000), opus(48_000)]).unwrap()
}

/// Samples that say which they are, `len` bytes each.
fn samples(from: u8, count: u8, len: usize, duration: u32, gop: u8) -> Vec<Sample> {
    let sample = |number: u8| {
        let kind = if number.is_multiple_of(gop) { FrameKind::Key } else { FrameKind::Delta };
        Sample { data: vec![number; len].into(), duration, offset: 0, kind }
    };
    (from..from + count).map(sample).collect()
}

/// Where the `moof` of a segment is.
fn moof(segment: &[u8]) -> (u64, &[u8]) {
    let len = |at: usize| u32::from_be_bytes(*segment[at..].first_chunk::<4>().unwrap()) as usize;
    let at = len(0);
    assert_eq!(&segment[at + 4..at + 8], b"moof");
    (at as u64, &segment[at..at + len(at)])
}

fn assemble(segments: &[Bytes]) -> Result<Vec<u8>, Mp4Error> {
    let mut index = Mp4Index::new(&init())?;
    for segment in segments {
        let (at, moof) = moof(segment);
        index.add(at, moof)?;
    }
    let plan = index.finish()?;
    let mut file = plan.head.to_vec();
    for Stretch { segment, offset, len } in plan.stretches {
        let from = usize::try_from(offset).unwrap();
        file.extend_from_slice(&segments[segment][from..from + usize::try_from(len).unwrap()]);
    }
    Ok(file)
}

/// Every sample of a track as a player finds it: first byte, length, ticks.
fn played(file: &[u8], trak: &Trak) -> Vec<(u8, u32, u32)> {
    let stbl = &trak.mdia.minf.stbl;
    let StszSamples::Different { sizes } = &stbl.stsz.samples else { panic!("equal sizes") };
    let per_chunk = |chunk: u32| {
        let at = stbl.stsc.entries.iter().rev().find(|entry| entry.first_chunk <= chunk);
        at.unwrap().samples_per_chunk
    };
    let times = stbl.stts.entries.iter();
    let mut times = times
        .flat_map(|entry| std::iter::repeat_n(entry.sample_delta, entry.sample_count as usize));
    let mut sizes = sizes.iter();
    let mut all = Vec::new();
    for (chunk, offset) in (1..).zip(&stbl.stco.as_ref().unwrap().entries) {
        let mut at = *offset as usize;
        for _ in 0..per_chunk(chunk) {
            let size = *sizes.next().unwrap();
            assert!(file[at..at + size as usize].iter().all(|byte| *byte == file[at]));
            all.push((file[at], size, times.next().unwrap()));
            at += size as usize;
        }
    }
    assert!(sizes.next().is_none() && times.next().is_none());
    all
}

fn atoms(mut file: &[u8]) -> (Moov, Mdat) {
    let mut all = Vec::new();
    while let Some(atom) = Any::decode_maybe(&mut file).unwrap() {
        all.push(atom);
    }
    match <[Any; 3]>::try_from(all).unwrap() {
        [Any::Ftyp(_), Any::Moov(moov), Any::Mdat(mdat)] => (moov, mdat),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_sample_is_where_the_index_says() {
    let first = [samples(0, 30, 5, 1_000, 30), samples(100, 90, 3, 1_024, 1)];
    let second = [samples(30, 10, 7, 1_000, 30), samples(190, 20, 2, 1_024, 1)];
    let run = |track, start, samples| TrackRun { track, start, samples };
    let segments = [
        media_segment(1, &[run(0, 0, &first[0]), run(1, 0, &first[1])]).unwrap(),
        media_segment(2, &[run(0, 30_000, &second[0]), run(1, 92_160, &second[1])]).unwrap(),
    ];
    let file = assemble(&segments).unwrap();
    let (moov, mdat) = atoms(&file);
    assert_eq!(mdat.data.len(), 150 + 270 + 70 + 40);
    let [video, audio] = &moov.trak[..] else { panic!("two tracks") };
    let expected: Vec<_> =
        (0..30).map(|n| (n, 5, 1_000)).chain((30..40).map(|n| (n, 7, 1_000))).collect();
    assert_eq!(played(&file, video), expected);
    let heard = played(&file, audio);
    assert_eq!(heard.len(), 110);
    assert!(heard.iter().all(|(_, _, ticks)| *ticks == 1_024));
    assert_eq!(video.mdia.minf.stbl.stss.as_ref().unwrap().entries, [1, 31]);
    assert!(audio.mdia.minf.stbl.stss.is_none());
    // 40 pictures at 15 a second are 240000 ticks of 90 kHz; the sound is 2.3467 s long.
    assert_eq!((moov.mvhd.duration, audio.tkhd.duration), (240_000, 211_200));
    assert!(moov.mvex.is_none() && video.edts.is_none());
    // Pictures and sound take turns by the second.
    let places: Vec<_> = video.mdia.minf.stbl.stco.as_ref().unwrap().entries.clone();
    let sounds = &audio.mdia.minf.stbl.stco.as_ref().unwrap().entries;
    assert!(places[0] < sounds[0] && sounds[0] < places[1] && places[1] < sounds[1]);
}

#[test]
fn what_is_missing_is_held_and_a_late_start_stays_late() {
    let (pictures, sounds) = (samples(0, 15, 4, 1_000, 15), samples(50, 40, 4, 1_024, 1));
    let run = |track, start, samples| TrackRun { track, start, samples };
    let hour = 3_600;
    let segments = [
        media_segment(1, &[run(0, hour * 15_000, &pictures), run(1, hour * 48_000 + 480, &sounds)])
            .unwrap(),
        // A second and a half is missing.
        media_segment(2, &[run(0, hour * 15_000 + 37_500, &pictures)]).unwrap(),
    ];
    let file = assemble(&segments).unwrap();
    let (moov, _) = atoms(&file);
    let pictures = played(&file, &moov.trak[0]);
    assert_eq!(pictures[14], (14, 4, 1_000 + 22_500));
    assert_eq!(pictures.iter().map(|(_, _, ticks)| ticks).sum::<u32>(), 52_500);
    let edits = &moov.trak[1].edts.as_ref().unwrap().elst.as_ref().unwrap().entries;
    // 10 ms of nothing, then all of it.
    assert_eq!((edits[0].segment_duration, edits[0].media_time), (900, None));
    assert_eq!((edits[1].segment_duration, edits[1].media_time), (76_800, Some(0)));
}

#[test]
fn what_is_no_segment_is_refused() {
    assert!(matches!(assemble(&[]), Err(Mp4Error::Empty)));
    assert!(Mp4Index::new(b"").is_err());
    assert!(Mp4Index::new(&init()[..40]).is_err());
    let some = samples(0, 3, 4, 1_000, 1);
    let at = |track, start| media_segment(1, &[TrackRun { track, start, samples: &some }]).unwrap();
    let strange = assemble(&[at(2, 0)]).unwrap_err().to_string();
    assert!(strange.contains("a track that its init segment lacks"), "{strange}");
    let backwards = assemble(&[at(0, 9_000), at(0, 9_000)]).unwrap_err().to_string();
    assert!(backwards.starts_with("segment 1 can't be part"), "{backwards}");
}
