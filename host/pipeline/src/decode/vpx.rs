//! VP8 and VP9 by libvpx.
//!
//! Pictures are lent from libvpx's own buffers, which stay as they are until the next frame goes
//! in; the borrow of [`VpxDecoder::picture`] ends before that.
#![expect(unsafe_code, reason = "libvpx has a C interface only")]

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use bytes::Bytes;
use capstan_media::bitstream::vp8;
use capstan_media::codec::Codec;
use capstan_media::frame::Size;
use vpx_sys::{
    VPX_DECODER_ABI_VERSION, vpx_codec_control_, vpx_codec_ctx_t, vpx_codec_dec_cfg_t,
    vpx_codec_dec_init_ver, vpx_codec_decode, vpx_codec_destroy, vpx_codec_err_t,
    vpx_codec_err_to_string, vpx_codec_get_frame, vpx_codec_vp8_dx, vpx_codec_vp9_dx, vpx_image_t,
    vpx_img_fmt,
};

use super::{DecodeError, VideoDecoder, check_size, vp9_sizes};
use crate::picture::PictureView;

/// `VP8D_GET_FRAME_CORRUPTED`, which VP9 answers too.
const GET_FRAME_CORRUPTED: c_int = 257;

/// One stream's decoder, single-threaded, without error concealment.
pub(super) struct VpxDecoder {
    codec: Codec,
    /// Boxed: libvpx keeps pointers into it.
    context: Box<vpx_codec_ctx_t>,
    /// Owned by `context`, valid until the next call that changes it.
    image: Option<NonNull<vpx_image_t>>,
}

// SAFETY: libvpx keeps no thread-local state, and nothing else has the context's pointers.
unsafe impl Send for VpxDecoder {}

impl VpxDecoder {
    pub(super) fn new(codec: Codec) -> Result<Self, DecodeError> {
        // SAFETY: plain data of a C structure, for which zeros are the documented initial state.
        let mut context: Box<vpx_codec_ctx_t> =
            Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
        let config = vpx_codec_dec_cfg_t { threads: 1, w: 0, h: 0 };
        // SAFETY: the interfaces are static; `context` and `config` live through the call, and
        // `config` isn't kept.
        let answer = unsafe {
            let interface =
                if codec == Codec::Vp8 { vpx_codec_vp8_dx() } else { vpx_codec_vp9_dx() };
            let version = VPX_DECODER_ABI_VERSION.cast_signed();
            vpx_codec_dec_init_ver(&raw mut *context, interface, &raw const config, 0, version)
        };
        match answer {
            vpx_codec_err_t::VPX_CODEC_OK => Ok(Self { codec, context, image: None }),
            refusal => Err(DecodeError::Start { codec, what: words(refusal) }),
        }
    }

    fn broken(&self, what: impl Into<String>) -> DecodeError {
        DecodeError::Broken { codec: self.codec, what: what.into() }
    }

    fn check(&self, data: &[u8]) -> Result<(), DecodeError> {
        if data.is_empty() {
            // libvpx takes an empty frame for a lost one and makes a picture up.
            return Err(self.broken("empty"));
        }
        let check = |size| check_size(self.codec, size);
        if self.codec == Codec::Vp8 {
            let header = vp8::Header::parse(data).map_err(|bad| self.broken(bad.to_string()))?;
            header.key_size.map_or(Ok(()), check)
        } else {
            let sizes = vp9_sizes::of(data).ok_or_else(|| self.broken("header is malformed"))?;
            sizes.into_iter().try_for_each(check)
        }
    }
}

