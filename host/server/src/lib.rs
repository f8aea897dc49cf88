//! The process: what a user types, assembly and shutdown.
//!
//! `assemble` puts the parts together, `commands` are what a user types. Only this crate reads clocks
//! and the environment.

pub mod assemble;
pub mod clock;
pub mod commands;
pub mod files;
pub mod fonts;
pub mod log;
pub mod plugins;
