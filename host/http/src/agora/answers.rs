//! What the recording API answers when all is well, and how a recording's state reads in it.
//!
//! Lists name a file twice, as the documents of 2020 and of today spell the field.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use capstan_archive::facts::FileFacts;
use capstan_archive::settings::RecordingSettings;
use capstan_archive::settings::{Mode, TrackType};
use capstan_outbox::event::stream;
use capstan_outbox::{ModeName, Record};
use capstan_recording::status::{Phase, RecordingStatus};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::Ids;
use crate::openapi::{Described, described, merged, object, property};

/// A successful answer: the identifiers, and perhaps what a recording has made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    #[serde(flatten)]
    ids: Ids,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_response: Option<Made>,
}

impl Described for Answer {
    fn schema() -> Value {
        let made = property::<Option<Made>>("serverResponse", "What a recording has made so far.");
        merged(Ids::schema(), object([made]))
    }
}

described! {
    /// What a recording has made so far.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub(crate) struct Made {
        /// 0 to 8, or 20 for an abnormal end; only in answers to query.
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<u8> as "status",
        /// `string` if fileList is a name, `json` if it is a list; absent for screenshots alone.
        #[serde(skip_serializing_if = "Option::is_none")]
        file_list_mode: Option<ListMode> as "fileListMode",
        /// The playlist's key, or every playlist and file.
        #[serde(skip_serializing_if = "Option::is_none")]
        file_list: Option<FileList> as "fileList",
        /// Unix milliseconds of the first slice, 0 before it; only in answers to query.
        #[serde(skip_serializing_if = "Option::is_none")]
        slice_start_time: Option<i64> as "sliceStartTime",
        /// What became of the files; only in answers to stop.
        #[serde(skip_serializing_if = "Option::is_none")]
        uploading_status: Option<Uploading> as "uploadingStatus",
        /// What the storage said of files that it hasn't taken. Capstan's own field.
        #[serde(skip_serializing_if = "Option::is_none")]
        storage_error: Option<String> as "storageError",
        /// In how many spans something of a track is missing; absent if in none. Capstan's own field.
        #[serde(skip_serializing_if = "Option::is_none")]
        troubles: Option<u64> as "troubles",
        /// Where it can be watched on this server, unless nothing was recorded. Capstan's own field.
        #[serde(skip_serializing_if = "Option::is_none")]
        playback_url: Option<String> as "playbackUrl",
    }
}

/// The state in which nothing is recorded any more, and files or events are still owed.
const UPLOADING: u8 = 7;

/// What `fileList` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum ListMode {
    /// A name.
    String,
    /// A list.
    Json,
}

impl Described for ListMode {
    fn schema() -> Value {
        json!({ "type": "string", "enum": ["string", "json"] })
    }
}

/// Names of files.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum FileList {
    /// The playlist's key.
    Name(String),
    /// Every playlist and file.
    Files(Vec<ListedFile>),
}

impl FileList {
    fn all(files: &[FileFacts]) -> Self {
        Self::Files(files.iter().map(ListedFile::from).collect())
    }

    const fn mode(&self) -> ListMode {
        match self {
            Self::Name(_) => ListMode::String,
            Self::Files(_) => ListMode::Json,
        }
    }
}

impl Described for FileList {
    fn schema() -> Value {
        json!({ "anyOf": [String::schema(), Vec::<ListedFile>::schema()] })
    }
}

/// `uploadingStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Uploading {
    /// Everything is in the bucket.
    Uploaded,
    /// Everything has left, something of it only to the backup store.
    #[serde(rename = "backuped")]
    BackedUp,
    /// Not known yet.
    Unknown,
}

described! {
    /// One file, as the API lists it.
    #[derive(Debug, Clone, PartialEq, Serialize)]
    pub(crate) struct ListedFile {
        /// The object's key.
        file_name: String as "fileName",
        /// The same, as it was spelled in 2020.
        filename_2020: String as "filename",
        /// `audio`, `video` or `audio_and_video`.
        track_type: String as "trackType",
        /// Whose it is; 0 is everybody in one.
        uid: String as "uid",
        /// Whether everybody is in it.
        mixed_all_user: bool as "mixedAllUser",
        /// Whether a browser's player can be expected to play it.
        is_playable: bool as "isPlayable",
        /// Unix milliseconds of its start.
        slice_start_time: i64 as "sliceStartTime",
    }
}

