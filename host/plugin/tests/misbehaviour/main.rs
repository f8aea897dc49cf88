//! Real components at the host: those that keep the contract and those that break it.

mod common;
mod layouts;
mod loading;
mod measure;
mod requests;
