//! ADTS: a header before each frame of AAC (ISO 13818-7, 6.2), made of the decoder configuration.
//!
//! Only AAC-LC with a listed sample rate and 1 to 7 as channel configuration can be said.

use super::TsError;

const HEADER: usize = 7;
/// The longest frame without its header: 13 bits count both.
pub(super) const MAX_FRAME: usize = (1 << 13) - 1 - HEADER;

/// Sample rates by their index (ISO 14496-3, table 1.18).
const RATES: [u64; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// What doesn't change from header to header.
#[derive(Debug)]
pub(super) struct Adts {
    rate_index: u8,
    rate: u64,
    channels: u8,
}

impl Adts {
    /// From an AudioSpecificConfig (ISO 14496-3, 1.6.2.1).
    pub(super) fn new(config: &[u8]) -> Result<Self, TsError> {
        let refuse = |what| TsError::Aac { what };
        let [first, second, ..] = config else { return Err(refuse("cut short")) };
        if first >> 3 != 2 {
            return Err(refuse("not AAC-LC"));
        }
        let rate_index = (first & 7) << 1 | second >> 7;
        let rate = RATES.get(usize::from(rate_index));
        let rate = *rate.ok_or_else(|| refuse("a sample rate that isn't listed"))?;
        let channels = second >> 3 & 15;
        if !(1..=7).contains(&channels) {
            return Err(refuse("a channel configuration that isn't listed"));
        }
        Ok(Self { rate_index, rate, channels })
    }

    /// Samples a second.
    pub(super) const fn rate(&self) -> u64 {
        self.rate
    }

    /// Appends one frame with its header.
    pub(super) fn push(&self, out: &mut Vec<u8>, frame: &[u8]) -> Result<(), TsError> {
        let bytes = frame.len();
        let len = u16::try_from(bytes + HEADER).ok().filter(|_| bytes <= MAX_FRAME);
        let [high, low] = len.ok_or(TsError::LongFrame { bytes })?.to_be_bytes();
        out.extend_from_slice(&[
            0xff,
            0xf1, // MPEG-4, no checksum
            // AAC-LC (1), the rate, the highest bit of the channels.
            1 << 6 | self.rate_index << 2 | self.channels >> 2,
            (self.channels & 3) << 6 | high >> 3,
            high << 5 | low >> 3,
            // The buffer's fullness, 0x7ff, says that the rate varies; one frame follows.
            low << 5 | 0x1f,
            0xfc,
        ]);
        out.extend_from_slice(frame);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_what_the_configuration_says() {
        // AAC-LC, 48 kHz, stereo.
        let adts = Adts::new(&[0x11, 0x90]).unwrap();
        let mut out = Vec::new();
        adts.push(&mut out, &[0xab; 300]).unwrap();
        assert_eq!(out[..7], [0xff, 0xf1, 0x4c, 0x80, 0x26, 0x7f, 0xfc]);
        assert_eq!(out.len(), 307);
        assert_eq!(adts.rate(), 48_000);
    }

    #[test]
    fn what_adts_cannot_say_is_refused() {
        assert!(Adts::new(&[0x11]).is_err());
        assert_eq!(Adts::new(&[0x2b, 0x92]).unwrap_err(), TsError::Aac { what: "not AAC-LC" });
        assert!(Adts::new(&[0x17, 0x90]).is_err(), "an explicit rate");
        assert!(Adts::new(&[0x11, 0x80]).is_err(), "channels told elsewhere");
        let adts = Adts::new(&[0x11, 0x88]).unwrap();
        assert!(adts.push(&mut Vec::new(), &vec![0; MAX_FRAME]).is_ok());
        let long = adts.push(&mut Vec::new(), &vec![0; MAX_FRAME + 1]).unwrap_err();
        assert_eq!(long, TsError::LongFrame { bytes: MAX_FRAME + 1 });
    }
}