impl Described for Uploading {
    fn schema() -> Value {
        json!({ "type": "string", "enum": ["uploaded", "backuped", "unknown"] })
    }
}

impl From<&FileFacts> for ListedFile {
    fn from(file: &FileFacts) -> Self {
        let track_type = match file.tracks {
            TrackType::Audio => "audio",
            TrackType::Video => "video",
            TrackType::AudioAndVideo => "audio_and_video",
        };
        Self {
            file_name: file.key.clone(),
            filename_2020: file.key.clone(),
            track_type: track_type.to_owned(),
            uid: stream(file.uid),
            mixed_all_user: file.uid.is_none(),
            is_playable: file.playable,
            slice_start_time: file.start.as_millis(),
        }
    }
}

/// An answer with status 200 that has only identifiers.
pub(crate) fn ids(ids: Ids) -> Response {
    (StatusCode::OK, Json(Answer { ids, server_response: None })).into_response()
}

/// An answer with status 200.
pub(crate) fn made(ids: Ids, made: Made) -> Response {
    (StatusCode::OK, Json(Answer { ids, server_response: Some(made) })).into_response()
}

impl Made {
    /// What a recording with these files has made.
    fn of(settings: &RecordingSettings, status: &RecordingStatus, playback_url: String) -> Self {
        let files = match &settings.mode {
            Mode::Mix(mix) if mix.files.mp4.is_none() => {
                Some(FileList::Name(status.playlist.clone()))
            }
            Mode::Mix(_) | Mode::Individual(_) => Some(FileList::all(&status.files)),
            Mode::SnapshotsOnly => None,
        };
        Self {
            troubles: Some(status.troubles).filter(|troubles| *troubles > 0),
            playback_url: Some(playback_url),
            ..Self::listed(files)
        }
    }

    /// What is known from the list of files alone.
    fn listed(files: Option<FileList>) -> Self {
        Self {
            status: None,
            file_list_mode: files.as_ref().map(FileList::mode),
            file_list: files,
            slice_start_time: None,
            uploading_status: None,
            storage_error: None,
            troubles: None,
            playback_url: None,
        }
    }

    /// `serverResponse` of `query` for a recording that an earlier process left: it is being uploaded.
    /// `playback_url` is where its first playlist can be watched.
    pub(crate) fn left(
        record: &Record,
        storage_error: Option<String>,
        playback_url: Option<String>,
    ) -> Self {
        let first = record.files.first();
        let files = match record.mode {
            ModeName::Mix if !record.mp4 => first.map(|file| FileList::Name(file.key.clone())),
            ModeName::Mix | ModeName::Individual => Some(FileList::all(&record.files)),
            ModeName::Snapshots => None,
        };
        Self {
            status: Some(UPLOADING),
            slice_start_time: Some(first.map_or(0, |file| file.start.as_millis())),
            storage_error,
            playback_url,
            ..Self::listed(files)
        }
    }

    /// The same of a recording that nothing was recorded of: there are no files to name.
    pub(crate) fn nothing(self) -> Self {
        Self { file_list_mode: None, file_list: None, playback_url: None, ..self }
    }

    /// `serverResponse` of `query`.
    pub(crate) fn queried(
        settings: &RecordingSettings,
        status: &RecordingStatus,
        playback_url: String,
    ) -> Self {
        Self {
            storage_error: status.storage_trouble.clone(),
            status: Some(number(status)),
            // 0 until the first slice: typed clients want a number in any case.
            slice_start_time: Some(status.slice_start.map_or(0, |start| start.as_millis())),
            ..Self::of(settings, status, playback_url)
        }
    }

    /// `serverResponse` of `stop`.
    pub(crate) fn stopped(
        settings: &RecordingSettings,
        status: &RecordingStatus,
        uploading: Uploading,
        playback_url: String,
    ) -> Self {
        let uploading_status = Some(uploading);
        Self { uploading_status, ..Self::of(settings, status, playback_url) }
    }
}

/// A phase in the API's numbers (chapter "serverResponse.status" of its documents).
pub(crate) const fn number(status: &RecordingStatus) -> u8 {
    match status.phase {
        Phase::Starting => 2,
        Phase::Recording if status.first_upload_done => 5,
        Phase::Recording => 4,
        Phase::Stopping => 6,
        Phase::Uploading => UPLOADING,
        Phase::Done => 8,
        Phase::Failed => 20,
    }
}
