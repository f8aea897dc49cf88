//! Opus: how much sound a packet holds (RFC 6716, section 3).
//!
//! No packet holds more than 120 ms.

use super::BadBitstream;

/// The most samples per channel that one packet holds: 120 ms at 48 kHz (RFC 6716, 3.2.5).
pub const MAX_SAMPLES: u32 = 5_760;

/// What a packet's first bytes say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// Samples per channel in each frame, at 48 kHz: 120 (2.5 ms) to 2880 (60 ms).
    pub frame_samples: u32,
    /// Frames, 1 to 48.
    pub frames: u32,
    /// Channels that were encoded, 1 or 2.
    pub channels: u8,
}

impl Packet {
    /// Reads the table-of-contents byte and the frame count.
    ///
    /// # Errors
    /// If the packet is empty or holds no sound or too much.
    pub fn parse(packet: &[u8]) -> Result<Self, BadBitstream> {
        let toc = *packet.first().ok_or_else(|| bad("empty packet"))?;
        let frame_samples = frame_samples(toc >> 3);
        let frames = match toc & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => u32::from(packet.get(1).ok_or_else(|| bad("no frame count"))? & 0x3f),
        };
        if frames == 0 {
            return Err(bad("no frames"));
        }
        if frames * frame_samples > MAX_SAMPLES {
            return Err(bad("more than 120 ms"));
        }
        Ok(Self { frame_samples, frames, channels: if toc & 4 == 0 { 1 } else { 2 } })
    }

    /// Samples per channel in the whole packet, at 48 kHz.
    #[must_use]
    pub const fn samples(&self) -> u32 {
        self.frames * self.frame_samples
    }
}

const fn bad(what: &'static str) -> BadBitstream {
    BadBitstream { codec: "opus", what }
}

/// Table 2 of RFC 6716.
const fn frame_samples(config: u8) -> u32 {
    match config {
        0..=11 => match config % 4 {
            0 => 480,
            1 => 960,
            2 => 1920,
            _ => 2880,
        },
        12..=15 => 480 << (config % 2),
        _ => 120 << (config % 4),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_packets() {
        // CELT fullband 20 ms, stereo, one frame.
        let packet = Packet::parse(&[31 << 3 | 4, 1, 2]).unwrap();
        assert_eq!(packet, Packet { frame_samples: 960, frames: 1, channels: 2 });
        // SILK wideband 60 ms, two frames: 120 ms.
        assert_eq!(Packet::parse(&[11 << 3 | 1]).unwrap().samples(), MAX_SAMPLES);
        // Hybrid 20 ms.
        assert_eq!(Packet::parse(&[13 << 3]).unwrap().samples(), 960);
    }

    #[test]
    fn wrong_counts_are_refused() {
        assert_eq!(Packet::parse(&[]).unwrap_err().what, "empty packet");
        assert_eq!(Packet::parse(&[3]).unwrap_err().what, "no frame count");
        assert_eq!(Packet::parse(&[3, 0]).unwrap_err().what, "no frames");
        assert_eq!(Packet::parse(&[11 << 3 | 3, 3]).unwrap_err().what, "more than 120 ms");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..4)) {
            if let Ok(packet) = Packet::parse(&data) {
                prop_assert!((120..=MAX_SAMPLES).contains(&packet.samples()));
            }
        }
    }
}
