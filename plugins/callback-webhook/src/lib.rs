//! Callback "webhook": posts events as Standard Webhooks (standardwebhooks.com, version 1), which ready-made
//! libraries in most languages verify.

mod config;
mod delivery;
mod signature;

pub use config::Config;

capstan_callback_kit::callback_plugin!(crate::Config);
