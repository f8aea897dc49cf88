//! VP8 and VP9 by libvpx, set up as for a live call.
#![expect(unsafe_code, reason = "libvpx has a C interface")]

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::raw::c_int;
use std::ptr;

use bytes::Bytes;
use capstan_media::codec::Codec;
use capstan_media::frame::{FrameKind, Picture};
use vpx_sys::{
    VPX_DL_REALTIME, VPX_EFLAG_FORCE_KF, VPX_ENCODER_ABI_VERSION, VPX_FRAME_IS_KEY,
    vp8e_enc_control_id, vpx_codec_ctx_t, vpx_codec_cx_pkt_kind, vpx_codec_enc_cfg_t,
    vpx_codec_err_t, vpx_codec_iface_t, vpx_image_t, vpx_img_fmt, vpx_kf_mode, vpx_rational,
    vpx_rc_mode,
};

use super::{EncodeError, Encoded, Encoder, VideoSettings};

/// A key frame comes at least this often, in seconds, even if nobody asks.
const KEY_INTERVAL: u32 = 20;
/// The fastest of libvpx's speeds. VP8 takes it negated: a positive one makes libvpx measure time
/// and choose by itself.
const SPEED: c_int = 8;

pub(super) struct VpxEncoder {
    settings: VideoSettings,
    /// Boxed, for libvpx keeps pointers into it.
    context: Box<vpx_codec_ctx_t>,
    /// The next picture's number, which is its time in units of the timebase.
    next: i64,
}

// SAFETY: the context is used by whoever owns the encoder, by one thread at a time; libvpx binds
// nothing to the thread that made it.
unsafe impl Send for VpxEncoder {}

impl VpxEncoder {
    pub(super) fn new(settings: &VideoSettings) -> Result<Self, EncodeError> {
        let codec = settings.codec;
        let interface = interface(codec);
        let configuration = configuration(settings, interface)?;
        // SAFETY: libvpx wants the context zeroed; all of its fields are numbers and pointers, for
        // which zero is a value.
        let mut context =
            Box::new(unsafe { MaybeUninit::<vpx_codec_ctx_t>::zeroed().assume_init() });
        // SAFETY: context, interface and configuration are valid; libvpx copies the configuration.
        let result = unsafe {
            vpx_sys::vpx_codec_enc_init_ver(
                &raw mut *context,
                interface,
                &raw const configuration,
                0,
                VPX_ENCODER_ABI_VERSION as c_int,
            )
        };
        if result != vpx_codec_err_t::VPX_CODEC_OK {
            return Err(failed(codec, result));
        }
        // From here on `Drop` frees the context.
        let mut encoder = Self { settings: *settings, context, next: 0 };
        encoder.tune()?;
        Ok(encoder)
    }

    fn tune(&mut self) -> Result<(), EncodeError> {
        use vp8e_enc_control_id as id;
        if self.settings.codec == Codec::Vp8 {
            self.control(id::VP8E_SET_CPUUSED, -SPEED)
        } else {
            self.control(id::VP8E_SET_CPUUSED, SPEED)?;
            // Cyclic refresh, as live calls use it.
            self.control(id::VP9E_SET_AQ_MODE, 3)
        }
    }

    fn control(&mut self, id: vp8e_enc_control_id, value: c_int) -> Result<(), EncodeError> {
        // SAFETY: the context is initialised, and every control used here takes one int.
        let result =
            unsafe { vpx_sys::vpx_codec_control_(&raw mut *self.context, id as c_int, value) };
        self.check(result)
    }

    fn check(&self, result: vpx_codec_err_t) -> Result<(), EncodeError> {
        if result == vpx_codec_err_t::VPX_CODEC_OK {
            Ok(())
        } else {
            Err(failed(self.settings.codec, result))
        }
    }

    /// The frames that libvpx has ready.
    fn frames(&mut self) -> Vec<Encoded> {
        let mut frames = Vec::new();
        let mut iterator = ptr::null();
        loop {
            // SAFETY: the context is initialised; the packet is null or valid until the next call
            // into it.
            let packet = unsafe {
                vpx_sys::vpx_codec_get_cx_data(&raw mut *self.context, &raw mut iterator).as_ref()
            };
            let Some(packet) = packet else { return frames };
            if packet.kind != vpx_codec_cx_pkt_kind::VPX_CODEC_CX_FRAME_PKT {
                continue;
            }
            // SAFETY: the kind says which member of the union it is; its buffer holds `sz` bytes.
            let (data, flags) = unsafe {
                let frame = packet.data.frame;
                (std::slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz as usize), frame.flags)
            };
            let kind =
                if flags & VPX_FRAME_IS_KEY == 0 { FrameKind::Delta } else { FrameKind::Key };
            frames.push(Encoded { data: Bytes::copy_from_slice(data), kind });
        }
    }
}

