//! `storageConfig` as a body of its own: Capstan's way to give new keys, or another place, to files that
//! haven't left, also when their recording is over.

use capstan_outbox::ports::UploadError;
use serde_json::Value;

use super::error::{ApiError, Code};
use super::read::{BadField, Object};
use super::sketch::draw;
use super::wire::{Now, StorageChange};
use super::{convert, describe, refused};
use crate::context::Context;
use capstan_config::App;
use capstan_recorder::Fresh;

/// Reads a body for files whose names begin with `prefix`; says what is wrong and what would be right.
pub(crate) fn read(
    context: &Context,
    app: &App,
    prefix: &str,
    body: &Value,
) -> Result<Fresh, String> {
    let now = Now(context.clock.wall());
    let change = Object::root(body).and_then(|config| StorageChange::read(config, prefix, now));
    match change.map_err(|bad: BadField| bad.to_string())? {
        StorageChange::Keys(keys) => Ok(Fresh::Keys(keys.0)),
        StorageChange::Whole(request) => {
            convert::storage(&context.config, app, request, "").map(Fresh::Target)
        }
    }
}

/// Why the storage of a body can't be opened.
pub(crate) fn refusal(error: &UploadError, body: &Value) -> String {
    refused::storage(error, body, "")
}

/// The body's schema.
pub(crate) fn schema() -> Value {
    draw(|config| StorageChange::read(config, "", describe::NEVER))
}

/// Adds to the refusal of a recording that is over where its files get new keys, if it owes any.
pub(super) fn or_by_its_own_path(context: &Context, sid: &str, error: ApiError) -> ApiError {
    let owed = context.outbox.record(sid).map(|record| record.owed);
    if error.code != Code::NoWorker || !owed.is_some_and(|owed| owed.files()) {
        return error;
    }
    let detail = format!(
        "{}; its files that haven't left take new keys by PUT /api/v1/recordings/{sid}/storage",
        error.detail
    );
    ApiError { detail, ..error }
}
