//! Storage "s3": puts files into Amazon S3, or any store that speaks its protocol.
//!
//! Small files go in one request, large ones in parts. A file is done when the vendor's digest equals
//! the host's (or, where the vendor encrypts with keys of its own, when the vendor checked the
//! digest that was sent and the length is right).
//!
//! ```text
//! configure ──> Config ──> Place      where the bucket answers
//! open ──> Upload ──> next: digests ──> requests (signed by Signer) ──> answers ──> stored
//!             └─ save: upload id and finished parts
//! ```

mod answer;
mod bindings;
mod config;
mod part;
mod place;
#[cfg(target_arch = "wasm32")]
mod plugin;
mod region;
mod request;
mod saved;
pub mod sigv4;
pub mod timestamp;
mod upload;
mod xml;

pub use bindings::capstan::plugin::io;
pub use bindings::exports::capstan::plugin::{plugin as contract, uploader};
pub use config::{CONFIG_SCHEMA, Config};
pub use upload::Upload;
