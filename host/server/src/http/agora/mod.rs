//! The recording API as Agora's clients speak it: acquire, start, query, updateLayout, stop.
//!
//! The vendor's words (`cname`, `resourceId`, `sid`, ...) live in this folder only. `wire` holds the
//! requests with their types and ranges, `unserved` the fields that are refused by name, `convert`
//! what a request means for a recording, `resource` the ids that `acquire` gives out.

mod answers;
mod auth;
mod body;
mod convert;
mod dressing;
mod handlers;
mod names;
mod read;
mod resource;
mod unserved;
mod wire;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use self::resource::KeyError;
pub(crate) use self::resource::Resources;
use super::Context;

/// The most bytes of a request's body; the longest sensible `start` has about ten thousand.
const MAX_BODY: usize = 64 * 1024;

/// Path prefixes that the vendor's libraries put before the version for a region of the world.
const REGIONS: [&str; 5] = ["", "/na", "/eu", "/ap", "/cn"];

/// The API's routes.
pub(super) fn routes() -> Router<Context> {
    let recording = Router::new()
        .route("/acquire", post(handlers::acquire))
        .route("/resourceid/{resourceid}/mode/{mode}/start", post(handlers::start))
        .route("/resourceid/{resourceid}/sid/{sid}/mode/{mode}/query", get(handlers::query))
        .route(
            "/resourceid/{resourceid}/sid/{sid}/mode/{mode}/updateLayout",
            post(handlers::update_layout),
        )
        .route("/resourceid/{resourceid}/sid/{sid}/mode/{mode}/update", post(handlers::update))
        .route("/resourceid/{resourceid}/sid/{sid}/mode/{mode}/stop", post(handlers::stop))
        .layer(DefaultBodyLimit::max(MAX_BODY));
    REGIONS.iter().fold(Router::new(), |router, region| {
        router.nest(&format!("{region}/v1/apps/{{appid}}/cloud_recording"), recording.clone())
    })
}
