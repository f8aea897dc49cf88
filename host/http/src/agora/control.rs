//! The methods on a running recording: `query`, `updateLayout`, `update`, `stop`.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use capstan_outbox::outcome::Delivered;
use capstan_outbox::{Record, RetargetError};

use super::answers::{self, Made, Uploading};
use super::auth::Caller;
use super::body::Body;
use super::checks::{
    Address, Known, addressed, how_it_ended, invalid, known, live, same_record, same_session,
};
use super::convert;
use super::error::{ApiError, Code};
use super::read::BadField;
use super::refused::{self, STORAGE};
use super::storage_change;
use super::wire::{LayoutRequest, Mode, Now, UpdateRequest, read_stop};
use crate::context::{Context, played_at};
use capstan_config::Profile;
use capstan_recorder::{Fresh, RefreshError, Session, StopError, SubscribeError, UpdateError};

/// How long `stop` waits for uploads.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Tells how a recording is doing.
pub(crate) async fn query(
    State(context): State<Context>,
    caller: Caller,
    Path(address): Path<Address>,
) -> Result<Response, ApiError> {
    let mut ids = address.ids();
    let session = match known(&context, &caller, &address).map_err(|error| error.about(&ids))? {
        Known::Live(session) => session,
        Known::Ending(record) => {
            ids.cname = Some(record.room.name.clone());
            ids.uid = Some(record.recorder_uid.to_string());
            return Ok(answers::made(ids, left(&context, &record)));
        }
    };
    ids.cname = Some(session.room().name.clone());
    ids.uid = Some(session.recorder_uid().to_string());
    let url = context.playback_url(&session);
    let made = Made::queried(session.settings(), &session.status(), url);
    Ok(answers::made(ids, made))
}

/// Replaces all layout settings.
pub(crate) async fn update_layout(
    State(context): State<Context>,
    caller: Caller,
    Path(address): Path<Address>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let (root, ids) = addressed(&body, &address)?;
    let about = |error: ApiError| error.about(&ids);
    if Mode::parse(&address.mode).map_err(about)? == Mode::Individual {
        let detail = "mode individual in the URL: updateLayout is only for mode mix";
        return Err(about(ApiError::new(Code::InvalidParameter, detail)));
    }
    let session = live(&context, &caller, &address).map_err(about)?;
    same_session(&session, &ids).map_err(about)?;
    let code = match context.config.api.profile {
        Profile::Y2020 => Code::BadLayout,
        Profile::Today => Code::InvalidParameter,
    };
    let wrong = |bad: BadField| about(ApiError::new(code, bad.to_string()));
    let request = root.object("clientRequest", LayoutRequest::read).map_err(wrong)?;
    let choice = convert::layout(&context.config, &request);
    context.recorder.update_layout(&session, choice).await.map_err(|error| {
        about(match error {
            UpdateError::Over { .. } => ApiError::new(Code::NoWorker, error.to_string()),
            UpdateError::NotMixed { .. } => ApiError::new(code, error.to_string()),
            UpdateError::Layout(error) => {
                ApiError::new(code, refused::layout(&error, &body, "/clientRequest"))
            }
        })
    })?;
    Ok(answers::ids(ids))
}

