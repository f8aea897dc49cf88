//! Takes connections until the process ends.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::router::router;

/// Answers on `listener` until `stop`; then what is under way comes to its end.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    context: Context,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let app = router(context).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await
}
