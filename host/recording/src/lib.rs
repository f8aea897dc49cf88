//! One recording from start to last callback.
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

mod composite_thread;
pub mod composition;
mod director;
mod driver;
pub mod event;
pub mod handle;
mod individual;
mod listing;
mod mix;
mod mp4;
mod names;
pub mod outbox;
mod overload;
pub mod ports;
mod publisher;
mod queue;
pub mod render;
pub mod report;
mod retry;
mod seldom;
pub mod session;
pub mod settings;
mod shared;
mod snapshot_thread;
pub mod source;
pub mod status;
mod streams;
mod subscriber;
pub mod tape;
mod tape_thread;
#[cfg(test)]
mod testing;
pub mod timeline;

pub use handle::{Equipment, Recording, RecordingHandle};
pub use outbox::{Outbox, OutboxPorts, OutboxSettings};
pub use settings::RecordingSettings;
pub use status::{Outcome, RecordingStatus};
