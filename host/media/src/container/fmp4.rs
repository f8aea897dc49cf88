//! Fragmented MP4 (ISO 14496-12, CMAF): the init segment and media segments.
//!
//! A media segment is self-contained but for the init segment: `styp`, one `moof` with a `traf` per
//! track, one `mdat` in which each track's samples lie together, in the order of the `traf`s.

use bytes::Bytes;
use mp4_atom::{
    Dinf, Dref, DrefEntry, Encode, FourCC, Ftyp, Hdlr, Matrix, Mdhd, Mdia, Mfhd, Minf, Moof, Moov,
    Mvex, Mvhd, Smhd, Stbl, Stco, Stsd, Styp, Tfdt, Tfhd, Tkhd, Traf, Trak, Trex, Trun, TrunEntry,
    Url, Vmhd,
};
use thiserror::Error;

use super::sample_entry::{picture_size, sample_entry};
use crate::bitstream::BadBitstream;
use crate::frame::{FrameKind, Size};
use crate::sample::{Sample, TrackConfig};
use crate::turn::Turn;

/// The most bytes that a media segment may have: `trun` offsets are 31 bits.
pub const MAX_SEGMENT: usize = 1 << 30;

/// Flags of a sample that a player can start at: it depends on no other (8.8.3.1).
const SYNC_SAMPLE: u32 = 0x0200_0000;
/// Flags of any other sample: it depends on others and is no sync sample.
const OTHER_SAMPLE: u32 = 0x0101_0000;
/// Ticks a second of the movie as a whole, which has no duration of its own.
const MOVIE_TIMESCALE: u32 = 1_000;

