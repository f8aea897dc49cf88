//! One sound track as samples on the room's clock.
//!
//! A cursor walks along the track's media time and is kept where the clock map says the room is:
//! exactly, copying samples, while the two agree; by a slight change of speed when they drift
//! apart; by a jump when they are far apart. What is missing on the track is made up for a moment
//! and silent then; nothing is ever shifted because something is missing.

use std::collections::VecDeque;

use capstan_media::bitstream::opus::Packet;
use capstan_media::time::RoomTime;

use crate::decode::{DecodeError, OpusDecoder, PIECE};
use crate::limits::MAX_CONCEALED;
use crate::mix::loudness::Loudness;
use crate::playout::{Playout, Queued};
use crate::stats::Stats;

/// Off by more than this (60 ms), the cursor jumps.
const JUMP: f64 = 2_880.0;
/// Off by more than this (1 ms), the speed changes,
const DRIFTED: f64 = 48.0;
/// until it is off by less than this.
const MET: f64 = 2.0;
/// The speed changes by at most this part: hardly audible.
const MAX_SPEED_CHANGE: f64 = 0.01;
/// The time over which a deviation is made good, in samples, if the speed allows.
const MEND: f64 = 24_000.0;
/// The cursor's neighbours that interpolation looks at.
const MARGIN: i64 = 2;
/// Sound after silence fades in, and over a jump it cross-fades, in this many samples.
const FADE: usize = 120;
/// The most that is made up in a row, in samples.
const CONCEALED: usize = MAX_CONCEALED.as_millis() as usize * 48;

/// Decodes and places one track.
#[derive(Debug)]
pub struct Voice {
    decoder: OpusDecoder,
    channels: usize,
    /// Interleaved samples from media time `first` on.
    buffer: VecDeque<f32>,
    first: i64,
    /// The media time of the next output sample.
    cursor: Option<f64>,
    correcting: bool,
    /// Samples made up or silent since the last real one.
    missing: usize,
    /// Samples left of a fade-in.
    fading: usize,
    /// What would have sounded next where the cursor jumped away.
    tail: Vec<f32>,
    loudness: Loudness,
    block: Vec<f32>,
}

impl Voice {
    /// With 1 or 2 channels out.
    ///
    /// # Errors
    /// If the decoder's library can't start.
    pub fn new(channels: usize) -> Result<Self, DecodeError> {
        Ok(Self {
            decoder: OpusDecoder::new(channels)?,
            channels,
            buffer: VecDeque::new(),
            first: 0,
            cursor: None,
            correcting: false,
            missing: CONCEALED,
            fading: FADE,
            tail: Vec::new(),
            loudness: Loudness::default(),
            block: Vec::new(),
        })
    }

    /// How loud it was lately.
    #[must_use]
    pub const fn loudness(&self) -> &Loudness {
        &self.loudness
    }

    /// Adds the sound from `room` on to `out`, which is interleaved.
    pub fn mix(
        &mut self,
        playout: &mut Playout,
        room: RoomTime,
        out: &mut [f32],
        stats: &mut Stats,
    ) {
        playout.settle(room);
        let Some(wanted) = playout.media_time(room) else { return };
        let samples = out.len() / self.channels;
        if let Some(cursor) = self.cursor.filter(|cursor| (wanted - cursor).abs() > JUMP) {
            // What would have come next is needed to fade out.
            self.fill(playout, whole(cursor) + FADE as i64, stats);
        }
        let (mut cursor, speed) = self.steer(wanted);
        let end = cursor + samples as f64 * speed;
        let exact = speed == 1.0 && cursor.fract() == 0.0;
        let margin = if exact { 0 } else { MARGIN };
        self.fill(playout, whole(end.ceil()) + margin, stats);
        self.block.clear();
        if exact {
            let at = whole(cursor);
            let (channels, first) = (self.channels, self.first);
            let cells = (0..samples * channels).map(|n| {
                let sample = at + i64::try_from(n / channels).unwrap_or(0);
                sample_at(&self.buffer, first, channels, sample, n % channels)
            });
            self.block.extend(cells);
            cursor = end;
        } else {
            for _ in 0..samples {
                for channel in 0..self.channels {
                    self.block.push(self.between(cursor, channel));
                }
                cursor += speed;
            }
        }
        self.cross_fade();
        self.cursor = Some(cursor);
        self.forget(whole(cursor) - MARGIN);
        self.loudness.push(&self.block, self.channels);
        out.iter_mut().zip(&self.block).for_each(|(out, &sample)| *out += sample);
    }

