//! Pictures and sounds of many tracks become one.

pub mod canvas;
mod coverage;
pub mod geometry;
pub mod grid;
pub mod image;
mod layer;
pub mod limiter;
pub mod loudness;
mod raster;
pub mod scale;
pub mod sound;
pub mod text;
pub mod voice;
