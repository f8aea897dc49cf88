//! Everything that the server answers over HTTP, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, Uri};
use axum::middleware;
use tower::ServiceExt;

use crate::context::Context;
use crate::detached::go_on;
use crate::gateway::GatewayError;
use crate::under::without;
use crate::whip::{Whip, WhipApp};
use crate::{agora, health, openapi, playback, v1, whip};

/// All routes: at the root, and below the path of the public address as well, whether a proxy takes that
/// off or not.
pub(crate) fn router(context: Context) -> Router {
    let base_path = context.base_path();
    let routes = at_the_root(context);
    if base_path.is_empty() {
        return routes;
    }
    let anywhere = move |request: Request| routes.clone().oneshot(without(&base_path, request));
    Router::new().fallback(anywhere)
}

fn at_the_root(context: Context) -> Router {
    let whip = publishing(&context);
    // Pages hear of a wrong address too, instead of a failure without words.
    let nowhere = no_route.layer(whip::cors(&whip));
    let cors = playback::cors(&context);
    let (files, of_files) = playback::routes().split();
    // Its own, so that the layer answers preflights: one that comes later stands outside of it.
    let files = files.method_not_allowed_fallback(no_route);
    let routes = agora::routes()
        .and(v1::routes())
        .merge(whip::routes(whip), whip::operations())
        .merge(files.layer(cors), of_files)
        .and(health::routes());
    openapi::describe(routes)
        .fallback(nowhere)
        .method_not_allowed_fallback(no_route)
        .layer(middleware::from_fn_with_state(context.work.clone(), go_on))
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
        base_path: context.base_path(),
    }
}

#[cfg(test)]
mod tests;
