//! The test picture and the beep as live sources: made and encoded as they are sent.

use std::collections::VecDeque;

use capstan_media::codec::Codec;
use capstan_media::frame::{FrameKind, Picture, Size};
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;
use capstan_media::turn::Turn;
use capstan_pipeline::picture::{PictureView, filled, turn};

use crate::encode::{EncodeError, Encoder, FRAME_SAMPLES, OpusEncoder, VideoSettings, encoder};
use crate::grip::Grip;
use crate::pattern::{Painter, tone};
use crate::source::{Source, Unit};

/// Length of an Opus packet in microseconds.
const PACKET_MICROS: i64 = 20_000;

/// The test picture, encoded.
///
/// Pictures lie on the grid of whole frame intervals since the Unix epoch, so that one falls on the
/// start of every second. They are made ahead of their time where the encoder holds some back.
pub struct LivePicture {
    codec: Codec,
    fps: i64,
    uid: Uid,
    /// The encoded size, however the picture is turned.
    size: Size,
    grip: Grip,
    began: Option<RoomTime>,
    painter: Painter,
    /// How the painter's picture is to be turned to stand upright, and the picture as it is sent.
    turn: Turn,
    turned: Picture,
    encoder: Box<dyn Encoder>,
    /// The grid number of the next picture to paint.
    next: Option<i64>,
    /// Times and turns of the pictures that the encoder holds.
    inside: VecDeque<(RoomTime, Turn)>,
    ready: VecDeque<Unit>,
}

impl LivePicture {
    /// The pictures of `uid`.
    ///
    /// # Errors
    /// If the encoder refuses the settings.
    pub fn new(uid: Uid, settings: &VideoSettings) -> Result<Self, EncodeError> {
        Ok(Self {
            codec: settings.codec,
            fps: i64::from(settings.fps),
            encoder: encoder(settings)?,
            uid,
            size: settings.size,
            grip: Grip::default(),
            began: None,
            painter: Painter::new(uid, settings.size),
            turn: Turn::None,
            turned: filled(settings.size, [16, 128, 128]),
            next: None,
            inside: VecDeque::new(),
            ready: VecDeque::new(),
        })
    }

    /// The same, filmed by a phone that is held so.
    #[must_use]
    pub fn held(self, grip: Grip) -> Self {
        Self { grip, ..self }
    }

    /// Paints the picture of a moment, and turns it as the sensor sees it.
    fn paint(&mut self, at: RoomTime) {
        let began = *self.began.get_or_insert(at);
        let by = self.grip.at(at.since(began));
        if by.turned(self.size) != self.turn.turned(self.size) {
            self.painter = Painter::new(self.uid, by.turned(self.size));
        }
        self.turn = by;
        let upright = PictureView::of(self.painter.paint(at));
        if let Some(upright) = upright.filter(|_| by != Turn::None) {
            turn(upright, by.back(), &mut self.turned);
        }
    }

    fn time_of(&self, number: i64) -> RoomTime {
        // Rounded up, so that the picture of a whole second isn't stamped a millisecond early.
        RoomTime::from_micros(-(-number * 1_000_000).div_euclid(self.fps))
    }
}

impl Source for LivePicture {
    fn codec(&self) -> Codec {
        self.codec
    }

    fn next_at(&mut self, now: RoomTime) -> RoomTime {
        let present = (now.as_micros() * self.fps).div_euclid(1_000_000);
        let next = self.next.map_or(present + 1, |next| next.max(present));
        self.next = Some(next);
        match (self.ready.front(), self.inside.front()) {
            (Some(unit), _) => unit.at,
            (None, Some(&(at, _))) => at,
            (None, None) => self.time_of(next),
        }
    }

    fn next(&mut self, kind: FrameKind) -> Result<Unit, EncodeError> {
        let mut kind = kind;
        loop {
            if let Some(unit) = self.ready.pop_front() {
                return Ok(unit);
            }
            let number = self.next.unwrap_or(0);
            let at = self.time_of(number);
            self.next = Some(number + 1);
            self.paint(at);
            self.inside.push_back((at, self.turn));
            let picture = match self.turn {
                Turn::None => self.painter.picture(),
                _ => &self.turned,
            };
            let frames = self.encoder.encode(picture, kind)?;
            kind = FrameKind::Delta;
            for frame in frames {
                let (at, turn) = self.inside.pop_front().unwrap_or((at, self.turn));
                self.ready.push_back(Unit { turn, ..Unit::new(at, frame.data, frame.kind) });
            }
        }
    }
}

