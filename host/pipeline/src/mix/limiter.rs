//! Keeps the sum of many voices within full scale.
//!
//! Below -3 dBFS nothing is changed at all; above, peaks are bent towards full scale, which they
//! never reach. There is no state, so neither delay nor pumping.

/// -3 dBFS.
const KNEE: f32 = 0.707_945_8;

/// Limits one sample.
#[must_use]
pub fn limit(sample: f32) -> f32 {
    let size = sample.abs();
    if size <= KNEE {
        return sample;
    }
    if !size.is_finite() {
        return 0.0;
    }
    let room = 1.0 - KNEE;
    (KNEE + room * ((size - KNEE) / room).tanh()).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_is_untouched_and_loud_stays_in_range() {
        for step in -2000..=2000_i16 {
            let sample = f32::from(step) / 200.0;
            let out = limit(sample);
            if sample.abs() <= KNEE {
                assert_eq!(out.to_bits(), sample.to_bits());
            } else {
                assert!(out.abs() <= 1.0 && out.abs() >= KNEE && out.signum() == sample.signum());
            }
        }
        assert_eq!(limit(f32::NAN), 0.0);
        assert_eq!(limit(f32::INFINITY), 0.0);
    }

    #[test]
    fn it_never_bends_back() {
        let bent: Vec<f32> = (0..400_u16).map(|step| limit(f32::from(step) / 100.0)).collect();
        assert!(bent.is_sorted());
    }
}
