//! The bytes of a tape: one header, then records.
//!
//! All numbers are little-endian. A checksum (CRC-32, IEEE) covers everything else of its header or
//! record, so that any damaged byte is found.
//!
//! ```text
//! header: "CAPSTAPE" version:u16 uid:u32 kind:u8 sid_length:u8 sid crc:u32
//! record: length:u32 crc:u32 body             (length of the body; crc of length and body)
//! body:   1 arrived:i64 rtp_time:u64 codec:u8 flags:u8 data        a frame
//!         2 arrived:i64 rtp_time:u64 sender_micros:i64             a sender report
//! ```
//!
//! Flags: 1 a key frame, 2 frames before it are missing, 4 and 8 the quarters by which it is to be turned.

use bytes::{Buf, Bytes};
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::SenderReport;
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use capstan_media::turn::Turn;

/// The most bytes a frame may have on tape. The largest frames seen are key frames of shared
/// screens, below 1 MiB.
pub const MAX_DATA: usize = 16 * 1024 * 1024;
/// The bytes before a record's body.
pub(crate) const PREAMBLE: usize = 8;
/// The longest body: a frame's facts and its data.
pub(crate) const MAX_BODY: usize = MAX_DATA + 19;
/// The bytes of a header before its sid.
pub(crate) const HEADER_FIXED: usize = 16;

const MAGIC: &[u8; 8] = b"CAPSTAPE";
const VERSION: u16 = 1;
const FRAME: u8 = 1;
const REPORT: u8 = 2;
const FLAG_KEY: u8 = 1;
const FLAG_AFTER_GAP: u8 = 2;
/// Where the quarters of a turn stand.
const TURN_SHIFT: u8 = 2;

/// What a tape says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The recording.
    pub sid: String,
    /// Whose and what.
    pub track: TrackId,
}

/// One record of a tape.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// A frame.
    Frame(Frame),
    /// A sender report.
    Report(SenderReport),
}

impl Record {
    /// When it arrived.
    #[must_use]
    pub const fn arrived(&self) -> RoomTime {
        match self {
            Self::Frame(frame) => frame.arrived,
            Self::Report(report) => report.arrived,
        }
    }
}

impl Header {
    /// Appends the header's bytes. A sid beyond 255 bytes is cut.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        let sid = self.sid.as_bytes();
        let len = u8::try_from(sid.len()).unwrap_or(u8::MAX);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.track.uid.get().to_le_bytes());
        out.push(kind_code(self.track.kind));
        out.push(len);
        out.extend(sid.iter().take(usize::from(len)));
        let crc = crc32fast::hash(out.get(begin..).unwrap_or_default());
        out.extend_from_slice(&crc.to_le_bytes());
    }

    /// Reads a header's `HEADER_FIXED` bytes, its sid and its checksum; says what is wrong.
    pub(crate) fn read(mut bytes: &[u8]) -> Result<Self, &'static str> {
        let all = bytes;
        let sid_len = header_len(bytes).saturating_sub(HEADER_FIXED + 4);
        let covered = all.get(..HEADER_FIXED + sid_len).ok_or("header cut short")?;
        let crc = all.get(HEADER_FIXED + sid_len..).and_then(|mut rest| rest.try_get_u32_le().ok());
        bytes = bytes.strip_prefix(MAGIC).ok_or("not a tape: it doesn't begin with CAPSTAPE")?;
        let cut = |_| "header cut short";
        if bytes.try_get_u16_le().map_err(cut)? != VERSION {
            return Err("tape of an unknown version");
        }
        if crc != Some(crc32fast::hash(covered)) {
            return Err("header's checksum is wrong");
        }
        let uid = Uid::new(bytes.try_get_u32_le().map_err(cut)?).ok_or("uid is 0")?;
        let kind = kind_of(bytes.try_get_u8().map_err(cut)?).ok_or("unknown kind of track")?;
        let sid = bytes.get(1..=sid_len).ok_or("header cut short")?;
        let sid = String::from_utf8(sid.to_vec()).map_err(|_| "sid is not UTF-8")?;
        Ok(Self { sid, track: TrackId { uid, kind } })
    }
}

/// The whole length of the header that `bytes` begin with; the fixed part if they are shorter.
pub(crate) fn header_len(bytes: &[u8]) -> usize {
    HEADER_FIXED + 4 + usize::from(bytes.get(HEADER_FIXED - 1).copied().unwrap_or(0))
}

