//! The composite of a room: events in, one encoded picture and the mixed sound out per tick.
//!
//! Tick `k` belongs to room time `start + k / fps`. Only what arrived until the tick's time plus
//! the playout delay counts for it, however much more was pushed, so the same events and scenes
//! give the same output, live or later.

mod inbox;
mod output;
mod room;
mod roster;
#[cfg(test)]
mod tests;
mod track;

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_media::frame::{Picture, Size};
use capstan_media::room::RoomEvent;
use capstan_media::sample::{Sample, TrackConfig};
use capstan_media::scene::{BadScene, Colour, Participant, Scene};
use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;
use capstan_media::trouble::Complaint;
use thiserror::Error;

use self::inbox::Inbox;
use self::output::{AudioOut, VideoOut};
use self::room::Room;
use self::roster::RosterWatch;
use crate::encode::{self, AudioSettings, EncodeError, VideoSettings};
use crate::limits::{MAX_PLAYOUT_DELAY, ROSTERS_A_SECOND};
pub use crate::mix::image::Image;
pub use crate::mix::text::{BadFont, TextFont, Typeface};
pub use crate::stats::Stats;

/// What a composite is asked for.
#[derive(Clone, Debug)]
pub struct CompositeSettings {
    /// The canvas in pixels, the same as `video.size`. Of odd numbers the last pixel is left out.
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
    /// What text layers are drawn with.
    pub typeface: Typeface,
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

/// One room mixed into one picture and one sound.
pub struct Composite {
    settings: CompositeSettings,
    start: RoomTime,
    tick: u64,
    /// The room was brought up to the next tick already.
    ready: bool,
    inbox: Inbox,
    room: Room,
    video: Option<VideoOut>,
    audio: Option<AudioOut>,
    roster: RosterWatch,
    stats: Stats,
}

impl Composite {
    /// A composite whose first tick is at `start`.
    ///
    /// # Errors
    /// If a setting is out of range or an encoder refuses its settings.
    pub fn new(settings: CompositeSettings, start: RoomTime) -> Result<Self, CompositeError> {
        check(&settings)?;
        let channels = settings.audio.map(|audio| usize::from(audio.channels));
        let room = Room::new(settings.video.is_some(), channels);
        let video = settings.video.map(|video| VideoOut::new(&settings, video)).transpose()?;
        let audio = settings.audio.map(|audio| AudioOut::new(audio, start)).transpose()?;
        Ok(Self {
            settings,
            start,
            tick: 0,
            ready: false,
            inbox: Inbox::default(),
            room,
            video,
            audio,
            roster: RosterWatch::default(),
            stats: Stats::default(),
        })
    }

    /// Takes something that happened in the room, in any order up to a few seconds.
    pub fn push(&mut self, event: &RoomEvent) {
        self.inbox.push(event, &mut self.stats);
    }

    /// The room time of the next tick.
    #[must_use]
    pub fn next_tick(&self) -> RoomTime {
        tick_time(self.start, self.tick, self.settings.fps)
    }

    /// How many ticks come in a span, to the nearest.
    #[must_use]
    pub fn ticks_in(&self, span: Duration) -> u64 {
        let ticks = (span.as_micros() * u128::from(self.settings.fps) + 500_000) / 1_000_000;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// When the next tick may be rendered: everything that arrived until then must be pushed before.
    #[must_use]
    pub fn due(&self) -> RoomTime {
        self.next_tick() + self.settings.playout_delay
    }

    /// Brings everything up to the next tick and answers who is there, if that changed since this
    /// was last asked (joins, leaves, sizes, mutes at once; speaking at most five times a second).
    /// Calling it is optional; `render` brings everything up to the tick as well.
    pub fn roster(&mut self) -> Option<Vec<Participant>> {
        self.advance();
        let period = u64::from(self.settings.fps.div_ceil(ROSTERS_A_SECOND));
        self.roster.changed(self.room.participants(), self.tick, period)
    }

    /// Who is there, in the order of joining.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        self.room.participants()
    }

    /// Tracks whose pictures wait for a key frame, so that somebody may ask the sender for one.
    #[must_use]
    pub fn starving(&self) -> Vec<TrackId> {
        self.room.starving()
    }

    /// Of which tracks nothing can be made at this moment, though something comes.
    #[must_use]
    pub fn complaints(&self) -> Vec<Complaint> {
        self.room.complaints()
    }

    /// Paints this scene from the next tick on.
    ///
    /// # Errors
    /// If the scene isn't valid; the scene before stays.
    pub fn set_scene(&mut self, scene: Scene) -> Result<(), BadScene> {
        scene.validate()?;
        if let Some(video) = &mut self.video {
            video.set_scene(scene);
        }
        Ok(())
    }

    /// Adds an image that scenes may name from now on. A name that is taken keeps its image.
    ///
    /// # Errors
    /// The image hasn't as many bytes as its size says.
    pub fn add_image(&mut self, name: String, image: Image) -> Result<(), CompositeError> {
        if !image.is_whole() {
            let what = format!("image {name:?} hasn't as many bytes as its size says");
            return Err(CompositeError::Settings { what });
        }
        if let Some(video) = &mut self.video {
            video.add_image(name, image);
        }
        Ok(())
    }

