//! Encoded units sent over and over with fresh times: files, and test pictures encoded once.
//!
//! Sending costs nothing but the network, so many publishers fit on one machine.

use std::sync::Arc;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;

use crate::encode::{EncodeError, VideoSettings};
use crate::live::{LivePicture, LiveSound};
use crate::source::{Source, Unit};

/// A recorded round of the test picture lasts this long, in microseconds: whole seconds, so that
/// flash and beep keep their places.
const ROUND: i64 = 2_000_000;
/// A key picture comes this often in a recorded round, in microseconds: nobody can ask for one.
const KEY_INTERVAL: i64 = 500_000;

/// A unit within a round.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// Microseconds from the round's start.
    pub(crate) offset: i64,
    pub(crate) data: Bytes,
    pub(crate) kind: FrameKind,
}

/// When the first round starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Anchor {
    /// With the first unit asked for.
    AtOnce,
    /// So that rounds start at multiples of their length since the Unix epoch.
    Grid,
}

/// A round of units, sent again and again. Clones share the units.
#[derive(Clone, Debug)]
pub struct Looped {
    codec: Codec,
    pieces: Arc<[Piece]>,
    /// Length of a round in microseconds, more than its last unit's offset.
    length: i64,
    anchor: Anchor,
    /// Start of the present round, and the next unit in it.
    at: Option<(i64, usize)>,
}

impl Looped {
    /// Two seconds of `uid`'s test picture. Its burnt-in clock repeats, too.
    ///
    /// # Errors
    /// If the encoder refuses the settings or fails.
    pub fn picture(uid: Uid, settings: &VideoSettings) -> Result<Self, EncodeError> {
        record(LivePicture::new(uid, settings)?, ROUND)
    }

    /// Two seconds of `uid`'s beep.
    ///
    /// # Errors
    /// If the encoder refuses the bitrate or fails.
    pub fn sound(uid: Uid, bitrate_kbps: u32) -> Result<Self, EncodeError> {
        record(LiveSound::new(uid, bitrate_kbps)?, ROUND)
    }

    /// Units of a file. `None` if there are none.
    pub(crate) fn file(codec: Codec, pieces: Vec<Piece>, length: i64) -> Option<Self> {
        let last = pieces.last()?.offset;
        let length = length.max(last + 1);
        Some(Self { codec, pieces: pieces.into(), length, anchor: Anchor::AtOnce, at: None })
    }

    /// How many units a round has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Never: a round has at least one unit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn first(&self, now: i64) -> (i64, usize) {
        if self.anchor == Anchor::AtOnce {
            return (now, 0);
        }
        let start = now - now.rem_euclid(self.length);
        let into = now - start;
        // A receiver can begin only with a key unit.
        let key = |piece: &Piece| piece.kind == FrameKind::Key && piece.offset > into;
        match self.pieces.iter().position(key) {
            Some(index) => (start, index),
            None => (start + self.length, 0),
        }
    }
}

impl Source for Looped {
    fn codec(&self) -> Codec {
        self.codec
    }

    fn next_at(&mut self, now: RoomTime) -> RoomTime {
        let now = now.as_micros();
        let (mut start, index) = self.at.unwrap_or_else(|| self.first(now));
        let offset = self.pieces.get(index).map_or(0, |piece| piece.offset);
        // Whole rounds that are over are left out.
        start += (now - start - offset).max(0) / self.length * self.length;
        self.at = Some((start, index));
        RoomTime::from_micros(start + offset)
    }

    fn next(&mut self, _: FrameKind) -> Result<Unit, EncodeError> {
        let (start, index) = self.at.unwrap_or((0, 0));
        let after = index + 1;
        self.at = Some(if after < self.len() { (start, after) } else { (start + self.length, 0) });
        self.pieces
            .get(index)
            .map(|piece| {
                let at = RoomTime::from_micros(start + piece.offset);
                Unit::new(at, piece.data.clone(), piece.kind)
            })
            .ok_or_else(|| EncodeError::Setting {
                what: "the number of units",
                value: "0".to_owned(),
                allowed: "at least 1",
            })
    }
}

/// Records one round of a live source, after a round in which its encoder settles.
fn record(mut source: impl Source, length: i64) -> Result<Looped, EncodeError> {
    let codec = source.codec();
    let mut pieces = Vec::new();
    // One microsecond early, so that the first unit falls on the round's start.
    let mut due = source.next_at(RoomTime::from_micros(-1));
    let mut next_key = length;
    loop {
        let kind = if due.as_micros() >= next_key { FrameKind::Key } else { FrameKind::Delta };
        if kind == FrameKind::Key {
            next_key += KEY_INTERVAL;
        }
        let unit = source.next(kind)?;
        let offset = unit.at.as_micros() - length;
        if offset >= length {
            break;
        }
        // An encoder that holds pictures back puts the first key picture later: what comes before
        // it can't begin a round.
        let begins = unit.kind == FrameKind::Key || !pieces.is_empty();
        if offset >= 0 && begins {
            pieces.push(Piece { offset, data: unit.data, kind: unit.kind });
        }
        due = source.next_at(unit.at);
    }
    Ok(Looped { codec, pieces: pieces.into(), length, anchor: Anchor::Grid, at: None })
}

#[cfg(test)]
mod tests {
    use capstan_media::frame::Size;

    use super::*;

    fn uid() -> Uid {
        Uid::new(9).expect("not zero")
    }

    #[test]
    fn a_round_of_pictures_holds_every_picture_and_key_pictures() {
        let size = Size { width: 160, height: 90 };
        let settings = VideoSettings { codec: Codec::Vp8, size, fps: 15, bitrate_kbps: 100 };
        let mut source = Looped::picture(uid(), &settings).expect("a round");
        assert_eq!(source.len(), 30);
        let start = RoomTime::from_millis(1_764_000_000_600);
        let mut now = source.next_at(start);
        let first = source.next(FrameKind::Delta).expect("a unit");
        assert_eq!((first.at, first.kind), (now, FrameKind::Key));
        let (mut keys, mut whole_seconds) = (0, 0);
        for _ in 0..60 {
            let before = now;
            now = source.next_at(now);
            let unit = source.next(FrameKind::Delta).expect("a unit");
            assert!((66_666..=66_667).contains(&unit.at.micros_from(before)));
            keys += i32::from(unit.kind == FrameKind::Key);
            whole_seconds += i32::from(unit.at.as_micros() % 1_000_000 == 0);
        }
        assert!((7..=9).contains(&keys), "{keys} key pictures in 4 s");
        assert_eq!(whole_seconds, 4);
    }

    #[test]
    fn a_round_of_sound_is_two_seconds_of_packets() {
        assert_eq!(Looped::sound(uid(), 32).expect("a round").len(), 100);
    }

    #[test]
    fn a_file_starts_at_once_and_leaves_out_only_whole_rounds() {
        let piece = |offset| Piece { offset, data: Bytes::new(), kind: FrameKind::Key };
        let mut source = Looped::file(Codec::Vp8, vec![piece(0), piece(40)], 80).expect("units");
        let at = |micros| RoomTime::from_micros(micros);
        assert_eq!(source.next_at(at(1_000)), at(1_000));
        source.next(FrameKind::Delta).expect("a unit");
        assert_eq!(source.next_at(at(1_000)), at(1_040));
        assert_eq!(source.next_at(at(1_110)), at(1_040));
        assert_eq!(source.next_at(at(1_290)), at(1_280));
    }
}
