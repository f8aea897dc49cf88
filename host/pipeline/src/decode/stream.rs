//! One video track's frames to its newest picture, never a wrong one.
//!
//! After a gap, an error or a change of codec nothing is decoded until the next key frame, and the
//! last good picture stays the newest.

use capstan_media::bitstream::{h264, vp8};
use capstan_media::codec::Codec;
use capstan_media::frame::{Frame, FrameKind, Size};

use super::{DecodeError, VideoDecoder, video_decoder};
use crate::limits::MAX_FRAME_BYTES;
use crate::mix::canvas::Shown;

/// What became of a frame.
#[derive(Debug)]
pub enum Decoded {
    /// It went in; there may be a new picture.
    Done,
    /// It wasn't decoded, since a frame that it needs is missing.
    Undecodable,
    /// The decoder refused it.
    Broken(DecodeError),
}

/// The decoding end of one track.
#[derive(Default)]
pub struct VideoStream {
    decoder: Option<(Codec, Box<dyn VideoDecoder>)>,
    /// Frames before the next key frame are missing, or there was none yet.
    starving: bool,
    /// Counts pictures; 0 before the first.
    version: u64,
    size: Option<Size>,
}

impl std::fmt::Debug for VideoStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VideoStream")
            .field("codec", &self.decoder.as_ref().map(|(codec, _)| codec))
            .field("starving", &self.starving)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl VideoStream {
    /// Takes the next frame in the sender's order, `after_gap` if frames before it are missing.
    pub fn push(&mut self, frame: &Frame, after_gap: bool) -> Decoded {
        if frame.kind == FrameKind::Delta {
            let codec = self.decoder.as_ref().map(|&(codec, _)| codec);
            if after_gap || self.starving || codec != Some(frame.codec) {
                self.starving = true;
                return Decoded::Undecodable;
            }
        }
        match self.decode(frame) {
            Ok(()) => Decoded::Done,
            Err(error) => {
                self.starving = true;
                // What a decoder holds after an error is anybody's guess.
                self.decoder = None;
                Decoded::Broken(error)
            }
        }
    }

    fn decode(&mut self, frame: &Frame) -> Result<(), DecodeError> {
        if frame.data.len() > MAX_FRAME_BYTES {
            let what = format!("{} bytes", frame.data.len());
            return Err(DecodeError::Broken { codec: frame.codec, what });
        }
        let decoder = match &mut self.decoder {
            Some((codec, decoder)) if *codec == frame.codec => decoder,
            other => &mut other.insert((frame.codec, video_decoder(frame.codec)?)).1,
        };
        self.starving = false;
        if decoder.decode(&frame.data)? {
            self.version += 1;
            self.size = decoder.picture().map(|picture| picture.size);
        }
        Ok(())
    }

    /// The frame before this one is missing: waits for a key frame.
    pub const fn lose(&mut self) {
        self.starving = true;
    }

    /// Forgets everything: there is nothing to show until the next key frame.
    pub fn reset(&mut self) {
        // Versions go on, so that a new picture is never taken for an old one.
        *self = Self { version: self.version, starving: true, ..Self::default() };
    }

    /// Whether only a key frame helps.
    #[must_use]
    pub const fn is_starving(&self) -> bool {
        self.starving || self.size.is_none()
    }

    /// The newest picture's size.
    #[must_use]
    pub const fn size(&self) -> Option<Size> {
        self.size
    }

    /// The newest picture.
    #[must_use]
    pub fn shown(&self) -> Option<Shown<'_>> {
        let picture = self.decoder.as_ref().and_then(|(_, decoder)| decoder.picture());
        self.size.map(|_| Shown { version: self.version, picture })
    }
}

/// Whether no later frame needs this one, so that it may be left out when a newer one is due.
#[must_use]
pub fn is_droppable(frame: &Frame) -> bool {
    match frame.codec {
        Codec::Vp8 => vp8::Header::parse(&frame.data).is_ok_and(|header| header.droppable),
        // nal_ref_idc of slices is zero (7.4.1); anything but slices and delimiters is kept.
        Codec::H264 => {
            let mut nals = h264::nal_units(&frame.data).filter_map(|nal| nal.first()).peekable();
            nals.peek().is_some() && nals.all(|head| matches!(head & 0x7f, 1 | 6 | 9))
        }
        Codec::Vp9 | Codec::Av1 | Codec::Opus => false,
    }
}
