//! What recordings are written as: fragmented MP4 and the playlist that lists it.
//!
//! Writers only: everything is rendered from values, byte for byte the same each time.

pub mod fmp4;
pub mod playlist;
mod sample_entry;
pub mod utc;
