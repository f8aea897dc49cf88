//! From the canvas and the sound to samples of exact length.
//!
//! A picture's sample lasts until the next picture, so it leaves when that one is known.

use std::collections::VecDeque;
use std::time::Duration;

use capstan_media::frame::{FrameKind, Picture};
use capstan_media::sample::{Sample, TrackConfig};
use capstan_media::scene::Scene;
use capstan_media::time::RoomTime;

use super::{CompositeError, CompositeSettings, Output};
use crate::encode::{
    self, AudioEncoder, AudioSettings, EncodeError, EncodedPicture, VideoEncoder, VideoSettings,
};
use crate::limits::MAX_UNCHANGED;
use crate::mix::canvas::{Canvas, Sources, Stills};
use crate::mix::image::Image;
use crate::mix::sound::Sound;
use crate::mix::voice::Voice;
use crate::playout::Playout;
use crate::segmenter::starts_segment;
use crate::stats::Stats;

/// Ticks of the video timescale per picture.
const TICK: u32 = 1_000;

/// The picture side of the output.
pub(super) struct VideoOut {
    canvas: Canvas,
    encoder: Box<dyn VideoEncoder>,
    fps: u32,
    segment: Duration,
    /// The lengths of pictures that went in and whose samples didn't leave.
    lengths: VecDeque<u32>,
    encoded: VecDeque<EncodedPicture>,
    /// A key picture was due at a tick that was passed over.
    owes_key: bool,
    /// Pictures in a row that were encoded although they hadn't changed.
    repeated: u32,
}

impl VideoOut {
    pub(super) fn new(
        settings: &CompositeSettings,
        video: VideoSettings,
    ) -> Result<Self, CompositeError> {
        let typeface = settings.typeface.clone();
        let stills = Stills { images: settings.images.clone(), typeface };
        let video = VideoSettings { size: video.coded_size(), ..video };
        Ok(Self {
            canvas: Canvas::new(video.size, settings.background, stills),
            encoder: encode::video_encoder(&video)?,
            fps: settings.fps,
            segment: settings.segment,
            lengths: VecDeque::new(),
            encoded: VecDeque::new(),
            owes_key: false,
            repeated: 0,
        })
    }

    pub(super) fn set_scene(&mut self, scene: Scene) {
        self.canvas.set_scene(scene);
    }

    pub(super) fn add_image(&mut self, name: String, image: Image) {
        self.canvas.add_image(name, image);
    }

    pub(super) const fn picture(&self) -> &Picture {
        self.canvas.picture()
    }

    pub(super) fn render(
        &mut self,
        tick: u64,
        sources: &impl Sources,
        stats: &mut Stats,
        out: &mut Vec<Output>,
    ) -> Result<(), CompositeError> {
        let changed = self.canvas.paint(sources);
        let key = starts_segment(tick, self.fps, self.segment) || self.owes_key;
        if !changed && !key && self.lengthen() {
            stats.unchanged += 1;
            return Ok(());
        }
        self.repeated = if changed { 0 } else { self.repeated + 1 };
        self.owes_key = false;
        stats.pictures += 1;
        let kind = if key { FrameKind::Key } else { FrameKind::Delta };
        self.lengths.push_back(TICK);
        self.encoded.extend(self.encoder.encode(self.canvas.picture(), kind)?);
        self.release(1, out);
        Ok(())
    }

    /// Makes the newest picture last one tick longer instead of encoding the same again, if it has
    /// been encoded often enough to look good and doesn't last too long already.
    fn lengthen(&mut self) -> bool {
        let settled = self.repeated >= self.fps / 2;
        let longest = self.fps.saturating_mul(TICK).saturating_mul(MAX_UNCHANGED.as_secs() as u32);
        match self.lengths.back_mut() {
            Some(length) if settled && *length < longest => {
                *length += TICK;
                true
            }
            _ => false,
        }
    }

