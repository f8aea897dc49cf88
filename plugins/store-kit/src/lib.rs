//! What the storage plugins share: one engine that uploads, and whatever vendors sign and say alike.
//!
//! A storage plugin is a configuration, a signer and a [`Vendor`]: which request does what, and what an
//! answer means. Where the protocol is S3's with other names, a [`Family`] says the names instead.
//!
//! ```text
//! open ──> Upload ──> next: digests ──> requests (of the Vendor) ──> answers (read by it) ──> stored
//!             └─ save: upload id and finished parts
//! ```

pub mod answer;
pub mod bindings;
pub mod caching;
pub mod class;
pub mod config;
pub mod encode;
pub mod family;
pub mod header_signature;
pub mod mac;
mod part;
pub mod place;
pub mod plugin;
pub mod request;
mod saved;
pub mod sigv4;
mod upload;
pub mod vendor;
pub mod xml;

pub use bindings::capstan::plugin::io;
pub use bindings::exports::capstan::plugin::{plugin as contract, uploader};
pub use caching::Caching;
pub use family::Family;
pub use part::Part;
pub use upload::Upload;
pub use vendor::{Call, Cut, Facts, Vendor, Verdict};
