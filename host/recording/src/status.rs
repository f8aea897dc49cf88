//! How a recording is doing, as its owner may ask at any moment.

use std::path::PathBuf;

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::settings::TrackType;
use capstan_media::codec::Codec;
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackId, Uid};
use capstan_outbox::outcome::Owed;
use serde::{Deserialize, Serialize};

/// Where a recording stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its threads are being started.
    Starting,
    /// It listens to the room and records whoever sends.
    Recording,
    /// It was told to end, or ended by itself; the last segment is being made.
    Stopping,
    /// Nothing is recorded any more; uploads or events are still owed.
    Uploading,
    /// Everything owed has left.
    Done,
    /// It ended abnormally; what could be saved was.
    Failed,
}

/// A moment's view of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingStatus {
    /// Where it stands.
    pub phase: Phase,
    /// Why it stopped, once it did.
    pub stopped: Option<StopReason>,
    /// The object key of a mixed recording's playlist, prefix included; known from the start.
    pub playlist: String,
    /// The playlist on this machine, written with the first segment.
    pub playlist_path: PathBuf,
    /// What the files hold.
    pub tracks: TrackType,
    /// Room time of the first slice: the recording's zero. `None` until somebody sends media.
    pub slice_start: Option<RoomTime>,
    /// Room time up to which the output is rendered.
    pub rendered_to: Option<RoomTime>,
    /// Who is in the room.
    pub participants: Vec<Uid>,
    /// Segments cut.
    pub segments: u64,
    /// Whether the playlist was uploaded at least once.
    pub first_upload_done: bool,
    /// Pictures rendered.
    pub pictures: u64,
    /// Pictures skipped by overload.
    pub pictures_skipped: u64,
    /// Frames written to tape.
    pub frames: u64,
    /// Events that the room, the tape or the composite had to drop.
    pub frames_lost: u64,
    /// The playlists that name a segment.
    pub files: Vec<FileFacts>,
    /// The tracks that are or were recorded, by uid.
    pub track_facts: Vec<TrackFacts>,
    /// What is still owed.
    pub owed: Owed,
    /// In how many spans something of a track is missing, as far as it is known.
    pub troubles: u64,
    /// What went wrong most recently, for an operator's eyes.
    pub trouble: Option<String>,
    /// What the storage said last of a file that it hasn't taken.
    pub storage_trouble: Option<String>,
}

/// One track that is or was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackFacts {
    /// Whose and what.
    pub track: TrackId,
    /// Encoded how, most recently.
    pub codec: Codec,
    /// Whether it comes at this moment.
    pub coming: bool,
    /// Its own playlist's key, in an individual recording once there is one.
    pub playlist: Option<String>,
    /// Segments in that playlist.
    pub slices: u64,
    /// Frames that aren't in its files: late ones, or after a loss up to the next key frame.
    pub left_out: u64,
}

impl TrackFacts {
    pub(crate) const fn new(track: TrackId, codec: Codec) -> Self {
        Self { track, codec, coming: true, playlist: None, slices: 0, left_out: 0 }
    }
}
