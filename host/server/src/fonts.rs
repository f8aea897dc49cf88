//! Fonts for names in pictures: read once and shared by all recordings.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use capstan_pipeline::composite::{BadFont, TextFont, Typeface};
use thiserror::Error;

/// The most bytes of a file: fonts of all Chinese characters have up to 40 million.
const MAX_BYTES: u64 = 64 << 20;
/// The most files: each character is looked for in one after the other.
const MAX_FONTS: usize = 8;

/// A configured font that can't be had.
#[derive(Debug, Error)]
pub enum FontsError {
    /// The file can't be read.
    #[error("recording.fonts: {path} can't be read: {source}")]
    File {
        /// The file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("recording.fonts: {path} has more than {MAX_BYTES} bytes")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// It is no font.
    #[error("recording.fonts: {path} is refused: {source}")]
    Bad {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: BadFont,
    },
    /// There are too many.
    #[error("recording.fonts: {count} files are given, at most {MAX_FONTS} are allowed")]
    TooMany {
        /// So many.
        count: usize,
    },
}

/// Reads the configured files.
///
/// # Errors
/// The first one that can't be had.
pub fn load(files: &[PathBuf]) -> Result<Typeface, FontsError> {
    if files.len() > MAX_FONTS {
        return Err(FontsError::TooMany { count: files.len() });
    }
    let fonts = files.iter().map(|path| load_one(path)).collect::<Result<_, _>>()?;
    Ok(Typeface::new(fonts))
}

fn load_one(file: &Path) -> Result<TextFont, FontsError> {
    let path = file.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Err(source) => Err(FontsError::File { path, source }),
        Ok(len) if len as u64 > MAX_BYTES => Err(FontsError::TooLarge { path }),
        Ok(_) => TextFont::read(bytes).map_err(|source| FontsError::Bad { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_key_and_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.ttf");
        let said = || load(std::slice::from_ref(&path)).unwrap_err().to_string();
        assert!(said().contains("names.ttf can't be read"), "{}", said());
        std::fs::write(&path, "no font").unwrap();
        assert!(said().contains("names.ttf is refused: it is no"), "{}", said());
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(said().contains("more than 67108864 bytes"), "{}", said());
        let many = load(&vec![path; 9]).unwrap_err().to_string();
        assert!(many.starts_with("recording.fonts: 9 files"), "{many}");
        assert!(load(&[]).is_ok());
    }
}