/// Appends a frame's record. Its data must not exceed [`MAX_DATA`].
pub(crate) fn write_frame(out: &mut Vec<u8>, frame: &Frame) {
    write_record(out, |out| {
        out.push(FRAME);
        out.extend_from_slice(&frame.arrived.as_micros().to_le_bytes());
        out.extend_from_slice(&frame.rtp_time.0.to_le_bytes());
        out.push(codec_code(frame.codec));
        let key = if frame.kind == FrameKind::Key { FLAG_KEY } else { 0 };
        let gap = if frame.continuity == Continuity::AfterGap { FLAG_AFTER_GAP } else { 0 };
        out.push(key | gap | (frame.turn.quarters() << TURN_SHIFT));
        out.extend_from_slice(&frame.data);
    });
}

/// Appends a sender report's record.
pub(crate) fn write_report(out: &mut Vec<u8>, report: &SenderReport) {
    write_record(out, |out| {
        out.push(REPORT);
        out.extend_from_slice(&report.arrived.as_micros().to_le_bytes());
        out.extend_from_slice(&report.rtp_time.0.to_le_bytes());
        out.extend_from_slice(&report.sender_micros.to_le_bytes());
    });
}

fn write_record(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let begin = out.len();
    out.extend_from_slice(&[0; PREAMBLE]);
    body(out);
    let Some((preamble, body)) =
        out.get_mut(begin..).and_then(|record| record.split_at_mut_checked(PREAMBLE))
    else {
        return;
    };
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    let crc = checksum(length, body).to_le_bytes();
    preamble.iter_mut().zip(length.into_iter().chain(crc)).for_each(|(to, from)| *to = from);
}

/// The checksum of a record.
pub(crate) fn checksum(length: [u8; 4], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(body);
    hasher.finalize()
}

/// Reads a body whose checksum was right; says what is wrong with it otherwise.
pub(crate) fn read_body(track: TrackId, mut body: Bytes) -> Result<Record, &'static str> {
    let cut = |_| "record too short";
    let kind = body.try_get_u8().map_err(cut)?;
    let arrived = RoomTime::from_micros(body.try_get_i64_le().map_err(cut)?);
    let rtp_time = RtpTime(body.try_get_u64_le().map_err(cut)?);
    match kind {
        FRAME => {
            let codec = codec_of(body.try_get_u8().map_err(cut)?).ok_or("unknown codec")?;
            let flags = body.try_get_u8().map_err(cut)?;
            let kind = if flags & FLAG_KEY == 0 { FrameKind::Delta } else { FrameKind::Key };
            let continuity = if flags & FLAG_AFTER_GAP == 0 {
                Continuity::Contiguous
            } else {
                Continuity::AfterGap
            };
            Ok(Record::Frame(Frame {
                track,
                arrived,
                rtp_time,
                codec,
                kind,
                continuity,
                turn: Turn::of_quarters(flags >> TURN_SHIFT),
                data: body,
            }))
        }
        REPORT => {
            let sender_micros = body.try_get_i64_le().map_err(cut)?;
            Ok(Record::Report(SenderReport { track, arrived, sender_micros, rtp_time }))
        }
        _ => Err("unknown kind of record"),
    }
}

const fn kind_code(kind: TrackKind) -> u8 {
    match kind {
        TrackKind::Audio => 0,
        TrackKind::Camera => 1,
        TrackKind::Screen => 2,
        TrackKind::ScreenAudio => 3,
        TrackKind::OtherAudio => 4,
    }
}

const fn kind_of(code: u8) -> Option<TrackKind> {
    match code {
        0 => Some(TrackKind::Audio),
        1 => Some(TrackKind::Camera),
        2 => Some(TrackKind::Screen),
        3 => Some(TrackKind::ScreenAudio),
        4 => Some(TrackKind::OtherAudio),
        _ => None,
    }
}

const fn codec_code(codec: Codec) -> u8 {
    match codec {
        Codec::Opus => 0,
        Codec::Vp8 => 1,
        Codec::Vp9 => 2,
        Codec::H264 => 3,
        Codec::Av1 => 4,
    }
}

const fn codec_of(code: u8) -> Option<Codec> {
    match code {
        0 => Some(Codec::Opus),
        1 => Some(Codec::Vp8),
        2 => Some(Codec::Vp9),
        3 => Some(Codec::H264),
        4 => Some(Codec::Av1),
        _ => None,
    }
}
