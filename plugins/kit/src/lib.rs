//! What Capstan's own plugins share: checked JSON, and for layouts the bindings and helpers.
//!
//! A plugin keeps its decisions in plain Rust that `cargo test` runs natively; the contract's types
//! serve there as they are. Only the exports exist for the wasm target alone.

pub mod bindings;
pub mod date;
pub mod golden;
pub mod json;
pub mod layout;
pub mod url;

use std::panic;

/// Hands the message of a panic to `write` before the instance dies of it. Without this the
/// operator sees a bare `unreachable`.
pub fn report_panics(write: fn(&str)) {
    panic::set_hook(Box::new(move |panic| write(&panic.to_string())));
}
