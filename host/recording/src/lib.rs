//! One recording from start to last callback.
//!
//! ```text
//!  room events ──> tape thread ──> tapes, timeline (disk)
//!                      │
//!                      └─ bounded queue ──> composite thread ──> hls/ (disk) ──> outbox ──> ports
//!                                            asks the layout      segments       uploads, events
//! ```
//!
//! A frame is on its tape before anything else may lose it; a segment is on disk and its upload and
//! events are owed durably before anybody hears of it.

pub mod event;
pub mod handle;
pub mod outbox;
pub mod ports;
pub mod settings;
pub mod source;
pub mod status;

pub use handle::{Recording, RecordingHandle};
pub use outbox::Outbox;
pub use settings::RecordingSettings;
pub use status::{Outcome, RecordingStatus};
