//! The folder in which rendered files are put.

use std::io;
use std::path::Path;

use capstan_archive::folder::write_whole;

use crate::rendering::RenderError;

/// Writes one of the files.
pub(crate) fn write_in(out: &Path, name: &str, bytes: &[u8]) -> Result<(), RenderError> {
    let path = out.join(name);
    write_whole(&path, bytes).map_err(|source| RenderError::Write { path, source })
}

/// Makes the folder, which must not hold anything.
pub(crate) fn make_empty(out: &Path) -> Result<(), RenderError> {
    let failed = |source| RenderError::Write { path: out.to_owned(), source };
    std::fs::create_dir_all(out).map_err(failed)?;
    match std::fs::read_dir(out).map_err(failed)?.next() {
        None => Ok(()),
        Some(_) => Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "it isn't empty"))),
    }
}
