//! The composite of a room: events in, one encoded picture and the mixed sound out per tick.
//!
//! Tick `k` belongs to room time `start + k / fps`. Only what arrived until the tick's time plus
//! the playout delay counts for it, however much more was pushed, so the same events and scenes
//! give the same output, live or later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use capstan_media::frame::Size;
use capstan_media::room::RoomEvent;
use capstan_media::sample::{Sample, TrackConfig};
use capstan_media::scene::{BadScene, Colour, Participant, Scene};
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;
use thiserror::Error;

use crate::encode::{AudioSettings, EncodeError, VideoSettings};

/// What a composite is asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct CompositeSettings {
    /// The canvas in pixels, both numbers even.
    pub canvas: Size,
    /// Ticks a second, 1 to 60. `video.fps` is the same number.
    pub fps: u32,
    /// How pictures are encoded; `None` for sound only.
    pub video: Option<VideoSettings>,
    /// How sound is encoded; `None` for pictures only.
    pub audio: Option<AudioSettings>,
    /// How long after its room time a frame may arrive and still count, 0 to 5 s.
    pub playout_delay: Duration,
    /// Segments' length: the first tick at or after each multiple of it becomes a key picture.
    pub segment: Duration,
    /// Fills the canvas until the first scene is set.
    pub background: Colour,
    /// Pictures that a scene may name.
    pub images: BTreeMap<String, Image>,
    /// A TrueType or OpenType font for text layers; `None` for the built-in one.
    pub font: Option<Arc<[u8]>>,
}

/// A decoded still picture with straight alpha.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// In pixels.
    pub size: Size,
    /// Red, green, blue, alpha: `4 * width * height` bytes.
    pub rgba: Arc<[u8]>,
}

/// One encoded piece of the output. Durations of pictures are in ticks of `fps * 1000` a second,
/// those of sound in ticks of 48000 a second.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// A picture, one tick or more long.
    Video(Sample),
    /// A piece of sound.
    Audio(Sample),
}

/// Why a composite can't be made or go on.
#[derive(Debug, Error)]
pub enum CompositeError {
    /// A setting is out of range.
    #[error("composite settings refused: {what}")]
    Settings {
        /// Which, its value and what is allowed.
        what: String,
    },
    /// An encoder refused or failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Counters since the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Ticks rendered with a picture of their own.
    pub pictures: u64,
    /// Ticks whose picture was the one before, unchanged, so that its sample only got longer.
    pub unchanged: u64,
    /// Ticks that `skip` passed over.
    pub skipped: u64,
    /// Video frames decoded.
    pub decoded: u64,
    /// Video frames not decoded because nothing refers to them and a newer one was due.
    pub superseded: u64,
    /// Video frames not decoded because frames before them are missing or broken.
    pub undecodable: u64,
    /// Video frames and sound packets that a decoder refused.
    pub broken: u64,
    /// Frames that came after their place was already rendered.
    pub late: u64,
    /// Frames dropped because a queue was full.
    pub overflowed: u64,
    /// Milliseconds of sound made up by the concealment of short gaps.
    pub concealed_ms: u64,
    /// Sound packets decoded.
    pub packets: u64,
    /// Times that a track's RTP time jumped and the track was placed anew by arrival.
    pub jumps: u64,
}

/// One room mixed into one picture and one sound.
#[derive(Debug)]
pub struct Composite {
    settings: CompositeSettings,
    start: RoomTime,
    tick: u64,
    stats: Stats,
}

impl Composite {
    /// A composite whose first tick is at `start`.
    ///
    /// # Errors
    /// If a setting is out of range or an encoder refuses its settings.
    pub fn new(settings: CompositeSettings, start: RoomTime) -> Result<Self, CompositeError> {
        Ok(Self { settings, start, tick: 0, stats: Stats::default() })
    }

    /// Takes something that happened in the room, in any order up to a few seconds.
    pub fn push(&mut self, event: &RoomEvent) {
        let _ = event;
    }

    /// The room time of the next tick.
    #[must_use]
    pub fn next_tick(&self) -> RoomTime {
        tick_time(self.start, self.tick, self.settings.fps)
    }

    /// When the next tick may be rendered: everything that arrived until then must be pushed before.
    #[must_use]
    pub fn due(&self) -> RoomTime {
        self.next_tick() + self.settings.playout_delay
    }

    /// Brings everything up to the next tick and answers who is there, if that changed since this
    /// was last asked (joins, leaves, sizes, mutes at once; speaking and levels at most five times
    /// a second). Calling it is optional; `render` brings everything up to the tick as well.
    pub fn roster(&mut self) -> Option<Vec<Participant>> {
        None
    }

    /// Who is there, in the order of joining.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        Vec::new()
    }

    /// Tracks whose pictures wait for a key frame, so that somebody may ask the sender for one.
    #[must_use]
    pub fn starving(&self) -> Vec<TrackId> {
        Vec::new()
    }

    /// Paints this scene from the next tick on.
    ///
    /// # Errors
    /// If the scene isn't valid; the scene before stays.
    pub fn set_scene(&mut self, scene: Scene) -> Result<(), BadScene> {
        scene.validate()
    }

    /// Renders the next tick: its picture, and the sound up to the tick after it. What comes out may
    /// belong to earlier ticks.
    ///
    /// # Errors
    /// If an encoder fails; the composite is then of no further use.
    pub fn render(&mut self) -> Result<Vec<Output>, CompositeError> {
        Err(CompositeError::Settings { what: "not built yet".into() })
    }

    /// Passes over the next tick: the sound as `render`, no picture of its own, so that the sample
    /// of the picture before gets longer.
    ///
    /// # Errors
    /// As `render`.
    pub fn skip(&mut self) -> Result<Vec<Output>, CompositeError> {
        Err(CompositeError::Settings { what: "not built yet".into() })
    }

    /// Ends the output at the next tick and returns what is still inside the encoders. Nothing may be
    /// rendered afterwards.
    ///
    /// # Errors
    /// As `render`.
    pub fn finish(&mut self) -> Result<Vec<Output>, CompositeError> {
        Err(CompositeError::Settings { what: "not built yet".into() })
    }

    /// The output's tracks, picture before sound; `None` until the encoders told all of them (after
    /// the first samples).
    #[must_use]
    pub fn tracks(&self) -> Option<Vec<TrackConfig>> {
        None
    }

    /// What was done so far.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }
}

/// The room time of tick `number`: exact, without accumulated rounding.
fn tick_time(start: RoomTime, number: u64, fps: u32) -> RoomTime {
    let micros = u128::from(number) * 1_000_000 / u128::from(fps.max(1));
    start.offset_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
