//! The five methods, each from its request to its answer.
//!
//! Checks come in the order of a reader's questions: who calls, what is asked, for which resource,
//! in which state is it.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use capstan_recording::status::Delivered;
use serde::Deserialize;

use super::super::Context;
use super::super::error::{ApiError, Code, Ids};
use super::answers::{self, Uploading};
use super::auth::Caller;
use super::body::{Body, Who};
use super::names::bad_room_name;
use super::read::{BadField, Object};
use super::resource::{self, Resource, promise_of, random};
use super::wire::{AcquireRequest, LayoutRequest, StartRequest};
use super::{convert, unserved};
use crate::recorder::{Found, Session, StartError, StopError, UpdateError};

/// How long `stop` waits for uploads.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// The variable parts of a path; `start` has no sid.
#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    resourceid: String,
    #[serde(default)]
    sid: String,
    mode: String,
}

/// Gives out a resource id.
pub(crate) async fn acquire(
    State(context): State<Context>,
    caller: Caller,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let root = Object::root(&body).map_err(invalid)?;
    let who = Who::read(&root).map_err(invalid)?;
    let mut ids = who.ids();
    if let Some(detail) = bad_room_name(who.cname) {
        return Err(ApiError::new(Code::BadRoomName, detail).about(&ids));
    }
    let uid = who
        .uid
        .parse()
        .map_err(|bad| invalid(root.refuse("uid", format!("is wrong: {bad}"))).about(&ids))?;
    let request = root
        .object("clientRequest", AcquireRequest::read)
        .map_err(|bad| invalid(bad).about(&ids))?;
    context.recorder.admit().map_err(|full| start_error(full, &ids))?;
    let nonce = random().map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
    let resource = Resource {
        nonce,
        room: capstan_media::track::RoomId { app: caller.app, name: who.cname.to_owned() },
        uid,
        issued: context.clock.now(),
        control_hours: request.control_hours,
        promise: request.start_parameter.as_ref().map(promise_of),
    };
    ids.resource_id = Some(context.resources.encode(&resource));
    Ok(answers::ok(&ids, None))
}

/// Starts the recording of a resource id.
pub(crate) async fn start(
    State(context): State<Context>,
    caller: Caller,
    Path(address): Path<Address>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let root = Object::root(&body).map_err(invalid)?;
    let who = Who::read(&root).map_err(invalid)?;
    let mut ids = who.ids();
    ids.resource_id = Some(address.resourceid.clone());
    let about = |error: ApiError| error.about(&ids);
    mix_only(&address.mode).map_err(about)?;
    let resource = redeem(&context, &address.resourceid).map_err(about)?;
    if resource.room.app != caller.app {
        let detail = "this resource id was acquired by another app";
        return Err(about(ApiError::new(Code::Mismatch, detail)));
    }
    same_triple(&resource, &who).map_err(about)?;
    let sid = hex::encode(resource.nonce);
    if context.recorder.was_started(&sid) {
        ids.sid = Some(sid.clone());
        return Err(start_error(StartError::Used { sid }, &ids));
    }
    if context.clock.now().since(resource.issued) > resource::VALID {
        let detail = "a resource id is valid for 5 minutes; acquire another";
        return Err(about(ApiError::new(Code::Expired, detail)));
    }
    root.object("clientRequest", unserved::start).map_err(|bad| about(invalid(bad)))?;
    let request =
        root.object("clientRequest", StartRequest::read).map_err(|bad| about(invalid(bad)))?;
    kept_promise(&resource, &root).map_err(about)?;
    let app = context.config.app(&caller.app).ok_or_else(|| {
        about(ApiError::new(Code::InvalidAppId, "the app is no longer configured"))
    })?;
    let order = convert::order(&context.config, app, &resource, request).map_err(about)?;
    let session = context.recorder.start(order).await.map_err(|error| start_error(error, &ids))?;
    let sid = session.sid().to_owned();
    tracing::info!(
        sid,
        room = %session.room(),
        playback = %context.playback_url(&session),
        "recording: watch it live at the playback address"
    );
    ids.sid = Some(sid);
    Ok(answers::ok(&ids, None))
}

