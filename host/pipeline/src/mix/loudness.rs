//! How loud a participant is, and whether they are speaking.
//!
//! Speaking begins after a tenth of a second of sound above a threshold and ends after most of a
//! second below a lower one, so that neither a cough nor a breath makes a layout jump.

/// Samples per measurement: 20 ms.
const WINDOW: usize = 960;
/// Levels at or below this (louder) are speech.
const LOUD: u8 = 45;
/// Levels above this (quieter) are none.
const QUIET: u8 = 52;
/// Loud windows until speaking begins: 100 ms.
const ATTACK: u32 = 5;
/// Quiet windows until it ends: 800 ms.
const RELEASE: u32 = 40;
/// RFC 6464: silence, or anything below -127 dBov.
pub const SILENCE: u8 = 127;

/// Measures one participant.
#[derive(Clone, Debug)]
pub struct Loudness {
    energy: f64,
    samples: usize,
    level: u8,
    speaking: bool,
    /// Windows in a row that speak against the present state.
    against: u32,
}

impl Default for Loudness {
    fn default() -> Self {
        Self { energy: 0.0, samples: 0, level: SILENCE, speaking: false, against: 0 }
    }
}

impl Loudness {
    /// Takes interleaved samples; whole windows count.
    pub fn push(&mut self, samples: &[f32], channels: usize) {
        let mut rest = samples;
        while !rest.is_empty() {
            let room = (WINDOW - self.samples) * channels.max(1);
            let (part, after) = rest.split_at(room.min(rest.len()));
            self.energy += part.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>();
            self.samples += part.len() / channels.max(1);
            rest = after;
            if self.samples >= WINDOW {
                self.measure(channels.max(1));
            }
            if part.len() < channels {
                return;
            }
        }
    }

    fn measure(&mut self, channels: usize) {
        let mean = self.energy / (WINDOW * channels) as f64;
        self.level = level(mean);
        (self.energy, self.samples) = (0.0, 0);
        let against = if self.speaking { self.level > QUIET } else { self.level <= LOUD };
        self.against = if against { self.against + 1 } else { 0 };
        if self.against >= if self.speaking { RELEASE } else { ATTACK } {
            self.speaking = !self.speaking;
            self.against = 0;
        }
    }

    /// RFC 6464: 0 the loudest, 127 silence.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Whether they are speaking.
    #[must_use]
    pub const fn is_speaking(&self) -> bool {
        self.speaking
    }
}

/// The level of a mean square.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=127")]
fn level(mean: f64) -> u8 {
    if mean <= 0.0 || !mean.is_finite() {
        return SILENCE;
    }
    (-10.0 * mean.log10()).round().clamp(0.0, f64::from(SILENCE)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(amplitude: f32, windows: usize) -> Vec<f32> {
        let sample = |n: usize| amplitude * if (n / 48).is_multiple_of(2) { 1.0 } else { -1.0 };
        (0..windows * WINDOW).map(sample).collect()
    }

    #[test]
    fn levels_are_decibels_below_full_scale() {
        let mut loudness = Loudness::default();
        assert_eq!(loudness.level(), SILENCE);
        for (amplitude, level) in [(1.0, 0), (0.1, 20), (0.01, 40), (0.0, SILENCE)] {
            loudness.push(&tone(amplitude, 1), 1);
            assert_eq!(loudness.level(), level);
        }
    }

    #[test]
    fn speaking_has_hysteresis() {
        let mut loudness = Loudness::default();
        loudness.push(&tone(0.1, 4), 1);
        assert!(!loudness.is_speaking(), "a click is no speech");
        loudness.push(&tone(0.1, 1), 1);
        assert!(loudness.is_speaking());
        loudness.push(&tone(0.0, 39), 1);
        assert!(loudness.is_speaking(), "a breath is no end");
        loudness.push(&tone(0.1, 1), 1);
        loudness.push(&tone(0.0, 39), 1);
        assert!(loudness.is_speaking());
        loudness.push(&tone(0.0, 1), 1);
        assert!(!loudness.is_speaking());
    }

    #[test]
    fn odd_pieces_add_up() {
        let mut loudness = Loudness::default();
        for piece in tone(0.1, 10).chunks(334) {
            loudness.push(piece, 2);
        }
        assert_eq!(loudness.level(), 20);
    }
}