    /// Renders the next tick: its picture, and the sound up to the tick after it. What comes out may
    /// belong to earlier ticks.
    ///
    /// # Errors
    /// If an encoder fails; the composite is then of no further use.
    pub fn render(&mut self) -> Result<Vec<Output>, CompositeError> {
        self.advance();
        let mut out = Vec::new();
        if let Some(video) = &mut self.video {
            video.render(self.tick, &self.room, &mut self.stats, &mut out)?;
        }
        self.sound(&mut out)?;
        Ok(out)
    }

    /// Passes over the next tick: the sound as `render`, no picture of its own, so that the sample
    /// of the picture before gets longer. The first tick can't be passed over and is rendered.
    ///
    /// # Errors
    /// As `render`.
    pub fn skip(&mut self) -> Result<Vec<Output>, CompositeError> {
        self.advance();
        let mut out = Vec::new();
        if let Some(video) = &mut self.video {
            if self.tick == 0 {
                video.render(self.tick, &self.room, &mut self.stats, &mut out)?;
            } else {
                video.skip(self.tick, &mut self.stats);
            }
        }
        self.sound(&mut out)?;
        Ok(out)
    }

    /// Lets the next tick pass without making anything of it: everybody's pictures and sound go on, nothing
    /// is encoded and nothing comes out. For the part of a recording that is there already; the first
    /// picture that is rendered afterwards is a key picture.
    pub fn pass(&mut self) {
        self.advance();
        if let Some(video) = &mut self.video {
            video.pass();
        }
        let until = self.next_sound();
        if let Some(audio) = &mut self.audio {
            audio.pass(until, &mut self.room.voices(), &mut self.stats);
        }
    }

    /// Where the sound begins that comes out first, in samples per channel since the start.
    #[must_use]
    pub fn passed_sound(&self) -> u64 {
        self.audio.as_ref().map_or(0, AudioOut::passed)
    }

    /// Ends the output at the next tick and returns what is still inside the encoders. Nothing may be
    /// rendered afterwards.
    ///
    /// # Errors
    /// As `render`.
    pub fn finish(&mut self) -> Result<Vec<Output>, CompositeError> {
        let mut out = Vec::new();
        if let Some(video) = &mut self.video {
            video.finish(&mut out)?;
        }
        if let Some(audio) = &mut self.audio {
            audio.finish(&mut out)?;
        }
        Ok(out)
    }

    /// The output's tracks, picture before sound; `None` until the encoders told all of them (after
    /// the first samples).
    #[must_use]
    pub fn tracks(&self) -> Option<Vec<TrackConfig>> {
        let video = self.video.as_ref().map(VideoOut::track);
        let audio = self.audio.as_ref().map(|audio| Some(audio.track()));
        video.into_iter().chain(audio).collect()
    }

    /// The canvas as it was last painted; `None` without pictures.
    #[must_use]
    pub fn picture(&self) -> Option<&Picture> {
        self.video.as_ref().map(VideoOut::picture)
    }

    /// What was done so far.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    fn advance(&mut self) {
        if self.ready {
            return;
        }
        self.ready = true;
        let (tick, due) = (self.next_tick(), self.due());
        while let Some(arrival) = self.inbox.arrival(due) {
            self.room.arrive(arrival, &mut self.stats);
        }
        while let Some(event) = self.inbox.happening(tick) {
            self.room.happen(&event);
        }
        let period = 1_000_000 / i64::from(self.settings.fps.max(1));
        self.room.advance(tick, period, &mut self.stats);
    }

    /// The sound up to the tick after this one, and on to that tick.
    fn sound(&mut self, out: &mut Vec<Output>) -> Result<(), CompositeError> {
        let until = self.next_sound();
        if let Some(audio) = &mut self.audio {
            audio.render(until, &mut self.room.voices(), &mut self.stats, out)?;
        }
        Ok(())
    }

    /// Goes on to the next tick. Returns up to which sample sound belongs before it.
    fn next_sound(&mut self) -> u64 {
        self.tick += 1;
        self.ready = false;
        self.tick * u64::from(encode::SAMPLE_RATE) / u64::from(self.settings.fps.max(1))
    }
}

impl std::fmt::Debug for Composite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Composite")
            .field("start", &self.start)
            .field("tick", &self.tick)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

fn check(settings: &CompositeSettings) -> Result<(), CompositeError> {
    let refuse = |what: String| Err(CompositeError::Settings { what });
    let CompositeSettings { canvas, fps, video, audio, .. } = settings;
    if video.is_none() && audio.is_none() {
        return refuse("neither pictures nor sound are asked for".into());
    }
    if !(1..=60).contains(fps) || video.is_some_and(|video| video.fps != *fps) {
        return refuse(format!("{fps} ticks a second, 1 to 60 are possible, as many as pictures"));
    }
    if video.is_some_and(|video| video.size != *canvas) {
        let Size { width, height } = canvas;
        return refuse(format!("a canvas of {width}x{height} that isn't the video's size"));
    }
    if settings.playout_delay > MAX_PLAYOUT_DELAY {
        return refuse(format!("playout delay {:?}, at most 5 s", settings.playout_delay));
    }
    if settings.segment.is_zero() {
        return refuse("segments of no length".into());
    }
    if let Some((name, _)) = settings.images.iter().find(|(_, image)| !image.is_whole()) {
        return refuse(format!("image {name:?} hasn't as many bytes as its size says"));
    }
    Ok(())
}

/// The room time of tick `number`: exact, without accumulated rounding.
fn tick_time(start: RoomTime, number: u64, fps: u32) -> RoomTime {
    let micros = u128::from(number) * 1_000_000 / u128::from(fps.max(1));
    start.offset_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
