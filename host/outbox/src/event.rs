//! What a recording tells the outside: events by stable names, with their facts as JSON.
//!
//! A normal session tells `recorder_started`, `uploader_started`, `recorder_slice_start`,
//! `cloud_recording_file_infos`, (`uploading_progress`), `recorder_leave`, `uploading_progress` of the
//! whole, `uploaded`, `session_exit`, in this order; nothing follows the exit. Streams that come and
//! go are told of as they do.

use capstan_archive::facts::{FileFacts, StopReason};
use capstan_archive::settings::TrackType;
use capstan_media::time::RoomTime;
use capstan_media::track::Uid;
use capstan_media::trouble::Cause;
use serde_json::{Value, json};

/// The share of uploads that is all of them.
pub(crate) const WHOLE: u64 = 10_000;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The recording listens to the room.
    RecorderStarted,
    /// The first slice of a track began, or the first after a break.
    SliceStarted {
        /// Whose; `None` for everybody's in one.
        uid: Option<Uid>,
        /// What it holds.
        tracks: TrackType,
        /// When.
        at: RoomTime,
        /// Where the last slice before it ended; `at` itself if there was none.
        before: RoomTime,
    },
    /// Sound or pictures of a participant come, or come no more.
    StreamChanged {
        /// Whose; `None` for everybody's in one.
        uid: Option<Uid>,
        /// Sound or pictures.
        medium: Medium,
        /// Which of both.
        state: StreamState,
        /// When.
        at: RoomTime,
    },
    /// A screenshot is in the bucket.
    SnapshotUploaded {
        /// Its key.
        key: String,
    },
    /// The API was asked for what doesn't fit the recording's state, a second start say.
    Misused {
        /// The state in the API's numbers.
        status: u8,
        /// How it is recorded.
        mode: ModeNumber,
        /// The playlist's key; empty if there is none.
        playlist: String,
    },
    /// What it makes will be uploaded.
    UploaderStarted,
    /// The playlist is in the bucket for the first time.
    FileInfos {
        /// The playlist's key.
        playlist: String,
    },
    /// How much of what was recorded is uploaded.
    Progress {
        /// In ten-thousandths; all of them once everything is in the bucket.
        share: u64,
    },
    /// Nothing is recorded any more.
    RecorderLeft {
        /// Why.
        reason: StopReason,
    },
    /// Every file is in the bucket.
    Uploaded {
        /// The playlists.
        files: Vec<FileFacts>,
    },
    /// Every file has left, at least one of them only to the backup store.
    BackedUp {
        /// The playlists.
        files: Vec<FileFacts>,
    },
    /// The last event of a session.
    SessionExited {
        /// Whether it ended as it should and lacks nothing.
        normal: bool,
        /// How many spans something is missing in.
        troubles: usize,
    },
    /// Something failed that somebody has to look at.
    Error(Problem),
    /// Something went wrong and the recording went on.
    Warning(Problem),
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Medium {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// Whether a stream comes, by its number in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StreamState {
    /// It comes.
    Receiving = 0,
    /// It doesn't, though it did before.
    Silent = 1,
}

/// A recording's mode by its number in events: today's documents have 0 for individual, those of
/// 2020 in Chinese had it the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ModeNumber {
    /// Everybody apart.
    Individual = 0,
    /// Everybody in one.
    Mix = 1,
}

/// What an error or a warning says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub module: Module,
    /// How bad: 1 debug to 5 fatal.
    pub level: u8,
    /// Which.
    pub code: Code,
    /// For an operator's eyes; holds no secret.
    pub message: String,
}

/// The part of the service that has a problem, by its number in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Module {
    /// Takes and mixes frames.
    Recorder = 0,
    /// Brings files away.
    Uploader = 1,
    /// Everything around them.
    Service = 2,
}

/// Which problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The storage settings are wrong.
    StorageRefused,
    /// A file couldn't be uploaded.
    UploadFailed,
    /// A file couldn't be uploaded for now and is sent again.
    SentAgain,
    /// A file couldn't be uploaded for long and is sent to the backup store.
    SentToBackup,
    /// A file couldn't be read or written.
    FileOperation,
    /// The composite couldn't go on.
    CompositeFailed,
    /// The layout refused or misbehaved; the last scene or the grid is shown.
    LayoutFault,
    /// The composite fell behind and skipped pictures.
    Overload,
    /// The process died while it recorded; the recording was ended from what was on disk.
    Interrupted,
    /// A picture that the layout was to show couldn't be had.
    ImageUnavailable,
    /// The machine's clock was set while it recorded.
    ClockSet,
    /// Something of a track is missing.
    Missing(Cause),
}

impl Code {
    /// Its number in events. Errors and warnings are numbered apart; those above 1000 are Capstan's
    /// own.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::SentAgain => 31,
            Self::StorageRefused | Self::SentToBackup => 32,
            Self::UploadFailed => 47,
            Self::FileOperation => 51,
            Self::CompositeFailed => 1001,
            Self::LayoutFault => 1002,
            Self::Overload => 1003,
            Self::Interrupted => 1004,
            Self::ImageUnavailable => 1005,
            Self::ClockSet => 1020,
            Self::Missing(cause) => cause.facts().number,
        }
    }
}

