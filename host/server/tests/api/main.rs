//! The server over HTTP: real router, real recorder, real plugins, rooms without publishers.

mod fuzz;
mod lifecycle;
mod playback;
mod server;
mod vendors;
