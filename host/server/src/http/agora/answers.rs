//! What the recording API answers when all is well, and how a recording's state reads in it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use capstan_recording::status::{Phase, RecordingStatus};
use serde_json::{Map, Value, json};

use super::super::error::Ids;

/// An answer with status 200: the identifiers, and perhaps what a recording has made.
pub(crate) fn ok(ids: &Ids, server_response: Option<Value>) -> Response {
    let mut body = Map::new();
    ids.write(&mut body);
    if let Some(response) = server_response {
        body.insert("serverResponse".into(), response);
    }
    (StatusCode::OK, Json(Value::Object(body))).into_response()
}

/// `serverResponse` of `query`.
pub(crate) fn queried(status: &RecordingStatus, playback_url: &str) -> Value {
    let mut answer = json!({
        "status": number(status),
        "fileListMode": "string",
        "fileList": status.playlist,
        // 0 until the first slice: typed clients want a number in any case.
        "sliceStartTime": status.slice_start.map_or(0, |start| start.as_millis()),
        "playbackUrl": playback_url,
    });
    // Capstan's own: what the storage said of files that it hasn't taken.
    if let (Some(answer), Some(said)) = (answer.as_object_mut(), &status.storage_trouble) {
        answer.insert("storageError".into(), said.as_str().into());
    }
    answer
}

/// `serverResponse` of `stop`.
pub(crate) fn stopped(playlist: &str, uploading: Uploading, playback_url: &str) -> Value {
    json!({
        "fileListMode": "string",
        "fileList": playlist,
        "uploadingStatus": uploading.name(),
        "playbackUrl": playback_url,
    })
}

/// `uploadingStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uploading {
    /// Everything is in the bucket.
    Uploaded,
    /// Everything has left, some of it to the backup store.
    BackedUp,
    /// Not known yet.
    Unknown,
}

impl Uploading {
    const fn name(self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::BackedUp => "backuped",
            Self::Unknown => "unknown",
        }
    }
}

/// A phase in the API's numbers (chapter "serverResponse.status" of its documents).
fn number(status: &RecordingStatus) -> u8 {
    match status.phase {
        Phase::Starting => 2,
        Phase::Recording if status.first_upload_done => 5,
        Phase::Recording => 4,
        Phase::Stopping => 6,
        Phase::Uploading => 7,
        Phase::Done => 8,
        Phase::Failed => 20,
    }
}