impl Encoder for VpxEncoder {
    fn encode(&mut self, picture: &Picture, kind: FrameKind) -> Result<Vec<Encoded>, EncodeError> {
        if picture.size != self.settings.size {
            return Err(EncodeError::Size { given: picture.size, asked: self.settings.size });
        }
        let image = wrap(picture)?;
        let flags = if kind == FrameKind::Key { VPX_EFLAG_FORCE_KF } else { 0 };
        // SAFETY: the context is initialised; the image points into `picture`, whose planes were
        // checked to be large enough and which outlives the call; libvpx only reads it.
        let result = unsafe {
            vpx_sys::vpx_codec_encode(
                &raw mut *self.context,
                &raw const image,
                self.next,
                1,
                i64::from(flags),
                u64::from(VPX_DL_REALTIME),
            )
        };
        self.check(result)?;
        self.next += 1;
        Ok(self.frames())
    }
}

impl Drop for VpxEncoder {
    fn drop(&mut self) {
        // SAFETY: the context is initialised and is not used afterwards.
        unsafe { vpx_sys::vpx_codec_destroy(&raw mut *self.context) };
    }
}

fn interface(codec: Codec) -> *mut vpx_codec_iface_t {
    // SAFETY: both only return the address of a static.
    unsafe {
        if codec == Codec::Vp8 { vpx_sys::vpx_codec_vp8_cx() } else { vpx_sys::vpx_codec_vp9_cx() }
    }
}

fn configuration(
    settings: &VideoSettings,
    interface: *mut vpx_codec_iface_t,
) -> Result<vpx_codec_enc_cfg_t, EncodeError> {
    let mut configuration = MaybeUninit::<vpx_codec_enc_cfg_t>::zeroed();
    // SAFETY: libvpx fills the whole structure, which is read only if it says that it did.
    let mut configuration = unsafe {
        let result =
            vpx_sys::vpx_codec_enc_config_default(interface, configuration.as_mut_ptr(), 0);
        if result != vpx_codec_err_t::VPX_CODEC_OK {
            return Err(failed(settings.codec, result));
        }
        configuration.assume_init()
    };
    configuration.g_w = settings.size.width;
    configuration.g_h = settings.size.height;
    configuration.g_threads = 1;
    configuration.g_timebase =
        vpx_rational { num: 1, den: c_int::try_from(settings.fps).unwrap_or(c_int::MAX) };
    configuration.g_lag_in_frames = 0;
    configuration.rc_end_usage = vpx_rc_mode::VPX_CBR;
    configuration.rc_target_bitrate = settings.bitrate_kbps;
    // Every picture is sent: a dropped one would hide the picture of a flash.
    configuration.rc_dropframe_thresh = 0;
    configuration.rc_min_quantizer = 4;
    configuration.rc_max_quantizer = 56;
    configuration.rc_undershoot_pct = 50;
    configuration.rc_overshoot_pct = 50;
    configuration.rc_buf_sz = 1_000;
    configuration.rc_buf_initial_sz = 500;
    configuration.rc_buf_optimal_sz = 600;
    configuration.kf_mode = vpx_kf_mode::VPX_KF_AUTO;
    configuration.kf_max_dist = settings.fps.saturating_mul(KEY_INTERVAL);
    Ok(configuration)
}

/// An image that points into the picture.
fn wrap(picture: &Picture) -> Result<vpx_image_t, EncodeError> {
    let size = picture.size;
    let mut image = MaybeUninit::<vpx_image_t>::zeroed();
    let [luma, ..] = &picture.planes;
    // SAFETY: libvpx fills the structure and keeps the pointer, but neither reads nor frees what it
    // points to; all of the structure's fields are numbers and pointers.
    let mut image = unsafe {
        vpx_sys::vpx_img_wrap(
            image.as_mut_ptr(),
            vpx_img_fmt::VPX_IMG_FMT_I420,
            size.width,
            size.height,
            1,
            luma.data.as_ptr().cast_mut(),
        );
        image.assume_init()
    };
    let (width, height) = (size.width as usize, size.height as usize);
    let places = image.planes.iter_mut().zip(&mut image.stride).zip(&picture.planes);
    for (index, ((pointer, stride), plane)) in places.enumerate() {
        let (width, height) =
            if index == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) };
        let short = plane.stride < width || plane.data.len() < plane.stride * (height - 1) + width;
        if short {
            return Err(EncodeError::Setting {
                what: "a plane of the picture",
                value: format!("{} bytes", plane.data.len()),
                allowed: "as large as the picture's size says",
            });
        }
        *pointer = plane.data.as_ptr().cast_mut();
        *stride = c_int::try_from(plane.stride).unwrap_or(c_int::MAX);
    }
    Ok(image)
}

fn failed(codec: Codec, result: vpx_codec_err_t) -> EncodeError {
    // SAFETY: libvpx returns a static text for every value.
    let text = unsafe { CStr::from_ptr(vpx_sys::vpx_codec_err_to_string(result)) };
    EncodeError::Library { codec, what: text.to_string_lossy().into_owned() }
}
