//! Measures a recording by what the test picture and the beep say about themselves.
//!
//! Pure: pictures and samples come in with their times in the recording, offsets come out. Times
//! are seconds from the recording's start.

use std::f64::consts::TAU;

use crate::pattern::{Area, Luma, Stamp, is_lit, read_in, tone};

/// A flash and a beep belong together when they are at most this far apart, in seconds.
const FARTHEST: f64 = 0.4;
/// The beep detector looks at this much sound at once, in seconds: as much as tells frequencies
/// 100 Hz apart.
const WINDOW: f64 = 0.02;
/// The detector's step, in seconds.
const STEP: f64 = 0.001;
/// A beep is loud when it reaches this part of the loudest.
const LOUD: f64 = 0.5;
/// A tone weaker than this (of full scale) is no beep.
const LEAST_PEAK: f64 = 0.01;

/// What one participant's part of a recording shows, picture by picture.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    lit: Option<bool>,
    flashes: Vec<f64>,
    stamps: Vec<(f64, Stamp)>,
    pictures: usize,
}

impl Watch {
    /// Looks at the test picture that lies at `area` of the picture shown at `time`.
    pub fn look(&mut self, time: f64, luma: Luma<'_>, area: Area) {
        self.pictures += 1;
        if let Some(stamp) = read_in(luma, area) {
            self.stamps.push((time, stamp));
        }
        let lit = is_lit(luma, area);
        // Only a change is an onset: what is lit from the start began earlier.
        if lit == Some(true) && self.lit == Some(false) {
            self.flashes.push(time);
        }
        self.lit = lit;
    }

    /// When flashes began.
    #[must_use]
    pub fn flashes(&self) -> &[f64] {
        &self.flashes
    }

    /// The stamps that could be read, with the times of their pictures.
    #[must_use]
    pub fn stamps(&self) -> &[(f64, Stamp)] {
        &self.stamps
    }

    /// How many pictures were looked at.
    #[must_use]
    pub const fn pictures(&self) -> usize {
        self.pictures
    }

    /// How long after it was taken a picture is shown at the earliest, in seconds against an
    /// arbitrary zero that is common to all watches of one recording and one `origin` (Unix
    /// milliseconds). `None` if no stamp was read.
    #[must_use]
    pub fn least_age(&self, origin: i64) -> Option<f64> {
        let age = |&(time, stamp): &(f64, Stamp)| {
            time - (stamp.unix_millis(origin) - origin) as f64 / 1_000.0
        };
        self.stamps.iter().map(age).reduce(f64::min)
    }
}

/// When beeps of the frequency `hertz` began in mono sound of `rate` samples a second.
#[must_use]
pub fn beeps(sound: &[f32], rate: u32, hertz: f64) -> Vec<f64> {
    let envelope = envelope(sound, f64::from(rate), hertz);
    let peak = envelope.iter().copied().fold(0.0, f64::max);
    if peak < LEAST_PEAK {
        return Vec::new();
    }
    let threshold = peak * LOUD;
    // A beep rises to half its loudness in the middle of its edge.
    let edge = tone::EDGE as f64 / tone::RATE as f64 / 2.0;
    let mut onsets: Vec<f64> = Vec::new();
    for (index, pair) in envelope.windows(2).enumerate() {
        let &[before, after] = pair else { continue };
        if before < threshold && after >= threshold {
            let part = (threshold - before) / (after - before);
            let time = (index as f64 + part) * STEP - edge;
            // Codec noise around the threshold must not count twice.
            if onsets.last().is_none_or(|last| time - last > FARTHEST) {
                onsets.push(time);
            }
        }
    }
    onsets
}

/// The loudness of one frequency every [`STEP`], by correlation with it under a Hann window.
fn envelope(sound: &[f32], rate: f64, hertz: f64) -> Vec<f64> {
    let half = (WINDOW * rate / 2.0) as usize;
    let kernel: Vec<(f64, f64)> = (0..2 * half)
        .map(|index| {
            let weight = 0.5 - 0.5 * (TAU * index as f64 / (2 * half) as f64).cos();
            let (sine, cosine) = (TAU * hertz * index as f64 / rate).sin_cos();
            (weight * cosine / half as f64 * 2.0, weight * sine / half as f64 * 2.0)
        })
        .collect();
    let steps = (sound.len() as f64 / rate / STEP) as usize;
    let level = |step: usize| {
        let centre = (step as f64 * STEP * rate) as usize;
        let first = centre.saturating_sub(half);
        // Before the start there is silence.
        let missing = half.saturating_sub(centre);
        let (real, imaginary) = kernel.iter().skip(missing).zip(sound.iter().skip(first)).fold(
            (0.0, 0.0),
            |(real, imaginary), (&(cosine, sine), &sample)| {
                let sample = f64::from(sample);
                (real + cosine * sample, imaginary + sine * sample)
            },
        );
        real.hypot(imaginary)
    };
    (0..steps).map(level).collect()
}

