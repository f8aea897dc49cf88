//! Refusals from before anything is looked at: who calls isn't known, calls too often, or calls nothing.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::openapi::{Described, object, property};

/// A refusal from before the recording service: wrong credentials, no such route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GatewayError {
    /// The HTTP status.
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// What to change.
    pub(crate) message: String,
}

impl Described for GatewayError {
    fn schema() -> serde_json::Value {
        object([property::<String>("message", "What to change.")])
    }
}

impl GatewayError {
    /// Who asks isn't known.
    #[must_use]
    pub(crate) fn unauthorized(detail: &str) -> Self {
        let message = format!("Invalid authentication credentials: {detail}");
        Self { status: StatusCode::UNAUTHORIZED, message }
    }

    /// Too many requests of this kind within a second.
    #[must_use]
    pub(crate) fn too_many(limit: u32) -> Self {
        let message = format!(
            "API rate limit exceeded: this app may send {limit} requests of this method a second"
        );
        Self { status: StatusCode::TOO_MANY_REQUESTS, message }
    }

    /// Nothing answers at that address with that method.
    #[must_use]
    pub(crate) fn no_route(detail: &str) -> Self {
        let message = format!("no Route matched with those values: {detail}");
        Self { status: StatusCode::NOT_FOUND, message }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        let status = self.status;
        let body = Json(self);
        let header = match status {
            StatusCode::UNAUTHORIZED => {
                Some((WWW_AUTHENTICATE, "Basic realm=\"capstan\", charset=\"UTF-8\""))
            }
            // Tokens come back within a second.
            StatusCode::TOO_MANY_REQUESTS => Some((RETRY_AFTER, "1")),
            _ => None,
        };
        match header {
            Some(header) => (status, [header], body).into_response(),
            None => (status, body).into_response(),
        }
    }
}
