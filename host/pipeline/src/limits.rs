//! Every limit of playout, decoding and mixing, with its reason.
//!
//! A stranger decides what a publisher sends, so each queue, size and step has an end here.

use std::time::Duration;

/// The most pixels of a decoded picture (4096 x 4096): 24 MiB of planes.
pub const MAX_PICTURE_AREA: u64 = 4096 * 4096;

/// The longest side of a decoded picture, so that a row's arithmetic stays small.
pub const MAX_PICTURE_SIDE: u32 = 8192;

/// The most bytes of one encoded frame; larger ones are dropped undecoded. A key frame of a large
/// screen at a wasteful rate stays below it.
pub const MAX_FRAME_BYTES: usize = 8 << 20;

/// The most frames that wait on one track: 5 s of playout delay at 60 a second, twice over.
pub const MAX_QUEUED_FRAMES: usize = 600;

/// The most bytes that wait on one track: 10 s at 25 Mbit/s.
pub const MAX_QUEUED_BYTES: usize = 32 << 20;

/// The most sound packets that wait on one track: 10 s of the shortest ones (2.5 ms).
pub const MAX_QUEUED_PACKETS: usize = 4000;

/// The most events that wait for their tick, all tracks together. The driver pushes no further
/// than the tick that it renders, so only a caller that doesn't render reaches it.
pub const MAX_WAITING_EVENTS: usize = 65_536;

/// The most bytes of frames that wait for their tick, all tracks together.
pub const MAX_WAITING_BYTES: usize = 256 << 20;

/// The most participants that are mixed; more are not in the roster.
pub const MAX_PARTICIPANTS: usize = 64;

/// The longest playout delay.
pub const MAX_PLAYOUT_DELAY: Duration = Duration::from_secs(5);

/// A picture that didn't change isn't encoded again for as long as this: players and seeking
/// want a sample now and then.
pub const MAX_UNCHANGED: Duration = Duration::from_secs(1);

/// How long a gap in the sound is filled with made-up sound before silence takes over: longer
/// made-up speech turns into a buzz.
pub const MAX_CONCEALED: Duration = Duration::from_millis(100);

/// The most rosters a second that only tell who speaks.
pub const ROSTERS_A_SECOND: u32 = 5;
