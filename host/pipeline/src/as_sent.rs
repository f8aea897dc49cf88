//! One track into slices as it was sent: frames in, segments on the room's clock out, nothing decoded
//! (but for sound, where AAC is asked for).
//!
//! A sample's time is the room time of its frame, so tracks and participants share one time line and
//! a gap stays a gap. Sound that stops is filled with silence, and ends the session where it stops for
//! long. A picture stands until the next one comes or the track ends; a track that was over for long begins
//! another session. Every session, and every slice that ended in time, begins at a key frame.

mod coding;
mod order;
mod pictures;
mod piece;
mod run;
mod sound;
mod transcode;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use capstan_media::codec::Codec;
use capstan_media::frame::Frame;
use capstan_media::room::SenderReport;
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;
use capstan_media::trouble::{Cause, Complaint};

use self::order::{Order, Ordered};
use self::pictures::{Pictures, Times};
pub use self::piece::{LEAD, Making, Piece, Shape, Slice};
use self::sound::{Placed, Sound};
use crate::encode::EncodeError;
use crate::playout::{Playout, Queued};

/// How long after its room time a frame is put into a slice: by then its track's clock has settled
/// and late ones have come.
pub const SETTLE: Duration = Duration::from_secs(1);
/// No sound for as long as this, or a track of pictures that was over for as long, ends a session; shorter
/// breaks stay in it.
pub const BREAK: Duration = Duration::from_secs(15);
/// Whether this build can encode sound as AAC.
///
/// # Errors
/// If it can't.
pub fn check_aac() -> Result<(), EncodeError> {
    transcode::check()
}

/// One track that is recorded as it is sent.
#[derive(Debug)]
pub struct AsSent {
    track: Track,
    playout: Option<(Codec, Playout)>,
    order: Order,
    /// Frames that couldn't be told what they are, and those that former playouts left out.
    left_out: u64,
    /// Whose and what it is, once a frame came.
    id: Option<TrackId>,
    /// Frames left out that were complained of.
    complained: u64,
    /// Sound that couldn't be told what it is, which is to be complained of yet.
    refused: Option<Complaint>,
    /// Where the newest sound lies.
    newest: Option<RoomTime>,
    /// When the pictures ended, or will have once what waits is written; until then the last one stands.
    ends: VecDeque<RoomTime>,
    pieces: Vec<Piece>,
}

/// The most ends that wait: a track that ends and goes on more often within a second is no track.
const MOST_ENDS: usize = 64;

#[derive(Debug)]
enum Track {
    Sound(Box<Sound>),
    Pictures(Box<Pictures>),
}

impl AsSent {
    /// A camera or a screen.
    #[must_use]
    pub fn pictures(making: Making) -> Self {
        Self::new(Track::Pictures(Box::new(Pictures::new(making))))
    }

    /// A microphone, or other sound.
    #[must_use]
    pub fn sound(making: Making) -> Self {
        Self::new(Track::Sound(Box::new(Sound::new(making))))
    }

    const fn new(track: Track) -> Self {
        Self {
            track,
            playout: None,
            order: Order::new(),
            left_out: 0,
            id: None,
            complained: 0,
            refused: None,
            newest: None,
            ends: VecDeque::new(),
            pieces: Vec::new(),
        }
    }

    /// The track begins, or begins again: media times before and after have nothing to do with each
    /// other.
    pub fn start(&mut self) {
        self.drain();
        match &mut self.track {
            Track::Sound(sound) => sound.restart(),
            Track::Pictures(pictures) => pictures.restart(),
        }
    }

    /// The room says that the track ended at a moment: nothing is to be seen of it any more. Frames that
    /// arrive later take it up again.
    pub fn end(&mut self, at: RoomTime) {
        // Only the first of several without a frame between them counts.
        if self.ends.len() < MOST_ENDS {
            self.ends.push_back(at);
        }
    }

    /// Takes a frame in the order of arrival.
    pub fn push(&mut self, frame: &Arc<Frame>) {
        let codec = frame.codec;
        self.id = Some(frame.track);
        if codec.is_video() != matches!(self.track, Track::Pictures(_)) {
            self.left_out += 1;
            return;
        }
        if self.playout.as_ref().is_some_and(|(before, _)| *before != codec) {
            self.start();
        }
        let (_, playout) =
            self.playout.get_or_insert_with(|| (codec, Playout::new(codec.clock_rate())));
        playout.push(Arc::clone(frame));
    }

    /// What its files lack at this moment.
    pub fn complaints(&mut self, now: RoomTime) -> Vec<Complaint> {
        let of_pictures = match &self.track {
            Track::Sound(_) => None,
            Track::Pictures(pictures) => pictures.complaint(now),
        };
        let left_out = self.left_out() - self.left_out_waiting();
        let more = left_out > std::mem::replace(&mut self.complained, left_out);
        let misplaced = self.id.filter(|_| more).map(|track| {
            let (cause, detail) = (Cause::LeftOut, String::new());
            Complaint { track, cause, since: now, detail }
        });
        of_pictures.cloned().into_iter().chain(misplaced).chain(self.refused.take()).collect()
    }

