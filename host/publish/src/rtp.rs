//! One outgoing RTP stream: units to packets, and the sender reports that tie them to the clock.
//!
//! RTP time is room time in ticks of the codec plus a constant, for every unit alike, so sound and
//! picture of one publisher agree exactly.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use capstan_media::codec::Codec;
use capstan_media::frame::FrameKind;
use capstan_media::time::RoomTime;
use capstan_media::turn::Turn;
use webrtc::rtcp::sender_report::SenderReport;
use webrtc::rtp::extension::HeaderExtension;
use webrtc::rtp::extension::video_orientation_extension::{
    VideoOrientationExtension, VideoRotation,
};
use webrtc::rtp::header::Header;
use webrtc::rtp::packet::Packet;
use webrtc::rtp::packetizer::Payloader;
use webrtc::track::track_local::track_local_static_rtp::TrackLocalStaticRTP;

use crate::source::{Fate, Unit};

/// The most payload bytes in a packet: with headers, extensions and SRTP's tag below 1280 bytes,
/// which every IPv6 path carries.
const MAX_PAYLOAD: usize = 1_180;
/// Seconds from the NTP epoch to the Unix epoch.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// What a stream has sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    packets: AtomicU32,
    bytes: AtomicU32,
}

/// Turns units into packets.
pub(crate) struct RtpStream {
    track: Arc<TrackLocalStaticRTP>,
    codec: Codec,
    payloader: Box<dyn Payloader + Send + Sync>,
    sequence: u16,
    clock: RtpClock,
    sent: Arc<Sent>,
    /// What the receiver was told last of how pictures are turned.
    told: Turn,
}

/// A stream's RTP time as a function of room time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RtpClock {
    rate: u32,
    offset: u32,
}

impl RtpClock {
    /// With a random offset, as RFC 3550 wants it.
    pub(crate) fn new(codec: Codec, offset: u32) -> Self {
        Self { rate: codec.clock_rate(), offset }
    }

    /// The RTP time of a moment, to the nearest tick.
    pub(crate) fn at(self, at: RoomTime) -> u32 {
        let ticks =
            (i128::from(at.as_micros()) * i128::from(self.rate) + 500_000).div_euclid(1_000_000);
        let ticks = u32::try_from(ticks.rem_euclid(1 << 32)).unwrap_or(0);
        ticks.wrapping_add(self.offset)
    }
}

impl RtpStream {
    pub(crate) fn new(
        track: Arc<TrackLocalStaticRTP>,
        codec: Codec,
        seed: u32,
    ) -> Result<Self, webrtc::Error> {
        let payloader = track.codec().payloader_for_codec()?;
        Ok(Self {
            track,
            codec,
            payloader,
            // Below the middle: an early wrap is a needless risk with SRTP's roll-over counter.
            sequence: (seed >> 17) as u16,
            clock: RtpClock::new(codec, seed.wrapping_mul(0x9e37_79b1)),
            sent: Arc::default(),
            told: Turn::None,
        })
    }

    pub(crate) fn sent(&self) -> Arc<Sent> {
        Arc::clone(&self.sent)
    }

    pub(crate) fn clock(&self) -> RtpClock {
        self.clock
    }

    /// Sends one unit.
    pub(crate) async fn send(&mut self, unit: &Unit) -> Result<(), webrtc::Error> {
        let payloads = self.payloads(unit)?;
        let last = payloads.len().saturating_sub(1);
        // In the last packet of key frames and of frames that are turned otherwise (3GPP TS 26.114, 7.4.5).
        let tells = self.codec.is_video()
            && (unit.turn != std::mem::replace(&mut self.told, unit.turn)
                || unit.kind == FrameKind::Key);
        for (index, payload) in payloads.into_iter().enumerate() {
            let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            let header = Header {
                version: 2,
                // RFC 7587, 4.2: in Opus the marker would say that a silence ended.
                marker: index == last && self.codec.is_video(),
                sequence_number: self.sequence,
                timestamp: self.clock.at(unit.media),
                ..Header::default()
            };
            self.sequence = self.sequence.wrapping_add(1);
            if unit.fate == Fate::Lost {
                continue;
            }
            let packet = Packet { header, payload };
            let extensions = (tells && index == last).then(|| orientation(unit.turn));
            self.track.write_rtp_with_extensions(&packet, extensions.as_slice()).await?;
            self.sent.packets.fetch_add(1, Ordering::Relaxed);
            self.sent.bytes.fetch_add(length, Ordering::Relaxed);
        }
        Ok(())
    }

