//! Sound as sent: packets follow each other without a hole. Where some are lost, the one before them is
//! repeated for a moment, since a silent one would empty the memory of decoders, which the packets after it
//! need; where nothing was sent, and when the moment is over, there are silent packets.
//!
//! The file's time follows the room's: small differences, as clocks drift, are spread over packets,
//! by less than anybody hears.

use bytes::Bytes;
use capstan_media::bitstream::opus::Packet;
use capstan_media::frame::FrameKind;
use capstan_media::sample::{Coding, TrackConfig};
use capstan_media::time::RoomTime;
use capstan_media::turn::Turn;

use super::BREAK;
use super::piece::{Making, Piece};
use super::run::{Opening, Run, Zero};
use super::transcode::{Encoded, Stuff, Transcoder};
use crate::encode::EncodeError;
use crate::limits::MAX_CONCEALED;
use crate::playout::clock::MediaTime;

/// Ticks a second: Opus always has so many (RFC 7587).
const TIMESCALE: u32 = 48_000;
/// 20 ms of silence: CELT, full band, stereo, and a frame in which nothing is coded.
const SILENCE: &[u8] = &[0xfc, 0xff, 0xfe];
/// Ticks of [`SILENCE`].
const SILENCE_TICKS: u64 = 960;
/// The longest that a packet is repeated, in ticks.
const REPEATED: u64 = MAX_CONCEALED.as_millis() as u64 * 48;
/// Less than this is missing to no ear: the shortest frame of Opus.
const SHORTEST: i64 = 120;
/// A packet is stretched or shortened by at most one part in this many.
const SLEW: i64 = 100;
/// The room's clock turned out to lie so far ahead of the file's: silence makes up for it.
const STEP: i64 = 4_800;

/// A microphone's sound.
#[derive(Debug)]
pub(super) struct Sound {
    making: Making,
    zero: Zero,
    transcoder: Option<Transcoder>,
    run: Option<Run>,
    /// What the newest init segment describes.
    described: Option<Coding>,
    /// Where the newest packet ends in the file.
    end: u64,
    /// Where it ends in the track's own time; unknown after another stream began.
    next: Option<MediaTime>,
    /// The newest packet and its ticks.
    newest: Option<(Bytes, u64)>,
}

/// A packet in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) packet: &'a Bytes,
    pub(super) media: MediaTime,
    pub(super) at: RoomTime,
    /// Packets before it are lost.
    pub(super) after_gap: bool,
}

impl Sound {
    pub(super) const fn new(making: Making) -> Self {
        Self {
            making,
            zero: Zero { room: making.zero },
            transcoder: None,
            run: None,
            described: None,
            end: 0,
            next: None,
            newest: None,
        }
    }

    /// Another stream follows.
    pub(super) const fn restart(&mut self) {
        self.next = None;
    }

    /// Takes a packet. False if it is left out.
    pub(super) fn push(&mut self, placed: Placed<'_>, pieces: &mut Vec<Piece>) -> bool {
        let Placed { packet, media, .. } = placed;
        let Ok(parsed) = Packet::parse(packet) else { return false };
        let (samples, channels) = (i64::from(parsed.samples()), parsed.channels);
        let at = self.zero.ticks(placed.at, TIMESCALE);
        if self.run.is_some() {
            self.catch_up(placed, at, samples, pieces);
            if self.transcoder.as_ref().is_some_and(|now| now.channels() < channels) {
                self.widen(channels, pieces);
            }
        } else if !self.begin(at, channels, true, pieces) {
            return false;
        }
        self.sound(Stuff::Packet(packet), samples.unsigned_abs(), pieces);
        self.newest = Some((packet.clone(), samples.unsigned_abs()));
        self.next = Some(MediaTime(media.0.saturating_add(samples)));
        true
    }

    /// The session ends with what came so far.
    pub(super) fn end(&mut self, pieces: &mut Vec<Piece>) {
        self.cut(pieces);
        self.next = None;
        self.newest = None;
    }

    /// Stereo comes after mono: from here on in two channels, to the end of the session.
    fn widen(&mut self, channels: u8, pieces: &mut Vec<Piece>) {
        self.cut(pieces);
        self.begin(self.end, channels, false, pieces);
    }

    fn cut(&mut self, pieces: &mut Vec<Piece>) {
        match self.transcoder.take().map(Transcoder::finish) {
            Some(Ok(frames)) => self.append_all(frames, pieces),
            Some(Err(error)) => pieces.push(lost(&error)),
            None => {}
        }
        if let Some(mut run) = self.run.take() {
            run.cut(self.end, pieces);
        }
    }

