//! The port to pictures and fonts: what the scenes of a recording name and are drawn with.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use capstan_pipeline::composite::{Image, Typeface};

/// What the scenes of a recording name and are drawn with.
pub trait Pictures: Send + Sync {
    /// All that the recording in this folder could show. Blocks on the disk.
    ///
    /// # Errors
    /// One of them can't be read.
    fn of(&self, folder: &Path) -> io::Result<BTreeMap<String, Image>>;

    /// What the text of scenes is drawn with.
    fn typeface(&self) -> Typeface;
}
