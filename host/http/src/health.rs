//! What machines ask of a server: does it live, can it record, what are its numbers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use capstan_config::STORE;
use serde::Serialize;

use crate::context::Context;
use crate::openapi::{Content, Operation, Reply, Routes, described};

const TAG: &str = "Server";

described! {
    /// Whether another recording would be admitted.
    #[derive(Debug, Serialize)]
    struct Readiness {
        /// Whether it would.
        ready: bool as "ready",
        /// Why not.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String> as "reason",
    }
}

/// The routes.
pub(crate) fn routes() -> Routes {
    let alive = Operation::new("Whether the server lives", TAG).open().reply(Reply::with(
        200,
        "It does",
        Content::text("text/plain"),
    ));
    let readiness = Operation::new("Whether another recording would be admitted", TAG)
        .open()
        .reply(Reply::of::<Readiness>(200, "It would"))
        .reply(Reply::of::<Readiness>(503, "It wouldn't"));
    let metrics = Operation::new("The server's numbers, for Prometheus", TAG)
        .open()
        .reply(Reply::with(200, "Every series", Content::text("text/plain")));
    Routes::default()
        .get("/healthz", alive, || async { "ok\n" })
        .get("/readyz", readiness, ready)
        .get("/metrics", metrics, numbers)
}

/// 200 while another recording would be admitted, else 503 with the reason.
async fn ready(State(context): State<Context>) -> Response {
    match context.recorder.ready() {
        Ok(()) => Json(Readiness { ready: true, reason: None }).into_response(),
        Err(error) => {
            let body = Readiness { ready: false, reason: Some(error.to_string()) };
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
    metrics::gauge!("capstan_outbox_refused").set(f64::from(context.outbox.health().is_err()));
    for (folder, free) in context.recorder.free_space() {
        let folder = folder.display().to_string();
        metrics::gauge!("capstan_disk_free_bytes", "folder" => folder).set(free as f64);
    }
    let recording = context.recorder.recording();
    metrics::gauge!("capstan_recordings").set(recording as f64);
    let text = context.metrics.render();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
