//! Who may be recorded as AV1: only what this machine keeps up with.
//!
//! The first request has a few pictures of the asked size encoded and times them; later ones scale
//! that by pixels and picture rate. A machine that was busy then is measured again, not for ever refused. All AV1 recordings together may take three quarters of the cores.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread::available_parallelism;
use std::time::Duration;

use capstan_config::Av1Admission;
use capstan_media::frame::{FrameKind, Picture, Plane, Size};
use capstan_media::time::{RoomClock, RoomTime};
use capstan_pipeline::encode::{EncodeError, OutputVideo, VideoSettings, video_encoder};
use thiserror::Error;

/// Pictures that are encoded before the clock counts: the costly first one and the look-ahead.
const WARM_UP: u8 = 8;
/// Pictures that are encoded in all.
const PICTURES: u8 = 28;
/// A refusal is measured again when the last measure is older than this.
const MEASURE_AGAIN: Duration = Duration::from_secs(30);
/// The share of the machine that AV1 recordings may take together.
const SHARE: f64 = 0.75;

/// Admits AV1 recordings.
pub(crate) struct Av1Gate {
    admission: Av1Admission,
    measured: Mutex<Option<Measured>>,
}

/// What the machine was found to need.
#[derive(Clone, Copy)]
struct Measured {
    /// Seconds for one pixel; the least that was ever measured.
    pixel: f64,
    /// When it was measured last.
    at: RoomTime,
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
pub(crate) struct Load {
    pub(crate) size: Size,
    pub(crate) fps: u32,
}

impl Load {
    fn pixels_a_second(self) -> f64 {
        f64::from(self.size.width) * f64::from(self.size.height) * f64::from(self.fps)
    }
}

impl Av1Gate {
    pub(crate) const fn new(admission: Av1Admission) -> Self {
        Self { admission, measured: Mutex::new(None) }
    }

    /// Admits `asked` beside what runs already. May encode for a second or two: call it off the
    /// async threads.
    pub(crate) fn admit(
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
        // Held while it measures: two at once would slow each other down.
        let mut measured = self.measured.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = *measured {
            let verdict = judge(asked, running, known.pixel);
            if verdict.is_ok() || clock.now().since(known.at) < MEASURE_AGAIN {
                return verdict;
            }
        }
        let picture = measure(asked.size, clock)?;
        let pixels = f64::from(asked.size.width) * f64::from(asked.size.height);
        let now = picture.as_secs_f64() / pixels;
        tracing::info!(nanoseconds_a_pixel = now * 1e9, "measured the AV1 encoder");
        let pixel = measured.map_or(now, |before| before.pixel.min(now));
        *measured = Some(Measured { pixel, at: clock.now() });
        drop(measured);
        judge(asked, running, pixel)
    }
}

/// Whether `asked` fits beside `running` at this many seconds for one pixel.
fn judge(asked: Load, running: &[Load], pixel: f64) -> Result<(), Av1Error> {
    let cores = available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let allowed = cores * SHARE;
    let taken: f64 = running.iter().map(|load| load.pixels_a_second() * pixel).sum();
    let needed = asked.pixels_a_second() * pixel;
    let free = (allowed - taken).max(0.0);
    if needed <= free {
        return Ok(());
    }
    let Load { size: Size { width, height }, fps } = asked;
    Err(Av1Error::TooSlow { width, height, fps, needed, free, allowed })
}

/// Encodes a moving pattern and says how long one picture took, once the encoder was warm.
fn measure(size: Size, clock: &dyn RoomClock) -> Result<Duration, EncodeError> {
    let settings = VideoSettings { size, fps: 15, bitrate_kbps: 500, codec: OutputVideo::Av1 };
    let mut encoder = video_encoder(&settings)?;
    let mut started = clock.now();
    let (mut done, mut done_cold) = (0, 0);
    for number in 0..PICTURES {
        if number == WARM_UP {
            started = clock.now();
            done_cold = done;
        }
        let kind = if number == 0 { FrameKind::Key } else { FrameKind::Delta };
        done += encoder.encode(&pattern(settings.coded_size(), number), kind)?.len();
    }
    done += encoder.flush()?.len();
    let warm = u32::try_from(done.saturating_sub(done_cold)).unwrap_or(u32::MAX).max(1);
    Ok(clock.now().since(started) / warm)
}

/// Soft shapes that drift by some pixels with each picture, about as hard as people at a camera.
fn pattern(size: Size, number: u8) -> Picture {
    let shift = u32::from(number) * 3;
    let plane = |width: u32, height: u32| {
        let row = |y: u32| {
            (0..width).map(move |x| {
                let wave = triangle(x + shift, 160) + triangle(y + shift / 2, 90);
                // A little grain, the same at every run.
                let grain = (x.wrapping_mul(31) ^ y.wrapping_mul(17) ^ shift) % 4;
                u8::try_from(40 + wave + grain).unwrap_or(128)
            })
        };
        Plane { data: (0..height).flat_map(row).collect(), stride: width as usize }
    };
    let (half_width, half_height) = (size.width.div_ceil(2), size.height.div_ceil(2));
    let chroma = plane(half_width, half_height);
    Picture { size, planes: [plane(size.width, size.height), chroma.clone(), chroma] }
}

/// Up from 0 to 80 and down again, once in a period.
const fn triangle(at: u32, period: u32) -> u32 {
    let half = period / 2;
    let phase = at % period;
    (if phase < half { phase } else { period - phase }) * 80 / half
}

#[cfg(test)]
mod tests {
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
        // A machine whose small AV1 recording takes a bit under a tenth of all the cores.
        let cores = available_parallelism().unwrap().get() as f64;
        let pixel = 0.09 * cores / SMALL.pixels_a_second();
        *gate.measured.lock().unwrap() = Some(Measured { pixel, at: Stopped.now() });
        gate.admit(SMALL, &[], &Stopped).unwrap();
        gate.admit(SMALL, &[SMALL; 7], &Stopped).unwrap();
        let error = gate.admit(SMALL, &[SMALL; 8], &Stopped).unwrap_err();
        assert!(error.to_string().contains("640x360 and 15"), "{error}");
        assert!(gate.admit(LARGE, &[], &Stopped).is_err());
    }

    #[test]
    fn the_operator_decides_first() {
        assert!(Av1Gate::new(Av1Admission::Allow).admit(LARGE, &[], &Stopped).is_ok());
        assert!(Av1Gate::new(Av1Admission::Refuse).admit(SMALL, &[], &Stopped).is_err());
    }
}
