//! Values and formats: what the other crates talk about. No I/O, clock, thread or async.
//!
//! Words: a *room* holds *participants* (uid); each sends *tracks* (audio, camera or screen) of
//! encoded *frames*, decoded to *pictures* and *samples*. A layout answers a *scene*. Output is cut
//! into *segments* that a *playlist* lists; a *timeline* says what happened when.

pub mod bitstream;
pub mod codec;
pub mod colour_space;
pub mod container;
pub mod frame;
pub mod kept;
pub mod room;
pub mod sample;
pub mod scene;
pub mod subscription;
pub mod time;
pub mod timeline;
pub mod track;
pub mod trouble;
pub mod turn;
