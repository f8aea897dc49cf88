//! AV1 by dav1d, single-threaded, one frame in and one picture out.

use bytes::Bytes;
use capstan_media::bitstream::av1;
use capstan_media::codec::Codec;
use capstan_media::frame::Size;
use dav1d::{Decoder, PixelLayout, PlanarImageComponent, Plane, Settings};

use super::{DecodeError, VideoDecoder, check_size};
use crate::limits::MAX_PICTURE_AREA;
use crate::picture::PictureView;

const CODEC: Codec = Codec::Av1;

/// One stream's decoder.
pub(super) struct Av1Decoder {
    decoder: Decoder,
    picture: Option<Held>,
}

/// A picture that dav1d shares.
struct Held {
    size: Size,
    planes: [(Plane, usize); 3],
}

impl Av1Decoder {
    pub(super) fn new() -> Result<Self, DecodeError> {
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        // Of spatial layers only the largest is wanted.
        settings.set_all_layers(false);
        settings.set_frame_size_limit(u32::try_from(MAX_PICTURE_AREA).unwrap_or(u32::MAX));
        let decoder = Decoder::with_settings(&settings)
            .map_err(|error| DecodeError::Start { codec: CODEC, what: error.to_string() })?;
        Ok(Self { decoder, picture: None })
    }

    /// Takes out what is ready; answers whether anything was.
    fn drain(&mut self) -> Result<bool, DecodeError> {
        let mut any = false;
        loop {
            match self.decoder.get_picture() {
                Ok(picture) => {
                    self.picture = Some(hold(&picture)?);
                    any = true;
                }
                Err(error) if error.is_again() => return Ok(any),
                Err(error) => return Err(broken(error)),
            }
        }
    }
}

impl VideoDecoder for Av1Decoder {
    fn decode(&mut self, data: &Bytes) -> Result<bool, DecodeError> {
        self.picture = None;
        if data.is_empty() {
            return Err(DecodeError::Broken { codec: CODEC, what: "empty".into() });
        }
        // The library writes what it thinks of malformed units to the process's error output.
        if let Some(Err(bad)) = av1::obus(data).find(Result::is_err) {
            return Err(DecodeError::Broken { codec: CODEC, what: bad.to_string() });
        }
        let mut answer = self.decoder.send_data(data.clone(), None, None, None);
        let mut any = false;
        loop {
            match answer {
                Ok(()) => break,
                Err(error) if error.is_again() => {
                    let drained = self.drain()?;
                    any |= drained;
                    answer = self.decoder.send_pending_data();
                    if !drained && answer.as_ref().is_err_and(|error| error.is_again()) {
                        // Nothing goes in and nothing comes out: the pending data must not stay.
                        self.decoder.flush();
                        let what = "the decoder takes no more".into();
                        return Err(DecodeError::Broken { codec: CODEC, what });
                    }
                }
                Err(error) => return Err(broken(error)),
            }
        }
        Ok(any | self.drain()?)
    }

    fn picture(&self) -> Option<PictureView<'_>> {
        let Held { size, planes: [y, u, v] } = self.picture.as_ref()?;
        PictureView::new(*size, [lent(y), lent(u), lent(v)])
    }
}

fn lent((plane, stride): &(Plane, usize)) -> (&[u8], usize) {
    (plane.as_ref(), *stride)
}

fn broken(error: dav1d::Error) -> DecodeError {
    DecodeError::Broken { codec: CODEC, what: error.to_string() }
}

fn hold(picture: &dav1d::Picture) -> Result<Held, DecodeError> {
    let size = Size { width: picture.width(), height: picture.height() };
    check_size(CODEC, size)?;
    if picture.pixel_layout() != PixelLayout::I420 || picture.bit_depth() != 8 {
        let what = format!("{:?} of {} bits", picture.pixel_layout(), picture.bit_depth());
        return Err(DecodeError::Unsupported { codec: CODEC, what });
    }
    let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
    let planes =
        components.map(|component| (picture.plane(component), picture.stride(component) as usize));
    Ok(Held { size, planes })
}