impl VideoDecoder for VpxDecoder {
    fn decode(&mut self, data: &Bytes) -> Result<bool, DecodeError> {
        self.image = None;
        self.check(data)?;
        let data = match self.codec {
            Codec::Vp9 => vp9_sizes::indexed(data).ok_or_else(|| self.broken("too long"))?,
            _ => data.clone(),
        };
        let len = u32::try_from(data.len()).map_err(|_| self.broken("too long"))?;
        // SAFETY: the context is initialised; libvpx reads `len` bytes and keeps none of them
        // beyond the call, since frame threading is off.
        let answer = unsafe {
            vpx_codec_decode(&raw mut *self.context, data.as_ptr(), len, ptr::null_mut(), 0)
        };
        if answer != vpx_codec_err_t::VPX_CODEC_OK {
            return Err(self.broken(words(answer)));
        }
        let mut image = None;
        let mut iterator = ptr::null();
        loop {
            let context = &raw mut *self.context;
            // SAFETY: the context is initialised; the iterator begins as null, as documented. The
            // last image of a frame is valid until the next decode.
            let next = unsafe { vpx_codec_get_frame(context, &raw mut iterator) };
            let Some(next) = NonNull::new(next) else { break };
            image = Some(next);
        }
        if image.is_some() {
            let mut corrupted: c_int = 0;
            // SAFETY: this control writes one int through the pointer that it is given.
            let answer = unsafe {
                vpx_codec_control_(&raw mut *self.context, GET_FRAME_CORRUPTED, &raw mut corrupted)
            };
            if answer != vpx_codec_err_t::VPX_CODEC_OK || corrupted != 0 {
                return Err(self.broken("the data ends too early"));
            }
        }
        self.image = image;
        if image.is_some() && self.picture().is_none() {
            self.image = None;
            let what = "pictures other than 8-bit 4:2:0".into();
            return Err(DecodeError::Unsupported { codec: self.codec, what });
        }
        Ok(image.is_some())
    }

    fn picture(&self) -> Option<PictureView<'_>> {
        // SAFETY: set by the last `decode`, after which nothing was asked of the context.
        let image = unsafe { self.image?.as_ref() };
        if image.fmt != vpx_img_fmt::VPX_IMG_FMT_I420 || image.bit_depth != 8 {
            return None;
        }
        let size = Size { width: image.d_w, height: image.d_h };
        let rows = [image.d_h, image.d_h.div_ceil(2), image.d_h.div_ceil(2)];
        let columns = [image.d_w, image.d_w.div_ceil(2), image.d_w.div_ceil(2)];
        let [y, u, v, _] = image.planes;
        let [y_stride, u_stride, v_stride, _] = image.stride;
        let plane = |data: *mut u8, stride: c_int, number: usize| {
            let (rows, columns) = (*rows.get(number)? as usize, *columns.get(number)? as usize);
            let stride = usize::try_from(stride).ok().filter(|&stride| stride >= columns)?;
            let len = stride.checked_mul(rows.checked_sub(1)?)? + columns;
            // SAFETY: libvpx's planes hold `rows` rows of `columns` pixels, `stride` bytes apart,
            // and stay until the next decode, which needs `&mut self`.
            let data = unsafe { std::slice::from_raw_parts(NonNull::new(data)?.as_ptr(), len) };
            Some((data, stride))
        };
        let planes = [plane(y, y_stride, 0)?, plane(u, u_stride, 1)?, plane(v, v_stride, 2)?];
        PictureView::new(size, planes)
    }
}

impl Drop for VpxDecoder {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed only here.
        unsafe { vpx_codec_destroy(&raw mut *self.context) };
    }
}

fn words(answer: vpx_codec_err_t) -> String {
    // SAFETY: answers a static string for every value.
    let words = unsafe { CStr::from_ptr(vpx_codec_err_to_string(answer)) };
    words.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use capstan_media::frame::FrameKind;

    use super::*;
    use crate::testing::moving;
    use crate::testing::vpx::Encoder;

    #[test]
    fn a_frame_hidden_behind_another_is_not_decoded() {
        let key = |width: u32, height: u32| {
            let picture = moving(width, height, 3);
            Encoder::new(Codec::Vp9, Size { width, height }).encode(&picture, FrameKind::Key)
        };
        let shown = |data: Bytes| {
            let mut decoder = VpxDecoder::new(Codec::Vp9).unwrap();
            let answer = decoder.decode(&data);
            answer.map(|_| decoder.picture().map(|picture| picture.size))
        };
        let (small, large) = (key(64, 64), key(128, 96));
        let size = Size { width: 64, height: 64 };
        assert_eq!(shown(small.clone()).unwrap(), Some(size));
        assert_eq!(shown(large.clone()).unwrap(), Some(Size { width: 128, height: 96 }));
        // Whatever the decoder makes of the tail, it makes no room for a second frame.
        let both = shown([small, large].concat().into());
        assert!(!matches!(both, Ok(Some(Size { width: 128, .. }))), "{both:?}");
    }
}
