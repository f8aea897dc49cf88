//! One live recording, from start to the moment at which the outbox has all of it.
//!
//! ```text
//!  room events ──> tape thread ──> tapes, timeline (disk)
//!                      │
//!                      └─ bounded queue ──> composite thread ──> hls/ (disk) ──> outbox ──> ports
//!                                            asks the layout      segments       uploads, events
//! ```
//!
//! Screenshots have a queue and a thread of their own beside the composite's.
//!
//! A frame is on its tape before anything else may lose it; a segment is on disk and its upload and
//! events are owed durably before anybody hears of it.

mod describe;
mod director;
pub mod handle;
pub mod layout;
mod live;
pub mod maker;
pub mod requests;
mod seldom;
pub mod session;
pub mod source;
pub mod status;
mod streams;
mod subscriber;
#[cfg(test)]
#[path = "../../outbox/src/testing.rs"]
pub mod testing;
mod troubles;

pub use handle::{Equipment, Recording, RecordingHandle};
pub use status::RecordingStatus;
