//! MPEG transport streams (ISO 13818-1) of H.264 and AAC, as HLS wants them (RFC 8216, 3.2).
//!
//! Every segment begins with PAT and PMT, and its first picture with parameter sets, so it decodes
//! alone; continuity counters run on over segments, so a player may join them too. Times are those of
//! the samples, in 90 kHz and 33 bits; where a picture is shown later than it is decoded, both are
//! written.

use bytes::Bytes;
use thiserror::Error;

use super::fmp4::TrackRun;
use crate::bitstream::h264;
use crate::frame::FrameKind;
use crate::sample::{Coding, TrackConfig};

mod adts;
mod packet;
mod tables;

use self::adts::Adts;
use self::packet::{Clocks, Packets};

/// Ticks a second of presentation times (2.4.3.6).
const RATE: u64 = 90_000;
/// Presentation time of a recording's zero: the clock reference runs [`LEAD`] before.
const ZERO: u64 = RATE;
/// How long before its presentation time a sample is in the stream: a decoder's buffer may hold less
/// than a second (2.4.2.7).
const LEAD: u64 = 63_000;
/// The longest way between clock references, below the 100 ms of 2.7.2.
const CLOCK_EVERY: u64 = 8_100;
/// The most sound of one PES packet, so that headers cost little and players needn't wait: 85 ms at
/// 48 kHz.
const FRAMES_A_PACKET: usize = 4;
/// Samples of an AAC frame.
const AAC_FRAME: u64 = 1_024;
/// The most tracks: each has a PID of its own, and one section holds them all.
const MAX_TRACKS: usize = 32;

/// Why a transport stream can't be written.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TsError {
    /// There is nothing to carry, or too much.
    #[error("{count} tracks in one transport stream, 1 to {MAX_TRACKS} are possible")]
    TrackCount {
        /// How many there are.
        count: usize,
    },
    /// The encoding has no place in it.
    #[error("{coding} can't be carried in MPEG-TS: only H.264 and AAC can")]
    Coding {
        /// Which.
        coding: &'static str,
    },
    /// The sound's configuration can't be said by ADTS.
    #[error("AAC configuration refused: {what}")]
    Aac {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A frame of sound is longer than ADTS can say.
    #[error("AAC frame of {bytes} bytes, at most {} are possible", adts::MAX_FRAME)]
    LongFrame {
        /// Its length.
        bytes: usize,
    },
    /// Samples of a track that isn't there.
    #[error("samples of track {track} of {tracks}")]
    NoTrack {
        /// The number that was given.
        track: usize,
        /// How many there are.
        tracks: usize,
    },
}

/// Writes one transport stream, a segment at a time.
#[derive(Debug)]
pub struct TsMuxer {
    tracks: Vec<Track>,
    /// The place of the track that carries the clock reference: the first picture track, or the first.
    clock: usize,
    /// Of the PMT; it changes with the tracks.
    version: u8,
    packets: Packets,
}

/// How one track is carried.
#[derive(Debug)]
struct Track {
    timescale: u64,
    carried: Carried,
}

#[derive(Debug)]
enum Carried {
    /// Parameter sets with start codes.
    H264 {
        sets: Vec<u8>,
    },
    Aac(Adts),
}

/// One PES packet's content.
struct Piece {
    track: usize,
    /// When it is decoded, in 90 kHz since the recording's zero.
    at: u64,
    /// When it is shown, likewise.
    shown: u64,
    kind: FrameKind,
    data: Vec<u8>,
}

impl TsMuxer {
    /// A stream of these tracks, in this order.
    ///
    /// # Errors
    /// If one of them can't be carried.
    pub fn new(tracks: &[TrackConfig]) -> Result<Self, TsError> {
        let tracks = carried(tracks)?;
        let clock = clock_of(&tracks);
        Ok(Self { tracks, clock, version: 0, packets: Packets::default() })
    }

    /// Goes on with other tracks, or other facts of the same ones, from the next segment on: the
    /// stream stays one stream.
    ///
    /// # Errors
    /// If one of them can't be carried; nothing has changed then.
    pub fn change(&mut self, tracks: &[TrackConfig]) -> Result<(), TsError> {
        self.tracks = carried(tracks)?;
        self.clock = clock_of(&self.tracks);
        self.version = (self.version + 1) % 32;
        Ok(())
    }

    /// Goes on behind a segment that was written before: counters run on from it.
    pub fn follow(&mut self, segment: &[u8]) {
        self.packets.follow(segment);
    }

