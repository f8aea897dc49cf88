//! The recording API as Agora's clients speak it: acquire, start, query, update, updateLayout, stop.
//!
//! The vendor's words (`cname`, `resourceId`, `sid`, ...) live in this folder only. `wire` holds the
//! requests with their types and ranges, `unserved` the fields that are refused by name, `checks` what
//! must hold between the parts of a request, `convert` what a request means for a recording,
//! `resource` the ids that `acquire` gives out, `refused` what plugins say of their configurations,
//! `storage_change` lends `storageConfig` to Capstan's own interface.

mod answers;
mod auth;
mod body;
mod checks;
mod control;
mod convert;
mod describe;
mod dressing;
mod error;
mod handlers;
mod prefix;
mod read;
mod refused;
mod sketch;
pub(crate) mod storage_change;
mod unserved;
mod wire;

use axum::Router;
use axum::extract::DefaultBodyLimit;

pub(crate) use self::answers::ListedFile;
pub(crate) use self::auth::Owner;
pub(crate) use self::body::{MAX_BODY, json};
use crate::openapi::Routes;

/// Path prefixes that the vendor's libraries put before the version for a region of the world.
const REGIONS: [&str; 5] = ["", "/na", "/eu", "/ap", "/cn"];
/// What is before every path of the API.
const BASE: &str = "/v1/apps/{appid}/cloud_recording";

/// The API's routes. Those with a region in front are described by those without.
pub(crate) fn routes() -> Routes {
    let on =
        |method: &str| format!("/resourceid/{{resourceid}}/sid/{{sid}}/mode/{{mode}}/{method}");
    let (router, operations) = Routes::default()
        .post("/acquire", describe::acquire(), handlers::acquire)
        .post("/resourceid/{resourceid}/mode/{mode}/start", describe::start(), handlers::start)
        .get(&on("query"), describe::query(), control::query)
        .post(&on("updateLayout"), describe::update_layout(), control::update_layout)
        .post(&on("update"), describe::update(), control::update)
        .post(&on("stop"), describe::stop(), control::stop)
        .split();
    let recording = router.layer(DefaultBodyLimit::max(MAX_BODY));
    let everywhere = REGIONS.iter().fold(Router::new(), |router, region| {
        router.nest(&format!("{region}{BASE}"), recording.clone())
    });
    let operations = operations.into_iter().map(|operation| operation.under(BASE)).collect();
    Routes::default().merge(everywhere, operations)
}
