//! A safe handle of OpenH264's encoder.
//!
//! The encoder reads the planes during the call only, and its output is copied before the next one.

#![expect(unsafe_code, reason = "OpenH264 is a C++ library; its safe wrapper can't choose CABAC")]

use std::ffi::{c_int, c_longlong, c_void};
use std::ptr;

use openh264_sys2::source::APILoader;
use openh264_sys2::{
    ENCODER_OPTION_TRACE_LEVEL, ISVCEncoder, ISVCEncoderVtbl, SEncParamExt, SFrameBSInfo,
    SLayerBSInfo, SSourcePicture, WELS_LOG_QUIET, videoFormatI420, videoFrameTypeIDR,
    videoFrameTypeSkip,
};

use super::VisiblePlane;

/// What became of one picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// An IDR picture.
    Idr,
    /// A picture that needs earlier ones.
    Predicted,
    /// Nothing: the rate control dropped it.
    Skipped,
}

/// An initialised encoder.
pub(super) struct Encoder {
    handle: *mut ISVCEncoder,
}

// SAFETY: the encoder has no thread affinity, and `&mut self` keeps its calls apart.
unsafe impl Send for Encoder {}

/// The library's error code of a failed call, with the call's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    pub(super) call: &'static str,
    pub(super) code: c_int,
}

impl Encoder {
    /// Makes an encoder of the library's default parameters as `adjust` changes them.
    pub(super) fn new(adjust: impl FnOnce(&mut SEncParamExt)) -> Result<Self, Failure> {
        let mut handle = ptr::null_mut();
        // SAFETY: the argument points at a valid pointer, which the call overwrites.
        let code = unsafe { APILoader::WelsCreateSVCEncoder(&raw mut handle) };
        if code != 0 || handle.is_null() {
            return Err(Failure { call: "create", code });
        }
        let encoder = Self { handle };
        let mut level = WELS_LOG_QUIET;
        let level = (&raw mut level).cast::<c_void>();
        let set_option = encoder.method("set option", |table| table.SetOption)?;
        // SAFETY: the handle is live; this option is an int and may be set before initialising.
        let code = unsafe { set_option(handle, ENCODER_OPTION_TRACE_LEVEL, level) };
        checked("set option", code)?;
        let mut params = SEncParamExt::default();
        let defaults = encoder.method("default parameters", |table| table.GetDefaultParams)?;
        // SAFETY: the handle is live and `params` is a whole structure of the library's version.
        let code = unsafe { defaults(handle, &raw mut params) };
        checked("default parameters", code)?;
        adjust(&mut params);
        let initialize = encoder.method("initialize", |table| table.InitializeExt)?;
        // SAFETY: as above; the library copies the parameters.
        let code = unsafe { initialize(handle, &raw const params) };
        checked("initialize", code)?;
        Ok(encoder)
    }

    /// Makes the next picture an IDR picture.
    pub(super) fn force_idr(&mut self) -> Result<(), Failure> {
        let force = self.method("force idr", |table| table.ForceIntraFrame)?;
        // SAFETY: the handle is live and initialised.
        let code = unsafe { force(self.handle, true) };
        checked("force idr", code)
    }

    /// Encodes one picture of the size that the encoder was made for, appending Annex B to `out`.
    pub(super) fn encode(
        &mut self,
        planes: [VisiblePlane<'_>; 3],
        millis: i64,
        out: &mut Vec<u8>,
    ) -> Result<Outcome, Failure> {
        let int = |size: usize| c_int::try_from(size).unwrap_or(0);
        let [y, u, v] = planes;
        let picture = SSourcePicture {
            iColorFormat: videoFormatI420,
            iStride: [int(y.stride), int(u.stride), int(v.stride), 0],
            pData: [
                y.data.as_ptr().cast_mut(),
                u.data.as_ptr().cast_mut(),
                v.data.as_ptr().cast_mut(),
                ptr::null_mut(),
            ],
            iPicWidth: int(y.width),
            iPicHeight: int(y.height),
            uiTimeStamp: c_longlong::from(millis),
            ..SSourcePicture::default()
        };
        let mut info = SFrameBSInfo::default();
        let encode = self.method("encode", |table| table.EncodeFrame)?;
        // SAFETY: the handle is live and initialised. `VisiblePlane` guarantees that each plane
        // holds all rows that the sizes and strides name, and the library only reads them.
        let code = unsafe { encode(self.handle, &raw const picture, &raw mut info) };
        checked("encode", code)?;
        let layers = usize::try_from(info.iLayerNum).unwrap_or(0);
        for layer in info.sLayerInfo.iter().take(layers) {
            // SAFETY: the library filled the first `iLayerNum` layers in the call above, and what
            // they point at stays until the next call.
            out.extend_from_slice(unsafe { layer_bytes(layer) });
        }
        Ok(match info.eFrameType {
            kind if kind == videoFrameTypeIDR => Outcome::Idr,
            kind if kind == videoFrameTypeSkip => Outcome::Skipped,
            _ => Outcome::Predicted,
        })
    }

    /// A method of the encoder's table; the library leaves none out.
    fn method<M>(
        &self,
        call: &'static str,
        pick: impl FnOnce(&ISVCEncoderVtbl) -> Option<M>,
    ) -> Result<M, Failure> {
        // SAFETY: a live handle points at a pointer to a table that lives as long as the library.
        let table = unsafe { (*self.handle).as_ref() };
        table.and_then(pick).ok_or(Failure { call, code: 0 })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if let Ok(uninitialize) = self.method("uninitialize", |table| table.Uninitialize) {
            // SAFETY: the handle is live; uninitialising an encoder that isn't initialised is
            // allowed. Its code says nothing that could be acted on.
            let _ = unsafe { uninitialize(self.handle) };
        }
        // SAFETY: the handle came from `WelsCreateSVCEncoder` and isn't used afterwards.
        unsafe { APILoader::WelsDestroySVCEncoder(self.handle) };
    }
}

fn checked(call: &'static str, code: c_int) -> Result<(), Failure> {
    if code == 0 { Ok(()) } else { Err(Failure { call, code }) }
}

/// All NAL units of a layer, which lie one after the other.
///
/// # Safety
/// `layer` must have been filled by the encoder, whose buffers must still be there.
unsafe fn layer_bytes(layer: &SLayerBSInfo) -> &[u8] {
    let count = usize::try_from(layer.iNalCount).unwrap_or(0);
    if count == 0 || layer.pNalLengthInByte.is_null() || layer.pBsBuf.is_null() {
        return &[];
    }
    // SAFETY: the encoder gives `iNalCount` lengths.
    let lengths = unsafe { std::slice::from_raw_parts(layer.pNalLengthInByte, count) };
    let total = lengths.iter().map(|&len| usize::try_from(len).unwrap_or(0)).sum();
    // SAFETY: the units lie back to back from `pBsBuf` on.
    unsafe { std::slice::from_raw_parts(layer.pBsBuf, total) }
}
