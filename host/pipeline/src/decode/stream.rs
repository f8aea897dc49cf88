//! One video track's frames to its newest picture, never a wrong one.
//!
//! After a gap, an error or a change of codec nothing is decoded until the next key frame, and the
//! last good picture stays the newest. Pictures that are decoded before their time wait until it has come.
//! They come out upright, however their sender holds its camera, and in the canvas' colours, whatever their
//! stream says of its own.

use capstan_media::bitstream::{h264, said, vp8};
use capstan_media::codec::Codec;
use capstan_media::frame::{Frame, FrameKind, Picture, Size};
use capstan_media::trouble::{Cause, Complaint};
use capstan_media::turn::Turn;

use super::ahead::Ahead;
use super::{DecodeError, VideoDecoder, video_decoder};
use crate::colours::Conversion;
use crate::limits::MAX_FRAME_BYTES;
use crate::mix::canvas::Shown;
use crate::picture::{PictureView, filled, turn};
use crate::playout::clock::MediaTime;

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
    /// How the pictures' colours differ from the canvas'.
    colours: Option<Conversion>,
    /// The newest picture, if it had to be converted or turned.
    made: Option<Picture>,
    /// A picture on the way between both.
    half: Option<Picture>,
    dependencies: vp8::Dependencies,
    /// Pictures of a stream that is sent in another order than it is shown.
    ahead: Option<Ahead>,
    /// When the picture is shown that decoding began with.
    began: Option<MediaTime>,
    /// Why there is no new picture.
    trouble: Option<Complaint>,
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
    /// Whether no later frame needs this one, so that it may be left out when a newer one is due.
    /// Takes every frame in the sender's order, before it is pushed.
    pub fn is_droppable(&mut self, frame: &Frame) -> bool {
        match frame.codec {
            Codec::Vp8 => self.dependencies.is_droppable(&frame.data),
            // nal_ref_idc of slices is zero (7.4.1); anything but slices, delimiters and
            // supplements is kept.
            Codec::H264 => {
                let nals = h264::nal_units(&frame.data);
                let mut heads = nals.filter_map(|nal| nal.first()).peekable();
                heads.peek().is_some() && heads.all(|head| matches!(head & 0x7f, 1 | 6 | 9))
            }
            Codec::Vp9 | Codec::Av1 | Codec::Opus => false,
        }
    }

    /// Takes the next frame in the sender's order, `after_gap` if frames before it are missing.
    pub fn push(&mut self, frame: &Frame, after_gap: bool) -> Decoded {
        if frame.kind == FrameKind::Delta {
            let codec = self.decoder.as_ref().map(|&(codec, _)| codec);
            if after_gap || self.starving || codec != Some(frame.codec) {
                self.starving = true;
                let lost = self.size.is_some() && codec == Some(frame.codec);
                let cause = if lost { Cause::PicturesLost } else { Cause::NoKeyFrame };
                self.complain(frame, cause, String::new());
                return Decoded::Undecodable;
            }
        }
        match self.decode(frame) {
            Ok(()) => Decoded::Done,
            Err(error) => {
                self.starving = true;
                // What a decoder holds after an error is anybody's guess.
                self.decoder = None;
                self.complain(frame, cause_of(&error, frame), error.to_string());
                Decoded::Broken(error)
            }
        }
    }

    /// The same for a frame whose picture is to be shown at `at`, while those up to `now` are. What is
    /// before its time waits for [`Self::show_until`].
    pub fn push_at(
        &mut self,
        frame: &Frame,
        after_gap: bool,
        at: MediaTime,
        now: MediaTime,
    ) -> Decoded {
        let begins = self.starving || self.decoder.is_none();
        if begins && frame.kind == FrameKind::Key {
            self.began = Some(at);
        }
        // Shown before the frame that decoding began with, it may need others that never came.
        let incomplete = self.began.is_some_and(|began| at < began);
        if self.ahead.is_none() && at <= now && !incomplete {
            return self.push(frame, after_gap);
        }
        let (version, size) = (self.version, self.size);
        let decoded = self.push(frame, after_gap);
        if self.version > version && incomplete {
            self.ahead.get_or_insert_default();
            (self.version, self.size) = (version, size);
        } else if self.version > version
            && let Some(picture) = newest(self.decoder.as_ref(), self.made.as_ref())
        {
            let shown = self.size;
            let ahead = self.ahead.get_or_insert_default();
            ahead.keep(at, picture);
            // Nothing new is shown yet.
            (self.version, self.size) = (version, size.or(shown));
        }
        decoded
    }

    /// Shows the newest of the waiting pictures that is due.
    pub fn show_until(&mut self, now: MediaTime) {
        if let Some(ahead) = &mut self.ahead
            && ahead.show_until(now)
        {
            self.version += 1;
            self.size = ahead.shown().map(|picture| picture.size).or(self.size);
        }
    }

    /// Why it makes no new pictures of what comes, if it doesn't.
    #[must_use]
    pub const fn complaint(&self) -> Option<&Complaint> {
        self.trouble.as_ref()
    }

    /// What is known best of why nothing comes out: a decoder's words rather than that a key frame is
    /// waited for, which follows from them.
    fn complain(&mut self, frame: &Frame, cause: Cause, detail: String) {
        let (track, since) = (frame.track, frame.arrived);
        let waits = |cause| matches!(cause, Cause::NoKeyFrame | Cause::PicturesLost);
        let fresh = match &mut self.trouble {
            Some(trouble) if waits(cause) || trouble.cause == cause => return,
            Some(trouble) => {
                let since = if waits(trouble.cause) { since } else { trouble.since };
                Complaint { track, cause, since, detail }
            }
            None => Complaint { track, cause, since, detail },
        };
        self.trouble = Some(fresh);
    }

    fn decode(&mut self, frame: &Frame) -> Result<(), DecodeError> {
        if frame.data.len() > MAX_FRAME_BYTES {
            let what = format!("{} bytes", frame.data.len());
            return Err(DecodeError::Broken { codec: frame.codec, what });
        }
        if self.starving && frame.codec == Codec::H264 && !h264::is_idr(&frame.data) {
            // What is refreshed bit by bit begins anew.
            self.decoder = None;
        }
        let decoder = match &mut self.decoder {
            Some((codec, decoder)) if *codec == frame.codec => decoder,
            other => &mut other.insert((frame.codec, video_decoder(frame.codec)?)).1,
        };
        self.starving = false;
        if let Some(said) = said::colours(frame.codec, &frame.data) {
            self.colours = Conversion::of(said);
        } else if frame.kind == FrameKind::Key && frame.codec == Codec::Vp8 {
            self.colours = None;
        }
        if decoder.decode(&frame.data)? {
            self.version += 1;
            self.trouble = None;
            self.size = decoder.picture().map(|picture| frame.turn.turned(picture.size));
            let empty = || filled(Size { width: 2, height: 2 }, [16, 128, 128]);
            match (decoder.picture(), self.colours, frame.turn) {
                (None, _, _) | (_, None, Turn::None) => self.made = None,
                (Some(picture), Some(colours), Turn::None) => {
                    colours.run(picture, self.made.get_or_insert_with(empty));
                }
                (Some(picture), None, by) => {
                    turn(picture, by, self.made.get_or_insert_with(empty));
                }
                (Some(picture), Some(colours), by) => {
                    let half = self.half.get_or_insert_with(empty);
                    colours.run(picture, half);
                    if let Some(half) = PictureView::of(half) {
                        turn(half, by, self.made.get_or_insert_with(empty));
                    }
                }
            }
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
        let picture = match &self.ahead {
            Some(ahead) => ahead.shown(),
            None => newest(self.decoder.as_ref(), self.made.as_ref()),
        };
        self.size.map(|_| Shown { version: self.version, picture })
    }
}

