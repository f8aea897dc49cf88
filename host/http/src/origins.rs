//! Which web pages may speak to the server: the origins that an operator admits.

use axum::http::HeaderValue;

/// Whether pages of an origin are among those admitted.
pub(crate) fn admits(origins: &[String], origin: &HeaderValue) -> bool {
    origins.iter().any(|admitted| admitted == "*" || admitted.as_bytes() == origin.as_bytes())
}