/// How far picture and sound are apart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Offset {
    /// Flashes that had a beep near them.
    pub pairs: usize,
    /// Flashes without one, and beeps without a flash.
    pub unpaired: usize,
    /// The median of flash minus beep, in seconds: positive where the picture is late.
    pub median: f64,
    /// The least of them.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

/// Pairs flashes with beeps. `None` if none fit together.
#[must_use]
pub fn offset(flashes: &[f64], beeps: &[f64]) -> Option<Offset> {
    let nearest = |flash: f64| {
        let distances = beeps.iter().map(|beep| flash - beep);
        distances.min_by(|a, b| a.abs().total_cmp(&b.abs()))
    };
    let mut offsets: Vec<f64> = flashes
        .iter()
        .filter_map(|&flash| nearest(flash))
        .filter(|offset| offset.abs() <= FARTHEST)
        .collect();
    offsets.sort_by(f64::total_cmp);
    let pairs = offsets.len();
    Some(Offset {
        pairs,
        unpaired: flashes.len().abs_diff(pairs) + beeps.len().abs_diff(pairs),
        median: *offsets.get(pairs / 2)?,
        least: *offsets.first()?,
        greatest: *offsets.last()?,
    })
}

#[cfg(test)]
mod tests {
    use capstan_media::frame::Size;
    use capstan_media::time::RoomTime;
    use capstan_media::track::Uid;

    use super::*;
    use crate::pattern::{Painter, whole};

    const START: i64 = 1_764_000_000_350;
    const SIZE: Size = Size { width: 320, height: 180 };

    fn uid(number: u32) -> Uid {
        Uid::new(number).expect("not zero")
    }

    /// Six seconds of a picture that is shown `late` milliseconds after the sound.
    fn watch(uid: Uid, late: i64) -> Watch {
        let mut painter = Painter::new(uid, SIZE);
        let mut watch = Watch::default();
        for number in 0..150 {
            let millis = number * 40;
            let picture = painter.paint(RoomTime::from_millis(START + millis - late));
            let [luma, ..] = &picture.planes;
            let luma = Luma { data: &luma.data, stride: luma.stride, width: 320, height: 180 };
            watch.look(millis as f64 / 1_000.0, luma, whole(320, 180));
        }
        watch
    }

    fn sound(uids: &[Uid]) -> Vec<f32> {
        let mut sum = vec![0.0; 6 * 48_000];
        for &uid in uids {
            let mut one = vec![0.0; sum.len()];
            tone::fill(uid, START * 48, &mut one);
            sum.iter_mut().zip(one).for_each(|(sum, sample)| *sum += sample / 2.0);
        }
        sum
    }

    #[test]
    fn a_known_offset_is_measured() {
        for late in [-120, 0, 40, 200] {
            let beeps = beeps(&sound(&[uid(1)]), 48_000, tone::frequency(uid(1)));
            let offset = offset(watch(uid(1), late).flashes(), &beeps).expect("pairs");
            // A flash is seen with the first picture after it: up to a picture's 40 ms late.
            let excess = offset.median - late as f64 / 1_000.0;
            assert!((-0.002..0.042).contains(&excess), "{late} ms measured as {offset:?}");
            assert!(offset.pairs >= 5 && offset.unpaired <= 1, "{offset:?}");
        }
    }

    #[test]
    fn beeps_are_found_among_others() {
        let sound = sound(&[uid(1), uid(2), uid(3)]);
        for number in 1..=3 {
            let onsets = beeps(&sound, 48_000, tone::frequency(uid(number)));
            assert_eq!(onsets.len(), 6, "{onsets:?}");
            for (second, onset) in onsets.into_iter().enumerate() {
                let error = onset - (0.65 + second as f64);
                assert!(error.abs() < 0.004, "uid {number}: {error} s off");
            }
        }
        assert!(beeps(&sound, 48_000, tone::frequency(uid(9))).is_empty());
        assert!(beeps(&[], 48_000, 500.0).is_empty());
    }

    #[test]
    fn the_age_of_pictures_is_read_from_their_stamps() {
        let (prompt, late) = (watch(uid(1), 0), watch(uid(2), 200));
        let age = |watch: &Watch| watch.least_age(START).expect("stamps");
        assert!((age(&late) - age(&prompt) - 0.2).abs() < 1e-9);
        assert_eq!(prompt.stamps().len(), prompt.pictures());
        assert_eq!(prompt.stamps()[0].1.uid, uid(1));
    }

    #[test]
    fn no_flash_or_no_beep_gives_no_offset() {
        assert_eq!(offset(&[], &[1.0]), None);
        assert_eq!(offset(&[1.0], &[]), None);
        assert_eq!(offset(&[1.0], &[3.0]), None);
    }
}
