//! The sound of a room: every voice added up on the room's clock.
//!
//! Sample `n` of the output belongs to room time `start + n / 48000`, whatever was asked for in
//! which pieces.

use capstan_media::time::RoomTime;

use crate::encode::SAMPLE_RATE;
use crate::mix::limiter::limit;
use crate::mix::voice::Voice;
use crate::playout::Playout;
use crate::stats::Stats;

/// The cursors of voices are steered this often: every 10 ms.
const BLOCK: u64 = 480;

/// Places samples on the clock.
#[derive(Debug)]
pub struct Sound {
    start: RoomTime,
    channels: usize,
    /// Samples per channel so far.
    done: u64,
}

impl Sound {
    /// Whose first sample is at `start`.
    #[must_use]
    pub const fn new(start: RoomTime, channels: usize) -> Self {
        Self { start, channels, done: 0 }
    }

    /// Appends the sound up to sample number `until` to `out`, interleaved.
    pub fn mix<'a>(
        &mut self,
        until: u64,
        voices: &mut [(&'a mut Playout, &'a mut Voice)],
        out: &mut Vec<f32>,
        stats: &mut Stats,
    ) {
        while self.done < until {
            // Blocks keep their places on the clock however the pieces fall.
            let samples = (BLOCK - self.done % BLOCK).min(until - self.done);
            let from = out.len();
            out.resize(from + usize::try_from(samples).unwrap_or(0) * self.channels, 0.0);
            let block = out.get_mut(from..).unwrap_or_default();
            let room = room_time(self.start, self.done);
            for (playout, voice) in voices.iter_mut() {
                voice.mix(playout, room, block, stats);
            }
            block.iter_mut().for_each(|sample| *sample = limit(*sample));
            self.done += samples;
        }
    }
}

/// The room time of sample `number`, to the nearest microsecond.
fn room_time(start: RoomTime, number: u64) -> RoomTime {
    let rate = u128::from(SAMPLE_RATE);
    let micros = (u128::from(number) * 1_000_000 + rate / 2) / rate;
    start.offset_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
