//! What a room tells whoever records it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::frame::Frame;
use crate::time::{RoomTime, RtpTime};
use crate::track::{TrackId, Uid};

/// Why a participant is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// The publisher deleted its session.
    Quit,
    /// No packet came for the configured time, or the connection failed.
    Lost,
    /// A newer session of the same uid took over; the participant stays.
    Replaced,
}

/// A sender report's map between the sender's two clocks (RFC 3550, 6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SenderReport {
    /// Whose and what.
    pub track: TrackId,
    /// When the report arrived.
    pub arrived: RoomTime,
    /// The sender's own clock, in microseconds since the Unix epoch. It may be wrong by any amount;
    /// only differences between tracks of one participant mean anything.
    pub sender_micros: i64,
    /// The track's media time at that moment, extended as the frames' are.
    pub rtp_time: RtpTime,
}

/// Something that happened in a room, in the order in which it happened.
///
/// A subscriber first gets `Joined` and `TrackStarted` for what is already there (stamped with the
/// original times), then everything as it comes.
#[derive(Clone, Debug)]
pub enum RoomEvent {
    /// A participant's session is connected, for the first time or again.
    Joined {
        /// Who.
        uid: Uid,
        /// When.
        at: RoomTime,
        /// When the participant first joined; a quick return doesn't change it.
        since: RoomTime,
    },
    /// A participant is gone. A frame of the same uid after this comes only after a new `Joined`.
    Left {
        /// Who.
        uid: Uid,
        /// When.
        at: RoomTime,
        /// Why.
        reason: LeaveReason,
    },
    /// The first frame of a track came, the first with another codec, or the first of another
    /// stream of the sender (a newer session, another simulcast layer). The frame follows. Media
    /// times before and after this event have nothing to do with each other.
    TrackStarted {
        /// Which.
        track: TrackId,
        /// Encoded how.
        codec: Codec,
        /// When.
        at: RoomTime,
    },
    /// No frame of the track has come for a while (the participant is still there).
    Muted {
        /// Which.
        track: TrackId,
        /// When the silence was noticed.
        at: RoomTime,
    },
    /// Frames of a muted track come again.
    Unmuted {
        /// Which.
        track: TrackId,
        /// When.
        at: RoomTime,
    },
    /// A frame.
    Frame(Arc<Frame>),
    /// A sender report.
    Report(SenderReport),
    /// This subscriber was too slow and its bounded queue dropped events.
    Lost {
        /// When the queue had room again.
        at: RoomTime,
        /// How many events were dropped.
        events: u64,
    },
}

impl RoomEvent {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> RoomTime {
        match self {
            Self::Joined { at, .. }
            | Self::Left { at, .. }
            | Self::TrackStarted { at, .. }
            | Self::Muted { at, .. }
            | Self::Unmuted { at, .. }
            | Self::Lost { at, .. } => *at,
            Self::Frame(frame) => frame.arrived,
            Self::Report(report) => report.arrived,
        }
    }

    /// The same event on a clock that is ahead by so many microseconds.
    #[must_use]
    pub fn moved(self, micros: i64) -> Self {
        let later = |at: RoomTime| at.offset_micros(micros);
        match self {
            Self::Joined { uid, at, since } => {
                Self::Joined { uid, at: later(at), since: later(since) }
            }
            Self::Left { uid, at, reason } => Self::Left { uid, at: later(at), reason },
            Self::TrackStarted { track, codec, at } => {
                Self::TrackStarted { track, codec, at: later(at) }
            }
            Self::Muted { track, at } => Self::Muted { track, at: later(at) },
            Self::Unmuted { track, at } => Self::Unmuted { track, at: later(at) },
            Self::Lost { at, events } => Self::Lost { at: later(at), events },
            Self::Frame(frame) => {
                let arrived = later(frame.arrived);
                Self::Frame(Arc::new(Frame { arrived, ..Arc::unwrap_or_clone(frame) }))
            }
            Self::Report(report) => {
                Self::Report(SenderReport { arrived: later(report.arrived), ..report })
            }
        }
    }
}
