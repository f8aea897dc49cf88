//! A session's tracks: what the WebRTC library assembles, turned into frames.
//!
//! Which section is which: the audio section is the participant's audio, the first video section
//! its camera, the second its screen. Key or delta is decided by the frame's own bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use capstan_media::bitstream::{av1, h264, vp8, vp9};
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::SenderReport;
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, TrackKind, Uid};
use metrics::counter;
use str0m::Rtc;
use str0m::format::Codec as WireCodec;
use str0m::media::{MediaData, Mid, Rid, SenderFeedback};

use crate::keyframes::Keyframes;
use crate::layers::{Choice, Layers};
use crate::offer::Kind;
use crate::room::Start;
use crate::rtp_clock::RtpClock;

/// A stream within a session, in the library's terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Source {
    pub(crate) mid: Mid,
    pub(crate) rid: Option<Rid>,
}

/// The tracks of one session: at most one of each kind.
#[derive(Debug)]
pub(crate) struct Tracks {
    uid: Uid,
    max_frame_bytes: usize,
    tracks: Vec<Track>,
}

#[derive(Debug)]
struct Track {
    mid: Mid,
    kind: TrackKind,
    clock: RtpClock,
    layers: Layers,
    keyframes: Keyframes,
    start: Start,
    /// A frame was lost here, between the library and the room.
    gap: bool,
}

impl Tracks {
    /// From the sections of the offer that send, in their order.
    pub(crate) fn new(
        sections: &[(Kind, String)],
        uid: Uid,
        max_frame_bytes: usize,
        now: RoomTime,
    ) -> Self {
        let mut tracks: Vec<Track> = Vec::new();
        for (kind, mid) in sections {
            let has = |kind| tracks.iter().any(|track| track.kind == kind);
            let kind = match kind {
                Kind::Audio => TrackKind::Audio,
                Kind::Video if has(TrackKind::Camera) => TrackKind::Screen,
                Kind::Video => TrackKind::Camera,
            };
            tracks.push(Track::new(Mid::from(mid.as_str()), kind, now));
        }
        Self { uid, max_frame_bytes, tracks }
    }

    /// Whether any section found a codec that both sides know.
    pub(crate) fn has_codec(&self, rtc: &Rtc) -> bool {
        let usable = |track: &Track| rtc.media(track.mid).is_some_and(|media| !media.disabled());
        self.tracks.iter().any(usable)
    }

    /// Everything begins anew: the session is connected, or is heard again after silence.
    pub(crate) fn restart(&mut self, now: RoomTime) {
        for track in &mut self.tracks {
            *track = Track::new(track.mid, track.kind, now);
        }
    }

    /// A frame that the library has put together at `now`.
    pub(crate) fn frame(&mut self, data: MediaData, now: RoomTime) -> Option<(Frame, Start)> {
        let track = self.tracks.iter_mut().find(|track| track.mid == data.mid)?;
        let codec = codec(data.params.spec().codec)?;
        if codec.is_video() != track.kind.is_video() || data.data.is_empty() {
            return None;
        }
        if data.data.len() > self.max_frame_bytes {
            track.lost();
            return None;
        }
        let kind = kind(codec, &data.data);
        let key = kind == FrameKind::Key;
        match track.layers.choose(data.rid, data.data.len(), key, now) {
            Choice::Skip => {
                if track.layers.wants_change(now) {
                    track.keyframes.want();
                }
                return None;
            }
            Choice::Take => {}
            Choice::Change => {
                track.clock = RtpClock::default();
                track.start = Start::First;
                track.gap |= !key;
            }
        }
        if key {
            track.keyframes.arrived();
        }
        if track.layers.wants_change(now) {
            track.keyframes.want();
        }
        if !data.contiguous && track.start == Start::Next {
            track.lost();
        }
        let continuity = if track.gap { Continuity::AfterGap } else { Continuity::Contiguous };
        track.gap = false;
        let start = std::mem::replace(&mut track.start, Start::Next);
        counter!("capstan_frames_in_total", "codec" => codec.name()).increment(1);
        let length = u64::try_from(data.data.len()).unwrap_or(u64::MAX);
        counter!("capstan_bytes_in_total", "codec" => codec.name()).increment(length);
        let frame = Frame {
            track: TrackId { uid: self.uid, kind: track.kind },
            arrived: now,
            rtp_time: track.clock.frame(low_half(data.time.numer())),
            codec,
            kind,
            continuity,
            data: Bytes::from_owner(data.data),
        };
        Some((frame, start))
    }

