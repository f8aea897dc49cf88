//! From a recording's settings to a composite, and from what it puts out to segments: what a live
//! recording and a rendering from tape have in common.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use capstan_media::container::playlist::SyncTag;
use capstan_media::sample::{Segment, TrackConfig};
use capstan_media::time::RoomTime;
use capstan_pipeline::composite::{CompositeError, CompositeSettings, Image, Output, Typeface};
use capstan_pipeline::encode::{AudioSettings, OutputAudio, OutputVideo, VideoSettings};
use capstan_pipeline::segmenter::{SegmentError, Segmenter};
use thiserror::Error;

use crate::settings::{AudioCodec, MixFiles, OutputSettings, VideoCodec};

/// The most pieces that wait for the encoders to tell what a player must know: encoders do so
/// within a second of pictures.
const MAX_WAITING: usize = 2_000;

/// Why there can't be any more output.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The composite or an encoder failed.
    #[error(transparent)]
    Composite(#[from] CompositeError),
    /// What came out can't be cut into segments.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The encoders never told what a player must know.
    #[error("the encoders put out {MAX_WAITING} pieces without telling their tracks' facts")]
    NoFacts,
}

/// The pipeline's settings for an output.
pub(crate) fn composite_settings(
    output: &OutputSettings,
    segment: Duration,
    images: BTreeMap<String, Image>,
    typeface: Typeface,
) -> CompositeSettings {
    let video = output.video.map(|video| VideoSettings {
        size: output.canvas,
        fps: output.fps,
        bitrate_kbps: video.bitrate_kbps,
        codec: match video.codec {
            VideoCodec::H264 => OutputVideo::H264,
            VideoCodec::Av1 => OutputVideo::Av1,
        },
    });
    let audio = output.audio.map(|audio| AudioSettings {
        channels: audio.channels,
        bitrate_kbps: audio.bitrate_kbps,
        codec: match audio.codec {
            AudioCodec::Aac => OutputAudio::Aac,
            AudioCodec::Opus => OutputAudio::Opus,
        },
    });
    CompositeSettings {
        canvas: output.canvas,
        fps: output.fps,
        video,
        audio,
        playout_delay: Duration::from_millis(output.playout_delay_ms.into()),
        segment,
        background: output.background,
        images,
        typeface,
    }
}

/// What a playlist says where a mixed output begins, or begins again.
pub(crate) fn sync_tags(output: &OutputSettings, at: RoomTime) -> Vec<SyncTag> {
    let size = output.canvas;
    let video = [SyncTag::Start { pictures: true, at }, SyncTag::Size { size, rotation: 0, at }];
    let audio = SyncTag::Start { pictures: false, at };
    let video = video.into_iter().filter(|_| output.video.is_some());
    video.chain(output.audio.map(|_| audio)).collect()
}

/// A finished piece of the output file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// What every segment needs, or its twin; comes once, first, unless the container needs none.
    Init(Bytes),
    /// The next segment.
    Segment(Segment),
}

/// Cuts a composite's output into segments.
pub(crate) struct Cutter {
    start: RoomTime,
    segment: Duration,
    files: MixFiles,
    has_video: bool,
    segmenter: Option<Segmenter>,
    waiting: Vec<Output>,
}

impl Cutter {
    pub(crate) const fn new(
        start: RoomTime,
        segment: Duration,
        output: &OutputSettings,
        files: MixFiles,
    ) -> Self {
        let has_video = output.video.is_some();
        Self { start, segment, files, has_video, segmenter: None, waiting: Vec::new() }
    }

    /// Takes what the composite put out, and its tracks as it knows them by now.
    pub(crate) fn push(
        &mut self,
        outputs: Vec<Output>,
        tracks: impl FnOnce() -> Option<Vec<TrackConfig>>,
    ) -> Result<Vec<Cut>, OutputError> {
        self.waiting.extend(outputs);
        let mut cuts = Vec::new();
        if self.segmenter.is_none() {
            let Some(tracks) = tracks() else {
                let enough = self.waiting.len() > MAX_WAITING;
                return if enough { Err(OutputError::NoFacts) } else { Ok(cuts) };
            };
            let MixFiles { container, mp4 } = self.files;
            let mut segmenter = Segmenter::new(self.start, self.segment, container, &tracks)?;
            if mp4.is_some() {
                segmenter = segmenter.with_twins(&tracks)?;
            }
            cuts.extend(segmenter.init().map(Cut::Init));
            self.segmenter = Some(segmenter);
        }
        let Some(segmenter) = &mut self.segmenter else { return Ok(cuts) };
        let sound = usize::from(self.has_video);
        for output in self.waiting.drain(..) {
            let cut = match output {
                Output::Video(sample) => segmenter.push(0, sample)?,
                Output::Audio(sample) => segmenter.push(sound, sample)?,
            };
            cuts.extend(cut.map(Cut::Segment));
        }
        Ok(cuts)
    }

    /// The last segments.
    pub(crate) fn finish(&mut self) -> Result<Vec<Cut>, OutputError> {
        let Some(mut segmenter) = self.segmenter.take() else { return Ok(Vec::new()) };
        Ok(segmenter.flush()?.into_iter().map(Cut::Segment).collect())
    }
}