    pub(super) fn skip(&mut self, tick: u64, stats: &mut Stats) {
        stats.skipped += 1;
        self.owes_key |= starts_segment(tick, self.fps, self.segment);
        // The newest picture is kept here until another follows, so there is one.
        if let Some(length) = self.lengths.back_mut() {
            *length = length.saturating_add(TICK);
        }
    }

    /// A tick whose picture is somewhere else already.
    pub(super) const fn pass(&mut self) {
        self.owes_key = true;
    }

    pub(super) fn finish(&mut self, out: &mut Vec<Output>) -> Result<(), CompositeError> {
        self.encoded.extend(self.encoder.flush()?);
        self.release(0, out);
        Ok(())
    }

    pub(super) fn track(&self) -> Option<TrackConfig> {
        let coding = self.encoder.coding()?;
        Some(TrackConfig { timescale: self.fps.saturating_mul(TICK), coding })
    }

    /// Lets go of samples whose lengths are final: all but the last `kept`.
    fn release(&mut self, kept: usize, out: &mut Vec<Output>) {
        while self.lengths.len() > kept {
            let Some(picture) = self.encoded.pop_front() else { return };
            let Some(duration) = self.lengths.pop_front() else { return };
            let EncodedPicture { data, kind } = picture;
            out.push(Output::Video(Sample { data, duration, offset: 0, kind }));
        }
    }
}

/// The sound side of the output.
pub(super) struct AudioOut {
    sound: Sound,
    encoder: Box<dyn AudioEncoder>,
    /// Interleaved samples of less than a frame, and room for more.
    pending: Vec<f32>,
    frame: usize,
    /// Frames that weren't encoded.
    passed: u64,
}

impl AudioOut {
    pub(super) fn new(settings: AudioSettings, start: RoomTime) -> Result<Self, CompositeError> {
        let encoder = encode::audio_encoder(&settings)?;
        let channels = usize::from(settings.channels);
        let frame = encoder.frame_len() * channels;
        Ok(Self {
            sound: Sound::new(start, channels),
            encoder,
            pending: Vec::new(),
            frame,
            passed: 0,
        })
    }

    pub(super) fn render<'a>(
        &mut self,
        until: u64,
        voices: &mut [(&'a mut Playout, &'a mut Voice)],
        stats: &mut Stats,
        out: &mut Vec<Output>,
    ) -> Result<(), CompositeError> {
        self.sound.mix(until, voices, &mut self.pending, stats);
        let mut rest = self.pending.as_slice();
        while let Some((frame, after)) = rest.split_at_checked(self.frame.max(1)) {
            append(self.encoder.encode(frame), out)?;
            rest = after;
        }
        let left = rest.len();
        self.pending.drain(..self.pending.len() - left);
        Ok(())
    }

    /// Mixes without encoding: whole frames are thrown away.
    pub(super) fn pass<'a>(
        &mut self,
        until: u64,
        voices: &mut [(&'a mut Playout, &'a mut Voice)],
        stats: &mut Stats,
    ) {
        self.sound.mix(until, voices, &mut self.pending, stats);
        let frames = self.pending.len() / self.frame.max(1);
        self.pending.drain(..frames * self.frame);
        self.passed += frames as u64;
    }

    /// Samples per channel that weren't encoded.
    pub(super) fn passed(&self) -> u64 {
        self.passed * self.encoder.frame_len() as u64
    }

    pub(super) fn finish(&mut self, out: &mut Vec<Output>) -> Result<(), CompositeError> {
        if !self.pending.is_empty() {
            self.pending.resize(self.frame, 0.0);
            append(self.encoder.encode(&self.pending), out)?;
            self.pending.clear();
        }
        append(self.encoder.flush(), out)
    }

    pub(super) fn track(&self) -> TrackConfig {
        TrackConfig { timescale: encode::SAMPLE_RATE, coding: self.encoder.coding() }
    }
}

fn append(
    samples: Result<Vec<Sample>, EncodeError>,
    out: &mut Vec<Output>,
) -> Result<(), CompositeError> {
    out.extend(samples?.into_iter().map(Output::Audio));
    Ok(())
}