/// Why a segment can't be written.
#[derive(Debug, Error)]
pub enum Fmp4Error {
    /// There is nothing to describe, or more than the format numbers.
    #[error("{count} tracks in one file, 1 to 255 are possible")]
    TrackCount {
        /// How many there are.
        count: usize,
    },
    /// A side of the picture doesn't fit the sample entry.
    #[error("picture of {}x{} is larger than the format can say", size.width, size.height)]
    Size {
        /// The size.
        size: Size,
    },
    /// A track's decoder configuration is no such.
    #[error("decoder configuration refused")]
    Config(#[from] BadBitstream),
    /// The samples are too many or too large.
    #[error("media segment of {bytes} bytes, at most {MAX_SEGMENT} are possible")]
    TooLarge {
        /// What they came to.
        bytes: usize,
    },
    /// The box writer refused something.
    #[error("box refused")]
    Boxes(#[from] mp4_atom::Error),
}

/// Samples of one track within one media segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrackRun<'a> {
    /// The track's place in the list that the init segment was made of.
    pub track: usize,
    /// Decode time of the first sample, in ticks of the track since the file's zero.
    pub start: u64,
    /// The samples, each starting where the one before ends.
    pub samples: &'a [Sample],
}

/// `ftyp` and `moov` for these tracks, in this order.
///
/// # Errors
/// If a track's facts can't be written.
pub fn init_segment(tracks: &[TrackConfig]) -> Result<Bytes, Fmp4Error> {
    turned_init_segment(tracks, Turn::None)
}

/// The same for pictures that a player is to turn.
///
/// # Errors
/// If a track's facts can't be written.
pub fn turned_init_segment(tracks: &[TrackConfig], turn: Turn) -> Result<Bytes, Fmp4Error> {
    if tracks.is_empty() || tracks.len() > 255 {
        return Err(Fmp4Error::TrackCount { count: tracks.len() });
    }
    let mut moov = Moov {
        mvhd: Mvhd {
            timescale: MOVIE_TIMESCALE,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: track_id(tracks.len()),
            ..Mvhd::default()
        },
        mvex: Some(Mvex {
            mehd: None,
            trex: (0..tracks.len()).map(|at| trex(track_id(at))).collect(),
        }),
        ..Moov::default()
    };
    for (at, config) in tracks.iter().enumerate() {
        moov.trak.push(trak(track_id(at), config, turn)?);
    }
    let ftyp = Ftyp {
        major_brand: FourCC::new(b"iso6"),
        minor_version: 0,
        compatible_brands: vec![FourCC::new(b"iso6"), FourCC::new(b"cmfc"), FourCC::new(b"mp41")],
    };
    let mut out = Vec::new();
    ftyp.encode(&mut out)?;
    moov.encode(&mut out)?;
    Ok(out.into())
}

/// A media segment: the `sequence`th, from 1. Runs without samples are left out.
///
/// # Errors
/// If the samples are too many.
pub fn media_segment(sequence: u32, runs: &[TrackRun<'_>]) -> Result<Bytes, Fmp4Error> {
    let samples = || runs.iter().flat_map(|run| run.samples);
    let payload: usize = samples().map(|sample| sample.data.len()).sum();
    // A sample's entry in `trun` has at most 16 bytes; the rest is under 4 KiB.
    let total = payload + samples().count() * 16 + 4096;
    if total > MAX_SEGMENT {
        return Err(Fmp4Error::TooLarge { bytes: total });
    }
    let styp = Styp {
        major_brand: FourCC::new(b"msdh"),
        minor_version: 0,
        compatible_brands: vec![FourCC::new(b"msdh"), FourCC::new(b"cmfs")],
    };
    let mut out = Vec::with_capacity(total);
    styp.encode(&mut out)?;
    // Offsets count from the moof's first byte, and don't change its length.
    let moof_len = encoded_len(&moof(sequence, runs, 0))?;
    let mdat_header = 8;
    moof(sequence, runs, moof_len + mdat_header).encode(&mut out)?;
    let mdat_len =
        u32::try_from(payload + mdat_header).map_err(|_| Fmp4Error::TooLarge { bytes: total })?;
    out.extend_from_slice(&mdat_len.to_be_bytes());
    out.extend_from_slice(b"mdat");
    for sample in samples() {
        out.extend_from_slice(&sample.data);
    }
    Ok(out.into())
}

/// Track numbers in the file count from 1.
fn track_id(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
}

fn encoded_len(atom: &impl Encode) -> Result<usize, Fmp4Error> {
    let mut out = Vec::new();
    atom.encode(&mut out)?;
    Ok(out.len())
}

fn moof(sequence: u32, runs: &[TrackRun<'_>], first_offset: usize) -> Moof {
    let mut offset = first_offset;
    let mut traf = Vec::new();
    for run in runs.iter().filter(|run| !run.samples.is_empty()) {
        // Either all samples of a run have an offset or none has.
        let later = run.samples.iter().any(|sample| sample.offset > 0);
        let entries: Vec<_> = run.samples.iter().map(|sample| trun_entry(sample, later)).collect();
        traf.push(Traf {
            tfhd: Tfhd {
                track_id: track_id(run.track),
                default_base_is_moof: true,
                ..Tfhd::default()
            },
            tfdt: Some(Tfdt { base_media_decode_time: run.start }),
            trun: vec![Trun {
                data_offset: Some(i32::try_from(offset).unwrap_or(i32::MAX)),
                samples: entries.into(),
            }],
            ..Traf::default()
        });
        offset += run.samples.iter().map(|sample| sample.data.len()).sum::<usize>();
    }
    Moof { mfhd: Mfhd { sequence_number: sequence }, traf }
}

fn trun_entry(sample: &Sample, later: bool) -> TrunEntry {
    let flags = match sample.kind {
        FrameKind::Key => SYNC_SAMPLE,
        FrameKind::Delta => OTHER_SAMPLE,
    };
    TrunEntry {
        duration: Some(sample.duration),
        size: Some(u32::try_from(sample.data.len()).unwrap_or(u32::MAX)),
        flags: Some(flags),
        cts: later.then_some(i64::from(sample.offset)),
    }
}

/// Turns clockwise, and moves what is turned back to the origin (8.3.2.3: 16.16 fixed point).
fn matrix(turn: Turn, width: u16, height: u16) -> Matrix {
    const ONE: i32 = 1 << 16;
    // Sides beyond the fixed point's range are refused elsewhere, or off by their sign at worst.
    let shift = |side: u16| i32::from(side).wrapping_shl(16);
    let (a, b, c, d, x, y) = match turn {
        Turn::None => (ONE, 0, 0, ONE, 0, 0),
        Turn::Quarter => (0, ONE, -ONE, 0, shift(height), 0),
        Turn::Half => (-ONE, 0, 0, -ONE, shift(width), shift(height)),
        Turn::ThreeQuarters => (0, -ONE, ONE, 0, 0, shift(width)),
    };
    Matrix { a, b, c, d, x, y, ..Matrix::default() }
}

fn trex(track_id: u32) -> Trex {
    Trex { track_id, default_sample_description_index: 1, ..Trex::default() }
}

fn trak(track_id: u32, config: &TrackConfig, turn: Turn) -> Result<Trak, Fmp4Error> {
    let is_video = config.coding.is_video();
    let (width, height) = picture_size(&config.coding)?;
    let handler = if is_video { b"vide" } else { b"soun" };
    Ok(Trak {
        tkhd: Tkhd {
            track_id,
            enabled: true,
            in_movie: true,
            volume: if is_video { 0.into() } else { 1.into() },
            width: width.into(),
            height: height.into(),
            matrix: if is_video { matrix(turn, width, height) } else { Matrix::default() },
            ..Tkhd::default()
        },
        mdia: Mdia {
            mdhd: Mdhd { timescale: config.timescale, language: "und".into(), ..Mdhd::default() },
            hdlr: Hdlr { handler: FourCC::new(handler), name: "Capstan".into() },
            minf: Minf {
                vmhd: is_video.then(Vmhd::default),
                smhd: (!is_video).then(Smhd::default),
                dinf: Dinf {
                    dref: Dref { entries: vec![DrefEntry::Url(Url { location: String::new() })] },
                },
                stbl: Stbl {
                    stsd: Stsd { codecs: vec![sample_entry(&config.coding, width, height)?] },
                    // The box is required even where there are no chunks.
                    stco: Some(Stco::default()),
                    ..Stbl::default()
                },
                ..Minf::default()
            },
        },
        ..Trak::default()
    })
}

#[cfg(test)]
mod tests {
    use mp4_atom::{Any, Codec, DecodeMaybe};

    use super::*;
    use crate::sample::Coding;

    fn opus() -> TrackConfig {
        TrackConfig { timescale: 48_000, coding: Coding::Opus { channels: 2 } }
    }

    fn sample(data: &'static [u8], duration: u32, kind: FrameKind) -> Sample {
        Sample { data: Bytes::from_static(data), duration, offset: 0, kind }
    }

    fn atoms(mut data: &[u8]) -> Vec<Any> {
        let mut all = Vec::new();
        while let Some(atom) = Any::decode_maybe(&mut data).unwrap() {
            all.push(atom);
        }
        assert!(data.is_empty());
        all
    }

    #[test]
    fn offsets_point_at_the_samples() {
        let video =
            [sample(b"key", 1_000, FrameKind::Key), sample(b"delta", 2_000, FrameKind::Delta)];
        let audio = [sample(b"sound", 960, FrameKind::Key)];
        let start = u64::from(u32::MAX) + 7;
        let runs = [
            TrackRun { track: 0, start, samples: &video },
            TrackRun { track: 1, start: 0, samples: &[] },
            TrackRun { track: 2, start: 5, samples: &audio },
        ];
        let bytes = media_segment(9, &runs).unwrap();
        let all = atoms(&bytes);
        let [Any::Styp(styp), Any::Moof(moof), Any::Mdat(mdat)] = &all[..] else {
            panic!("{all:?}");
        };
        assert_eq!(mdat.data, b"keydeltasound");
        assert_eq!(moof.mfhd.sequence_number, 9);
        let ids: Vec<_> = moof.traf.iter().map(|traf| traf.tfhd.track_id).collect();
        assert_eq!(ids, [1, 3]);
        assert_eq!(moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time, start);
        let moof_at = encoded_len(styp).unwrap();
        for (traf, data) in moof.traf.iter().zip(["keydelta", "sound"]) {
            let at = moof_at + usize::try_from(traf.trun[0].data_offset.unwrap()).unwrap();
            assert_eq!(&bytes[at..at + data.len()], data.as_bytes());
        }
        let entry = moof.traf[0].trun[0].samples.get(1).unwrap();
        assert_eq!(entry.duration, Some(2_000));
        assert_eq!((entry.size, entry.flags), (Some(5), Some(OTHER_SAMPLE)));
    }

    #[test]
    fn sound_tracks_are_described() {
        let aac =
            Coding::Aac { config: Bytes::from_static(&[0x11, 0x90]), channels: 2, rate: 48_000 };
        let init = init_segment(&[opus(), TrackConfig { timescale: 48_000, coding: aac }]).unwrap();
        let all = atoms(&init);
        let [Any::Ftyp(_), Any::Moov(moov)] = &all[..] else { panic!("{all:?}") };
        let codecs: Vec<_> =
            moov.trak.iter().flat_map(|trak| &trak.mdia.minf.stbl.stsd.codecs).collect();
        let [Codec::Opus(opus), Codec::Mp4a(aac)] = codecs[..] else { panic!("{codecs:?}") };
        assert_eq!((opus.dops.pre_skip, opus.dops.output_channel_count), (0, 2));
        let specific = aac.esds.es_desc.dec_config.dec_specific.as_ref().unwrap();
        assert_eq!(specific.raw, [0x11, 0x90]);
        assert_eq!((specific.profile, specific.freq_index, specific.chan_conf), (2, 3, 2));
        assert_eq!(moov.mvex.as_ref().unwrap().trex.len(), 2);
    }

    #[test]
    fn impossible_tracks_are_refused() {
        assert!(matches!(init_segment(&[]), Err(Fmp4Error::TrackCount { count: 0 })));
        let size = Size { width: 70_000, height: 16 };
        let coding = Coding::H264 { size, sps: Vec::new(), pps: Vec::new() };
        let large = init_segment(&[TrackConfig { timescale: 1, coding }]).unwrap_err();
        assert!(matches!(large, Fmp4Error::Size { .. }));
        let size = Size { width: 16, height: 16 };
        let coding = Coding::H264 { size, sps: vec![Bytes::from_static(b"?")], pps: Vec::new() };
        let no_sps = init_segment(&[TrackConfig { timescale: 1, coding }]).unwrap_err();
        assert!(matches!(no_sps, Fmp4Error::Config(_)));
    }
}
