//! What one recording is asked to do: values that outlive the process beside its tapes.

use std::time::Duration;

pub use crate::mp4::Mp4Limits;
pub use capstan_media::container::Container;
use capstan_media::frame::Size;
use capstan_media::scene::Colour;
pub use capstan_media::subscription::{Streams, Subscription, UidSelection, VideoLayer};
use capstan_media::track::RoomId;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::names;
use crate::target::StorageTarget;

/// Everything that decides what a recording makes of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingSettings {
    /// The recording's id: letters, digits, `-` and `_`, at most 64. It names its folder.
    pub sid: String,
    /// The room.
    pub room: RoomId,
    /// The recorder's uid in events.
    pub recorder_uid: u32,
    /// What is made of the room.
    pub mode: Mode,
    /// Who of the room is recorded, at the start.
    pub subscription: Subscription,
    /// Screenshots beside the recording, or alone in [`Mode::SnapshotsOnly`].
    pub snapshots: Option<Snapshots>,
    /// Put before every object's key, without a slash at either end; may be empty.
    pub prefix: String,
    /// Where finished files go.
    pub storage: StorageTarget,
    /// The recording ends when nobody has sent media for this long.
    pub max_idle: Duration,
    /// The least length of a segment, 1 s to 60 s.
    pub segment: Duration,
    /// Whether tapes stay after every file is uploaded.
    pub keep_tapes: bool,
}

/// What is made of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One picture and sound of everybody.
    Mix(MixSettings),
    /// Each participant's audio and video for themselves, as sent.
    Individual(IndividualSettings),
    /// Screenshots alone.
    SnapshotsOnly,
}

/// How everybody is mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MixSettings {
    /// Picture and sound.
    pub output: OutputSettings,
    /// The layout at the start.
    pub layout: LayoutChoice,
    /// The files that are made of it.
    pub files: MixFiles,
    /// How far the composite may fall behind before it skips pictures.
    pub overload_after: Duration,
}

/// The files of a mixed recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MixFiles {
    /// What its segments are.
    pub container: Container,
    /// How long MP4 files beside the playlist become, if there are to be any.
    pub mp4: Option<Mp4Limits>,
}

/// How participants are recorded one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndividualSettings {
    /// What segments are, where the codec may be in it.
    pub container: Container,
    /// What becomes of sound.
    pub audio: IndividualAudio,
}

/// What becomes of a participant's sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndividualAudio {
    /// It stays Opus.
    #[default]
    AsSent,
    /// It is encoded again as AAC-LC.
    Aac,
}

/// Screenshots of each participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshots {
    /// From one to the next, 1 s to 3600 s.
    pub interval: Duration,
}

/// The mixed output. It is kept as JSON beside the tapes, so that they can be rendered again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSettings {
    /// The canvas in pixels, both sides even.
    pub canvas: Size,
    /// Pictures a second.
    pub fps: u32,
    /// The picture, `None` for sound only.
    pub video: Option<VideoOutput>,
    /// The sound, `None` for pictures only.
    pub audio: Option<AudioOutput>,
    /// Fills the canvas while there is no scene.
    pub background: Colour,
    /// How long after its room time a picture is rendered, in milliseconds: frames that arrive
    /// within this time are in it.
    pub playout_delay_ms: u32,
}

/// The encoded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoOutput {
    /// How it is encoded.
    pub codec: VideoCodec,
    /// Kilobits a second.
    pub bitrate_kbps: u32,
}

/// The encoded sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioOutput {
    /// How it is encoded.
    pub codec: AudioCodec,
    /// 1 or 2.
    pub channels: u8,
    /// Kilobits a second.
    pub bitrate_kbps: u32,
}

/// Picture encodings that a recording can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoCodec {
    /// Plays everywhere.
    H264,
    /// Smaller, costlier.
    Av1,
}

/// Sound encodings that a recording can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AudioCodec {
    /// AAC-LC at 48 kHz.
    Aac,
    /// Opus at 48 kHz.
    Opus,
}

