//! What machines ask of a server: does it live, can it record, what are its numbers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::Context;
use crate::config::STORE;

/// The routes.
pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
}

/// 200 while another recording would be admitted, else 503 with the reason.
async fn ready(State(context): State<Context>) -> Response {
    match context.recorder.admit() {
        Ok(()) => Json(json!({ "ready": true })).into_response(),
        Err(error) => {
            let body = json!({ "ready": false, "reason": error.to_string() });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

/// Every series, in Prometheus's text form.
async fn numbers(State(context): State<Context>) -> Response {
    let owed = context.outbox.owed();
    // Every storage that anything may be owed to, so that a series goes to zero and doesn't stop.
    let by_storage = context.outbox.owed_by_storage();
    let storages = context.config.vendors.iter().map(|(_, vendor)| vendor.plugin.as_str());
    for storage in storages.chain([STORE]).chain(by_storage.keys().map(String::as_str)) {
        let owed = by_storage.get(storage).copied().unwrap_or_default();
        let name = storage.to_owned();
        metrics::gauge!("capstan_outbox_uploads", "storage" => name.clone())
            .set(owed.uploads as f64);
        metrics::gauge!("capstan_outbox_uploads_parked", "storage" => name.clone())
            .set(owed.parked as f64);
        metrics::gauge!("capstan_outbox_uploads_in_backup", "storage" => name)
            .set(owed.backed_up as f64);
    }
    metrics::gauge!("capstan_outbox_events").set(owed.events as f64);
    let recording = context.recorder.recording();
    metrics::gauge!("capstan_recordings").set(recording as f64);
    let text = context.metrics.render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