    /// The cursor and the speed for the next block.
    fn steer(&mut self, wanted: f64) -> (f64, f64) {
        let Some(cursor) = self.cursor.filter(|cursor| (wanted - cursor).abs() <= JUMP) else {
            return (self.jump(wanted.round()), 1.0);
        };
        let off = wanted - cursor;
        if off.abs() > DRIFTED {
            self.correcting = true;
        } else if self.correcting && off.abs() < MET {
            self.correcting = false;
            return (cursor.round(), 1.0);
        }
        let change = (off / MEND).clamp(-MAX_SPEED_CHANGE, MAX_SPEED_CHANGE);
        if self.correcting { (cursor, 1.0 + change) } else { (cursor, 1.0) }
    }

    fn jump(&mut self, to: f64) -> f64 {
        self.tail.clear();
        if let Some(cursor) = self.cursor {
            let (at, channels) = (whole(cursor), self.channels);
            let cells = (0..FADE * channels).map(|n| {
                let sample = at + i64::try_from(n / channels).unwrap_or(0);
                sample_at(&self.buffer, self.first, channels, sample, n % channels)
            });
            self.tail.extend(cells);
        }
        let to_sample = whole(to);
        if to_sample < self.first {
            // What is silent because it was missing may come yet.
            let real = (self.buffer.len() / self.channels).saturating_sub(self.missing);
            self.buffer.truncate(real * self.channels);
        }
        self.forget(to_sample - MARGIN);
        if self.buffer.is_empty() {
            self.first = to_sample - MARGIN;
            self.missing = CONCEALED;
        } else if self.first > to_sample {
            // Back to where nothing is kept: silence until what is.
            for (n, sample) in self.buffer.iter_mut().take(FADE * self.channels).enumerate() {
                *sample *= (n / self.channels) as f32 / FADE as f32;
            }
        }
        self.correcting = false;
        to
    }

    /// Lets what sounded before a jump fade out into the block.
    fn cross_fade(&mut self) {
        let frames = self.tail.len().min(self.block.len()) / self.channels;
        let pairs = self.block.iter_mut().zip(self.tail.drain(..)).enumerate();
        for (n, (sample, before)) in pairs.take(frames * self.channels) {
            let gain = (n / self.channels) as f32 / frames as f32;
            *sample = *sample * gain + before * (1.0 - gain);
        }
    }

    /// Drops what lies before a media time.
    fn forget(&mut self, before: i64) {
        let passed = usize::try_from(before.saturating_sub(self.first)).unwrap_or(0);
        let gone = passed.min(self.buffer.len() / self.channels);
        self.buffer.drain(..gone * self.channels);
        self.first += i64::try_from(gone).unwrap_or(0);
    }

    fn end(&self) -> i64 {
        self.first + i64::try_from(self.buffer.len() / self.channels).unwrap_or(0)
    }

    /// Has samples up to `until`, real, made up or silent.
    fn fill(&mut self, playout: &mut Playout, until: i64, stats: &mut Stats) {
        while self.end() < until {
            let end = self.end();
            match playout.next() {
                Some(next) if next.at.0 <= end => {
                    if let Some(packet) = playout.take() {
                        self.decode(&packet, stats);
                    }
                }
                Some(next) => self.bridge(next.at.0 - end, Some(next), until, stats),
                None => self.bridge(until - end, None, until, stats),
            }
        }
    }

