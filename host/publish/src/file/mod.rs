//! Files as sources: IVF and Annex B pictures, Ogg Opus sound, and frames as JSON lines.
//!
//! A file is checked whole before anything is sent of it.

mod annex_b;
mod frames;
mod ivf;
mod ogg;

use std::path::Path;

use thiserror::Error;

use crate::source::Source;

/// The longest file that is read, in bytes: it is held in memory.
const MAX_FILE: u64 = 512 * 1024 * 1024;

/// Why a file can't be published.
#[derive(Debug, Error)]
pub enum FileError {
    /// It can't be read.
    #[error("reading {path}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is too long.
    #[error("{path} has {length} bytes: files up to {MAX_FILE} bytes can be published")]
    TooLong {
        /// Which file.
        path: String,
        /// Its length in bytes.
        length: u64,
    },
    /// Its name doesn't say what it is.
    #[error(
        "{path}: unknown kind of file; .ivf (VP8, VP9, AV1) and .h264 or .264 (Annex B) give \
         pictures, .opus and .ogg (Ogg Opus) sound, .jsonl frames as written. Others convert with, for example, \
         `ffmpeg -i in.mp4 -an -c:v libvpx out.ivf` and `ffmpeg -i in.mp4 -vn -c:a libopus out.opus`"
    )]
    Kind {
        /// Which file.
        path: String,
    },
    /// It isn't what its name says.
    #[error("{path}: {what}")]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
}

/// The source that sends this file over and over, or once if it holds frames with their times. `fps` is for Annex B files, which hold no times.
///
/// # Errors
/// If it can't be read or isn't of a kind that can be published.
pub fn open(path: &Path, fps: u32) -> Result<Box<dyn Source>, FileError> {
    let name = path.display().to_string();
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let read = match extension.to_ascii_lowercase().as_str() {
        "ivf" => ivf::read,
        "opus" | "ogg" => ogg::read,
        "h264" | "264" => {
            let data = contents(path, &name)?;
            return boxed(annex_b::read(&data, fps), name);
        }
        "jsonl" => {
            let data = contents(path, &name)?;
            return boxed(frames::read(&data, frames::named(path)), name);
        }
        _ => return Err(FileError::Kind { path: name }),
    };
    let data = contents(path, &name)?;
    boxed(read(&data), name)
}

fn boxed(
    read: Result<impl Source + 'static, String>,
    path: String,
) -> Result<Box<dyn Source>, FileError> {
    match read {
        Ok(source) => Ok(Box::new(source)),
        Err(what) => Err(FileError::Malformed { path, what }),
    }
}

fn contents(path: &Path, name: &str) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read { path: name.to_owned(), source };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MAX_FILE {
        return Err(FileError::TooLong { path: name.to_owned(), length });
    }
    std::fs::read(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_and_missing_files_say_what_to_do() {
        let error = |path: &str| open(Path::new(path), 15).err().expect("an error").to_string();
        assert!(error("/nowhere/film.mp4").contains(".ivf"));
        assert!(error("/nowhere/film.ivf").contains("reading /nowhere/film.ivf"));
    }
}
