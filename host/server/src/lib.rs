//! The process: configuration, HTTP, the directory of recordings, assembly and shutdown.
//!
//! `assemble` puts the parts together, `http` answers, `recorder` starts and stops recordings,
//! `commands` are what a user types. Only this crate reads clocks and the environment.

pub mod assemble;
pub mod clock;
pub mod commands;
pub mod config;
pub mod fonts;
pub mod http;
pub mod images;
mod janitor;
pub mod log;
pub mod plugins;
pub mod recorder;
pub mod space;
pub mod store;