impl Event {
    /// The stable name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RecorderStarted => "recorder_started",
            Self::SliceStarted { .. } => "recorder_slice_start",
            Self::StreamChanged { medium: Medium::Audio, .. } => {
                "recorder_audio_stream_state_changed"
            }
            Self::StreamChanged { medium: Medium::Video, .. } => {
                "recorder_video_stream_state_changed"
            }
            Self::SnapshotUploaded { .. } => "recorder_snapshot_file",
            Self::Misused { .. } => "cloud_recording_status_update",
            Self::UploaderStarted => "uploader_started",
            Self::FileInfos { .. } => "cloud_recording_file_infos",
            Self::Progress { .. } => "uploading_progress",
            Self::RecorderLeft { .. } => "recorder_leave",
            Self::Uploaded { .. } => "uploaded",
            Self::BackedUp { .. } => "backuped",
            Self::SessionExited { .. } => "session_exit",
            Self::Error(_) => "cloud_recording_error",
            Self::Warning(_) => "cloud_recording_warning",
        }
    }

    /// The facts.
    #[must_use]
    pub fn details(&self) -> Value {
        match self {
            Self::RecorderStarted | Self::UploaderStarted => json!({"status": 0}),
            Self::SliceStarted { uid, tracks, at, before } => json!({
                "startUtcMs": at.as_millis(),
                "discontinueUtcMs": before.as_millis(),
                "mixedAllUser": uid.is_none(),
                "streamUid": stream(*uid),
                "trackType": tracks,
            }),
            Self::StreamChanged { uid, state, at, .. } => json!({
                "streamUid": stream(*uid),
                "state": *state as u8,
                "UtcMs": at.as_millis(),
            }),
            Self::SnapshotUploaded { key } => json!({"fileName": key}),
            Self::Misused { status, mode, playlist } => {
                json!({"status": status, "recordingMode": *mode as u8, "fileList": playlist})
            }
            Self::FileInfos { playlist } => json!({"fileList": playlist}),
            Self::Progress { share } => json!({"progress": share}),
            Self::RecorderLeft { reason } => json!({"leaveCode": leave_code(*reason)}),
            Self::Uploaded { files } | Self::BackedUp { files } => {
                json!({"status": 0, "fileList": files.iter().map(listed).collect::<Vec<_>>()})
            }
            Self::SessionExited { normal, troubles: 0 } => {
                json!({"exitStatus": u8::from(!normal)})
            }
            Self::SessionExited { normal, troubles } => {
                json!({"exitStatus": u8::from(!normal), "troubles": troubles})
            }
            Self::Error(problem) => json!({
                "module": problem.module as u8,
                "errorLevel": problem.level,
                "errorCode": problem.code.number(),
                "stat": 0,
                "errorMsg": problem.message,
            }),
            Self::Warning(problem) => json!({
                "module": problem.module as u8,
                "warnCode": problem.code.number(),
                "warnMsg": problem.message,
            }),
        }
    }
}

/// The bit of `recorder_leave` that says why.
#[must_use]
pub const fn leave_code(reason: StopReason) -> u8 {
    match reason {
        StopReason::Failed => 0,
        StopReason::Shutdown => 2,
        StopReason::Idle => 4,
        StopReason::Asked => 16,
    }
}

/// A participant in the API's words; 0 is everybody in one.
#[must_use]
pub fn stream(uid: Option<Uid>) -> String {
    uid.map_or_else(|| "0".to_owned(), |uid| uid.to_string())
}

fn listed(file: &FileFacts) -> Value {
    json!({
        "fileName": file.key,
        "trackType": file.tracks,
        "uid": stream(file.uid),
        "mixedAllUser": file.uid.is_none(),
        "isPlayable": file.playable,
        "sliceStartTime": file.start.as_millis(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_what_clients_parse() {
        let at = RoomTime::from_millis(1_606_357_122_528);
        let tracks = TrackType::AudioAndVideo;
        let slice = Event::SliceStarted { uid: None, tracks, at, before: at }.details();
        assert_eq!(slice["startUtcMs"], 1_606_357_122_528_i64);
        assert_eq!(slice["trackType"], "audio_and_video");
        let files = vec![FileFacts::mixed("a/s_r.m3u8".into(), tracks, at)];
        let uploaded = Event::Uploaded { files }.details();
        assert_eq!(uploaded["fileList"][0]["fileName"], "a/s_r.m3u8");
        assert_eq!(uploaded["fileList"][0]["isPlayable"], true);
        assert_eq!(uploaded["fileList"][0]["uid"], "0");
        let (medium, state) = (Medium::Video, StreamState::Silent);
        let muted = Event::StreamChanged { uid: Uid::new(7), medium, state, at };
        assert_eq!(muted.kind(), "recorder_video_stream_state_changed");
        let expected = json!({"streamUid": "7", "state": 1, "UtcMs": 1_606_357_122_528_i64});
        assert_eq!(muted.details(), expected);
        let problem = Problem {
            module: Module::Uploader,
            level: 5,
            code: Code::StorageRefused,
            message: "no such bucket".into(),
        };
        let expected = json!({"module": 1, "errorLevel": 5, "errorCode": 32, "stat": 0,
            "errorMsg": "no such bucket"});
        assert_eq!(Event::Error(problem).details(), expected);
        let left = Event::RecorderLeft { reason: StopReason::Idle };
        assert_eq!(left.details(), json!({"leaveCode": 4}));
        let exit = |normal, troubles| Event::SessionExited { normal, troubles }.details();
        assert_eq!(exit(true, 0), json!({"exitStatus": 0}));
        assert_eq!(exit(false, 2), json!({"exitStatus": 1, "troubles": 2}));
    }
}
