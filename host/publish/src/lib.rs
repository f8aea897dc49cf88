//! A real WebRTC publisher: test picture and beep, or files, over WHIP to any server.
//!
//! The recorder's own ingest uses another WebRTC implementation, so each end of a test checks the
//! other. Everything a publisher sends carries its sender's clock: the burnt-in stamp of a picture,
//! its RTP time and the sender reports all come from one [`capstan_media::time::RoomClock`].

pub mod encode;
pub mod file;
pub mod grip;
pub mod live;
pub mod looped;
pub mod measure;
pub mod pattern;
pub mod pause;
mod peer;
pub mod publisher;
pub mod replay;
mod rtp;
mod rtx;
pub mod source;
pub mod whip;

pub use peer::PeerError;
pub use publisher::{Counters, Publish, PublishError, Publisher};
