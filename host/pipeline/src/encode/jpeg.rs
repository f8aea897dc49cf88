//! Single pictures as JPEG (JFIF).
//!
//! Video keeps its levels from 16 to 235, JFIF wants all 256: they are stretched by a table, the
//! colours stay BT.601.

use capstan_media::frame::Size;
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use super::EncodeError;
use crate::picture::PictureView;

const CODEC: &str = "jpeg";
/// About a bit a pixel of a camera's picture; no block shows.
const QUALITY: u8 = 85;

/// A picture as a JPEG file.
///
/// # Errors
/// If a side is longer than the format's 65535 pixels.
pub fn jpeg(picture: PictureView<'_>) -> Result<Vec<u8>, EncodeError> {
    let Size { width, height } = picture.size;
    let side = |side| {
        u16::try_from(side).map_err(|_| {
            let what = format!("a picture of {width}x{height}");
            EncodeError::Input { codec: CODEC, what }
        })
    };
    let image = Image {
        width: side(width)?,
        height: side(height)?,
        luma: levels(16, 219),
        chroma: levels(128, 224),
        picture,
    };
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, QUALITY);
    // As the picture has it: half the colours in each direction.
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let failed = |what: String| EncodeError::Library { codec: CODEC, what };
    encoder.encode_image(image).map_err(|error| failed(error.to_string()))?;
    Ok(out)
}

struct Image<'a> {
    width: u16,
    height: u16,
    luma: [u8; 256],
    chroma: [u8; 256],
    picture: PictureView<'a>,
}

impl ImageBuffer for Image<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let [luma, cb, cr, _] = buffers;
        let [plane_y, plane_cb, plane_cr] = &self.picture.planes;
        let stretched = |levels: &[u8; 256], value: u8| {
            levels.get(usize::from(value)).copied().unwrap_or(value)
        };
        luma.extend(plane_y.row(y.into()).iter().map(|&value| stretched(&self.luma, value)));
        for (out, plane) in [(cb, plane_cb), (cr, plane_cr)] {
            let row = plane.row((y / 2).into()).iter();
            let twice = row.flat_map(|&value| [stretched(&self.chroma, value); 2]);
            out.extend(twice.take(self.width.into()));
        }
    }
}

/// For each level of a range around `zero` the one of the whole range: luma from 16 over 219 steps,
/// chroma about 128 over 224.
fn levels(zero: i32, steps: i32) -> [u8; 256] {
    let base = if zero == 128 { 128 } else { 0 };
    std::array::from_fn(|level| {
        let level = i32::try_from(level).unwrap_or(0);
        let scaled = (level - zero) * 255;
        let rounded = (scaled + scaled.signum() * steps / 2) / steps;
        u8::try_from((base + rounded).clamp(0, 255)).unwrap_or(u8::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::filled;

    #[test]
    fn levels_are_stretched_to_the_whole_range() {
        let luma = levels(16, 219);
        assert_eq!((luma[0], luma[16], luma[235], luma[255], luma[126]), (0, 0, 255, 255, 128));
        let chroma = levels(128, 224);
        assert_eq!((chroma[16], chroma[128], chroma[240], chroma[0]), (0, 128, 255, 0));
    }

    #[test]
    fn odd_pictures_are_written_whole() {
        let picture = filled(Size { width: 35, height: 17 }, [235, 128, 128]);
        let bytes = jpeg(PictureView::of(&picture).unwrap()).unwrap();
        assert_eq!(
            (&bytes[..2], &bytes[bytes.len() - 2..]),
            (&[0xff, 0xd8][..], &[0xff, 0xd9][..])
        );
        // The frame header holds height and width.
        let header = bytes.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        assert_eq!(bytes[header + 5..header + 9], [0, 17, 0, 35]);
    }
}
