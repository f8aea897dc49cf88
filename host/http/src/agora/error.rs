//! The one table of errors that the recording API answers: code, HTTP status and documented words.
//!
//! A reason begins with the documented words of its code and goes on with what a human should
//! change. Clients look at `code`; `reason` and `message` hold the same text.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::answers::Made;
use crate::openapi::{Described, described, merged};

/// What a refusal is, in the API's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// A parameter is missing, of another type, out of range or not served.
    InvalidParameter,
    /// This resource id was started before.
    AlreadyStarted,
    /// The body is no JSON, or its content type says so.
    BadBody,
    /// The recording is stopping or stopped already.
    AlreadyStopping,
    /// Not everything is uploaded yet.
    UploadTimeout,
    /// The same app, room and recorder uid is recording under another resource id.
    TaskConflict,
    /// No such recording, or it is over.
    NoWorker,
    /// The app is unknown.
    InvalidAppId,
    /// The room's name has characters it may not have, in today's words.
    InvalidChannelName,
    /// The app is switched off.
    NoActiveStatus,
    /// The server or the app records as much as it may.
    Overloaded,
    /// App, room or uid aren't those of the resource id.
    Mismatch,
    /// The resource id is too old.
    Expired,
    /// Nobody sent anything.
    NothingRecorded,
    /// The server failed.
    Internal,
    /// The server is shutting down.
    ShuttingDown,
    /// The recording's threads or files couldn't be made.
    NotAllocated,
    /// The resource id isn't one of this server's.
    Undecodable,
    /// App or recording don't belong to the resource id.
    NotOfResource,
    /// The room's name has characters it may not have.
    BadRoomName,
    /// The layout settings of `updateLayout` are wrong.
    BadLayout,
}

impl Code {
    /// Number, HTTP status and documented words.
    const fn entry(self) -> (u16, StatusCode, &'static str) {
        match self {
            Self::InvalidParameter => {
                (2, StatusCode::BAD_REQUEST, "post method api body check failed!")
            }
            Self::AlreadyStarted => (7, StatusCode::CREATED, "already started"),
            Self::BadBody => (8, StatusCode::BAD_REQUEST, "invalid request"),
            Self::AlreadyStopping => (49, StatusCode::BAD_REQUEST, "invalid operation"),
            Self::UploadTimeout => (50, StatusCode::PARTIAL_CONTENT, "request not completed"),
            Self::TaskConflict => (53, StatusCode::BAD_REQUEST, "task conflict"),
            Self::NoWorker => (404, StatusCode::NOT_FOUND, "failed to find worker"),
            Self::InvalidAppId => (400, StatusCode::BAD_REQUEST, "invalid_appid"),
            Self::InvalidChannelName => (401, StatusCode::BAD_REQUEST, "invalid_channel_name"),
            Self::NoActiveStatus => (405, StatusCode::BAD_REQUEST, "no_active_status"),
            Self::Overloaded => (406, StatusCode::BAD_REQUEST, "vendor_over_load"),
            Self::Mismatch => (432, StatusCode::BAD_REQUEST, "resource id mismatch"),
            Self::Expired => (433, StatusCode::BAD_REQUEST, "resource id expired"),
            Self::NothingRecorded => (435, StatusCode::PARTIAL_CONTENT, "no recorded data"),
            Self::Internal => (500, StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            Self::ShuttingDown => {
                (501, StatusCode::INTERNAL_SERVER_ERROR, "no_worker_manager_available")
            }
            Self::NotAllocated => {
                (502, StatusCode::INTERNAL_SERVER_ERROR, "Failed to allocate worker")
            }
            Self::Undecodable => (1001, StatusCode::BAD_REQUEST, "resource id undecodable"),
            Self::NotOfResource => (1003, StatusCode::BAD_REQUEST, "resource id mismatch"),
            Self::BadRoomName => (1013, StatusCode::BAD_REQUEST, "invalid_channel_name"),
            Self::BadLayout => {
                (1028, StatusCode::BAD_REQUEST, "post method api body check failed!")
            }
        }
    }
}

described! {
    /// The identifiers that an answer repeats, as far as they are known.
    #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
    pub(crate) struct Ids {
        /// The room's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(crate) cname: Option<String> as "cname",
        /// The recorder's uid.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(crate) uid: Option<String> as "uid",
        /// The resource id.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(crate) resource_id: Option<String> as "resourceId",
        /// The recording.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(crate) sid: Option<String> as "sid",
    }
}

/// A refusal on its way out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    /// What it is.
    pub(crate) code: Code,
    /// What to change, after the documented words; may be empty.
    pub(crate) detail: String,
    /// Who it is about.
    pub(crate) ids: Box<Ids>,
    /// What a recording has made so far, where the API tells it with an error.
    pub(crate) server_response: Option<Box<Made>>,
}

/// A refusal as it is written.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal {
    #[serde(flatten)]
    ids: Ids,
    #[serde(flatten)]
    refused: Refused,
}

impl Described for Refusal {
    fn schema() -> serde_json::Value {
        merged(Ids::schema(), Refused::schema())
    }
}

described! {
    /// What a refusal says beside the identifiers.
    #[derive(Debug, Serialize)]
    struct Refused {
        /// What it is, in the API's numbers.
        code: u16 as "code",
        /// The documented words, and what to change.
        reason: String as "reason",
        /// The same as reason, as older documents call it.
        message: String as "message",
        /// What the recording has made so far.
        #[serde(skip_serializing_if = "Option::is_none")]
        server_response: Option<Box<Made>> as "serverResponse",
    }
}

impl ApiError {
    /// A refusal about nobody in particular.
    #[must_use]
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), ids: Box::default(), server_response: None }
    }

    /// Adds whom it is about; what is known already stays.
    #[must_use]
    pub(crate) fn about(mut self, ids: &Ids) -> Self {
        if *self.ids == Ids::default() {
            *self.ids = ids.clone();
        }
        self
    }

    /// Adds what the recording has made so far.
    #[must_use]
    pub(crate) fn with_response(mut self, made: Made) -> Self {
        self.server_response = Some(Box::new(made));
        self
    }

    /// The whole text of `reason`.
    #[must_use]
    pub(crate) fn reason(&self) -> String {
        let (_, _, words) = self.code.entry();
        if self.detail.is_empty() { words.to_owned() } else { format!("{words}: {}", self.detail) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (number, status, _) = self.code.entry();
        let reason = self.reason();
        metrics::counter!("capstan_api_refusals_total", "code" => number.to_string()).increment(1);
        tracing::debug!(code = number, reason, "refused");
        let refused = Refused {
            code: number,
            message: reason.clone(),
            reason,
            server_response: self.server_response,
        };
        let refusal = Refusal { ids: *self.ids, refused };
        (status, Json(refusal)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_code_twice_over_and_the_ids_it_knows() {
        let ids = Ids { cname: Some("room".into()), ..Ids::default() };
        let error = ApiError::new(Code::Expired, "acquire again").about(&ids);
        assert_eq!(error.reason(), "resource id expired: acquire again");
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(ApiError::new(Code::NoWorker, "").reason(), "failed to find worker");
    }
}
