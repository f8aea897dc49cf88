//! What is to be rendered, what was, and why not.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use capstan_archive::names;
use capstan_archive::remembered::{Remembered, remembered};
use capstan_archive::settings::OutputSettings;
use capstan_archive::tape::reader::TapeDamage;
use capstan_archive::timeline::DamagedLine;
use capstan_pipeline::composite::{Image, Typeface};
use thiserror::Error;

use crate::mix::OutputError;

/// What is to be rendered.
#[derive(Clone, Debug)]
pub struct Rendering {
    /// The recording's folder.
    pub folder: PathBuf,
    /// Another output than the recording had; of a mixed one only.
    pub output: Option<OutputSettings>,
    /// Pictures that scenes may name.
    pub images: BTreeMap<String, Image>,
    /// What the text of scenes is drawn with.
    pub typeface: Typeface,
}

/// What was rendered.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Composed pictures; none where everybody is apart.
    pub pictures: u64,
    /// Segments.
    pub segments: u64,
    /// Segments that couldn't be made, and why.
    pub lost: Vec<String>,
    /// Tapes that end before their end, and why.
    pub damaged_tapes: Vec<(PathBuf, TapeDamage)>,
    /// Lines of the timeline that are lost.
    pub damaged_lines: Vec<DamagedLine>,
}

/// Why nothing, or not all, can be rendered.
#[derive(Debug, Error)]
pub enum RenderError {
    /// A file of the recording can't be read.
    #[error("{} can't be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The timeline has no start: nobody ever sent media.
    #[error("{} records nothing: nobody sent media", folder.display())]
    Nothing {
        /// The recording's folder.
        folder: PathBuf,
    },
    /// Everybody was recorded apart, and one mixed output was asked for.
    #[error("{} isn't mixed: everybody was recorded apart", folder.display())]
    NotMixed {
        /// The recording's folder.
        folder: PathBuf,
    },
    /// The output can't be made.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The process ends before it is rendered.
    #[error("rendering was broken off")]
    Stopped,
    /// A rendered file can't be written.
    #[error("{} can't be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

/// What a recording's folder says of its files.
pub(crate) fn known(folder: &Path) -> Result<Remembered, RenderError> {
    remembered(folder)
        .map_err(|source| RenderError::Io { path: folder.join(names::OUTPUT), source })
}
