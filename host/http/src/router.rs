//! Everything that the server answers over HTTP, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};

use crate::context::Context;
use crate::gateway::GatewayError;
use crate::whip::{Whip, WhipApp};
use crate::{agora, health, openapi, playback, v1, whip};

/// All routes.
pub(crate) fn router(context: Context) -> Router {
    let cors = playback::cors(&context);
    let (files, of_files) = playback::routes().split();
    // Its own, so that the layer answers preflights: one that comes later stands outside of it.
    let files = files.method_not_allowed_fallback(no_route);
    let routes = agora::routes()
        .and(v1::routes())
        .merge(whip::routes(publishing(&context)), whip::operations())
        .merge(files.layer(cors), of_files)
        .and(health::routes());
    openapi::describe(routes)
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
        .with_state(context)
}

async fn no_route(method: Method, uri: Uri) -> GatewayError {
    let path: String = uri.path().chars().take(200).collect();
    GatewayError::no_route(&format!("nothing answers {method} {path}"))
}

/// What WHIP needs to know of the apps.
fn publishing(context: &Context) -> Whip {
    let config = Arc::clone(&context.config);
    let asks = move |id: &str| {
        config.app(id).map(|app| WhipApp {
            token: app.whip_token.as_ref().map(|token| token.reveal().to_owned()),
            loopback_only: app.loopback_only,
            origins: app.allowed_origins.clone(),
        })
    };
    Whip {
        ingest: context.ingest.clone(),
        apps: Arc::new(asks),
        origins: context.config.http.cors_origins.clone(),
    }
}

#[cfg(test)]
mod tests;