    /// Appends a packet, without what lies before the end.
    fn decode(&mut self, packet: &Queued, stats: &mut Stats) {
        let data = &packet.frame.data;
        let known = Packet::parse(data).map_or(0, |packet| i64::from(packet.samples()));
        let overlap = self.end().saturating_sub(packet.at.0);
        if known > 0 && overlap >= known {
            stats.late += 1;
            // Its place is past, but what follows it sounds right only if the decoder knows it.
            let _ = self.decoder.decode(data);
            return;
        }
        match self.decoder.decode(data) {
            Ok(samples) => {
                stats.packets += 1;
                let skip = usize::try_from(overlap).unwrap_or(0) * self.channels;
                if self.missing >= CONCEALED {
                    self.fading = FADE;
                }
                let fresh = samples.get(skip..).unwrap_or_default();
                append(&mut self.buffer, fresh, self.channels, &mut self.fading);
                self.missing = 0;
            }
            Err(_) => stats.broken += 1,
        }
    }

    /// Makes up or leaves silent some of the next `gap` samples, after which `next` comes if it is
    /// here already.
    fn bridge(&mut self, gap: i64, next: Option<&Queued>, until: i64, stats: &mut Stats) {
        let allowed = CONCEALED.saturating_sub(self.missing);
        let len = usize::try_from(gap).unwrap_or(0);
        if allowed == 0 {
            // Silence only as far as it is asked for: what comes later may still close the gap.
            let asked = usize::try_from(until - self.end()).unwrap_or(0).min(len);
            self.buffer.extend(std::iter::repeat_n(0.0, asked * self.channels));
            self.missing = self.missing.saturating_add(asked);
            return;
        }
        let made = match next.filter(|next| len <= allowed && next.after_gap) {
            Some(packet) => self.recover(packet, len),
            None => self.conceal(len.min(allowed).min(PIECE)),
        };
        if made == 0 {
            self.missing = CONCEALED;
        }
        self.missing += made;
        stats.concealed_samples(made);
    }

    /// Closes a short gap whose end is known.
    fn recover(&mut self, packet: &Queued, gap: usize) -> usize {
        let Ok(made) = self.decoder.close_gap(gap, &packet.frame.data) else { return 0 };
        append(&mut self.buffer, &made, self.channels, &mut self.fading);
        made.len() / self.channels
    }

    /// Makes up a piece, fading out towards the end of what may be made up.
    fn conceal(&mut self, len: usize) -> usize {
        let Ok(made) = self.decoder.fade_out(len, self.missing, CONCEALED) else { return 0 };
        self.buffer.extend(&made);
        made.len() / self.channels
    }

    /// The sample at a place between samples: a cubic through its four neighbours.
    fn between(&self, place: f64, channel: usize) -> f32 {
        let at = whole(place.floor());
        let t = part(place);
        let cell = |n: i64| sample_at(&self.buffer, self.first, self.channels, at + n, channel);
        let (before, this, next, after) = (cell(-1), cell(0), cell(1), cell(2));
        let slope = (next - before) * 0.5;
        let bend = before - 2.5 * this + 2.0 * next - 0.5 * after;
        let twist = 1.5 * (this - next) + 0.5 * (after - before);
        ((twist * t + bend) * t + slope) * t + this
    }
}

/// Appends, fading in what is left of a fade.
fn append(buffer: &mut VecDeque<f32>, samples: &[f32], channels: usize, fading: &mut usize) {
    if *fading == 0 {
        buffer.extend(samples);
        return;
    }
    for frame in samples.chunks(channels) {
        let gain = 1.0 - *fading as f32 / FADE as f32;
        *fading = fading.saturating_sub(1);
        buffer.extend(frame.iter().map(|&sample| sample * gain));
    }
}

fn sample_at(buffer: &VecDeque<f32>, first: i64, channels: usize, at: i64, channel: usize) -> f32 {
    let place = usize::try_from(at - first).ok().map(|n| n * channels + channel);
    place.and_then(|place| buffer.get(place)).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_possible_truncation, reason = "media times are far below 2^53")]
const fn whole(place: f64) -> i64 {
    place as i64
}

#[expect(clippy::cast_possible_truncation, reason = "a part of a sample needs no precision")]
fn part(place: f64) -> f32 {
    (place - place.floor()) as f32
}
