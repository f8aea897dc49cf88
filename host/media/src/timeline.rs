//! What a recording's timeline says: what happened when, beside the frames.
//!
//! Tapes, timeline and settings together decide the output: rendering them again gives the same
//! pictures wherever no overload or loss is marked.

use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::room::{LeaveReason, RoomEvent};
use crate::scene::{Rect, Scene};
use crate::subscription::Subscription;
use crate::time::RoomTime;
use crate::track::{TrackId, Uid};
use crate::trouble::Cause;

/// One line of a timeline.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum Mark {
    /// The recording's zero: the room time of its first picture and sample.
    Started {
        /// When.
        at: RoomTime,
    },
    /// The end: no picture belongs to this time or a later one.
    Stopped {
        /// When.
        at: RoomTime,
    },
    /// The recording takes these tracks of the room from here on. What it doesn't take is neither on
    /// the timeline nor on tape.
    Subscribed {
        /// When.
        at: RoomTime,
        /// Whose.
        subscription: Subscription,
    },
    /// A participant came, for the first time or again.
    Joined {
        /// Who.
        uid: Uid,
        /// When.
        at: RoomTime,
        /// When for the first time, if it was another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<RoomTime>,
    },
    /// A participant is gone.
    Left {
        /// Who.
        uid: Uid,
        /// When.
        at: RoomTime,
        /// Why.
        reason: LeaveReason,
    },
    /// A track's first frame came, or its first with another codec.
    TrackStarted {
        /// Which.
        track: TrackId,
        /// Encoded how.
        codec: Codec,
        /// When.
        at: RoomTime,
    },
    /// A track fell silent.
    Muted {
        /// Which.
        track: TrackId,
        /// When.
        at: RoomTime,
    },
    /// A silent track sends again.
    Unmuted {
        /// Which.
        track: TrackId,
        /// When.
        at: RoomTime,
    },
    /// Another scene holds from here on.
    Scene {
        /// The room time of the first picture that shows it.
        at: RoomTime,
        /// The scene.
        scene: Scene,
    },
    /// The composite couldn't keep up: the picture before the span was shown for all of it.
    Overloaded {
        /// The first skipped picture's time.
        from: RoomTime,
        /// The time of the first picture after the span.
        to: RoomTime,
        /// How many pictures were skipped.
        pictures: u64,
    },
    /// Something was dropped.
    Lost {
        /// When it was noticed.
        at: RoomTime,
        /// Where it was dropped.
        place: LossPlace,
        /// How many events or segments.
        events: u64,
        /// Why, for an operator's eyes.
        why: String,
    },
    /// Something of a track is missing from here on.
    TroubleBegan {
        /// Since when.
        at: RoomTime,
        /// Of which track.
        track: TrackId,
        /// Why.
        cause: Cause,
        /// More words for an operator's eyes.
        detail: String,
    },
    /// That is over.
    TroubleEnded {
        /// When.
        at: RoomTime,
        /// Of which track.
        track: TrackId,
        /// What was the cause.
        cause: Cause,
    },
    /// A layout or a disk misbehaved; the recording went on.
    Fault {
        /// When.
        at: RoomTime,
        /// What, for an operator's eyes.
        detail: String,
    },
}

/// Where something was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossPlace {
    /// Before the tape: the recording read the room too slowly. It is gone.
    Room,
    /// On the way to the tape: the disk refused it. The live output still has it.
    Tape,
    /// Between tape and composite: the live output lacks it, the tape has it.
    Composite,
    /// A finished segment couldn't be written. The tape has its frames.
    Segment,
}

impl Mark {
    /// When it happened or began.
    #[must_use]
    pub const fn at(&self) -> RoomTime {
        match self {
            Self::Started { at }
            | Self::Stopped { at }
            | Self::Subscribed { at, .. }
            | Self::Joined { at, .. }
            | Self::Left { at, .. }
            | Self::TrackStarted { at, .. }
            | Self::Muted { at, .. }
            | Self::Unmuted { at, .. }
            | Self::Scene { at, .. }
            | Self::Overloaded { from: at, .. }
            | Self::Lost { at, .. }
            | Self::TroubleBegan { at, .. }
            | Self::TroubleEnded { at, .. }
            | Self::Fault { at, .. } => *at,
        }
    }