/// Changes who is recorded, or the keys of the storage.
pub(crate) async fn update(
    State(context): State<Context>,
    caller: Caller,
    Path(address): Path<Address>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let (root, ids) = addressed(&body, &address)?;
    let about = |error: ApiError| error.about(&ids);
    let session = live(&context, &caller, &address).map_err(|error| {
        about(storage_change::or_by_its_own_path(&context, &address.sid, error))
    })?;
    same_session(&session, &ids).map_err(about)?;
    let now = Now(context.clock.wall());
    // Lists are replaced as a whole, so that those of start tell all that is kept: streams and layer.
    let current = &session.settings().subscription;
    let request = root
        .object("clientRequest", |request| UpdateRequest::read(request, current, now))
        .map_err(|bad| about(invalid(bad)))?;
    if let Some(subscription) = request.subscription {
        session.subscribe(subscription).await.map_err(|error| {
            let code = match error {
                SubscribeError::Over { .. } => Code::NoWorker,
                SubscribeError::Setting(_) => Code::InvalidParameter,
            };
            about(ApiError::new(code, error.to_string()))
        })?;
    }
    if let Some(credentials) = request.credentials {
        let fresh = Fresh::Keys(credentials.0);
        context.recorder.refresh(session.sid(), fresh).await.map_err(|error| {
            let (code, detail) = match &error {
                RefreshError::Outbox(RetargetError::Outbox(_)) => {
                    (Code::Internal, error.to_string())
                }
                RefreshError::Outbox(_) => (Code::NoWorker, error.to_string()),
                RefreshError::Own => (Code::InvalidParameter, format!("{STORAGE}: {error}")),
                RefreshError::Refused(error) => {
                    (Code::InvalidParameter, refused::storage(error, &body, STORAGE))
                }
                RefreshError::Aborted => (Code::ShuttingDown, error.to_string()),
            };
            about(ApiError::new(code, detail))
        })?;
    }
    Ok(answers::ids(ids))
}

/// Ends a recording and waits for its uploads.
pub(crate) async fn stop(
    State(context): State<Context>,
    caller: Caller,
    Path(address): Path<Address>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let (root, ids) = addressed(&body, &address)?;
    let about = |error: ApiError| error.about(&ids);
    let session = match known(&context, &caller, &address).map_err(about)? {
        Known::Live(session) => session,
        Known::Ending(record) => {
            same_record(&record, &ids).map_err(about)?;
            let refusal = ApiError::new(Code::AlreadyStopping, how_it_ended(&record));
            return Err(about(refusal).with_response(left(&context, &record)));
        }
    };
    same_session(&session, &ids).map_err(about)?;
    let asynchronous =
        root.object("clientRequest", read_stop).map_err(|bad| about(invalid(bad)))?;
    let made = |uploading| {
        let url = context.playback_url(&session);
        Made::stopped(session.settings(), &session.status(), uploading, url)
    };
    let unknown = made(Uploading::Unknown);
    if let Err(error @ StopError::Already { .. }) = context.recorder.request_stop(&session) {
        context.recorder.misused(&session, answers::number(&session.status())).await;
        let refusal = ApiError::new(Code::AlreadyStopping, error.to_string());
        return Err(about(refusal).with_response(unknown));
    }
    if asynchronous {
        return Ok(answers::made(ids, unknown));
    }
    let Ok(outcome) = tokio::time::timeout(STOP_PATIENCE, session.finished()).await else {
        let detail = format!(
            "the recording has ended and its uploads go on; after {} s they are not all done",
            STOP_PATIENCE.as_secs()
        );
        return Err(about(ApiError::new(Code::UploadTimeout, detail)).with_response(unknown));
    };
    let uploading = match outcome.delivered {
        Delivered::Uploaded => Uploading::Uploaded,
        Delivered::BackedUp => Uploading::BackedUp,
        other => return Err(about(unfinished(&session, other, unknown))),
    };
    let left = made(uploading);
    Ok(answers::made(ids, left))
}

/// What an earlier process left of a recording, as `query` tells it.
fn left(context: &Context, record: &Record) -> Made {
    let uploads = context.outbox.uploads(Some(&record.sid));
    let trouble = uploads.into_iter().find_map(|owed| owed.parked.or(owed.trouble));
    Made::left(record, trouble, played_at(&context.base_url(), record))
}

/// Why a recording that ended isn't in the bucket.
fn unfinished(session: &Session, delivered: Delivered, made: Made) -> ApiError {
    if delivered == Delivered::Nothing {
        let room = &session.room().name;
        let detail = format!(
            "nobody in room {room:?} sent anything that was asked for; publishers must use the same \
             app and room"
        );
        return ApiError::new(Code::NothingRecorded, detail).with_response(made.nothing());
    }
    let trouble = session.status().trouble.unwrap_or_default();
    let detail = format!(
        "the storage refused files; they are kept on the server until it takes them: {trouble}"
    );
    ApiError::new(Code::UploadTimeout, detail).with_response(made)
}
