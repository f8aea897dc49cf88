//! The one table of errors that the recording API answers: code, HTTP status and documented words.
//!
//! A reason begins with the documented words of its code and goes on with what a human should
//! change. Clients look at `code`; `reason` and `message` hold the same text.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// What a refusal is, in the API's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
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
    /// The server records as much as it may.
    Overloaded,
    /// App, room or uid aren't those of the resource id.
    Mismatch,
    /// The resource id is too old.
    Expired,
    /// Nobody sent anything.
    NothingRecorded,
    /// The server failed.
    Internal,
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
            Self::Overloaded => (406, StatusCode::BAD_REQUEST, "vendor_over_load"),
            Self::Mismatch => (432, StatusCode::BAD_REQUEST, "resource id mismatch"),
            Self::Expired => (433, StatusCode::BAD_REQUEST, "resource id expired"),
            Self::NothingRecorded => (435, StatusCode::PARTIAL_CONTENT, "no recorded data"),
            Self::Internal => (500, StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
            Self::Undecodable => (1001, StatusCode::BAD_REQUEST, "resource id undecodable"),
            Self::NotOfResource => (1003, StatusCode::BAD_REQUEST, "resource id mismatch"),
            Self::BadRoomName => (1013, StatusCode::BAD_REQUEST, "invalid_channel_name"),
            Self::BadLayout => {
                (1028, StatusCode::BAD_REQUEST, "post method api body check failed!")
            }
        }
    }

    /// The number in `code`.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.entry().0
    }
}

/// The identifiers that an answer repeats, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ids {
    /// The room's name.
    pub cname: Option<String>,
    /// The recorder's uid.
    pub uid: Option<String>,
    /// The resource id.
    pub resource_id: Option<String>,
    /// The recording.
    pub sid: Option<String>,
}

impl Ids {
    /// Writes those that are known into an answer.
    pub fn write(&self, answer: &mut Map<String, Value>) {
        for (key, id) in [
            ("cname", &self.cname),
            ("uid", &self.uid),
            ("resourceId", &self.resource_id),
            ("sid", &self.sid),
        ] {
            if let Some(id) = id {
                answer.insert(key.into(), Value::String(id.clone()));
            }
        }
    }
}

/// A refusal on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// What it is.
    pub code: Code,
    /// What to change, after the documented words; may be empty.
    pub detail: String,
    /// Who it is about.
    pub ids: Box<Ids>,
    /// What a recording has made so far, where the API tells it with an error.
    pub server_response: Option<Value>,
}

impl ApiError {
    /// A refusal about nobody in particular.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), ids: Box::default(), server_response: None }
    }

    /// Adds whom it is about; what is known already stays.
    #[must_use]
    pub fn about(mut self, ids: &Ids) -> Self {
        if *self.ids == Ids::default() {
            *self.ids = ids.clone();
        }
        self
    }

    /// Adds what the recording has made so far.
    #[must_use]
    pub fn with_response(mut self, response: Value) -> Self {
        self.server_response = Some(response);
        self
    }

    /// The whole text of `reason`.
    #[must_use]
    pub fn reason(&self) -> String {
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
        let mut body = Map::new();
        self.ids.write(&mut body);
        body.insert("code".into(), number.into());
        body.insert("reason".into(), reason.clone().into());
        body.insert("message".into(), reason.into());
        if let Some(response) = self.server_response {
            body.insert("serverResponse".into(), response);
        }
        (status, Json(Value::Object(body))).into_response()
    }
}

/// A refusal from before the recording service: wrong credentials, no such route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What to change.
    pub message: String,
}

impl GatewayError {
    /// Who asks isn't known.
    #[must_use]
    pub fn unauthorized(detail: &str) -> Self {
        let message = format!("Invalid authentication credentials: {detail}");
        Self { status: StatusCode::UNAUTHORIZED, message }
    }

    /// Nothing answers at that address with that method.
    #[must_use]
    pub fn no_route(detail: &str) -> Self {
        let message = format!("no Route matched with those values: {detail}");
        Self { status: StatusCode::NOT_FOUND, message }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "message": self.message }));
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = [("www-authenticate", "Basic realm=\"capstan\", charset=\"UTF-8\"")];
            return (self.status, challenge, body).into_response();
        }
        (self.status, body).into_response()
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