    /// The mark of a room's event; `None` for frames and sender reports, which go on tape.
    #[must_use]
    pub fn of_event(event: &RoomEvent) -> Option<Self> {
        Some(match *event {
            RoomEvent::Joined { uid, at, since } => {
                Self::Joined { uid, at, since: (since != at).then_some(since) }
            }
            RoomEvent::Left { uid, at, reason } => Self::Left { uid, at, reason },
            RoomEvent::TrackStarted { track, codec, at } => Self::TrackStarted { track, codec, at },
            RoomEvent::Muted { track, at } => Self::Muted { track, at },
            RoomEvent::Unmuted { track, at } => Self::Unmuted { track, at },
            RoomEvent::Lost { at, events } => {
                let why = "the recording read the room too slowly".into();
                Self::Lost { at, place: LossPlace::Room, events, why }
            }
            RoomEvent::Frame(_) | RoomEvent::Report(_) => return None,
        })
    }

    /// The room's event that this mark came from, if it came from one.
    #[must_use]
    pub const fn to_event(&self) -> Option<RoomEvent> {
        Some(match *self {
            Self::Joined { uid, at, since } => {
                let since = match since {
                    Some(since) => since,
                    None => at,
                };
                RoomEvent::Joined { uid, at, since }
            }
            Self::Left { uid, at, reason } => RoomEvent::Left { uid, at, reason },
            Self::TrackStarted { track, codec, at } => RoomEvent::TrackStarted { track, codec, at },
            Self::Muted { track, at } => RoomEvent::Muted { track, at },
            Self::Unmuted { track, at } => RoomEvent::Unmuted { track, at },
            Self::Lost { at, place: LossPlace::Room, events, .. } => RoomEvent::Lost { at, events },
            _ => return None,
        })
    }
}

/// A scene with its fractions rounded to 9 decimals, a millionth of a pixel. Such numbers survive
/// being written as JSON and read again bit for bit, longer ones may not, and a scene on the
/// timeline must paint exactly what it painted live.
#[must_use]
pub fn on_paper(mut scene: Scene) -> Scene {
    let round = |fraction: f64| (fraction * 1e9).round() / 1e9;
    for layer in &mut scene.layers {
        let Rect { x, y, width, height } = layer.area;
        layer.area = Rect { x: round(x), y: round(y), width: round(width), height: round(height) };
        layer.alpha = (layer.alpha * 1e5).round() / 1e5;
        layer.corner_radius = (layer.corner_radius * 1e5).round() / 1e5;
    }
    scene
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scene::{Colour, Content, Fit, Layer};
    use crate::track::TrackKind;

    #[test]
    fn room_events_come_back_from_their_marks() {
        let uid = Uid::new(7).unwrap();
        let track = TrackId { uid, kind: TrackKind::Screen };
        let at = RoomTime::from_millis(1_700_000_000_123);
        let events = [
            RoomEvent::Joined { uid, at, since: at },
            RoomEvent::Joined { uid, at, since: RoomTime::from_millis(1_600_000_000_000) },
            RoomEvent::TrackStarted { track, codec: Codec::Vp9, at },
            RoomEvent::Muted { track, at },
            RoomEvent::Unmuted { track, at },
            RoomEvent::Lost { at, events: 3 },
            RoomEvent::Left { uid, at, reason: LeaveReason::Lost },
        ];
        for event in events {
            let mark = Mark::of_event(&event).unwrap();
            let text = serde_json::to_string(&mark).unwrap();
            let read: Mark = serde_json::from_str(&text).unwrap();
            assert_eq!(read, mark, "{text}");
            assert_eq!(format!("{:?}", read.to_event().unwrap()), format!("{event:?}"));
            assert_eq!(read.at(), at);
        }
    }

    proptest! {
        #[test]
        fn scenes_survive_paper_bit_for_bit(x in 0.0..1.0_f64, w in 0.0..1.0_f64, alpha in 0.0..1.0_f32) {
            let area = Rect { x, y: w, width: w, height: x };
            let content = Content::Colour(Colour::BLACK);
            let layer = Layer { area, content, fit: Fit::Cover, alpha, corner_radius: alpha / 2.0 };
            let scene = on_paper(Scene { background: Colour::BLACK, layers: vec![layer] });
            let text = serde_json::to_string(&scene).unwrap();
            prop_assert_eq!(serde_json::from_str::<Scene>(&text).unwrap(), scene);
        }
    }
}
