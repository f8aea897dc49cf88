//! A whole MP4 file made of fMP4 segments: its index first, so that it plays while it still comes,
//! then the samples as they are.
//!
//! Nothing is encoded again and no sample passes through here: the index says which stretches of
//! which segments follow it. Pictures and sound are interleaved by the second; what is missing
//! between two segments makes the sample before it last longer, so nothing moves in time.

use bytes::Bytes;
use mp4_atom::{
    Any, Co64, Ctts, CttsEntry, Decode, DecodeMaybe, Edts, Elst, ElstEntry, Encode, FourCC, Ftyp,
    Moof, Moov, Stbl, Stco, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts, SttsEntry, Traf, Trak,
    TrunEntry,
};
use thiserror::Error;

/// Ticks a second of the file as a whole and of its edit lists.
const MOVIE_TIMESCALE: u32 = 90_000;
/// The bit of a sample's flags that says that no player can start at it (8.8.3.1).
const IS_NO_SYNC_SAMPLE: u32 = 0x0001_0000;

/// Why segments don't make a file.
#[derive(Debug, Error)]
pub enum Mp4Error {
    /// The init segment or a `moof` isn't what [`super::fmp4`] writes.
    #[error("segment {segment} can't be part of an MP4 file: {what}")]
    Segment {
        /// Which, from 0.
        segment: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There are no samples.
    #[error("an MP4 file without samples")]
    Empty,
    /// The box reader or writer refused something.
    #[error("box refused")]
    Boxes(#[from] mp4_atom::Error),
}

/// Bytes of a segment's file that are part of the MP4 file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// Which segment, in the order in which they were added.
    pub segment: usize,
    /// Where in it.
    pub offset: u64,
    /// How many.
    pub len: u64,
}

/// What an MP4 file consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Its first bytes, up to where the samples begin.
    pub head: Bytes,
    /// The samples behind it.
    pub stretches: Vec<Stretch>,
}

/// Collects the index of an MP4 file. It holds 4 bytes a sample and a little for each second: some
/// megabytes for two hours.
#[derive(Debug)]
pub struct Mp4Index {
    moov: Moov,
    tracks: Vec<Track>,
    chunks: Vec<Chunk>,
    segments: usize,
}

/// Samples of one track that lie together: at most a second of one segment.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    track: usize,
    /// The second of the track in which they start.
    second: u64,
    samples: u32,
    stretch: Stretch,
}

#[derive(Debug, Default)]
struct Track {
    timescale: u64,
    /// Decode time of the first sample, and of the next one, in ticks.
    span: Option<(u64, u64)>,
    times: Vec<SttsEntry>,
    /// How much later samples are shown than decoded.
    offsets: Vec<CttsEntry>,
    sizes: Vec<u32>,
    /// Sync samples, from 1.
    keys: Vec<u32>,
}

impl Mp4Index {
    /// An index of tracks as an init segment describes them.
    ///
    /// # Errors
    /// If it isn't one.
    pub fn new(mut init: &[u8]) -> Result<Self, Mp4Error> {
        let mut found = None;
        while let Some(atom) = Any::decode_maybe(&mut init)? {
            if let Any::Moov(moov) = atom {
                found = Some(moov);
            }
        }
        let what = "its init segment has no moov";
        let moov = found.ok_or(Mp4Error::Segment { segment: 0, what })?;
        let timescale = |trak: &Trak| u64::from(trak.mdia.mdhd.timescale).max(1);
        let track = |trak| Track { timescale: timescale(trak), ..Track::default() };
        let tracks = moov.trak.iter().map(track).collect();
        Ok(Self { moov, tracks, chunks: Vec::new(), segments: 0 })
    }

    /// Adds the next segment by its `moof`, header included, which lies at `at` in its file.
    ///
    /// # Errors
    /// If it isn't what an fMP4 segment of these tracks has.
    pub fn add(&mut self, at: u64, mut moof: &[u8]) -> Result<(), Mp4Error> {
        let segment = self.segments;
        let moof = Moof::decode(&mut moof)?;
        let from = self.chunks.len();
        for traf in &moof.traf {
            self.take(segment, at, traf).map_err(|what| Mp4Error::Segment { segment, what })?;
        }
        // Second by second, so that a player needn't hold a whole segment of one track to go on.
        if let Some(new) = self.chunks.get_mut(from..) {
            new.sort_by_key(|chunk| chunk.second);
        }
        self.segments += 1;
        Ok(())
    }

