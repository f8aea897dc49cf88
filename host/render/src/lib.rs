//! From what lies on disk of a recording to media again, and what that has in common with the live one.
//!
//! ```text
//!  settings ──> mix (composite, cutter), tracks      also used by the live recording
//!                       ^
//!  tapes, timeline ──> score ──> mixed, apart ──> files: all of it, elsewhere
//!                                             └─> tail: what a process that died left, in its playlists
//! ```

mod apart;
mod files;
pub mod mix;
mod mixed;
mod out;
pub mod pictures;
mod rendering;
mod score;
mod tail;
pub mod tracks;

pub use self::files::render_into;
pub use self::mixed::render;
pub use self::rendering::{RenderError, Rendered, Rendering};
pub use self::tail::{Means, bring_home};
