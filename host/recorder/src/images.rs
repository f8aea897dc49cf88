//! Still pictures for scenes: decoded once, made no larger than a canvas can be, ready to be painted.
//!
//! Whatever a file claims to be, decoding is bounded in bytes, pixels and memory.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use capstan_media::frame::Size;
use capstan_pipeline::composite::Image;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use thiserror::Error;

/// The most bytes of a file: Agora's bound for background pictures.
pub const MAX_BYTES: usize = 6_000_000;
/// The longest side and the most pixels of what is decoded.
const MAX_SIDE: u32 = 8_192;
const MAX_PIXELS: u64 = 24_000_000;
/// The most memory that a decoder may take beside the pixels: 8 bytes for each of the most pixels.
const MAX_DECODER_BYTES: u64 = 8 * MAX_PIXELS;
/// The longest side of what is kept: no canvas is longer.
const MAX_KEPT_SIDE: u32 = 1_920;

/// Bytes that are no usable picture.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadImage {
    /// The file is too large.
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is something else.
    #[error("it is neither PNG nor JPEG nor BMP")]
    Format,
    /// Too many pixels.
    #[error(
        "it has {width}x{height} pixels; at most {MAX_PIXELS} and {MAX_SIDE} a side are decoded"
    )]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// It is damaged.
    #[error("it can't be decoded: {0}")]
    Damaged(String),
}

/// A configured picture that can't be had.
#[derive(Debug, Error)]
pub enum ImagesError {
    /// The file can't be read.
    #[error("images.{name}: {path} can't be read: {source}")]
    File {
        /// The key.
        name: String,
        /// The file.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// It is no picture.
    #[error("images.{name}: {path} is refused: {source}")]
    Bad {
        /// The key.
        name: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        source: BadImage,
    },
}

/// Reads and decodes the configured files.
///
/// # Errors
/// The first one that can't be had, by its key.
pub fn load(files: &BTreeMap<String, PathBuf>) -> Result<BTreeMap<String, Image>, ImagesError> {
    files.iter().map(|(name, path)| Ok((name.clone(), load_one(name, path)?))).collect()
}

fn load_one(name: &str, path: &Path) -> Result<Image, ImagesError> {
    let (name, shown) = (name.to_owned(), path.display().to_string());
    let read = std::fs::metadata(path).and_then(|facts| {
        let too_large = usize::try_from(facts.len()).map_or(true, |len| len > MAX_BYTES);
        if too_large { Ok(None) } else { std::fs::read(path).map(Some) }
    });
    match read {
        Ok(Some(bytes)) => {
            decode(&bytes).map_err(|source| ImagesError::Bad { name, path: shown, source })
        }
        Ok(None) => Err(ImagesError::Bad { name, path: shown, source: BadImage::TooLarge }),
        Err(source) => Err(ImagesError::File { name, path: shown, source }),
    }
}

/// Decodes a file's bytes, upright as a camera meant it.
///
/// # Errors
/// They are no picture, or one of too many pixels.
pub fn decode(bytes: &[u8]) -> Result<Image, BadImage> {
    if bytes.len() > MAX_BYTES {
        return Err(BadImage::TooLarge);
    }
    let damaged = |error: &dyn std::fmt::Display| {
        BadImage::Damaged(error.to_string().chars().take(200).collect())
    };
    let reader = ImageReader::new(Cursor::new(bytes));
    let mut reader = reader.with_guessed_format().map_err(|error| damaged(&error))?;
    match reader.format() {
        Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Bmp) => {}
        _ => return Err(BadImage::Format),
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(u32::MAX);
    limits.max_image_height = Some(u32::MAX);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| damaged(&error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(BadImage::TooManyPixels { width, height });
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| damaged(&error))?;
    picture.apply_orientation(orientation);
    if picture.width().max(picture.height()) > MAX_KEPT_SIDE {
        picture = picture.thumbnail(MAX_KEPT_SIDE, MAX_KEPT_SIDE);
    }
    let rgba = picture.into_rgba8();
    let size = Size { width: rgba.width(), height: rgba.height() };
    let image = Image { size, rgba: Arc::from(rgba.into_raw()) };
    if image.is_whole() { Ok(image) } else { Err(BadImage::Damaged("it has no pixels".into())) }
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;

    fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let half =
            |x| if x < width / 2 { Rgba([200, 30, 30, 255]) } else { Rgba([0, 0, 250, 255]) };
        let picture = DynamicImage::from(RgbaImage::from_fn(width, height, |x, _| half(x)));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture.into_rgb8()).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn png_jpeg_and_bmp_are_decoded() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp] {
            let image = decode(&encoded(64, 32, format)).unwrap();
            assert_eq!(image.size, Size { width: 64, height: 32 });
            let (left, right) = (&image.rgba[..4], &image.rgba[63 * 4..64 * 4]);
            assert!(left[0] > 180 && left[2] < 60 && left[3] == 255, "{format:?} {left:?}");
            assert!(right[0] < 20 && right[2] > 230, "{format:?} {right:?}");
        }
    }

    #[test]
    fn a_large_one_is_kept_as_large_as_a_canvas() {
        let image = decode(&encoded(4_000, 1_000, ImageFormat::Png)).unwrap();
        assert_eq!(image.size, Size { width: 1_920, height: 480 });
    }

    #[test]
    fn what_is_no_picture_is_refused_with_words() {
        assert_eq!(decode(b"GIF89a"), Err(BadImage::Format));
        assert_eq!(decode(b""), Err(BadImage::Format));
        assert_eq!(decode(&vec![0; MAX_BYTES + 1]), Err(BadImage::TooLarge));
        let many = decode(&encoded(8_193, 1, ImageFormat::Png)).unwrap_err();
        assert_eq!(many, BadImage::TooManyPixels { width: 8_193, height: 1 });
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp] {
            let whole = encoded(64, 32, format);
            for len in 0..whole.len().min(200) {
                assert!(decode(&whole[..len]).is_err(), "{len} bytes of {format:?}");
            }
        }
        // A header that promises 60 million pixels of nothing.
        let mut bomb = encoded(16, 16, ImageFormat::Bmp);
        bomb[18..26].copy_from_slice(&[0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0]);
        assert!(matches!(decode(&bomb), Err(BadImage::TooManyPixels { .. })));
    }

    proptest::proptest! {
        #[test]
        fn strangers_bytes_are_decoded_or_refused(
            kind in 0..3_usize,
            places in proptest::collection::vec((0..400_usize, proptest::prelude::any::<u8>()), 1..20),
        ) {
            let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp][kind];
            let mut bytes = encoded(24, 16, format);
            for (place, byte) in places {
                if let Some(cell) = bytes.get_mut(place) {
                    *cell = byte;
                }
            }
            if let Ok(image) = decode(&bytes) {
                assert!(image.is_whole());
            }
        }
    }

    #[test]
    fn errors_name_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo.png");
        let files = BTreeMap::from([("logo".to_owned(), path.clone())]);
        assert!(load(&files).unwrap_err().to_string().starts_with("images.logo: "));
        std::fs::write(&path, "no picture").unwrap();
        let said = load(&files).unwrap_err().to_string();
        assert!(said.starts_with("images.logo: ") && said.contains("neither PNG"), "{said}");
        std::fs::write(&path, encoded(8, 8, ImageFormat::Png)).unwrap();
        assert_eq!(load(&files).unwrap()["logo"].size, Size { width: 8, height: 8 });
    }
}
