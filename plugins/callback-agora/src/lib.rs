//! Callback "agora": posts events as Agora's notification service does, so that a receiver written
//! for it needs no change.

mod bindings;
mod config;
mod delivery;
mod envelope;
#[cfg(target_arch = "wasm32")]
mod plugin;
mod signature;

pub use bindings::capstan::plugin::io;
pub use bindings::exports::capstan::plugin::{notifier, plugin as contract};
pub use config::{CONFIG_SCHEMA, Config};
pub use delivery::Delivery;
