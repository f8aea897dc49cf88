//! `acquire` and `start`, each from its request to its answer.
//!
//! Checks come in the order of a reader's questions: who calls, what is asked, for which resource,
//! in which state is it.

use axum::extract::{Path, State};
use axum::response::Response;
use capstan_media::track::RoomId;

use super::answers;
use super::auth::Caller;
use super::body::{Body, Who};
use super::checks::{Address, active, invalid, kept_promise, redeem, same_triple, start_error};
use super::convert;
use super::error::{ApiError, Code};
use super::read::Object;
use super::wire::{AcquireRequest, Mode, Now, StartRequest};
use crate::context::Context;
use crate::resource::{self, Resource, promise_of, random};
use crate::room_name;
use capstan_config::Profile;
use capstan_recorder::{Found, StartError};

/// Gives out a resource id.
pub(crate) async fn acquire(
    State(context): State<Context>,
    caller: Caller,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let root = Object::root(&body).map_err(invalid)?;
    let who = Who::read(&root).map_err(invalid)?;
    let mut ids = who.ids();
    let app = active(&context, &caller).map_err(|error| error.about(&ids))?;
    if let Some(mistake) = room_name::mistake(who.cname) {
        let code = match context.config.api.profile {
            Profile::Y2020 => Code::BadRoomName,
            Profile::Today => Code::InvalidChannelName,
        };
        return Err(ApiError::new(code, format!("/cname {mistake}")).about(&ids));
    }
    let uid = who
        .uid
        .parse()
        .map_err(|bad| invalid(root.refuse("uid", format!("is wrong: {bad}"))).about(&ids))?;
    let request = root
        .object("clientRequest", AcquireRequest::read)
        .map_err(|bad| invalid(bad).about(&ids))?;
    context
        .recorder
        .admit(&caller.app, app.max_recordings)
        .map_err(|full| start_error(full, &body, &ids))?;
    let nonce = random().map_err(|error| ApiError::new(Code::Internal, error.to_string()))?;
    let resource = Resource {
        nonce,
        room: RoomId { app: caller.app, name: who.cname.to_owned() },
        uid,
        issued: context.clock.now(),
        control_hours: request.control_hours,
        promise: request.start_parameter.as_ref().map(promise_of),
    };
    ids.resource_id = Some(context.resources.encode(&resource));
    Ok(answers::ids(ids))
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
    let mode = Mode::parse(&address.mode).map_err(about)?;
    let app = active(&context, &caller).map_err(about)?;
    let resource = redeem(&context, &address.resourceid).map_err(about)?;
    if resource.room.app != caller.app {
        let detail = "this resource id was acquired by another app";
        return Err(about(ApiError::new(Code::Mismatch, detail)));
    }
    same_triple(&resource, &who).map_err(about)?;
    let sid = hex::encode(resource.nonce);
    if context.recorder.was_started(&sid).await {
        if let Found::Live(session) = context.recorder.find(&sid) {
            context.recorder.misused(&session, answers::number(&session.status())).await;
        }
        ids.sid = Some(sid.clone());
        return Err(start_error(StartError::Used { sid }, &body, &ids));
    }
    let now = context.clock.now();
    if now.since(resource.issued) > resource::VALID {
        let detail = "a resource id is valid for 5 minutes; acquire another";
        return Err(about(ApiError::new(Code::Expired, detail)));
    }
    let request = root
        .object("clientRequest", |request| {
            StartRequest::read(request, mode, Now(context.clock.wall()))
        })
        .map_err(|bad| about(invalid(bad)))?;
    kept_promise(&resource, &root).map_err(about)?;
    let order = convert::order(&context.config, app, &resource, request).map_err(about)?;
    let started = context.recorder.start(order).await;
    let session = started.map_err(|error| start_error(error, &body, &ids))?;
    let sid = session.sid().to_owned();
    tracing::info!(
        sid,
        room = %session.room(),
        mode = mode.name(),
        playback = %context.playback_url(&session),
        "recording: watch it live at the playback address"
    );
    ids.sid = Some(sid);
    Ok(answers::ids(ids))
}
