//! A mix: from a recording's settings to a composite, and from what it puts out to segments. A live
//! recording and a rendering from tape have it in common.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use capstan_archive::settings::{AudioCodec, MixFiles, OutputSettings, VideoCodec};
use capstan_media::container::playlist::SyncTag;
use capstan_media::sample::{Sample, Segment, TrackConfig};
use capstan_media::time::RoomTime;
use capstan_media::turn::Turn;
use capstan_pipeline::composite::{CompositeError, CompositeSettings, Image, Output, Typeface};
use capstan_pipeline::encode::{
    AudioSettings, OutputAudio, OutputVideo, SAMPLE_RATE, VideoSettings,
};
use capstan_pipeline::segmenter::{SegmentError, Segmenter};
use thiserror::Error;

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
pub fn composite_settings(
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
pub fn sync_tags(output: &OutputSettings, at: RoomTime) -> Vec<SyncTag> {
    let size = output.canvas;
    let video =
        [SyncTag::Start { pictures: true, at }, SyncTag::Size { size, turn: Turn::None, at }];
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

/// Where output goes on behind segments that are there already.
#[derive(Clone, Debug)]
pub struct Seam {
    /// Where the segment before ends since the recording's start, in ticks of `timescale`.
    pub at: u64,
    /// Ticks a second.
    pub timescale: u64,
    /// Segments before.
    pub count: u64,
    /// The segment before, where its container needs it.
    pub last: Option<Bytes>,
    /// Where the next sound begins in samples per channel: before the seam it is left out.
    pub sound: u64,
    /// Sound is to come and none did behind the seam.
    pub silent: bool,
}

impl Seam {
    /// Takes in a piece of sound. True if it belongs behind the seam.
    fn takes(&mut self, sound: &Sample) -> bool {
        let rate = u128::from(SAMPLE_RATE);
        let before =
            u128::from(self.sound) * u128::from(self.timescale) < u128::from(self.at) * rate;
        if before {
            self.sound += u64::from(sound.duration);
        }
        self.silent &= before;
        !before
    }

    /// Where a track begins behind it, in ticks of its own.
    const fn begin_of(&self, track: &TrackConfig) -> u64 {
        if track.coding.is_video() { self.at } else { self.sound }
    }
}

/// Cuts a composite's output into segments.
pub struct Cutter {
    start: RoomTime,
    segment: Duration,
    files: MixFiles,
    has_video: bool,
    segmenter: Option<Segmenter>,
    /// Behind what it cuts, until it does.
    seam: Option<Seam>,
    waiting: Vec<Output>,
}

impl Cutter {
    /// Cuts what begins at `start` into segments that are at least so long.
    #[must_use]
    pub const fn new(
        start: RoomTime,
        segment: Duration,
        output: &OutputSettings,
        files: MixFiles,
    ) -> Self {
        let has_video = output.video.is_some();
        let waiting = Vec::new();
        Self { start, segment, files, has_video, segmenter: None, seam: None, waiting }
    }

    /// Goes on behind segments that are there already. No picture of theirs may be pushed.
    pub fn behind(self, seam: Seam) -> Self {
        Self { seam: Some(seam), ..self }
    }

    /// The next sound that is pushed begins there, in samples per channel.
    pub const fn sound_begins(&mut self, at: u64) {
        if let Some(seam) = &mut self.seam {
            seam.sound = at;
        }
    }

    /// Takes what the composite put out, and its tracks as it knows them by now.
    pub fn push(
        &mut self,
        outputs: Vec<Output>,
        tracks: impl FnOnce() -> Option<Vec<TrackConfig>>,
    ) -> Result<Vec<Cut>, OutputError> {
        for output in outputs {
            let left_out = match (&mut self.seam, &output) {
                (Some(seam), Output::Audio(sound)) => !seam.takes(sound),
                _ => false,
            };
            if !left_out {
                self.waiting.push(output);
            }
        }
        let mut cuts = Vec::new();
        // Where each track begins must be known first.
        if self.seam.as_ref().is_some_and(|seam| seam.silent) {
            return Ok(cuts);
        }
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
            if let Some(seam) = self.seam.take() {
                let begins = tracks.iter().map(|track| seam.begin_of(track)).collect::<Vec<_>>();
                segmenter = segmenter.going_on(&begins, seam.count, seam.last.as_deref());
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
    pub fn finish(&mut self) -> Result<Vec<Cut>, OutputError> {
        let Some(mut segmenter) = self.segmenter.take() else { return Ok(Vec::new()) };
        Ok(segmenter.flush()?.into_iter().map(Cut::Segment).collect())
    }
}