    fn begin(&mut self, at: u64, channels: u8, begins: bool, pieces: &mut Vec<Piece>) -> bool {
        // Every decoder makes two channels of mono packets, not every one mono of stereo.
        let mut coding = Coding::Opus { channels: 2 };
        if self.making.aac {
            match Transcoder::new(at, channels) {
                Ok(transcoder) => {
                    coding = transcoder.coding();
                    self.transcoder = Some(transcoder);
                }
                Err(error) => {
                    tracing::error!(%error, "sound can't be encoded again and stays as sent");
                }
            }
        }
        let config = TrackConfig { timescale: TIMESCALE, coding: coding.clone() };
        let fresh = self.described.as_ref() != Some(&config.coding);
        let opening = Opening { begins, discontinuity: true, shape: None };
        match Run::new(self.zero, config, Turn::None, self.making.container, opening) {
            Ok((init, run)) => {
                self.described = Some(coding);
                pieces.extend(init.filter(|_| fresh).map(Piece::Init));
                self.run = Some(run);
                self.end = at;
                true
            }
            Err(error) => {
                tracing::debug!(%error, "a track of sound can't be described");
                false
            }
        }
    }

    /// Brings the file to where the next packet begins.
    fn catch_up(&mut self, placed: Placed<'_>, at: u64, samples: i64, pieces: &mut Vec<Piece>) {
        let off = |end: u64| i64::try_from(i128::from(at) - i128::from(end)).unwrap_or(0);
        let missing = match self.next {
            Some(next) => placed.media.0.saturating_sub(next.0),
            None => off(self.end),
        };
        if missing >= SHORTEST {
            let mut ticks = missing.unsigned_abs();
            if placed.after_gap {
                ticks -= self.conceal(ticks, placed.packet, pieces);
            }
            self.silence(ticks, pieces);
        }
        let off_by = off(self.end);
        if off_by >= STEP {
            self.silence(off_by.unsigned_abs(), pieces);
        } else {
            let most = (samples / SLEW).max(1);
            let shift = off_by.clamp(-most, most);
            self.end = self.end.saturating_add_signed(shift);
        }
    }

    /// Makes up for a moment what was lost before `next`. Returns for how long.
    fn conceal(&mut self, ticks: u64, next: &Bytes, pieces: &mut Vec<Piece>) -> u64 {
        let limit = ticks.min(REPEATED);
        if self.transcoder.is_some() {
            let next = Some(next).filter(|_| ticks == limit);
            self.sound(Stuff::Lost { next }, limit, pieces);
            return limit;
        }
        let Some((packet, each)) = self.newest.clone().filter(|&(_, each)| each > 0) else {
            return 0;
        };
        let times = limit / each;
        for _ in 0..times {
            self.sound(Stuff::Packet(&packet), each, pieces);
        }
        times * each
    }

    /// So much silence, but never more than a break: then the session would have ended.
    fn silence(&mut self, ticks: u64, pieces: &mut Vec<Piece>) {
        let mut left = ticks.min(BREAK.as_secs() * u64::from(TIMESCALE));
        while left > 0 {
            let ticks = left.min(SILENCE_TICKS);
            // A shorter rest makes the packet before it longer.
            if ticks == SILENCE_TICKS {
                self.sound(Stuff::Silence, ticks, pieces);
            } else {
                self.end += ticks;
            }
            left -= ticks;
        }
    }

    /// So much sound at the end.
    fn sound(&mut self, stuff: Stuff<'_>, ticks: u64, pieces: &mut Vec<Piece>) {
        let Some(transcoder) = &mut self.transcoder else {
            let packet = match stuff {
                Stuff::Packet(packet) => packet.clone(),
                Stuff::Lost { .. } | Stuff::Silence => Bytes::from_static(SILENCE),
            };
            self.append(self.end, packet, ticks, pieces);
            return;
        };
        let at = self.end;
        match transcoder.push(at, ticks, stuff) {
            Ok(frames) => self.append_all(frames, pieces),
            Err(error) => pieces.push(lost(&error)),
        }
        self.end = at + ticks;
    }

    fn append_all(&mut self, frames: Vec<Encoded>, pieces: &mut Vec<Piece>) {
        for (at, frame, ticks) in frames {
            self.append(at, frame, ticks, pieces);
        }
    }

    fn append(&mut self, at: u64, packet: Bytes, ticks: u64, pieces: &mut Vec<Piece>) {
        let Some(run) = &mut self.run else { return };
        if run.length(at) >= self.making.slice {
            run.cut(at, pieces);
        }
        run.push(at, packet, FrameKind::Key);
        self.end = run.newest().unwrap_or(at) + ticks;
    }
}

/// Sound that the encoder failed on.
fn lost(error: &EncodeError) -> Piece {
    Piece::Lost { frames: 1, why: error.to_string() }
}