    fn payloads(&mut self, unit: &Unit) -> Result<Vec<Bytes>, webrtc::Error> {
        let payloads = self.payloader.payload(MAX_PAYLOAD, &unit.data)?;
        if self.codec == Codec::Vp9 && unit.kind == FrameKind::Delta {
            return Ok(payloads.into_iter().map(vp9_delta).collect());
        }
        Ok(payloads)
    }
}

fn orientation(turn: Turn) -> HeaderExtension {
    let rotation = match turn {
        Turn::None => VideoRotation::Degree0,
        Turn::Quarter => VideoRotation::Degree90,
        Turn::Half => VideoRotation::Degree180,
        Turn::ThreeQuarters => VideoRotation::Degree270,
    };
    HeaderExtension::VideoOrientation(VideoOrientationExtension {
        rotation,
        ..VideoOrientationExtension::default()
    })
}

/// Says in a VP9 payload descriptor that the picture is predicted from the one before it: the
/// crate's payloader leaves that out, so every picture would look like a key picture (RFC 9628,
/// 4.2: bit P, and in flexible mode a P_DIFF with its N bit clear).
fn vp9_delta(payload: Bytes) -> Bytes {
    let Some((&[flags, high, low], data)) = payload.split_first_chunk::<3>() else {
        return payload;
    };
    let mut marked = BytesMut::with_capacity(payload.len() + 1);
    marked.put_slice(&[flags | 0x40, high, low, 1 << 1]);
    marked.put_slice(data);
    marked.freeze()
}

/// The sender report of a stream at `now`; `None` while nothing is sent.
pub(crate) fn report(
    ssrc: u32,
    clock: RtpClock,
    sent: &Sent,
    now: RoomTime,
) -> Option<SenderReport> {
    let packets = sent.packets.load(Ordering::Relaxed);
    (packets > 0).then(|| SenderReport {
        ssrc,
        ntp_time: ntp(now),
        rtp_time: clock.at(now),
        packet_count: packets,
        octet_count: sent.bytes.load(Ordering::Relaxed),
        ..SenderReport::default()
    })
}

/// RFC 3550's 64-bit NTP time stamp.
fn ntp(at: RoomTime) -> u64 {
    let micros = u64::try_from(at.as_micros()).unwrap_or(0);
    let seconds = micros / 1_000_000 + NTP_TO_UNIX;
    let fraction = ((micros % 1_000_000) << 32) / 1_000_000;
    (seconds << 32) | fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtp_time_of_a_picture_grid_has_no_drift() {
        let clock = RtpClock::new(Codec::Vp8, 77);
        let start = RoomTime::from_millis(1_764_000_000_000);
        for number in 0..10_000_i64 {
            let at = start.offset_micros((number * 1_000_000 + 14) / 15);
            let ticks = clock.at(at).wrapping_sub(clock.at(start));
            assert_eq!(i64::from(ticks), number * 6_000);
        }
    }

    #[test]
    fn a_delta_picture_of_vp9_says_so() {
        let payload = Bytes::from_static(&[0x9c, 0x81, 0x02, 1, 2, 3]);
        assert_eq!(vp9_delta(payload)[..], [0xdc, 0x81, 0x02, 2, 1, 2, 3]);
    }

    #[test]
    fn nothing_is_reported_before_the_first_packet() {
        let clock = RtpClock::new(Codec::Opus, 0);
        let now = RoomTime::from_millis(500);
        let sent = Sent::default();
        assert!(report(1, clock, &sent, now).is_none());
        sent.packets.store(1, Ordering::Relaxed);
        let report = report(1, clock, &sent, now).expect("a report");
        assert_eq!(report.ntp_time, (NTP_TO_UNIX << 32) | (1 << 31));
        assert_eq!(report.rtp_time, 24_000);
    }
}
