//! A request's body: JSON of a content type that says so, and the identifiers in it.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::error::{ApiError, Code, Ids};
use super::read::{BadField, Object};
use crate::context::Context;

/// The most bytes of a request's body; the longest sensible `start` has about ten thousand.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// A body that is JSON.
pub(crate) struct Body(pub(crate) Value);

impl FromRequest<Context> for Body {
    type Rejection = Response;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Response> {
        let bad = |detail| ApiError::new(Code::BadBody, detail).into_response();
        json(request, context).await.map(Self).map_err(bad)
    }
}

/// Reads a body that is JSON and says so; else says what is wrong with it.
pub(crate) async fn json(request: Request, context: &Context) -> Result<Value, String> {
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| {
        String::from_utf8_lossy(value.as_bytes()).chars().take(128).collect::<String>()
    });
    if !content_type.as_deref().is_some_and(is_json) {
        let sent = content_type.unwrap_or_else(|| "nothing".into());
        return Err(format!("send Content-Type: application/json; {sent:?} was sent"));
    }
    let bytes = Bytes::from_request(request, context).await.map_err(|error| match error {
        BytesRejection::FailedToBufferBody(inner)
            if inner.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE =>
        {
            format!("the body is longer than {} bytes", MAX_BODY)
        }
        other => format!("the body didn't arrive: {}", other.body_text()),
    })?;
    serde_json::from_slice(&bytes).map_err(|error| format!("the body is not JSON: {error}"))
}

/// Who a request is about, as every body says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Who<'a> {
    /// The room's name.
    pub(crate) cname: &'a str,
    /// The recorder's uid, in decimal text.
    pub(crate) uid: &'a str,
}

impl<'a> Who<'a> {
    /// Reads `cname` and `uid`.
    pub(crate) fn read(root: &Object<'a>) -> Result<Self, BadField> {
        Ok(Self { cname: root.required_text("cname")?, uid: root.required_text("uid")? })
    }

    /// As answers repeat them, cut to what a right one may be long.
    pub(crate) fn ids(&self) -> Ids {
        let cut = |text: &str| Some(text.chars().take(128).collect());
        Ids { cname: cut(self.cname), uid: cut(self.uid), ..Ids::default() }
    }
}

/// Any spelling of `application/json`, with or without a charset.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_taken_in_every_spelling() {
        for good in ["application/json", "application/json;charset=utf-8", "Application/JSON ; x=y"]
        {
            assert!(is_json(good), "{good}");
        }
        for bad in ["", "text/plain", "application/jsonp", "application/json+x"] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
