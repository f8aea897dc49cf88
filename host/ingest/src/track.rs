//! A session's tracks: what the WebRTC library assembles, turned into frames.
//!
//! Which section is which goes by their order: the first sound is the microphone's, the second that of what is
//! shared, the third any other; the first pictures are the camera's, the second the screen's. Key or delta is
//! decided by the frame's own bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use capstan_media::bitstream::{av1, h264, vp8, vp9};
use capstan_media::codec::Codec;
use capstan_media::frame::{Continuity, Frame, FrameKind};
use capstan_media::room::SenderReport;
use capstan_media::subscription::VideoLayer;
use capstan_media::time::{RoomTime, RtpTime};
use capstan_media::track::{TrackId, TrackKind, Uid};
use metrics::counter;
use str0m::format::Codec as WireCodec;
use str0m::media::{MediaData, Mid, Rid, SenderFeedback};
use str0m::rtp::{Ssrc, StreamPaused};

use crate::heard::{Heard, Turn};
use crate::keyframes::Keyframes;
use crate::layers::{Choice, Layers};
use crate::offer::Kind;
use crate::room::Start;
use crate::rtp_clock::RtpClock;
use crate::view::View;

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
    /// Which of the streams that an offer declares for a source is the one that sends.
    senders: Vec<(Source, Ssrc)>,
}

#[derive(Debug)]
struct Track {
    mid: Mid,
    kind: TrackKind,
    /// What is seen where both views are the same or of the largest layer.
    first: Stream,
    /// What is seen in the view of the smallest layer, once the publisher turns out to send several.
    low: Option<Stream>,
    heard: Heard,
}

/// What one view sees of a track.
#[derive(Debug)]
struct Stream {
    clock: RtpClock,
    layers: Layers,
    keyframes: Keyframes,
    start: Start,
    /// A frame was lost here, between the library and the room.
    gap: bool,
}

/// A frame or report with where it is seen.
pub(crate) type Seen<T> = (T, View);

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
            let kinds = match kind {
                Kind::Audio => &TrackKind::SOUNDS[..],
                Kind::Video => &TrackKind::PICTURES[..],
            };
            let free = |kind: &&TrackKind| tracks.iter().all(|track| track.kind != **kind);
            if let Some(&kind) = kinds.iter().find(free) {
                tracks.push(Track::new(Mid::from(mid.as_str()), kind, now));
            }
        }
        Self { uid, max_frame_bytes, tracks, senders: Vec::new() }
    }

    /// Everything begins anew: the session is connected, or is heard again after silence.
    pub(crate) fn restart(&mut self, now: RoomTime) {
        for track in &mut self.tracks {
            *track = Track::new(track.mid, track.kind, now);
        }
    }

    /// A frame that the library has put together at `now`: what each view sees of it.
    pub(crate) fn frame(&mut self, data: MediaData, now: RoomTime) -> Vec<Seen<(Frame, Start)>> {
        let Some(track) = self.tracks.iter_mut().find(|track| track.mid == data.mid) else {
            return Vec::new();
        };
        let Some(codec) = codec(data.params.spec().codec) else { return Vec::new() };
        if codec.is_video() != track.kind.is_video() || data.data.is_empty() {
            return Vec::new();
        }
        if data.data.len() > self.max_frame_bytes {
            track.lost();
            return Vec::new();
        }
        if data.rid.is_some() && track.low.is_none() {
            track.low = Some(Stream::new(VideoLayer::Low, now));
        }
        let whole = if track.kind.is_video() {
            data.contiguous
        } else {
            match track.heard.take(**data.seq_range.end()) {
                Turn::Next => true,
                Turn::AfterMissing => false,
                Turn::Again => return Vec::new(),
            }
        };
        let mut frame = Frame {
            track: TrackId { uid: self.uid, kind: track.kind },
            arrived: now,
            rtp_time: RtpTime(0),
            codec,
            kind: kind(codec, &data.data),
            continuity: Continuity::Contiguous,
            data: Bytes::from_owner(data.data),
        };
        let wire = Wire { rid: data.rid, time: low_half(data.time.numer()), whole };
        let mut seen = Vec::new();
        let kind = track.kind;
        for (stream, view) in track.streams() {
            if let Some(start) = stream.take(&mut frame, wire, kind, now) {
                seen.push(((frame.clone(), start), view));
            }
        }
        if !seen.is_empty() {
            counter!("capstan_frames_in_total", "codec" => codec.name()).increment(1);
            let length = u64::try_from(frame.data.len()).unwrap_or(u64::MAX);
            counter!("capstan_bytes_in_total", "codec" => codec.name()).increment(length);
        }
        seen
    }

    /// A sender report as each view sees it. Nothing comes of one that can't be placed: of a layer
    /// that isn't taken, or before any frame.
    pub(crate) fn report(
        &mut self,
        feedback: &SenderFeedback,
        arrived: RoomTime,
    ) -> Vec<Seen<SenderReport>> {
        let uid = self.uid;
        let Some(track) = self.tracks.iter_mut().find(|track| track.mid == feedback.mid) else {
            return Vec::new();
        };
        let id = TrackId { uid, kind: track.kind };
        let info = &feedback.sender_info;
        let place = |(stream, view): (&mut Stream, View)| {
            let rtp_time = stream
                .layers
                .is_current(feedback.rid)
                .then(|| stream.clock.report(low_half(info.rtp_time.numer())))??;
            let sender_micros = unix_micros(info.ntp_time);
            Some((SenderReport { track: id, arrived, sender_micros, rtp_time }, view))
        };
        track.streams().into_iter().filter_map(place).collect()
    }

    /// Something broke that can't be said to belong to one track.
    pub(crate) fn mark_gap(&mut self) {
        self.tracks.iter_mut().for_each(Track::lost);
    }

    /// Somebody needs a key frame of every video track.
    pub(crate) fn want_keyframes(&mut self) {
        let streams = self.tracks.iter_mut().flat_map(Track::streams);
        streams.for_each(|(stream, _)| stream.keyframes.want());
    }

    /// When the next key frame is to be asked for.
    pub(crate) fn keyframes_due(&self) -> Option<RoomTime> {
        let video = self.tracks.iter().filter(|track| track.kind.is_video());
        let streams = video.flat_map(|track| std::iter::once(&track.first).chain(&track.low));
        streams.filter_map(|stream| stream.keyframes.due()).min()
    }

    /// A stream begins to send, or has fallen silent.
    pub(crate) fn heard(&mut self, stream: &StreamPaused) {
        let source = Source { mid: stream.mid, rid: stream.rid };
        self.senders.retain(|&(of, ssrc)| of != source && ssrc != stream.ssrc);
        if !stream.paused {
            self.senders.push((source, stream.ssrc));
        }
    }

    /// The stream of a source that sends, if one does.
    pub(crate) fn sender(&self, source: Source) -> Option<Ssrc> {
        self.senders.iter().find(|&&(of, _)| of == source).map(|&(_, ssrc)| ssrc)
    }

    /// The streams to be asked for a key frame now.
    pub(crate) fn keyframes_to_ask(&mut self, now: RoomTime) -> Vec<Source> {
        let mut sources = Vec::new();
        for track in self.tracks.iter_mut().filter(|track| track.kind.is_video()) {
            let mid = track.mid;
            for (stream, _) in track.streams() {
                if stream.keyframes.ask(now) {
                    let source = Source { mid, rid: stream.layers.target(now) };
                    if !sources.contains(&source) {
                        sources.push(source);
                    }
                }
            }
        }
        sources
    }
}

