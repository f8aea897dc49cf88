//! What a request began goes on without its connection: a client that hangs up leaves nothing half-done
//! that nobody could find or stop.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio_util::task::TaskTracker;

/// Answers requests that may change something in tasks of their own. The end of the process waits for them.
pub(crate) async fn go_on(
    State(work): State<TaskTracker>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match work.spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request broke off");
            let message = json!({ "message": "the server failed; its log says more" });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(message)).into_response()
        }
    }
}
