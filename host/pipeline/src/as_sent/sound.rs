//! Sound as sent: packets follow each other without a hole, missing ones are silent packets.
//!
//! The file's time follows the room's: small differences, as clocks drift, are spread over packets,
//! by less than anybody hears.

use bytes::Bytes;
use capstan_media::bitstream::opus::Packet;
use capstan_media::frame::FrameKind;
use capstan_media::sample::{Coding, TrackConfig};
use capstan_media::time::RoomTime;

use super::BREAK;
use super::piece::{Making, Piece};
use super::run::{Opening, Run, Zero};
use super::transcode::{Encoded, Transcoder};
use crate::encode::EncodeError;
use crate::playout::clock::MediaTime;

/// Ticks a second: Opus always has so many (RFC 7587).
const TIMESCALE: u32 = 48_000;
/// 20 ms of silence: CELT, full band, stereo, and a frame in which nothing is coded.
const SILENCE: &[u8] = &[0xfc, 0xff, 0xfe];
/// Ticks of [`SILENCE`].
const SILENCE_TICKS: u64 = 960;
/// Less than this is missing to no ear: the shortest frame of Opus.
const SHORTEST: i64 = 120;
/// A packet is stretched or shortened by at most one part in this many.
const SLEW: i64 = 200;
/// The room's clock turned out to lie so far ahead of the file's: silence makes up for it.
const STEP: i64 = 4_800;

/// A microphone's sound.
#[derive(Debug)]
pub(super) struct Sound {
    making: Making,
    zero: Zero,
    transcoder: Option<Transcoder>,
    run: Option<Run>,
    /// An init segment came out.
    described: bool,
    /// Where the newest packet ends in the file.
    end: u64,
    /// Where it ends in the track's own time; unknown after another stream began.
    next: Option<MediaTime>,
}

impl Sound {
    pub(super) const fn new(making: Making) -> Self {
        Self {
            making,
            zero: Zero { room: making.zero },
            transcoder: None,
            run: None,
            described: false,
            end: 0,
            next: None,
        }
    }

    /// Another stream follows.
    pub(super) const fn restart(&mut self) {
        self.next = None;
    }

    /// Takes a packet. False if it is left out.
    pub(super) fn push(
        &mut self,
        packet: &Bytes,
        media: MediaTime,
        at: RoomTime,
        pieces: &mut Vec<Piece>,
    ) -> bool {
        let Ok(samples) = Packet::parse(packet).map(|packet| i64::from(packet.samples())) else {
            return false;
        };
        let at = self.zero.ticks(at, TIMESCALE);
        if self.run.is_some() {
            self.catch_up(media, at, samples, pieces);
        } else if !self.begin(at, pieces) {
            return false;
        }
        self.sound(Some(packet), samples.unsigned_abs(), pieces);
        self.next = Some(MediaTime(media.0.saturating_add(samples)));
        true
    }

    /// The session ends with what came so far.
    pub(super) fn end(&mut self, pieces: &mut Vec<Piece>) {
        match self.transcoder.take().map(Transcoder::finish) {
            Some(Ok(frames)) => self.append_all(frames, pieces),
            Some(Err(error)) => pieces.push(lost(&error)),
            None => {}
        }
        if let Some(mut run) = self.run.take() {
            run.cut(self.end, pieces);
        }
        self.next = None;
    }

    fn begin(&mut self, at: u64, pieces: &mut Vec<Piece>) -> bool {
        // Every decoder makes two channels of mono packets, not every one mono of stereo.
        let mut coding = Coding::Opus { channels: 2 };
        if self.making.aac {
            match Transcoder::new(at) {
                Ok(transcoder) => {
                    coding = transcoder.coding();
                    self.transcoder = Some(transcoder);
                }
                Err(error) => {
                    tracing::error!(%error, "sound can't be encoded again and stays as sent");
                }
            }
        }
        let config = TrackConfig { timescale: TIMESCALE, coding };
        let opening = Opening { begins: true, discontinuity: true, size: None };
        match Run::new(self.zero, config, self.making.container, opening) {
            Ok((init, run)) => {
                let fresh = !std::mem::replace(&mut self.described, true);
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
    fn catch_up(&mut self, media: MediaTime, at: u64, samples: i64, pieces: &mut Vec<Piece>) {
        let off = |end: u64| i64::try_from(i128::from(at) - i128::from(end)).unwrap_or(0);
        let missing = match self.next {
            Some(next) => media.0.saturating_sub(next.0),
            None => off(self.end),
        };
        if missing >= SHORTEST {
            self.silence(missing.unsigned_abs(), pieces);
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

    /// So much silence, but never more than a break: then the session would have ended.
    fn silence(&mut self, ticks: u64, pieces: &mut Vec<Piece>) {
        let mut left = ticks.min(BREAK.as_secs() * u64::from(TIMESCALE));
        while left > 0 {
            let ticks = left.min(SILENCE_TICKS);
            // A shorter rest makes the packet before it longer.
            if ticks == SILENCE_TICKS {
                self.sound(None, ticks, pieces);
            } else {
                self.end += ticks;
            }
            left -= ticks;
        }
    }

    /// So much sound at the end: a packet, or silence.
    fn sound(&mut self, packet: Option<&Bytes>, ticks: u64, pieces: &mut Vec<Piece>) {
        let Some(transcoder) = &mut self.transcoder else {
            let packet = packet.cloned().unwrap_or_else(|| Bytes::from_static(SILENCE));
            self.append(self.end, packet, ticks, pieces);
            return;
        };
        let at = self.end;
        match transcoder.push(at, ticks, packet.map(|packet| &packet[..])) {
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
