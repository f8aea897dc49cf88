//! An encoder of VP8 and VP9 for tests.
#![expect(unsafe_code, reason = "libvpx has a C interface only")]

use std::mem::MaybeUninit;
use std::ptr;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::{FrameKind, Picture, Size};
use vpx_sys::{
    VP8_EFLAG_NO_UPD_ARF, VP8_EFLAG_NO_UPD_ENTROPY, VP8_EFLAG_NO_UPD_GF, VP8_EFLAG_NO_UPD_LAST,
    VPX_DL_REALTIME, VPX_EFLAG_FORCE_KF, VPX_ENCODER_ABI_VERSION, VPX_ERROR_RESILIENT_DEFAULT,
    vpx_codec_ctx_t, vpx_codec_cx_pkt_kind, vpx_codec_destroy, vpx_codec_enc_config_default,
    vpx_codec_enc_init_ver, vpx_codec_encode, vpx_codec_err_t, vpx_codec_get_cx_data,
    vpx_codec_vp8_cx, vpx_codec_vp9_cx, vpx_image_t, vpx_img_fmt, vpx_img_wrap,
};

pub(crate) struct Encoder {
    context: Box<vpx_codec_ctx_t>,
    size: Size,
    pts: i64,
}

impl Encoder {
    pub(crate) fn new(codec: Codec, size: Size) -> Self {
        Self::with(codec, size, 1)
    }

    /// As browsers set it up for two temporal layers: every frame repeats the settings that it goes
    /// by, and every second one is of the upper layer.
    pub(crate) fn layered(codec: Codec, size: Size) -> Self {
        Self::with(codec, size, 2)
    }

    fn with(codec: Codec, size: Size, layers: u32) -> Self {
        // SAFETY: zeros are the documented initial state; the interfaces are static.
        unsafe {
            let mut context: Box<vpx_codec_ctx_t> = Box::new(MaybeUninit::zeroed().assume_init());
            let interface =
                if codec == Codec::Vp8 { vpx_codec_vp8_cx() } else { vpx_codec_vp9_cx() };
            let mut config = MaybeUninit::zeroed();
            let answer = vpx_codec_enc_config_default(interface, config.as_mut_ptr(), 0);
            assert_eq!(answer, vpx_codec_err_t::VPX_CODEC_OK);
            let mut config = config.assume_init();
            (config.g_w, config.g_h) = (size.width, size.height);
            config.g_lag_in_frames = 0;
            if layers == 2 {
                config.g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
                config.ts_number_layers = layers;
                config.ts_periodicity = layers;
                config.ts_target_bitrate[..2].copy_from_slice(&[600, 1_000]);
                config.ts_rate_decimator[..2].copy_from_slice(&[2, 1]);
                config.ts_layer_id[..2].copy_from_slice(&[0, 1]);
            }
            config.rc_target_bitrate = 1_000;
            config.kf_max_dist = 100_000;
            let version = VPX_ENCODER_ABI_VERSION.cast_signed();
            let answer =
                vpx_codec_enc_init_ver(&raw mut *context, interface, &raw const config, 0, version);
            assert_eq!(answer, vpx_codec_err_t::VPX_CODEC_OK);
            Self { context, size, pts: 0 }
        }
    }

    pub(crate) fn encode(&mut self, picture: &Picture, kind: FrameKind) -> Bytes {
        self.run(picture, if kind == FrameKind::Key { i64::from(VPX_EFLAG_FORCE_KF) } else { 0 })
    }

    /// A frame that nothing refers to.
    pub(crate) fn encode_droppable(&mut self, picture: &Picture) -> Bytes {
        let updates = VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF;
        self.run(picture, i64::from(updates | VP8_EFLAG_NO_UPD_ENTROPY))
    }

    fn run(&mut self, picture: &Picture, flags: i64) -> Bytes {
        assert_eq!(picture.size, self.size);
        // SAFETY: the image and its planes live through the calls; packets are copied before the
        // next call.
        unsafe {
            let mut image: vpx_image_t = MaybeUninit::zeroed().assume_init();
            let format = vpx_img_fmt::VPX_IMG_FMT_I420;
            let Size { width, height } = self.size;
            vpx_img_wrap(&raw mut image, format, width, height, 1, ptr::dangling_mut());
            for (number, plane) in picture.planes.iter().enumerate() {
                image.planes[number] = plane.data.as_ptr().cast_mut();
                image.stride[number] = i32::try_from(plane.stride).unwrap();
            }
            let context = &raw mut *self.context;
            let deadline = u64::from(VPX_DL_REALTIME);
            let image = &raw const image;
            let answer = vpx_codec_encode(context, image, self.pts, 1, flags, deadline);
            assert_eq!(answer, vpx_codec_err_t::VPX_CODEC_OK);
            self.pts += 1;
            let mut iterator = ptr::null();
            let mut out = Vec::new();
            while let Some(packet) = vpx_codec_get_cx_data(context, &raw mut iterator).as_ref() {
                assert_eq!(packet.kind, vpx_codec_cx_pkt_kind::VPX_CODEC_CX_FRAME_PKT);
                let frame = packet.data.frame;
                let len = usize::try_from(frame.sz).unwrap();
                out.extend_from_slice(std::slice::from_raw_parts(frame.buf.cast(), len));
            }
            out.into()
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: initialised by `new`, destroyed only here.
        unsafe { vpx_codec_destroy(&raw mut *self.context) };
    }
}
