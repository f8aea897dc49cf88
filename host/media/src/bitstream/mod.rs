//! What can be read from encoded frames without decoding them.
//!
//! Every parser takes a stranger's bytes: it never panics, never reads past the end and never
//! allocates more than its input is long.

use thiserror::Error;

pub mod av1;
mod bits;
pub mod h264;
pub mod opus;
pub mod said;
pub mod vp8;
pub mod vp9;

/// Encoded bytes that break the rules of their format.
#[derive(Debug, Error, PartialEq, Eq, Clone, Copy)]
#[error("malformed {codec}: {what}")]
pub struct BadBitstream {
    /// The format.
    pub codec: &'static str,
    /// What is wrong.
    pub what: &'static str,
}
