//! What recordings are written as: fragmented MP4 and the playlist that lists it.

pub mod fmp4;
pub mod playlist;
