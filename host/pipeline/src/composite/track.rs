//! The tracks of one participant: from frames that arrived to what is seen and heard at a tick.

use std::sync::Arc;

use capstan_media::frame::{Frame, Size};
use capstan_media::time::RoomTime;
use capstan_media::trouble::Complaint;

use crate::decode::DecodeError;
use crate::decode::stream::{Decoded, VideoStream};
use crate::mix::canvas::Shown;
use crate::mix::voice::Voice;
use crate::playout::clock::MediaTime;
use crate::playout::{Counts, Playout, Queued};
use crate::stats::Stats;

/// A camera or a screen.
#[derive(Debug)]
pub(super) struct VideoTrack {
    pub(super) playout: Playout,
    stream: VideoStream,
    /// The room said that it has ended: its last picture isn't shown any more.
    muted: bool,
    counts: Counts,
}

impl VideoTrack {
    pub(super) fn new(rate: u32) -> Self {
        let (playout, stream) = (Playout::new(rate), VideoStream::default());
        Self { playout, stream, muted: false, counts: Counts::default() }
    }

    pub(super) fn push(&mut self, frame: &Arc<Frame>, stats: &mut Stats) {
        self.playout.push(Arc::clone(frame));
        count(&self.playout, &mut self.counts, stats);
    }

    pub(super) const fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// The participant left: nothing of before is shown.
    pub(super) fn leave(&mut self, at: RoomTime) {
        self.playout.forget(at);
        self.stream.reset();
        self.muted = false;
    }

    /// Decodes what belongs to a tick: everything `until` half a tick after it.
    pub(super) fn advance(&mut self, until: RoomTime, decode: bool, stats: &mut Stats) {
        let due = std::iter::from_fn(|| self.playout.take_due(until));
        let due: Vec<(Queued, bool)> = due
            .map(|queued| {
                let droppable = self.stream.is_droppable(&queued.frame);
                (queued, droppable)
            })
            .collect();
        if !decode {
            return;
        }
        // What is seen at this tick; frames that are decoded before their time come later.
        let ticks = self.playout.media_time(until).unwrap_or(f64::MIN);
        #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
        let now = MediaTime(ticks.ceil() as i64);
        // A frame that nothing needs is decoded only if nothing else came for this tick.
        let for_tick = || due.iter().filter(|(queued, _)| queued.at <= now);
        let all_droppable = for_tick().all(|&(_, droppable)| droppable);
        let last = for_tick().map(|(queued, _)| queued.at).max();
        for (queued, droppable) in due {
            let seen = queued.at > now || (all_droppable && Some(queued.at) == last);
            if droppable && !seen {
                stats.superseded += 1;
                if queued.after_gap {
                    self.stream.lose();
                }
                continue;
            }
            match self.stream.push_at(&queued.frame, queued.after_gap, queued.at, now) {
                Decoded::Done => stats.decoded += 1,
                Decoded::Undecodable => stats.undecodable += 1,
                Decoded::Broken(error) => {
                    stats.broken += 1;
                    tracing::debug!(track = %queued.frame.track, %error, "frame not decoded");
                }
            }
        }
        self.stream.show_until(now);
    }

    /// Whether it waits for a key frame that isn't here yet.
    pub(super) fn is_starving(&self) -> bool {
        !self.muted && self.stream.is_starving() && !self.playout.has_key()
    }

    /// Why it shows nothing new of what comes.
    pub(super) fn complaint(&self) -> Option<&Complaint> {
        self.stream.complaint().filter(|_| !self.muted)
    }

    /// The picture to show.
    pub(super) fn shown(&self) -> Option<Shown<'_>> {
        if self.muted { None } else { self.stream.shown() }
    }

    /// Its size.
    pub(super) fn size(&self) -> Option<Size> {
        if self.muted { None } else { self.stream.size() }
    }
}

/// A microphone.
#[derive(Debug)]
pub(super) struct AudioTrack {
    pub(super) playout: Playout,
    /// `None` if no sound is asked for.
    pub(super) voice: Option<Voice>,
    muted: bool,
    counts: Counts,
}

impl AudioTrack {
    /// `channels` of the sound that is asked for.
    pub(super) fn new(rate: u32, channels: Option<usize>) -> Result<Self, DecodeError> {
        let voice = channels.map(Voice::new).transpose()?;
        Ok(Self { playout: Playout::new(rate), voice, muted: false, counts: Counts::default() })
    }

    pub(super) fn push(&mut self, frame: &Arc<Frame>, stats: &mut Stats) {
        if self.voice.is_some() {
            self.playout.push(Arc::clone(frame));
            count(&self.playout, &mut self.counts, stats);
        }
    }

    pub(super) const fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    pub(super) const fn is_muted(&self) -> bool {
        self.muted
    }

    /// The participant left: nothing that arrived before is heard any more.
    pub(super) fn leave(&mut self, at: RoomTime) {
        self.playout.forget(at);
        self.muted = false;
    }
}

/// Adds what happened to a track's frames since the counts `before`.
const fn count(playout: &Playout, before: &mut Counts, stats: &mut Stats) {
    let now = playout.counts();
    stats.late += now.late - before.late;
    stats.overflowed += now.overflowed - before.overflowed;
    stats.jumps += now.jumps - before.jumps;
    *before = now;
}
