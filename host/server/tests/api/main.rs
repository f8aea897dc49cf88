//! The server over HTTP: real router, real recorder, real plugins, rooms without publishers.

mod fuzz;
mod isolation;
mod lifecycle;
mod playback;
mod profiles;
mod server;
mod vendors;
