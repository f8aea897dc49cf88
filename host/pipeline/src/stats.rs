//! What a composite counts.

/// Counters since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Ticks rendered with a picture of their own.
    pub pictures: u64,
    /// Ticks whose picture was the one before, unchanged, so that its sample only got longer.
    pub unchanged: u64,
    /// Ticks that `skip` passed over.
    pub skipped: u64,
    /// Video frames decoded.
    pub decoded: u64,
    /// Video frames not decoded because nothing refers to them and another came for the same tick.
    pub superseded: u64,
    /// Video frames not decoded because frames before them are missing or broken.
    pub undecodable: u64,
    /// Video frames and sound packets that a decoder refused.
    pub broken: u64,
    /// Frames that came after their place was already rendered.
    pub late: u64,
    /// Frames dropped because a queue was full.
    pub overflowed: u64,
    /// Samples (of 48000 a second) of sound made up to conceal short gaps.
    pub concealed: u64,
    /// Sound packets decoded.
    pub packets: u64,
    /// Times that a track's RTP time jumped and the track was placed anew by arrival.
    pub jumps: u64,
}

impl Stats {
    pub(crate) fn concealed_samples(&mut self, count: usize) {
        self.concealed += u64::try_from(count).unwrap_or(0);
    }

    /// Milliseconds of sound made up to conceal short gaps.
    #[must_use]
    pub const fn concealed_ms(&self) -> u64 {
        self.concealed / 48
    }
}
