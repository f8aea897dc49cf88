//! Real components at the host: those that keep the contract and those that break it.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what is wrong by failing"
)]

mod common;
mod layouts;
mod loading;
mod measure;
mod requests;
mod secure;