/// Which layout answers, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayoutChoice {
    /// The layout's name.
    pub name: String,
    /// Its options: a JSON object.
    pub options: String,
}

/// A setting that no recording can have.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("{field} {what}")]
pub struct BadSetting {
    /// Which.
    pub field: &'static str,
    /// What is wrong with it.
    pub what: String,
}

/// Longest accepted sid, room name and prefix; the three together stay below the 1024 bytes that
/// object stores allow a key, and a file name below the 255 of file systems.
const MAX_SID: usize = 64;
const MAX_ROOM: usize = 128;
const MAX_PREFIX: usize = 512;

impl RecordingSettings {
    /// Checks what decides file names and lengths.
    ///
    /// # Errors
    /// The first setting found wrong.
    pub fn validate(&self) -> Result<(), BadSetting> {
        let bad = |field, what: &str| Err(BadSetting { field, what: what.into() });
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.sid.is_empty() || self.sid.len() > MAX_SID || !self.sid.chars().all(plain) {
            return bad("sid", "must be 1 to 64 letters, digits, - or _");
        }
        let name = &self.room.name;
        let unsafe_name = |c: char| c.is_control() || c == '/' || c == '\\';
        if name.is_empty() || name.len() > MAX_ROOM || name.chars().any(unsafe_name) {
            return bad("room", "must be 1 to 128 bytes without slashes or control characters");
        }
        let odd_part = |part: &str| part.is_empty() || part == "." || part == "..";
        let prefix = &self.prefix;
        if prefix.len() > MAX_PREFIX
            || prefix.chars().any(|c| c.is_control() || c == '\\')
            || (!prefix.is_empty() && prefix.split('/').any(odd_part))
        {
            return bad("prefix", "must be folder names joined by single slashes");
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(60)).contains(&self.segment) {
            return bad("segment", "must be 1 s to 60 s");
        }
        if let Mode::Mix(mix) = &self.mode {
            if mix.output.video.is_none() && mix.output.audio.is_none() {
                return bad("output", "needs video or audio");
            }
            if !(1..=60).contains(&mix.output.fps) {
                return bad("fps", "must be 1 to 60");
            }
            mix.validate_container()?;
        }
        if let Some(snapshots) = self.snapshots
            && !(Duration::from_secs(1)..=Duration::from_secs(3_600)).contains(&snapshots.interval)
        {
            return bad("snapshots", "must be 1 s to 3600 s apart");
        }
        if self.mode == Mode::SnapshotsOnly && self.snapshots.is_none() {
            return bad("snapshots", "must be asked for where nothing else is");
        }
        self.validate_subscription(&self.subscription)
    }

    /// Checks what decides who is recorded.
    pub fn validate_subscription(&self, asked: &Subscription) -> Result<(), BadSetting> {
        let most = Subscription::MOST_UIDS;
        if !(1..=most).contains(&asked.max_uids) {
            let what = format!("must be 1 to {most} participants at once");
            return Err(BadSetting { field: "subscription", what });
        }
        if asked.video_layer != self.subscription.video_layer {
            let what = "keeps the layer that it had at the start".to_owned();
            return Err(BadSetting { field: "subscription", what });
        }
        Ok(())
    }

    /// The start of every file's name, without prefix: `<sid>_<room>`.
    #[must_use]
    pub fn stem(&self) -> String {
        format!("{}_{}", self.sid, self.room.name)
    }

    /// The playlist's file name, without prefix.
    #[must_use]
    pub fn playlist_name(&self) -> String {
        names::playlist(&self.stem())
    }

    /// How everybody is mixed, if they are.
    #[must_use]
    pub const fn mix(&self) -> Option<&MixSettings> {
        match &self.mode {
            Mode::Mix(mix) => Some(mix),
            Mode::Individual(_) | Mode::SnapshotsOnly => None,
        }
    }

