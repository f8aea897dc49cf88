//! The sandbox: implements a recording's ports with WebAssembly components.
//!
//! The invariant: nothing that a plugin does ends a recording or reaches what it wasn't granted. A
//! plugin gets values and answers values under a budget of time and memory; whatever breaks the
//! contract of `wit/v1` becomes a [`Fault`](capstan_recording::ports::Fault) and the instance is
//! thrown away.

mod bench;
mod budget;
mod classify;
mod cpu;
mod digest;
mod engine;
mod fault;
mod folder;
mod grants;
mod guest_log;
mod host;
mod http;
mod load;
mod metric;
mod sandbox;
mod v1;

pub use budget::{Budget, BudgetOverride, Budgets};
pub use classify::{Refusal, World};
pub use folder::RefusedFile;
pub use grants::{BadGrant, Grant, Grants};
pub use host::{Config, ConfiguredPlugin, HostError, PluginHost, PluginInfo, UnknownLayout};
pub use http::{Limits as HttpLimits, SenderError};
pub use v1::layout::ComponentLayout;
