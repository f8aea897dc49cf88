//! Callback "cloudevents": posts events as CloudEvents 1.0 over HTTP, as one JSON object or with their
//! attributes in headers, after asking the receiver's permission if it wants to be asked.

mod config;
mod delivery;
mod event;

pub use config::{Config, Mode};

capstan_callback_kit::callback_plugin!(crate::Config);
