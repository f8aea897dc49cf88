//! What the recording API takes, as it stands in JSON: every type, default, range and relation.
//!
//! Requests are read into these values; what they mean for a recording is decided in `convert`. Which
//! fields are known but not served is in `unserved`.

mod acquire;
mod layout;
mod mode;
mod now;
mod start;
mod stop;
mod storage;
mod subscription;
mod transcoding;
mod update;

pub(crate) use self::acquire::AcquireRequest;
pub(crate) use self::layout::{LayoutKind, LayoutRequest};
pub(crate) use self::mode::Mode;
pub(crate) use self::now::Now;
pub(crate) use self::start::{IndividualRequest, MixRequest, SnapshotRequest, StartRequest, Work};
pub(crate) use self::stop::read_stop;
pub(crate) use self::storage::{StorageChange, StorageRequest};
pub(crate) use self::update::UpdateRequest;

#[cfg(test)]
mod tests;