/// The beeps, encoded.
pub struct LiveSound {
    uid: Uid,
    encoder: OpusEncoder,
    /// The number of the next packet since the Unix epoch.
    next: Option<i64>,
    samples: [f32; FRAME_SAMPLES],
}

impl LiveSound {
    /// The beeps of `uid`.
    ///
    /// # Errors
    /// If the encoder refuses the bitrate.
    pub fn new(uid: Uid, bitrate_kbps: u32) -> Result<Self, EncodeError> {
        let encoder = OpusEncoder::new(bitrate_kbps)?;
        Ok(Self { uid, encoder, next: None, samples: [0.0; FRAME_SAMPLES] })
    }
}

impl Source for LiveSound {
    fn codec(&self) -> Codec {
        Codec::Opus
    }

    fn next_at(&mut self, now: RoomTime) -> RoomTime {
        let present = now.as_micros().div_euclid(PACKET_MICROS);
        let next = self.next.map_or(present + 1, |next| next.max(present));
        self.next = Some(next);
        RoomTime::from_micros(next * PACKET_MICROS)
    }

    fn next(&mut self, _: FrameKind) -> Result<Unit, EncodeError> {
        let number = self.next.unwrap_or(0);
        self.next = Some(number + 1);
        // The encoder holds its lookahead back, so it is fed that much ahead: what a decoder makes
        // of this packet belongs exactly to the packet's time.
        let first = number * FRAME_SAMPLES as i64 + self.encoder.lookahead() as i64;
        tone::fill(self.uid, first, &mut self.samples);
        let data = self.encoder.encode(&self.samples)?;
        Ok(Unit::new(RoomTime::from_micros(number * PACKET_MICROS), data, FrameKind::Key))
    }
}

#[cfg(test)]
mod tests {
    use capstan_media::frame::Size;

    use super::*;

    fn uid() -> Uid {
        Uid::new(5).expect("not zero")
    }

    fn picture() -> LivePicture {
        let size = Size { width: 160, height: 90 };
        let settings = VideoSettings { codec: Codec::Vp8, size, fps: 15, bitrate_kbps: 100 };
        LivePicture::new(uid(), &settings).expect("a source")
    }

    #[test]
    fn pictures_fall_on_whole_seconds() {
        let mut source = picture();
        let start = RoomTime::from_millis(1_764_000_000_950);
        let mut times = Vec::new();
        let mut now = start;
        for _ in 0..17 {
            now = source.next_at(now);
            times.push(source.next(FrameKind::Delta).expect("a unit").at);
        }
        assert!(times.contains(&RoomTime::from_millis(1_764_000_001_000)));
        assert!(times.contains(&RoomTime::from_millis(1_764_000_002_000)));
        assert!(times.windows(2).all(|pair| pair[1] > pair[0]));
    }

    #[test]
    fn a_late_source_leaves_out_what_is_over() {
        let mut source = picture();
        let start = RoomTime::from_millis(1_764_000_000_000);
        let first = source.next_at(start);
        source.next(FrameKind::Delta).expect("a unit");
        let second = source.next_at(first.offset_micros(1_000_000));
        assert_eq!(second.micros_from(first), 1_000_000);
        assert_eq!(source.next(FrameKind::Delta).expect("a unit").at, second);
    }

    #[test]
    fn a_beep_comes_out_of_the_decoder_at_its_second() {
        let mut source = LiveSound::new(uid(), 64).expect("a source");
        let mut decoder = opus::Decoder::new(48_000, opus::Channels::Mono).expect("a decoder");
        let mut now = RoomTime::from_millis(1_764_000_000_490);
        let mut sound = Vec::new();
        let mut first = None;
        for _ in 0..50 {
            now = source.next_at(now);
            let unit = source.next(FrameKind::Key).expect("a packet");
            first.get_or_insert(unit.at);
            let mut samples = vec![0.0; FRAME_SAMPLES];
            decoder.decode_float(&unit.data, &mut samples, false).expect("samples");
            sound.extend(samples);
        }
        let first = first.expect("a first packet");
        let second = RoomTime::from_millis(1_764_000_001_000);
        let from = usize::try_from(second.micros_from(first) * 48 / 1_000).expect("after it");
        let peak = |range: std::ops::Range<usize>| {
            sound[range].iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
        };
        // Within 5 ms: pre-echo may reach a little before the beep.
        assert!(peak(from - 4_800..from - 240) < 0.02);
        assert!(peak(from + 240..from + 3_600) > 0.3);
        assert!(peak(from + 4_800..from + 9_600) < 0.02);
    }
}
