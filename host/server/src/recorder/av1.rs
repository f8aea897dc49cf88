//! Who may be recorded as AV1: only what this machine keeps up with.
//!
//! The first request has a few pictures of the asked size encoded and times them; later ones scale
//! that by pixels and picture rate. All AV1 recordings together may take half of the cores.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::available_parallelism;
use std::time::Duration;

use capstan_media::frame::{FrameKind, Picture, Plane, Size};
use capstan_media::time::RoomClock;
use capstan_pipeline::encode::{EncodeError, OutputVideo, VideoSettings, video_encoder};
use thiserror::Error;

use crate::config::Av1Admission;

/// Pictures that are encoded to measure: enough to leave the encoder's look-ahead behind.
const PICTURES: u8 = 16;
/// The share of the machine that AV1 recordings may take together.
const SHARE: f64 = 0.5;

/// Admits AV1 recordings.
pub(super) struct Av1Gate {
    admission: Av1Admission,
    /// Seconds for one pixel, once measured.
    cost: Mutex<Option<f64>>,
}

/// Why there is no AV1 recording.
#[derive(Debug, Error)]
pub enum Av1Error {
    /// The operator doesn't want any.
    #[error("videoCodec av1 is switched off on this server (recording.av1 = \"refuse\"); use h264")]
    Off,
    /// The machine wouldn't keep up.
    #[error(
        "videoCodec av1 at {width}x{height} and {fps} pictures a second needs {needed:.2} cores by \
         this machine's measure, and {free:.2} of the {allowed:.2} for AV1 are free; use h264, or a \
         smaller size or rate"
    )]
    TooSlow {
        /// Asked width in pixels.
        width: u32,
        /// Asked height in pixels.
        height: u32,
        /// Asked pictures a second.
        fps: u32,
        /// Cores it would take.
        needed: f64,
        /// Cores left for it.
        free: f64,
        /// Cores for all AV1 recordings.
        allowed: f64,
    },
    /// The encoder failed while it was measured.
    #[error("the AV1 encoder failed when it was measured")]
    Encoder(#[from] EncodeError),
}

/// A recording's size and rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) size: Size,
    pub(super) fps: u32,
}

impl Load {
    fn pixels_a_second(self) -> f64 {
        f64::from(self.size.width) * f64::from(self.size.height) * f64::from(self.fps)
    }
}

impl Av1Gate {
    pub(super) const fn new(admission: Av1Admission) -> Self {
        Self { admission, cost: Mutex::new(None) }
    }

    /// Admits `asked` beside what runs already. May encode for a second or two: call it off the
    /// async threads.
    pub(super) fn admit(
        &self,
        asked: Load,
        running: &[Load],
        clock: &dyn RoomClock,
    ) -> Result<(), Av1Error> {
        match self.admission {
            Av1Admission::Allow => return Ok(()),
            Av1Admission::Refuse => return Err(Av1Error::Off),
            Av1Admission::Measure => {}
        }
        let cost = self.cost_of_a_pixel(asked, clock)?;
        let cores = available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        let allowed = cores * SHARE;
        let taken: f64 = running.iter().map(|load| load.pixels_a_second() * cost).sum();
        let needed = asked.pixels_a_second() * cost;
        let free = (allowed - taken).max(0.0);
        if needed <= free {
            return Ok(());
        }
        let Load { size: Size { width, height }, fps } = asked;
        Err(Av1Error::TooSlow { width, height, fps, needed, free, allowed })
    }

    fn cost_of_a_pixel(&self, asked: Load, clock: &dyn RoomClock) -> Result<f64, Av1Error> {
        let mut cost = self.cost.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cost) = *cost {
            return Ok(cost);
        }
        let spent = measure(asked.size, clock)?;
        let pixels = f64::from(asked.size.width) * f64::from(asked.size.height);
        let measured = spent.as_secs_f64() / (pixels * f64::from(PICTURES));
        tracing::info!(nanoseconds_a_pixel = measured * 1e9, "measured the AV1 encoder");
        Ok(*cost.insert(measured))
    }
}

/// Encodes a moving pattern and says how long it took.
fn measure(size: Size, clock: &dyn RoomClock) -> Result<Duration, EncodeError> {
    let settings = VideoSettings { size, fps: 15, bitrate_kbps: 500, codec: OutputVideo::Av1 };
    let mut encoder = video_encoder(&settings)?;
    let started = clock.now();
    for number in 0..PICTURES {
        let kind = if number == 0 { FrameKind::Key } else { FrameKind::Delta };
        encoder.encode(&pattern(settings.coded_size(), number), kind)?;
    }
    encoder.flush()?;
    Ok(clock.now().since(started))
}

/// Diagonal stripes that move by some pixels with each picture.
fn pattern(size: Size, number: u8) -> Picture {
    let plane = |width: u32, height: u32, grain: u32| {
        let row = |y: u32| {
            (0..width).map(move |x| {
                let wave = (x * grain).wrapping_add(y * 3).wrapping_add(u32::from(number) * 7);
                u8::try_from(16 + wave % 200).unwrap_or(128)
            })
        };
        Plane { data: (0..height).flat_map(row).collect(), stride: width as usize }
    };
    let (half_width, half_height) = (size.width.div_ceil(2), size.height.div_ceil(2));
    Picture {
        size,
        planes: [
            plane(size.width, size.height, 2),
            plane(half_width, half_height, 1),
            plane(half_width, half_height, 1),
        ],
    }
}

#[cfg(test)]
mod tests {
    use capstan_media::time::RoomTime;

    use super::*;

    struct Stopped;

    impl RoomClock for Stopped {
        fn now(&self) -> RoomTime {
            RoomTime::from_millis(0)
        }
    }

    const SMALL: Load = Load { size: Size { width: 640, height: 360 }, fps: 15 };
    const LARGE: Load = Load { size: Size { width: 1_920, height: 1_080 }, fps: 60 };

    #[test]
    fn what_the_machine_cannot_keep_up_with_is_refused_with_figures() {
        let gate = Av1Gate::new(Av1Admission::Measure);
        // A machine whose small AV1 recording takes just under a tenth of all the cores.
        let cores = available_parallelism().unwrap().get() as f64;
        *gate.cost.lock().unwrap() = Some(0.099 * cores / SMALL.pixels_a_second());
        gate.admit(SMALL, &[], &Stopped).unwrap();
        gate.admit(SMALL, &[SMALL; 4], &Stopped).unwrap();
        let error = gate.admit(SMALL, &[SMALL; 5], &Stopped).unwrap_err();
        assert!(error.to_string().contains("640x360 and 15"), "{error}");
        assert!(gate.admit(LARGE, &[], &Stopped).is_err());
    }

    #[test]
    fn the_operator_decides_first() {
        assert!(Av1Gate::new(Av1Admission::Allow).admit(LARGE, &[], &Stopped).is_ok());
        assert!(Av1Gate::new(Av1Admission::Refuse).admit(SMALL, &[], &Stopped).is_err());
    }
}
