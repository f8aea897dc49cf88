//! A source that stands still for a while: a camera that is turned off and on again.
//!
//! Nothing is made while it is off, so what comes afterwards goes on from what came before. The receiver is
//! told that it is off, as a browser tells when an encoding is turned off: pictures that merely stop may be
//! those of a scene that stands still.

use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use capstan_media::time::RoomTime;

use crate::encode::EncodeError;
use crate::source::{Source, Unit};

/// When a source stands still, counted from its first unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pause {
    /// From here.
    pub from: Duration,
    /// Up to here.
    pub to: Duration,
}

/// A source with a pause. The source must be one that makes its units: one that reads them can't leave
/// any out.
pub struct Paused {
    source: Box<dyn Source>,
    pause: Pause,
    began: Option<RoomTime>,
    off: bool,
}

impl Paused {
    /// The source with its pause.
    #[must_use]
    pub const fn new(source: Box<dyn Source>, pause: Pause) -> Self {
        Self { source, pause, began: None, off: false }
    }
}

impl Source for Paused {
    fn codec(&self) -> Codec {
        self.source.codec()
    }

    fn next_at(&mut self, now: RoomTime) -> RoomTime {
        let at = self.source.next_at(now);
        let began = *self.began.get_or_insert(at);
        let (off, on) = (began + self.pause.from, began + self.pause.to);
        self.off = at >= off && at < on;
        if self.off { self.source.next_at(on) } else { at }
    }

    fn is_off(&self) -> bool {
        self.off
    }

    fn next(&mut self, kind: FrameKind) -> Result<Unit, EncodeError> {
        self.source.next(kind)
    }
}

#[cfg(test)]
mod tests {
    use capstan_media::frame::Size;
    use capstan_media::track::Uid;

    use super::*;
    use crate::encode::VideoSettings;
    use crate::live::LivePicture;

    #[test]
    fn nothing_comes_while_it_is_off_and_deltas_go_on_afterwards() {
        let size = Size { width: 160, height: 90 };
        let settings = VideoSettings { codec: Codec::Vp8, size, fps: 10, bitrate_kbps: 100 };
        let uid = Uid::new(5).expect("not zero");
        let picture = LivePicture::new(uid, &settings).expect("a source");
        let pause = Pause { from: Duration::from_secs(1), to: Duration::from_secs(3) };
        let mut source = Paused::new(Box::new(picture), pause);
        let start = RoomTime::from_millis(1_764_000_000_000);
        let mut now = start;
        let mut units = Vec::new();
        while units.len() < 20 {
            now = source.next_at(now);
            assert_eq!(source.is_off(), units.len() == 10);
            units.push(source.next(FrameKind::Delta).expect("a unit"));
        }
        let began = units[0].at;
        let times: Vec<i64> = units.iter().map(|unit| unit.at.micros_from(began)).collect();
        let expected: Vec<i64> = (0..10).chain(30..40).map(|number| number * 100_000).collect();
        assert_eq!(times, expected);
        assert!(units[1..].iter().all(|unit| unit.kind == FrameKind::Delta));
    }
}
