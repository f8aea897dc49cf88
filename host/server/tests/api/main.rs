//! The server over HTTP: real router, real recorder, real plugins, rooms without publishers.

mod addresses;
mod clocks;
mod crowds;
mod fuzz;
mod hang_ups;
mod isolation;
mod lifecycle;
mod playback;
mod profiles;
mod server;
mod vendors;