    /// The next segment. Samples are interleaved by their times.
    ///
    /// # Errors
    /// If a frame of sound is too long or a track isn't there.
    pub fn segment(&mut self, runs: &[TrackRun<'_>]) -> Result<Bytes, TsError> {
        let mut pieces = Vec::new();
        for run in runs {
            let (track, tracks) = (run.track, self.tracks.len());
            let of = self.tracks.get(track).ok_or(TsError::NoTrack { track, tracks })?;
            of.pieces(run, &mut pieces)?;
        }
        // At the same time the one that brings the clock comes first.
        pieces.sort_by_key(|piece| (piece.at, piece.track != self.clock));
        let bytes: usize = pieces.iter().map(|piece| piece.data.len()).sum();
        let mut out = Vec::with_capacity(bytes + bytes / 8 + 4 * packet::LEN);
        let streams = self.tracks.iter().map(|track| track.carried.stream_type());
        let pmt = tables::program_map(self.version, packet::pid(self.clock), streams);
        self.packets.section(packet::PAT_PID, &tables::program_association(), &mut out);
        self.packets.section(packet::PMT_PID, &pmt, &mut out);
        let mut clocks = Clocks::new(packet::pid(self.clock));
        for piece in &pieces {
            self.write(piece, &mut clocks, &mut out);
        }
        Ok(out.into())
    }

    fn write(&mut self, piece: &Piece, clocks: &mut Clocks, out: &mut Vec<u8>) {
        let reference = piece.at + ZERO - LEAD;
        let carries_clock = piece.track == self.clock;
        while let Some(due) = clocks.due(reference, carries_clock) {
            self.packets.clock(clocks.pid(), due, out);
        }
        let clock = carries_clock.then(|| clocks.write(reference));
        let is_video = self.tracks.get(piece.track).is_some_and(Track::is_video);
        let key = piece.kind == FrameKind::Key;
        let pes = packet::Pes {
            is_video,
            key,
            clock,
            decoding: piece.at + ZERO,
            presentation: piece.shown + ZERO,
        };
        self.packets.pes(packet::pid(piece.track), &pes, &piece.data, out);
    }
}

fn carried(tracks: &[TrackConfig]) -> Result<Vec<Track>, TsError> {
    if tracks.is_empty() || tracks.len() > MAX_TRACKS {
        return Err(TsError::TrackCount { count: tracks.len() });
    }
    tracks.iter().map(Track::new).collect()
}

fn clock_of(tracks: &[Track]) -> usize {
    tracks.iter().position(Track::is_video).unwrap_or(0)
}

impl Track {
    fn new(config: &TrackConfig) -> Result<Self, TsError> {
        let carried = match &config.coding {
            Coding::H264 { sps, pps, .. } => {
                let mut sets = Vec::new();
                sps.iter().chain(pps).for_each(|set| h264::push_annex_b(&mut sets, set));
                Carried::H264 { sets }
            }
            Coding::Aac { config, .. } => Carried::Aac(Adts::new(config)?),
            other => return Err(TsError::Coding { coding: other.name() }),
        };
        Ok(Self { timescale: u64::from(config.timescale).max(1), carried })
    }

    const fn is_video(&self) -> bool {
        matches!(self.carried, Carried::H264 { .. })
    }

    fn pieces(&self, run: &TrackRun<'_>, into: &mut Vec<Piece>) -> Result<(), TsError> {
        let mut at = run.start;
        // Frames of sound that go on exactly where this many ticks say share a packet.
        let mut packed: Option<(usize, u64)> = None;
        for sample in run.samples {
            match (&self.carried, packed, into.last_mut()) {
                (Carried::Aac(adts), Some((frames, follows)), Some(piece))
                    if frames < FRAMES_A_PACKET && follows == at =>
                {
                    adts.push(&mut piece.data, &sample.data)?;
                    packed = Some((frames + 1, self.after_frame(at)));
                }
                _ => {
                    let data = self.carried.access_unit(&sample.data, sample.kind)?;
                    let (track, kind) = (run.track, sample.kind);
                    let shown = self.to_rate(at + u64::from(sample.offset));
                    into.push(Piece { track, at: self.to_rate(at), shown, kind, data });
                    packed = Some((1, self.after_frame(at)));
                }
            }
            at += u64::from(sample.duration);
        }
        Ok(())
    }

    /// Where a frame of AAC that begins here ends by itself, in the track's ticks.
    const fn after_frame(&self, at: u64) -> u64 {
        match &self.carried {
            Carried::Aac(adts) => at + AAC_FRAME * self.timescale / adts.rate(),
            Carried::H264 { .. } => at,
        }
    }

    /// Ticks of the track in 90 kHz, rounded to the nearest.
    fn to_rate(&self, ticks: u64) -> u64 {
        let (ticks, scale) = (u128::from(ticks), u128::from(self.timescale));
        u64::try_from((ticks * u128::from(RATE) + scale / 2) / scale).unwrap_or(u64::MAX / 2)
    }
}

impl Carried {
    /// Table 2-34.
    const fn stream_type(&self) -> u8 {
        match self {
            Self::H264 { .. } => 0x1b,
            Self::Aac(_) => 0x0f,
        }
    }

    fn access_unit(&self, data: &[u8], kind: FrameKind) -> Result<Vec<u8>, TsError> {
        let mut unit = Vec::with_capacity(data.len() + 64);
        match self {
            Self::H264 { sets } => {
                // An access unit delimiter for any slices is required (2.14.1).
                h264::push_annex_b(&mut unit, &[9, 0xf0]);
                if kind == FrameKind::Key {
                    unit.extend_from_slice(sets);
                }
                for nal in h264::length_prefixed_units(data) {
                    h264::push_annex_b(&mut unit, nal);
                }
            }
            Self::Aac(adts) => adts.push(&mut unit, data)?,
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests;
