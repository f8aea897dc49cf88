//! Real components at the host: those that keep the contract and those that break it.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

mod common;
mod compiling;
mod layouts;
mod loading;
mod reloading;
mod requests;
mod secure;
