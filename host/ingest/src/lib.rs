//! Publishers: WHIP offer and answer, one UDP port for all, frames on the room clock.
//!
//! ```text
//!              publish(offer)                       subscribe(room)
//!                    |                                    ^
//!    HTTP  ------> Ingest ---- peer ----> socket thread   |  bounded queue each
//!                                            |            |
//!    UDP   <======= one port ==============> | peers ---> rooms
//!                                              (str0m)
//! ```
//!
//! Invariants: only this crate names the WebRTC library. Only the socket thread touches a peer, and
//! only it reads the clock; peers and rooms get the time as an argument. Nothing a publisher sends
//! and no slow subscriber can stop another publisher.

mod config;
mod demux;
mod error;
mod fragment;
mod heard;
mod ingest;
mod keyframes;
mod layers;
mod negotiate;
mod offer;
mod path;
mod peer;
mod remote;
mod room;
mod rtp_clock;
mod sessions;
mod socket;
mod subscription;
mod tcp;
mod time;
mod track;
mod view;

pub use config::IngestConfig;
pub use error::{NoSuchSession, PatchError, PublishError, StartError};
pub use fragment::{Generation, Patched};
pub use ingest::{Ingest, Published};
pub use offer::{Refusal, Refused};
pub use room::Presence;
pub use sessions::SessionId;
pub use subscription::{Received, Subscription};