/// Tells how a recording is doing.
pub(crate) async fn query(
    State(context): State<Context>,
    caller: Caller,
    Path(address): Path<Address>,
) -> Result<Response, ApiError> {
    let mut ids = address.ids();
    mix_only(&address.mode).map_err(|error| error.about(&ids))?;
    let session = live(&context, &caller, &address).map_err(|error| error.about(&ids))?;
    ids.cname = Some(session.room().name.clone());
    ids.uid = Some(session.recorder_uid().to_string());
    let response = answers::queried(&session.status(), &context.playback_url(&session));
    Ok(answers::ok(&ids, Some(response)))
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
    mix_only(&address.mode).map_err(about)?;
    let session = live(&context, &caller, &address).map_err(about)?;
    same_session(&session, &ids).map_err(about)?;
    let wrong = |bad: BadField| ApiError::new(Code::BadLayout, bad.to_string());
    let request =
        root.object("clientRequest", LayoutRequest::read).map_err(|bad| about(wrong(bad)))?;
    let choice = convert::layout(&context.config, &request);
    context.recorder.update_layout(&session, choice).await.map_err(|error| {
        about(match error {
            UpdateError::Over { .. } => ApiError::new(Code::NoWorker, error.to_string()),
            UpdateError::NotMixed { .. } | UpdateError::Layout(_) => {
                ApiError::new(Code::BadLayout, error.to_string())
            }
        })
    })?;
    Ok(answers::ok(&ids, None))
}

/// Would change what is subscribed to.
pub(crate) async fn update(
    State(context): State<Context>,
    caller: Caller,
    Path(address): Path<Address>,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let (_, ids) = addressed(&body, &address)?;
    let about = |error: ApiError| error.about(&ids);
    live(&context, &caller, &address).map_err(about)?;
    let detail = "update is not served yet: everybody in the room is recorded; updateLayout is";
    Err(about(ApiError::new(Code::InvalidParameter, detail)))
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
    mix_only(&address.mode).map_err(about)?;
    let asynchronous = root
        .object("clientRequest", |request| request.boolean("async_stop"))
        .map_err(|bad| about(invalid(bad)))?
        .unwrap_or(false);
    let session = live(&context, &caller, &address).map_err(about)?;
    same_session(&session, &ids).map_err(about)?;
    let url = context.playback_url(&session);
    let playlist = session.status().playlist;
    let unknown = answers::stopped(&playlist, Uploading::Unknown, &url);
    context.recorder.request_stop(&session).map_err(|error| match error {
        StopError::Already { .. } => about(ApiError::new(Code::AlreadyStopping, error.to_string()))
            .with_response(unknown.clone()),
    })?;
    if asynchronous {
        return Ok(answers::ok(&ids, Some(unknown)));
    }
    let Ok(outcome) = tokio::time::timeout(STOP_PATIENCE, session.finished()).await else {
        let detail = format!(
            "the recording has ended and its uploads go on; after {} s they are not all done",
            STOP_PATIENCE.as_secs()
        );
        return Err(about(ApiError::new(Code::UploadTimeout, detail)).with_response(unknown));
    };
    match outcome.delivered {
        Delivered::Uploaded => {
            let response = answers::stopped(&playlist, Uploading::Uploaded, &url);
            Ok(answers::ok(&ids, Some(response)))
        }
        Delivered::BackedUp => {
            let response = answers::stopped(&playlist, Uploading::BackedUp, &url);
            Ok(answers::ok(&ids, Some(response)))
        }
        Delivered::Nothing => {
            let detail = format!(
                "nobody in room {:?} sent anything; publishers must use the same app and room",
                session.room().name
            );
            Err(about(ApiError::new(Code::NothingRecorded, detail)).with_response(unknown))
        }
        Delivered::Parked => {
            let trouble = session.status().trouble.unwrap_or_default();
            let detail = format!(
                "the storage refused files; they are kept on the server until it takes them: \
                 {trouble}"
            );
            Err(about(ApiError::new(Code::UploadTimeout, detail)).with_response(unknown))
        }
    }
}

impl Address {
    fn ids(&self) -> Ids {
        Ids {
            resource_id: Some(self.resourceid.clone()),
            sid: Some(self.sid.clone()),
            ..Ids::default()
        }
    }
}

