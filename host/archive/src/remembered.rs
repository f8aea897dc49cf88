//! What a recording's folder says of its files, so that they can be made again.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::folder::write_whole;
use crate::names;
use crate::settings::{Container, IndividualSettings, OutputSettings, RecordingSettings};

/// What a recording's folder says of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// The recording.
    pub sid: String,
    /// The start of its files' names.
    pub stem: String,
    /// What was made of the room.
    #[serde(flatten)]
    pub made: Made,
    /// The least length of a segment in milliseconds.
    pub segment_ms: u64,
    /// What the segments of a mixed recording were; of the others, `made` says it.
    #[serde(default)]
    pub container: Container,
}

/// What a recording made of the room. Screenshots alone leave no tapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Made {
    /// One picture and sound of everybody.
    #[serde(rename = "output")]
    Mix(OutputSettings),
    /// Files of each track.
    #[serde(rename = "individual")]
    Individual(IndividualSettings),
}

/// Writes down what rendering needs beside tapes and timeline.
///
/// # Errors
/// The file can't be written.
pub fn remember(folder: &Path, settings: &RecordingSettings, made: Made) -> io::Result<()> {
    let remembered = Remembered {
        container: settings.mix().map(|mix| mix.files.container).unwrap_or_default(),
        sid: settings.sid.clone(),
        stem: settings.stem(),
        made,
        segment_ms: u64::try_from(settings.segment.as_millis()).unwrap_or(u64::MAX),
    };
    let json = serde_json::to_vec_pretty(&remembered)?;
    write_whole(&folder.join(names::OUTPUT), &json)
}

/// Reads what a recording's folder says of its files.
///
/// # Errors
/// The file can't be read or isn't one.
pub fn remembered(folder: &Path) -> io::Result<Remembered> {
    Ok(serde_json::from_slice(&std::fs::read(folder.join(names::OUTPUT))?)?)
}
