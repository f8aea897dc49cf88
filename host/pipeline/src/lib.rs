//! The stages between encoded frames and segments: playout, decode, mix, encode, segment.
//!
//! Nothing here reads a clock, opens a file or starts a thread: what comes out is a function of
//! what was pushed and of the room times that the caller named.
//!
//! ```text
//! RoomEvent -> playout (order, clock map) -> decode -> mix (scene -> canvas, sound)
//!                                                            -> encode -> Sample -> segmenter
//! RoomEvent -> as_sent (order, clock map, slices of what was sent)
//! ```

pub mod as_sent;
mod colours;
pub mod composite;
pub mod decode;
pub mod encode;
pub mod limits;
pub mod mix;
pub mod picture;
pub mod playout;
pub mod segmenter;
pub mod snapshots;
pub mod stats;

#[cfg(test)]
mod testing;
