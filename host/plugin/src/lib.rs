//! The sandbox: implements a recording's ports with WebAssembly components.
//!
//! The invariant: nothing that a plugin does ends a recording or reaches what it wasn't granted. A
//! plugin gets values and answers values under a budget of time and memory; whatever breaks the
//! contract of `wit/v1` becomes a [`Fault`](capstan_outbox::ports::Fault) and the instance is
//! thrown away.

mod artefact;
mod bench;
mod budget;
mod cache;
mod check;
mod classify;
mod compile;
mod cpu;
mod digest;
mod engine;
mod fault;
mod fetch;
mod folder;
mod grants;
mod guest_log;
mod host;
mod http;
mod load;
mod meter;
mod metric;
mod owner;
mod plugin;
mod record;
mod sandbox;
mod v1;
mod view;
mod wants;
mod warm;
mod watch;
mod workers;

pub use budget::{BadBudget, Budget, BudgetOverride, Budgets};
pub use check::{BadScript, CallTime, CheckInput, CheckReport, Finding, Script, Verdict};
pub use classify::{Refusal, World};
pub use compile::{COMPILE_COMMAND, CompileLimits, Compiler, compile_plugin};
pub use fetch::{FetchError, Fetcher};
pub use folder::RefusedFile;
pub use grants::{BadGrant, Grant, Grants, is_public};
pub use host::{
    Config, ConfiguredPlugin, HostError, PluginHost, PluginInfo, PluginReport, UnknownLayout,
};
pub use http::{Limits as HttpLimits, SenderError};
pub use record::{Conduct, LastFault, PluginState};
pub use v1::layout::ComponentLayout;
pub use wants::Want;
