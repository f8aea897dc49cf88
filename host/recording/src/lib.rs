//! One recording from start to last callback.

pub mod ports;
