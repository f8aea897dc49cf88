//! The threads of one live recording, and what they share.

pub(crate) mod composite_thread;
pub(crate) mod driver;
pub(crate) mod individual;
pub(crate) mod mix;
pub(crate) mod overload;
pub(crate) mod publisher;
pub(crate) mod queue;
pub(crate) mod shared;
pub(crate) mod snapshot_thread;
pub(crate) mod tape_thread;