    /// What the recording's tracks are called in events and file lists.
    #[must_use]
    pub const fn track_type(&self) -> TrackType {
        match (&self.mode, self.subscription.streams) {
            (Mode::Mix(mix), _) => mix.output.track_type(),
            (_, Streams::Both) => TrackType::AudioAndVideo,
            (_, Streams::Audio) => TrackType::Audio,
            (_, Streams::Video) => TrackType::Video,
        }
    }

    /// An object's key for a file's name.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }
}

impl MixSettings {
    /// Refuses encodings that have no place in the container.
    fn validate_container(&self) -> Result<(), BadSetting> {
        let OutputSettings { video, audio, .. } = &self.output;
        let refused = match self.files.container {
            Container::Fmp4 => None,
            Container::Ts if video.is_some_and(|video| video.codec != VideoCodec::H264) => {
                Some("AV1")
            }
            Container::Ts if audio.is_some_and(|audio| audio.codec != AudioCodec::Aac) => {
                Some("Opus")
            }
            Container::Ts => None,
        };
        refused.map_or(Ok(()), |codec| {
            let what = format!(
                "can't be MPEG-TS with {codec}: it holds H.264 and AAC; choose those or fMP4"
            );
            Err(BadSetting { field: "files", what })
        })
    }
}

impl OutputSettings {
    /// What the output's tracks are called in events and file lists.
    #[must_use]
    pub const fn track_type(&self) -> TrackType {
        match (self.video.is_some(), self.audio.is_some()) {
            (true, false) => TrackType::Video,
            (false, true) => TrackType::Audio,
            _ => TrackType::AudioAndVideo,
        }
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackType {
    /// Sound only.
    Audio,
    /// Pictures only.
    Video,
    /// Both.
    AudioAndVideo,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{mix, settings};

    #[test]
    fn names_that_would_leave_the_folder_are_refused() {
        let field = |change: fn(&mut RecordingSettings)| {
            let mut changed = settings("sid1");
            change(&mut changed);
            changed.validate().map_err(|bad| bad.field)
        };
        assert_eq!(field(|_| ()), Ok(()));
        assert_eq!(field(|s| s.sid = "../x".into()), Err("sid"));
        assert_eq!(field(|s| s.sid = String::new()), Err("sid"));
        assert_eq!(field(|s| s.room.name = "a/b".into()), Err("room"));
        assert_eq!(field(|s| s.room.name = "a\0".into()), Err("room"));
        assert_eq!(field(|s| s.prefix = "a/../b".into()), Err("prefix"));
        assert_eq!(field(|s| s.prefix = "/a".into()), Err("prefix"));
        assert_eq!(field(|s| s.prefix = String::new()), Ok(()));
        assert_eq!(field(|s| s.segment = Duration::from_millis(999)), Err("segment"));
        assert_eq!(
            field(|s| (mix(s).output.video, mix(s).output.audio) = (None, None)),
            Err("output")
        );
        assert_eq!(field(|s| mix(s).output.fps = 0), Err("fps"));
    }

    #[test]
    fn a_transport_stream_holds_h264_and_aac_only() {
        let mut settings = settings("sid1");
        mix(&mut settings).files.container = Container::Ts;
        assert_eq!(settings.validate(), Ok(()));
        let mut opus = settings.clone();
        mix(&mut opus).output.audio.as_mut().unwrap().codec = AudioCodec::Opus;
        let refused = opus.validate().unwrap_err().to_string();
        assert!(refused.starts_with("files can't be MPEG-TS with Opus"), "{refused}");
        mix(&mut settings).output.video.as_mut().unwrap().codec = VideoCodec::Av1;
        assert!(settings.validate().unwrap_err().to_string().contains("with AV1"));
    }

    #[test]
    fn keys_are_prefix_and_name() {
        let mut settings = settings("sid1");
        assert_eq!(settings.key(&settings.playlist_name()), "a/b/sid1_a room.m3u8");
        settings.prefix = String::new();
        assert_eq!(settings.key("x"), "x");
    }
}