    /// A sender report. `None` for one that can't be placed: of another layer, or before any frame.
    pub(crate) fn report(
        &self,
        feedback: &SenderFeedback,
        arrived: RoomTime,
    ) -> Option<SenderReport> {
        let track = self.tracks.iter().find(|track| track.mid == feedback.mid)?;
        if !track.layers.is_current(feedback.rid) {
            return None;
        }
        let info = &feedback.sender_info;
        Some(SenderReport {
            track: TrackId { uid: self.uid, kind: track.kind },
            arrived,
            sender_micros: unix_micros(info.ntp_time),
            rtp_time: track.clock.report(low_half(info.rtp_time.numer()))?,
        })
    }

    /// Something broke that can't be said to belong to one track.
    pub(crate) fn mark_gap(&mut self) {
        self.tracks.iter_mut().for_each(Track::lost);
    }

    /// Somebody needs a key frame of every video track.
    pub(crate) fn want_keyframes(&mut self) {
        self.tracks.iter_mut().for_each(|track| track.keyframes.want());
    }

    /// When the next key frame is to be asked for.
    pub(crate) fn keyframes_due(&self) -> Option<RoomTime> {
        self.video().filter_map(|track| track.keyframes.due()).min()
    }

    /// The streams to be asked for a key frame now.
    pub(crate) fn keyframes_to_ask(&mut self, now: RoomTime) -> Vec<Source> {
        let video = self.tracks.iter_mut().filter(|track| track.kind.is_video());
        video
            .filter_map(|track| {
                track
                    .keyframes
                    .ask(now)
                    .then(|| Source { mid: track.mid, rid: track.layers.target(now) })
            })
            .collect()
    }

    fn video(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| track.kind.is_video())
    }
}

impl Track {
    fn new(mid: Mid, kind: TrackKind, now: RoomTime) -> Self {
        Self {
            mid,
            kind,
            clock: RtpClock::default(),
            layers: Layers::default(),
            keyframes: Keyframes::start(now),
            start: Start::First,
            gap: false,
        }
    }

    fn lost(&mut self) {
        if !self.gap {
            counter!("capstan_gaps_total", "kind" => self.kind.name()).increment(1);
        }
        self.gap = true;
        self.keyframes.want();
    }
}

const fn codec(wire: WireCodec) -> Option<Codec> {
    match wire {
        WireCodec::Opus => Some(Codec::Opus),
        WireCodec::Vp8 => Some(Codec::Vp8),
        WireCodec::Vp9 => Some(Codec::Vp9),
        WireCodec::H264 => Some(Codec::H264),
        WireCodec::Av1 => Some(Codec::Av1),
        _ => None,
    }
}

/// The RTP header's word is a stranger's; the decoder will go by the bytes.
fn kind(codec: Codec, data: &[u8]) -> FrameKind {
    let key = match codec {
        Codec::Opus => true,
        Codec::Vp8 => vp8::Header::parse(data).is_ok_and(|header| header.is_key()),
        Codec::Vp9 => vp9::Header::parse(data).is_ok_and(|header| header.is_key()),
        Codec::H264 => h264::is_key(data),
        Codec::Av1 => av1::is_key(data),
    };
    if key { FrameKind::Key } else { FrameKind::Delta }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the library extends; its low half is the wire"
)]
const fn low_half(time: u64) -> u32 {
    time as u32
}

fn unix_micros(time: SystemTime) -> i64 {
    let micros = |span: std::time::Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => micros(after),
        Err(before) => -micros(before.duration()),
    }
}
