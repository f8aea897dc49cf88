//! Reads bits, most significant first.
//!
//! Reading past the end is `None`, never a panic.

/// A position in bytes.
#[derive(Clone, Debug)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// Bits read so far.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Bits read so far.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = self.data.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// The next `count` bits, at most 32.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count.min(32) {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        u8::try_from(self.take(8)?).ok()
    }

    pub(super) fn skip(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.flag()?;
        }
        Some(())
    }

    /// Unsigned Exp-Golomb (H.264, 9.1) and AV1's `uvlc`.
    pub(super) fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.take(zeros)?;
        Some((1_u32 << zeros) - 1 + rest)
    }

    /// Signed Exp-Golomb (H.264, 9.1.1).
    pub(super) fn signed_exp_golomb(&mut self) -> Option<i32> {
        let code = self.exp_golomb()?;
        let half = i32::try_from(code.div_ceil(2)).ok()?;
        Some(if code % 2 == 1 { half } else { -half })
    }
}

/// Writes bits, most significant first.
#[derive(Clone, Debug, Default)]
pub(super) struct BitWriter {
    data: Vec<u8>,
    /// Bits written so far.
    at: usize,
}

impl BitWriter {
    /// The lowest `count` bits of a number.
    pub(super) fn put(&mut self, number: u32, count: u32) {
        for bit in (0..count).rev() {
            if self.at.is_multiple_of(8) {
                self.data.push(0);
            }
            if let Some(byte) = self.data.last_mut() {
                let set = u8::from(number >> bit & 1 == 1);
                *byte |= set << (7 - self.at % 8);
            }
            self.at += 1;
        }
    }

    /// Unsigned Exp-Golomb.
    pub(super) fn exp_golomb(&mut self, number: u32) {
        let code = number.saturating_add(1);
        let len = 32 - code.leading_zeros();
        self.put(0, len - 1);
        self.put(code, len);
    }

    /// The bytes, closed by a stop bit (H.264, 7.3.2.11).
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(1, 1);
        self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golomb_codes_of_the_standards_table() {
        // 1 010 011 00100 00101 -> 0 1 2 3 4
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let codes: Vec<_> = (0..5).filter_map(|_| bits.exp_golomb()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4]);
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let codes: Vec<_> = (0..5).filter_map(|_| bits.signed_exp_golomb()).collect();
        assert_eq!(codes, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn the_end_is_none() {
        let mut bits = Bits::new(&[0xff]);
        assert_eq!(bits.take(9), None);
        assert_eq!(Bits::new(&[0; 16]).exp_golomb(), None);
        assert_eq!(Bits::new(&[]).flag(), None);
    }
}
