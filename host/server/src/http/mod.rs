//! Everything that the server answers over HTTP, on one screen.

pub mod agora;
pub mod error;
mod health;
mod live;
mod openapi;
mod problem;
mod rate;
mod v1;
pub mod whip;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE};
use axum::http::{HeaderValue, Method, Uri};
use capstan_ingest::Ingest;
use capstan_media::time::RoomClock;
use capstan_outbox::Outbox;
use capstan_plugin::PluginHost;
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use url::Url;

use self::agora::Resources;
use self::error::GatewayError;
pub use self::rate::Rates;
use self::whip::{Whip, WhipApp};
use crate::config::Config;
use crate::recorder::{Recorder, Session};
use crate::store::NativeStore;

/// What handlers work with. Clones are the same.
#[derive(Clone)]
pub struct Context(Arc<Parts>);

/// The parts of a [`Context`].
pub struct Parts {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// The process's clock.
    pub clock: Arc<dyn RoomClock>,
    /// The publishers.
    pub ingest: Ingest,
    /// The recordings.
    pub recorder: Recorder,
    /// What is still owed.
    pub outbox: Outbox,
    /// The own store, for playback after the end.
    pub store: Arc<NativeStore>,
    /// The plugins, to be listed.
    pub plugins: Arc<PluginHost>,
    /// The numbers.
    pub metrics: PrometheusHandle,
    /// The bound HTTP address.
    pub address: SocketAddr,
    /// How often each app has asked.
    pub rates: Rates,
    pub(crate) resources: Resources,
}

impl Context {
    /// Shares the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// How others reach this server, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        let own = || format!("http://{}", self.address);
        self.config.public_url.clone().unwrap_or_else(own)
    }

    /// Where a recording can be watched.
    #[must_use]
    pub fn playback_url(&self, session: &Session) -> String {
        playback_url(&self.base_url(), session.sid(), &session.playlist_name())
    }
}

impl Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// All routes.
pub(crate) fn router(context: Context) -> Router {
    let cors = cors(&context);
    let (playback, of_playback) = live::routes().split();
    // Its own, so that the layer answers preflights: one that comes later stands outside of it.
    let playback = playback.method_not_allowed_fallback(no_route);
    let routes = agora::routes()
        .and(v1::routes())
        .merge(whip::routes(publishing(&context)), whip::operations())
        .merge(playback.layer(cors), of_playback)
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

/// Lets pages of a recording's app play it, and read what ranges answer.
fn cors(context: &Context) -> CorsLayer {
    let context = context.clone();
    let allowed = move |origin: &HeaderValue, parts: &axum::http::request::Parts| {
        let sid = parts.uri.path().split('/').nth(2).unwrap_or_default();
        let record = context.outbox.record(sid);
        let app = record.and_then(|record| context.config.app(&record.room.app));
        let http = &context.config.http;
        whip::admits(app.map_or(&http.cors_origins, |app| app.origins(http)), origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(allowed))
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers(Any)
        .expose_headers([ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE])
}

fn playback_url(base: &str, sid: &str, playlist: &str) -> String {
    let Ok(mut url) = Url::parse(base) else { return String::new() };
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["recordings", sid, playlist]);
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playback_urls_carry_any_room_name() {
        assert_eq!(
            playback_url("https://example.com/sub", "s1", "s1_a b?c#d%.m3u8"),
            "https://example.com/sub/recordings/s1/s1_a%20b%3Fc%23d%25.m3u8"
        );
    }
}
