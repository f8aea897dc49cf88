//! What the promises are tested with: the real server as a child process, real publishers, a real
//! browser, a receiver of callbacks, the vendors' stand-ins, and independent judges of media.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test harness: a panic is its way to say no, and it lives at the edge of time"
)]

pub mod api;
pub mod browser;
pub mod disk;
pub mod judge;
pub mod process;
pub mod receiver;
pub mod server;
pub mod shipping;
pub mod tls;
pub mod turns;
pub mod vendors;

use std::path::{Path, PathBuf};

pub use turns::{real_time_turn, whole_machine};

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