    /// Frames left out while a key frame was waited for, which is complained of by itself.
    const fn left_out_waiting(&self) -> u64 {
        match &self.track {
            Track::Sound(_) => 0,
            Track::Pictures(pictures) => pictures.left_out(),
        }
    }

    /// Takes a sender report.
    pub fn report(&mut self, report: &SenderReport) {
        if let Some((_, playout)) = &mut self.playout {
            playout.report(report);
        }
    }

    /// Frames were lost on the way here.
    pub const fn tear(&mut self) {
        if let Some((_, playout)) = &mut self.playout {
            playout.tear();
        }
    }

    /// Its queue, for aligning the tracks of a participant.
    pub fn playout(&mut self) -> Option<&mut Playout> {
        self.playout.as_mut().map(|(_, playout)| playout)
    }

    /// Everything up to a room time has come that will come: what is complete comes out.
    pub fn advance(&mut self, until: RoomTime) -> Vec<Piece> {
        while let Some((codec, mut playout)) = self.playout.take() {
            let Some(queued) = playout.take_due(until) else {
                self.playout = Some((codec, playout));
                break;
            };
            self.pass(codec, &playout, queued);
            self.playout = Some((codec, playout));
        }
        self.reach(until);
        std::mem::take(&mut self.pieces)
    }

    /// Whatever is left comes out; the track may go on afterwards, in another session. The last picture
    /// stands up to `end`, if it is known when the recording ended.
    pub fn finish(&mut self, end: Option<RoomTime>) -> Vec<Piece> {
        self.drain();
        if let Some(end) = end {
            self.end(end);
            self.reach(end);
        }
        self.start();
        self.end_session();
        std::mem::take(&mut self.pieces)
    }

    /// Whether it needs a key frame: to begin with, after a loss, or because a slice is long enough.
    #[must_use]
    pub fn wants_key(&self) -> bool {
        match &self.track {
            Track::Sound(_) => false,
            Track::Pictures(pictures) => {
                let waiting = self.playout.as_ref().is_some_and(|(_, playout)| playout.has_key());
                pictures.wants_key() && !waiting
            }
        }
    }

    /// How it is encoded now.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        self.playout.as_ref().map(|(codec, _)| *codec)
    }

    /// Frames that came too late, that nothing was known of to decode them with, or that were no
    /// frames of their codec.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out + self.playout.as_ref().map_or(0, |(_, playout)| left_out(playout))
    }

    /// Passes a frame on, or those before it whose times of decoding are known now.
    fn pass(&mut self, codec: Codec, playout: &Playout, queued: Queued) {
        let ordered = self.order.take(queued, playout.decoding_ahead());
        ordered.into_iter().for_each(|ordered| self.write(codec, playout, &ordered));
    }

    /// Writes what waits.
    fn drain(&mut self) {
        if let Some((codec, mut playout)) = self.playout.take() {
            playout.settle(RoomTime::from_micros(i64::MAX));
            while let Some(queued) = playout.take() {
                self.pass(codec, &playout, queued);
            }
            let rest = self.order.finish();
            rest.into_iter().for_each(|ordered| self.write(codec, &playout, &ordered));
            self.left_out += left_out(&playout);
        }
    }

    /// Nothing more comes that lies before a room time.
    fn reach(&mut self, until: RoomTime) {
        let since = match &mut self.track {
            Track::Sound(_) => self.newest,
            Track::Pictures(pictures) => {
                let over = self.ends.front().copied();
                let stands = over.map_or(until, |over| over.min(until));
                pictures.stand(stands, &mut self.pieces);
                over
            }
        };
        if since.is_some_and(|since| until.since(since) >= BREAK) {
            self.end_session();
        }
    }

    fn end_session(&mut self) {
        self.newest = None;
        match &mut self.track {
            Track::Sound(sound) => sound.end(&mut self.pieces),
            Track::Pictures(pictures) => pictures.end(self.ends.front().copied(), &mut self.pieces),
        }
    }

    fn write(&mut self, codec: Codec, playout: &Playout, ordered: &Ordered) {
        let Ordered { queued: Queued { at: media, frame, after_gap }, decoded } = ordered;
        let Some(at) = playout.room_time(*media) else { return };
        let decoded = playout.room_time(*decoded).unwrap_or(at);
        self.reach(decoded);
        while self.ends.pop_front_if(|end| *end < frame.arrived).is_some() {}
        let written = match &mut self.track {
            Track::Sound(sound) => {
                let placed =
                    Placed { packet: &frame.data, media: *media, at, after_gap: *after_gap };
                sound.push(placed, &mut self.pieces)
            }
            Track::Pictures(pictures) => {
                let times = Times { decoded, shown: at };
                pictures.push(codec, frame, times, *after_gap, &mut self.pieces)
            }
        };
        if written {
            self.newest = Some(self.newest.map_or(at, |newest| newest.max(at)));
        } else {
            self.left_out += 1;
            if matches!(self.track, Track::Sound(_)) {
                let (track, since) = (frame.track, frame.arrived);
                let (cause, detail) = (Cause::SoundUndecodable, String::new());
                self.refused = Some(Complaint { track, cause, since, detail });
            }
        }
    }
}

const fn left_out(playout: &Playout) -> u64 {
    let counts = playout.counts();
    counts.late + counts.overflowed
}

#[cfg(test)]
mod tests;