    fn take(&mut self, segment: usize, at: u64, traf: &Traf) -> Result<(), &'static str> {
        let number = usize::try_from(traf.tfhd.track_id).unwrap_or(usize::MAX).wrapping_sub(1);
        let track = self.tracks.get_mut(number).ok_or("a track that its init segment lacks")?;
        let start = traf.tfdt.as_ref().ok_or("no decode time")?.base_media_decode_time;
        track.go_on_at(start)?;
        for run in &traf.trun {
            let offset = run.data_offset.and_then(|offset| u64::try_from(offset).ok());
            let mut offset = at + offset.ok_or("no place of its samples")?;
            for entry in run.samples.iter() {
                let second = track.now() / track.timescale;
                let len = u64::from(track.add(entry)?);
                let joins = |chunk: &&mut Chunk| {
                    let Stretch { segment: of, offset: from, len } = chunk.stretch;
                    (chunk.track, chunk.second, of) == (number, second, segment)
                        && from + len == offset
                };
                if let Some(chunk) = self.chunks.last_mut().filter(joins) {
                    chunk.samples += 1;
                    chunk.stretch.len += len;
                } else {
                    let stretch = Stretch { segment, offset, len };
                    self.chunks.push(Chunk { track: number, second, samples: 1, stretch });
                }
                offset += len;
            }
        }
        Ok(())
    }

    /// The file as a whole.
    ///
    /// # Errors
    /// If there are no samples or the index can't be written.
    pub fn finish(mut self) -> Result<Plan, Mp4Error> {
        if self.chunks.is_empty() {
            return Err(Mp4Error::Empty);
        }
        self.describe();
        let samples: u64 = self.chunks.iter().map(|chunk| chunk.stretch.len).sum();
        let mdat = mdat_header(samples);
        let mut head = Vec::new();
        Ftyp {
            major_brand: FourCC::new(b"isom"),
            minor_version: 512,
            compatible_brands: [b"isom", b"iso6", b"mp41"].map(FourCC::new).to_vec(),
        }
        .encode(&mut head)?;
        // Where the samples begin doesn't change how long the index is, but for the width of its
        // offsets, which is decided by the whole.
        let wide = samples + (1 << 28) > u64::from(u32::MAX);
        self.place(0, wide);
        let mut moov = Vec::new();
        self.moov.encode(&mut moov)?;
        self.place((head.len() + moov.len() + mdat.len()) as u64, wide);
        moov.clear();
        self.moov.encode(&mut moov)?;
        head.extend_from_slice(&moov);
        head.extend_from_slice(&mdat);
        let stretches = self.chunks.iter().map(|chunk| chunk.stretch).collect();
        Ok(Plan { head: head.into(), stretches })
    }

    /// Writes everything into the index but where the samples are.
    fn describe(&mut self) {
        let movie = |ticks: u64, timescale: u64| {
            let ticks = u128::from(ticks) * u128::from(MOVIE_TIMESCALE);
            u64::try_from(ticks / u128::from(timescale)).unwrap_or(u64::MAX)
        };
        let start_of = |track: &Track| track.span.map(|(start, _)| movie(start, track.timescale));
        let zero = self.tracks.iter().filter_map(start_of).min().unwrap_or(0);
        let mut longest = 0;
        for (track, trak) in self.tracks.iter_mut().zip(&mut self.moov.trak) {
            let (start, end) = track.span.unwrap_or_default();
            let late = movie(start, track.timescale).saturating_sub(zero);
            let lasts = movie(end - start, track.timescale);
            trak.mdia.mdhd.duration = end - start;
            trak.tkhd.duration = late + lasts;
            trak.edts = (late > 0).then(|| starts_late(late, lasts));
            longest = longest.max(late + lasts);
            track.write(&mut trak.mdia.minf.stbl);
        }
        self.moov.mvhd.timescale = MOVIE_TIMESCALE;
        self.moov.mvhd.duration = longest;
        self.moov.mvex = None;
        for (number, trak) in self.moov.trak.iter_mut().enumerate() {
            let mut entries: Vec<StscEntry> = Vec::new();
            let of_track = self.chunks.iter().filter(|chunk| chunk.track == number);
            for (first_chunk, chunk) in (1..).zip(of_track) {
                if entries.last().is_none_or(|last| last.samples_per_chunk != chunk.samples) {
                    let samples_per_chunk = chunk.samples;
                    let sample_description_index = 1;
                    entries.push(StscEntry {
                        first_chunk,
                        samples_per_chunk,
                        sample_description_index,
                    });
                }
            }
            trak.mdia.minf.stbl.stsc = Stsc { entries };
        }
        // A track that nothing was recorded of would only confuse players.
        self.moov.trak.retain(|trak| trak.mdia.mdhd.duration > 0);
    }

    /// Writes where the chunks are if the first one lies at `base`.
    fn place(&mut self, base: u64, wide: bool) {
        for trak in &mut self.moov.trak {
            let number = trak.tkhd.track_id as usize - 1;
            let mut at = base;
            let mut offsets = Vec::new();
            for chunk in &self.chunks {
                if chunk.track == number {
                    offsets.push(at);
                }
                at += chunk.stretch.len;
            }
            let stbl = &mut trak.mdia.minf.stbl;
            if wide {
                (stbl.stco, stbl.co64) = (None, Some(Co64 { entries: offsets }));
            } else {
                let narrow = |at: u64| u32::try_from(at).unwrap_or(u32::MAX);
                let entries = offsets.into_iter().map(narrow).collect();
                (stbl.stco, stbl.co64) = (Some(Stco { entries }), None);
            }
        }
    }
}