/// The newest picture decoded, or what was made of it.
fn newest<'a>(
    decoder: Option<&'a (Codec, Box<dyn VideoDecoder>)>,
    made: Option<&'a Picture>,
) -> Option<PictureView<'a>> {
    // Without the decoder's own the one that was made of it isn't of the newest frame.
    let picture = decoder.and_then(|(_, decoder)| decoder.picture())?;
    made.map_or(Some(picture), PictureView::of)
}

/// Why a decoder refused a frame, as far as it can be told.
fn cause_of(error: &DecodeError, frame: &Frame) -> Cause {
    match error {
        DecodeError::Unsupported { .. } | DecodeError::TooLarge { .. } => Cause::Unsupported,
        DecodeError::NoPictures { .. } | DecodeError::Start { .. } => Cause::Undecodable,
        DecodeError::Broken { codec: Codec::H264, .. }
            if frame.kind == FrameKind::Key && h264::parameter_sets(&frame.data).is_none() =>
        {
            Cause::NoParameterSets
        }
        DecodeError::Broken { .. } => Cause::Undecodable,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use capstan_media::frame::Picture;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{camera, encoded, flat, frame, moving, uid, vpx};

    const CODECS: [Codec; 4] = [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1];

    fn framed(codec: Codec, pictures: &[Picture], gop: usize) -> Vec<Frame> {
        let each = encoded(codec, pictures, gop).into_iter().enumerate();
        each.map(|(n, (kind, data))| {
            frame(camera(uid(1)), codec, i64::try_from(n).unwrap() * 66_667, kind, data)
        })
        .collect()
    }

    fn film(count: usize) -> Vec<Picture> {
        (0..count).map(|n| moving(64, 48, n)).collect()
    }

    /// The mean difference of luma between what a stream shows and a picture.
    fn off(stream: &VideoStream, picture: &Picture) -> f64 {
        let view = stream.shown().unwrap().picture.unwrap();
        assert_eq!(view.size, picture.size);
        let [luma, ..] = view.planes;
        let rows = (0..luma.height()).flat_map(|y| luma.row(y));
        let sum: u32 =
            rows.zip(&picture.planes[0].data).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(sum) / picture.planes[0].data.len() as f64
    }

    #[test]
    fn every_codec_decodes_to_its_picture() {
        for codec in CODECS {
            let pictures = film(6);
            let mut stream = VideoStream::default();
            for (frame, picture) in framed(codec, &pictures, 100).iter().zip(&pictures) {
                assert!(matches!(stream.push(frame, false), Decoded::Done), "{codec}");
                assert!(off(&stream, picture) < 12.0, "{codec}: {}", off(&stream, picture));
            }
        }
    }

    #[test]
    fn pictures_come_out_upright_and_a_turn_may_change_with_any_frame() {
        let picture = moving(64, 48, 0);
        let frames = framed(Codec::Vp8, &vec![picture.clone(); 5], 100);
        let mut stream = VideoStream::default();
        let turns = [Turn::Quarter, Turn::Quarter, Turn::Half, Turn::None, Turn::ThreeQuarters];
        for (frame, by) in frames.iter().zip(turns) {
            let frame = Frame { turn: by, ..frame.clone() };
            assert!(matches!(stream.push(&frame, false), Decoded::Done));
            let mut upright = flat(2, 2, 0);
            turn(PictureView::of(&picture).unwrap(), by, &mut upright);
            assert_eq!(stream.size(), Some(upright.size));
            assert!(off(&stream, &upright) < 12.0, "{by:?}: {}", off(&stream, &upright));
        }
    }

    #[test]
    fn after_a_gap_the_last_picture_stays_until_a_key_frame() {
        for codec in CODECS {
            let pictures = film(10);
            let frames = framed(codec, &pictures, 8);
            let mut stream = VideoStream::default();
            for (n, frame) in frames.iter().enumerate() {
                if n == 3 {
                    continue; // lost
                }
                let decoded = stream.push(frame, n == 4);
                let version = stream.shown().unwrap().version;
                match n {
                    0..=2 => assert!(matches!(decoded, Decoded::Done)),
                    4..=7 => {
                        assert!(matches!(decoded, Decoded::Undecodable), "{codec} {n}");
                        assert!(stream.is_starving());
                        assert_eq!(version, 3, "the picture before the gap");
                        assert!(off(&stream, &pictures[2]) < 12.0);
                    }
                    _ => {
                        assert!(off(&stream, &pictures[n]) < 12.0, "{codec} {n}");
                        assert!(!stream.is_starving());
                    }
                }
            }
        }
    }

    #[test]
    fn a_truncated_frame_is_refused_and_its_followers_too() {
        for codec in CODECS {
            let frames = framed(codec, &film(5), 4);
            let mut stream = VideoStream::default();
            stream.push(&frames[0], false);
            stream.push(&frames[1], false);
            let before = stream.shown().unwrap().version;
            let cut = frames[2].data.slice(..frames[2].data.len() / 2);
            let cut = Frame { data: cut, ..frames[2].clone() };
            let decoded = stream.push(&cut, false);
            assert!(matches!(decoded, Decoded::Broken(_)), "{codec}: {decoded:?}");
            assert!(matches!(stream.push(&frames[3], false), Decoded::Undecodable), "{codec}");
            let shown = stream.shown().unwrap();
            assert_eq!(shown.version, before, "{codec}");
            assert!(shown.picture.is_none(), "whoever painted it keeps it");
            assert!(matches!(stream.push(&frames[4], false), Decoded::Done), "{codec}");
            assert!(stream.shown().unwrap().version > before);
        }
    }

    #[test]
    fn sizes_and_codecs_may_change_at_a_key_frame() {
        let mut stream = VideoStream::default();
        for codec in CODECS {
            for (width, height) in [(64, 48), (32, 96), (66, 34)] {
                let picture = flat(width, height, 90);
                let frames = framed(codec, &[picture.clone(), picture.clone()], 100);
                for frame in &frames {
                    assert!(matches!(stream.push(frame, false), Decoded::Done), "{codec}");
                    assert!(off(&stream, &picture) < 4.0);
                }
                assert_eq!(stream.size(), Some(picture.size));
            }
        }
        let other = framed(Codec::H264, &film(2), 100);
        assert!(matches!(stream.push(&other[1], false), Decoded::Undecodable));
    }

    #[test]
    fn frames_that_nothing_refers_to_may_be_left_out() {
        let pictures = film(5);
        let mut encoder = vpx::Encoder::layered(Codec::Vp8, pictures[0].size);
        let as_frame = |n: i64, kind, data| frame(camera(uid(1)), Codec::Vp8, n, kind, data);
        let key = as_frame(0, FrameKind::Key, encoder.encode(&pictures[0], FrameKind::Key));
        let extra = as_frame(1, FrameKind::Delta, encoder.encode_droppable(&pictures[1]));
        let next = as_frame(2, FrameKind::Delta, encoder.encode(&pictures[2], FrameKind::Delta));
        let mut judge = VideoStream::default();
        let judged = [&key, &extra, &next].map(|frame| judge.is_droppable(frame));
        assert_eq!(judged, [false, true, false]);
        let (mut all, mut fewer) = (VideoStream::default(), VideoStream::default());
        for frame in [&key, &extra, &next] {
            all.push(frame, false);
        }
        for frame in [&key, &next] {
            fewer.push(frame, false);
        }
        let picture = |stream: &VideoStream| {
            let mut copy = flat(2, 2, 0);
            stream.shown().unwrap().picture.unwrap().copy_to(&mut copy);
            copy
        };
        assert_eq!(picture(&all), picture(&fewer));
    }

    #[test]
    fn pictures_beyond_the_limits_are_refused_before_memory_is_taken() {
        let frames = framed(Codec::Vp8, &film(1), 1);
        let mut data = frames[0].data.to_vec();
        data[6..10].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]); // 16383x16383
        let huge = Frame { data: data.into(), ..frames[0].clone() };
        let mut stream = VideoStream::default();
        let Decoded::Broken(DecodeError::TooLarge { width: 16_383, .. }) =
            stream.push(&huge, false)
        else {
            panic!("a picture of 268 megapixels was taken");
        };
        let long = Bytes::from(vec![0; MAX_FRAME_BYTES + 1]);
        let long = Frame { data: long, ..frames[0].clone() };
        assert!(matches!(stream.push(&long, false), Decoded::Broken(_)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_are_survived(
            codec in prop::sample::select(&CODECS),
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6),
        ) {
            let mut stream = VideoStream::default();
            for data in frames {
                stream.push(&frame(camera(uid(1)), codec, 0, FrameKind::Key, data), false);
                let _ = stream.shown();
            }
        }

        #[test]
        fn scrambled_frames_are_survived(
            codec in prop::sample::select(&CODECS),
            hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
            cut in any::<prop::sample::Index>(),
        ) {
            let frames = framed(codec, &film(3), 100);
            let mut stream = VideoStream::default();
            for original in &frames {
                let mut data = original.data.to_vec();
                for (place, value) in &hits {
                    let place = place.index(data.len());
                    data[place] = *value;
                }
                data.truncate(cut.index(data.len()) + 1);
                // Key frames, so that a decoder is made anew after each error.
                let scrambled = Frame { data: data.into(), kind: FrameKind::Key, ..original.clone() };
                stream.push(original, false);
                stream.push(&scrambled, false);
                let _ = stream.shown();
            }
        }
    }
}