/// The body's root and all four identifiers of a call on a running recording.
fn addressed<'a>(
    body: &'a serde_json::Value,
    address: &Address,
) -> Result<(Object<'a>, Ids), ApiError> {
    let path = address.ids();
    let root = Object::root(body).map_err(|bad| invalid(bad).about(&path))?;
    let who = Who::read(&root).map_err(|bad| invalid(bad).about(&path))?;
    Ok((root, Ids { resource_id: path.resource_id, sid: path.sid, ..who.ids() }))
}

fn invalid(bad: BadField) -> ApiError {
    ApiError::new(Code::InvalidParameter, bad.to_string())
}

fn mix_only(mode: &str) -> Result<(), ApiError> {
    match mode {
        "mix" => Ok(()),
        "individual" | "web" => Err(ApiError::new(
            Code::InvalidParameter,
            format!("mode {mode} is not served yet; use mode mix in the URL"),
        )),
        _ => Err(ApiError::new(
            Code::InvalidParameter,
            "the mode in the URL is unknown; use mix, in lower case",
        )),
    }
}

fn redeem(context: &Context, id: &str) -> Result<Resource, ApiError> {
    context.resources.decode(id).ok_or_else(|| {
        let detail = "this server didn't give out that resource id; acquire one and copy it whole";
        ApiError::new(Code::Undecodable, detail)
    })
}

fn same_triple(resource: &Resource, who: &Who<'_>) -> Result<(), ApiError> {
    let Resource { room, uid, .. } = resource;
    let uid = uid.to_string();
    if room.name == who.cname && uid == who.uid {
        return Ok(());
    }
    let detail =
        format!("it was acquired for cname {:?} and uid {uid:?}; send the same", room.name);
    Err(ApiError::new(Code::Mismatch, detail))
}

fn same_session(session: &Session, ids: &Ids) -> Result<(), ApiError> {
    let uid = session.recorder_uid().to_string();
    let room = &session.room().name;
    if ids.cname.as_ref() == Some(room) && ids.uid.as_ref() == Some(&uid) {
        return Ok(());
    }
    let detail = format!("it was acquired for cname {room:?} and uid {uid:?}; send the same");
    Err(ApiError::new(Code::Mismatch, detail))
}

/// `start` must bring what `acquire` announced.
fn kept_promise(resource: &Resource, root: &Object<'_>) -> Result<(), ApiError> {
    let Some(promise) = resource.promise else { return Ok(()) };
    let brought = root.value("clientRequest").map(promise_of);
    if brought == Some(promise) {
        return Ok(());
    }
    let detail = "request_hash mismatch! clientRequest differs from the startParameter of acquire";
    Err(ApiError::new(Code::InvalidParameter, detail))
}

/// The recording of a resource id and a sid, if it is still one.
fn live(context: &Context, caller: &Caller, address: &Address) -> Result<Session, ApiError> {
    let resource = redeem(context, &address.resourceid)?;
    if resource.room.app != caller.app {
        let detail = "this resource id was acquired by another app";
        return Err(ApiError::new(Code::NotOfResource, detail));
    }
    if hex::encode(resource.nonce) != address.sid {
        let detail = "the sid in the URL is not the recording of this resource id";
        return Err(ApiError::new(Code::NotOfResource, detail));
    }
    match context.recorder.find(&address.sid) {
        Found::Live(session) if context.clock.now() > session.controllable_until() => {
            let detail = format!(
                "resourceExpiredHour was {}; the recording goes on until the room is empty",
                resource.control_hours
            );
            Err(ApiError::new(Code::Expired, detail))
        }
        Found::Live(session) => Ok(session),
        Found::Over(why) => {
            Err(ApiError::new(Code::NoWorker, format!("the recording is over: {why}")))
        }
        Found::Unknown => {
            let detail = "this resource id was not started, or its recording ended long ago";
            Err(ApiError::new(Code::NoWorker, detail))
        }
    }
}

fn start_error(error: StartError, ids: &Ids) -> ApiError {
    let code = match &error {
        StartError::Full { .. } => Code::Overloaded,
        StartError::Used { .. } => Code::AlreadyStarted,
        StartError::Conflict { .. } => Code::TaskConflict,
        StartError::Av1(_)
        | StartError::Layout(_)
        | StartError::Storage(_)
        | StartError::Encoder(_) => Code::InvalidParameter,
        StartError::Recording(_) | StartError::Aborted => Code::Internal,
    };
    ApiError::new(code, error.to_string()).about(ids)
}