/// What the library says of a frame besides its bytes.
#[derive(Clone, Copy)]
struct Wire {
    rid: Option<Rid>,
    time: u32,
    /// Nothing before it is missing.
    whole: bool,
}

impl Track {
    fn new(mid: Mid, kind: TrackKind, now: RoomTime) -> Self {
        Self {
            mid,
            kind,
            first: Stream::new(VideoLayer::High, now),
            low: None,
            heard: Heard::default(),
        }
    }

    /// What each view sees of it.
    fn streams(&mut self) -> Vec<(&mut Stream, View)> {
        match &mut self.low {
            None => vec![(&mut self.first, View::Both)],
            Some(low) => vec![
                (&mut self.first, View::With(VideoLayer::High)),
                (low, View::With(VideoLayer::Low)),
            ],
        }
    }

    fn lost(&mut self) {
        let kind = self.kind;
        self.streams().into_iter().for_each(|(stream, _)| stream.lost(kind));
    }
}

impl Stream {
    fn new(layer: VideoLayer, now: RoomTime) -> Self {
        Self {
            clock: RtpClock::default(),
            layers: Layers::new(layer),
            keyframes: Keyframes::start(now),
            start: Start::First,
            gap: false,
        }
    }

    /// Completes a frame as this view sees it; `None` if it doesn't.
    fn take(
        &mut self,
        frame: &mut Frame,
        wire: Wire,
        kind: TrackKind,
        now: RoomTime,
    ) -> Option<Start> {
        let key = frame.kind == FrameKind::Key;
        match self.layers.choose(wire.rid, frame.data.len(), key, now) {
            Choice::Skip => {
                if self.layers.wants_change(now) {
                    self.keyframes.want();
                }
                return None;
            }
            Choice::Take => {}
            Choice::Change => {
                self.clock = RtpClock::default();
                self.start = Start::First;
                self.gap |= !key;
            }
        }
        if key {
            self.keyframes.arrived();
        }
        if self.layers.wants_change(now) {
            self.keyframes.want();
        }
        if !wire.whole && self.start == Start::Next {
            self.lost(kind);
        }
        let gap = std::mem::take(&mut self.gap);
        frame.continuity = if gap { Continuity::AfterGap } else { Continuity::Contiguous };
        frame.rtp_time = self.clock.frame(wire.time);
        Some(std::mem::replace(&mut self.start, Start::Next))
    }

    fn lost(&mut self, kind: TrackKind) {
        if !self.gap {
            counter!("capstan_gaps_total", "kind" => kind.name()).increment(1);
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
