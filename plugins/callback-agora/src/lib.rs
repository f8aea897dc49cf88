//! Callback "agora": posts events as Agora's notification service does, so that a receiver written
//! for it needs no change.

mod config;
mod delivery;
mod envelope;
mod signature;

pub use config::Config;

capstan_callback_kit::callback_plugin!(crate::Config);