impl Track {
    fn now(&self) -> u64 {
        self.span.map_or(0, |(_, end)| end)
    }

    /// The next sample starts here: the one before lasts until then.
    fn go_on_at(&mut self, start: u64) -> Result<(), &'static str> {
        let Some((first, end)) = self.span else {
            self.span = Some((start, start));
            return Ok(());
        };
        let gap = start.checked_sub(end).ok_or("it starts before the one before ends")?;
        if let (1.., Some(last)) = (gap, self.times.last_mut()) {
            let gap = u32::try_from(gap).map_err(|_| "it is far from the one before")?;
            let delta = last.sample_delta.saturating_add(gap);
            last.sample_count -= 1;
            if last.sample_count == 0 {
                self.times.pop();
            }
            self.lasts(delta);
        }
        self.span = Some((first, start));
        Ok(())
    }

    /// Adds a sample. Returns its bytes.
    fn add(&mut self, entry: TrunEntry) -> Result<u32, &'static str> {
        let (Some(duration), Some(size), Some(flags)) = (entry.duration, entry.size, entry.flags)
        else {
            return Err("a sample without duration, size or flags");
        };
        self.sizes.push(size);
        if flags & IS_NO_SYNC_SAMPLE == 0 {
            self.keys.push(u32::try_from(self.sizes.len()).map_err(|_| "too many samples")?);
        }
        self.lasts(duration);
        let sample_offset = entry.cts.unwrap_or(0);
        match self.offsets.last_mut() {
            Some(last) if last.sample_offset == sample_offset => last.sample_count += 1,
            _ => self.offsets.push(CttsEntry { sample_count: 1, sample_offset }),
        }
        if let Some((_, end)) = &mut self.span {
            *end += u64::from(duration);
        }
        Ok(size)
    }

    fn lasts(&mut self, sample_delta: u32) {
        match self.times.last_mut() {
            Some(last) if last.sample_delta == sample_delta => last.sample_count += 1,
            _ => self.times.push(SttsEntry { sample_count: 1, sample_delta }),
        }
    }

    fn write(&mut self, stbl: &mut Stbl) {
        // Without the box every sample is one that a player can start at (8.6.2.1).
        let all = self.keys.len() == self.sizes.len();
        stbl.stss = (!all).then(|| Stss { entries: std::mem::take(&mut self.keys) });
        let entries = std::mem::take(&mut self.offsets);
        let later = entries.iter().any(|entry| entry.sample_offset != 0);
        stbl.ctts = later.then_some(Ctts { entries });
        stbl.stts = Stts { entries: std::mem::take(&mut self.times) };
        let sizes = std::mem::take(&mut self.sizes);
        stbl.stsz = Stsz { samples: StszSamples::Different { sizes } };
    }
}

/// A track that begins this long after the file, and how long it lasts then (8.6.6).
fn starts_late(late: u64, lasts: u64) -> Edts {
    let edit = |segment_duration, media_time| ElstEntry {
        segment_duration,
        media_time,
        media_rate: 1.into(),
    };
    Edts { elst: Some(Elst { entries: vec![edit(late, None), edit(lasts, Some(0))] }) }
}

/// The header of a box of this many bytes of samples.
fn mdat_header(samples: u64) -> Vec<u8> {
    let mut header = Vec::new();
    if let Ok(len) = u32::try_from(samples + 8) {
        header.extend_from_slice(&len.to_be_bytes());
        header.extend_from_slice(b"mdat");
    } else {
        header.extend_from_slice(&1_u32.to_be_bytes());
        header.extend_from_slice(b"mdat");
        header.extend_from_slice(&(samples + 16).to_be_bytes());
    }
    header
}

#[cfg(test)]
mod tests;
