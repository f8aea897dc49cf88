//! Brings the tracks of one participant together.
//!
//! Each track's clock map knows where the sender's own clock lies on the room's, as the delay of
//! that track shows it: encoding a picture takes longer than encoding sound. What was captured at
//! one moment belongs at one moment, so all tracks are put where the quickest one is.

use super::Playout;

/// The most that a slow track is put earlier than its frames arrive: it comes out of the playout
/// delay, of which jitter needs the rest. What is over puts the quick tracks later.
const MOST_EARLIER: i64 = 300_000;
/// Offsets further apart than this are no delays: the sender's reports are wrong and are ignored.
const PLAUSIBLE: i64 = 2_000_000;
/// A shift further off than this is corrected by a step.
const STEP: i64 = 60_000;

/// Moves the tracks' shifts towards each other; `slew` is the most that one may move without a
/// step, in microseconds. They stay while a track's clock map has moved and its sender hasn't reported since:
/// what it said before isn't true any more, and the others' reports alone say nothing of it.
pub fn align(tracks: &mut [&mut Playout], slew: i64) {
    if tracks.iter().any(|track| track.clock().awaits_report()) {
        return;
    }
    let offsets = || tracks.iter().filter_map(|track| track.clock().sender_offset());
    let (Some(quickest), Some(slowest)) = (offsets().min(), offsets().max()) else { return };
    let plausible = slowest - quickest <= PLAUSIBLE;
    let common = quickest.max(slowest - MOST_EARLIER);
    for track in tracks {
        let Some(offset) = track.clock().sender_offset() else { continue };
        let target = if plausible { common - offset } else { 0 };
        let off = target - track.shift();
        let step = if off.abs() > STEP { off } else { off.clamp(-slew, slew) };
        track.set_shift(track.shift() + step);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use capstan_media::codec::Codec;
    use capstan_media::frame::{Continuity, Frame, FrameKind};
    use capstan_media::room::SenderReport;
    use capstan_media::time::{RoomTime, RtpTime};
    use capstan_media::track::{TrackId, TrackKind, Uid};
    use capstan_media::turn::Turn;

    use super::*;
    use crate::playout::clock::MediaTime;

    /// A track whose frames arrive `delay` µs after capture, with a report of a sender clock that
    /// is 1000 s behind the room's.
    fn track(codec: Codec, delay: i64) -> Playout {
        let kind = if codec == Codec::Opus { TrackKind::Audio } else { TrackKind::Camera };
        let id = TrackId { uid: Uid::new(1).unwrap(), kind };
        let rate = codec.clock_rate();
        let mut playout = Playout::new(rate);
        let captured = 5_000_000_000;
        let arrived = RoomTime::from_micros(captured + delay);
        playout.push(Arc::new(Frame {
            track: id,
            arrived,
            rtp_time: RtpTime(777),
            codec,
            kind: FrameKind::Key,
            continuity: Continuity::Contiguous,
            turn: Turn::None,
            data: Bytes::from_static(&[0]),
        }));
        let rtp_time = RtpTime(777 + u64::from(rate));
        let sender_micros = captured + 1_000_000 - 1_000_000_000;
        playout.report(&SenderReport { track: id, arrived, sender_micros, rtp_time });
        playout
    }

    fn room(playout: &Playout) -> i64 {
        playout.room_time(MediaTime(0)).unwrap().as_micros() - 5_000_000_000
    }

    #[test]
    fn what_was_captured_together_is_placed_together() {
        let (mut sound, mut video) = (track(Codec::Opus, 20_000), track(Codec::Vp8, 120_000));
        assert_eq!((room(&sound), room(&video)), (20_000, 120_000));
        align(&mut [&mut sound, &mut video], 300);
        assert_eq!((room(&sound), room(&video)), (20_000, 20_000));
    }

    #[test]
    fn a_very_slow_track_holds_the_quick_one_back() {
        let (mut sound, mut video) = (track(Codec::Opus, 0), track(Codec::Vp8, 500_000));
        align(&mut [&mut sound, &mut video], 300);
        assert_eq!((room(&sound), room(&video)), (200_000, 200_000));
    }

    #[test]
    fn small_offsets_are_slewed_and_wrong_reports_ignored() {
        let (mut sound, mut video) = (track(Codec::Opus, 0), track(Codec::Vp8, 40_000));
        align(&mut [&mut sound, &mut video], 300);
        assert_eq!((room(&sound), room(&video)), (0, 39_700));
        let (mut sound, mut video) = (track(Codec::Opus, 0), track(Codec::Vp8, 9_000_000));
        align(&mut [&mut sound, &mut video], 300);
        assert_eq!((room(&sound), room(&video)), (0, 9_000_000));
    }
}
