//! What must hold between the parts of a request: who calls, for which resource, in which state.

use capstan_media::track::Uid;
use capstan_outbox::Record;
use serde::Deserialize;
use serde_json::Value;

use super::auth::Caller;
use super::body::Who;
use super::error::{ApiError, Code, Ids};
use super::read::{BadField, Object};
use super::refused;
use super::wire::Mode;
use crate::context::Context;
use crate::resource::{Resource, promise_of};
use capstan_config::App;
use capstan_recorder::{Found, Session, StartError};

/// Where `start` asks for a layout.
const TRANSCODING: &str = "/clientRequest/recordingConfig/transcodingConfig";

/// The variable parts of a path; `start` has no sid.
#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    pub(crate) resourceid: String,
    #[serde(default)]
    pub(crate) sid: String,
    pub(crate) mode: String,
}

impl Address {
    /// The identifiers in the path.
    pub(crate) fn ids(&self) -> Ids {
        Ids {
            resource_id: Some(self.resourceid.clone()),
            sid: Some(self.sid.clone()),
            ..Ids::default()
        }
    }
}

/// The body's root and all four identifiers of a call on a running recording.
pub(crate) fn addressed<'a>(
    body: &'a Value,
    address: &Address,
) -> Result<(Object<'a>, Ids), ApiError> {
    let path = address.ids();
    let root = Object::root(body).map_err(|bad| invalid(bad).about(&path))?;
    let who = Who::read(&root).map_err(|bad| invalid(bad).about(&path))?;
    Ok((root, Ids { resource_id: path.resource_id, sid: path.sid, ..who.ids() }))
}

/// A field that can't be taken, as the API refuses it.
pub(crate) fn invalid(bad: BadField) -> ApiError {
    ApiError::new(Code::InvalidParameter, bad.to_string())
}

/// The caller's app, if anything new may be recorded for it.
pub(crate) fn active<'a>(context: &'a Context, caller: &Caller) -> Result<&'a App, ApiError> {
    let gone = || ApiError::new(Code::InvalidAppId, "the app is no longer configured");
    let app = context.config.app(&caller.app).ok_or_else(gone)?;
    if app.disabled {
        let detail = "the app is switched off on this server (apps.disabled)";
        return Err(ApiError::new(Code::NoActiveStatus, detail));
    }
    Ok(app)
}

/// The facts of a resource id of this server.
pub(crate) fn redeem(context: &Context, id: &str) -> Result<Resource, ApiError> {
    context.resources.decode(id).ok_or_else(|| {
        let detail = "this server didn't give out that resource id; acquire one and copy it whole";
        ApiError::new(Code::Undecodable, detail)
    })
}

/// Whether `start` names the room and the uid of `acquire`.
pub(crate) fn same_triple(resource: &Resource, who: &Who<'_>) -> Result<(), ApiError> {
    same(&resource.room.name, resource.uid, Some(who.cname), Some(who.uid))
}

/// Whether a call names the room and the uid of its recording.
pub(crate) fn same_session(session: &Session, ids: &Ids) -> Result<(), ApiError> {
    let room = &session.room().name;
    same(room, session.recorder_uid(), ids.cname.as_deref(), ids.uid.as_deref())
}

/// The same of a recording that an earlier process left.
pub(crate) fn same_record(record: &Record, ids: &Ids) -> Result<(), ApiError> {
    let uid = Uid::new(record.recorder_uid);
    let bad = || ApiError::new(Code::Internal, "the recording's uid is none");
    same(&record.room.name, uid.ok_or_else(bad)?, ids.cname.as_deref(), ids.uid.as_deref())
}

fn same(room: &str, uid: Uid, cname: Option<&str>, given: Option<&str>) -> Result<(), ApiError> {
    // "007" names the same recorder as "7".
    let same_uid = given.and_then(|text| text.parse().ok()) == Some(uid);
    if cname == Some(room) && same_uid {
        return Ok(());
    }
    let detail =
        format!("/cname and /uid must be those of acquire: {room:?} and \"{uid}\"; send the same");
    Err(ApiError::new(Code::Mismatch, detail))
}

/// `start` must bring what `acquire` announced.
pub(crate) fn kept_promise(resource: &Resource, root: &Object<'_>) -> Result<(), ApiError> {
    let Some(promise) = resource.promise else { return Ok(()) };
    let brought = root.value("clientRequest").map(promise_of);
    if brought == Some(promise) {
        return Ok(());
    }
    let detail = "request_hash mismatch! /clientRequest differs from the startParameter of acquire; \
                  send the same or acquire without it";
    Err(ApiError::new(Code::InvalidParameter, detail))
}

/// A recording that the API can still say something of.
pub(crate) enum Known {
    /// This process records it, or uploads what it recorded.
    Live(Session),
    /// An earlier process did; what that one left is being brought home.
    Ending(Box<Record>),
}

/// The recording of a resource id and a sid, if it still takes part in its room or uploads.
pub(crate) fn live(
    context: &Context,
    caller: &Caller,
    address: &Address,
) -> Result<Session, ApiError> {
    match known(context, caller, address)? {
        Known::Live(session) => Ok(session),
        Known::Ending(record) => Err(ApiError::new(Code::NoWorker, how_it_ended(&record))),
    }
}

/// What is told of a recording that an earlier process left.
pub(crate) fn how_it_ended(record: &Record) -> String {
    let failure = record.ended.as_ref().and_then(|end| end.failure.as_deref());
    let what = failure.unwrap_or("the process that recorded it has ended");
    format!("{what}; its files are uploaded by themselves, and query tells of them until they are")
}

/// The recording of a resource id and a sid, if it is still one and is addressed by its mode.
pub(crate) fn known(
    context: &Context,
    caller: &Caller,
    address: &Address,
) -> Result<Known, ApiError> {
    let mode = Mode::parse(&address.mode)?;
    let resource = redeem(context, &address.resourceid)?;
    if resource.room.app != caller.app {
        let detail = "this resource id was acquired by another app";
        return Err(ApiError::new(Code::NotOfResource, detail));
    }
    if hex::encode(resource.nonce) != address.sid {
        let detail = "the sid in the URL is not the recording of this resource id";
        return Err(ApiError::new(Code::NotOfResource, detail));
    }
    let session = match context.recorder.find(&address.sid) {
        Found::Live(session) => session,
        Found::Ending(record) => {
            same_mode(mode, Mode::made(record.mode))?;
            return Ok(Known::Ending(record));
        }
        Found::Over(why) => {
            return Err(ApiError::new(Code::NoWorker, format!("the recording is over: {why}")));
        }
        Found::Unknown => {
            let detail = "this resource id was not started, or its recording ended long ago";
            return Err(ApiError::new(Code::NoWorker, detail));
        }
    };
    if context.clock.now() > session.controllable_until() {
        let detail = format!(
            "resourceExpiredHour was {}; the recording goes on until the room is empty",
            resource.control_hours
        );
        return Err(ApiError::new(Code::Expired, detail));
    }
    same_mode(mode, Mode::of(session.settings()))?;
    Ok(Known::Live(session))
}

fn same_mode(mode: Mode, started: Mode) -> Result<(), ApiError> {
    if started == mode {
        return Ok(());
    }
    let detail = format!(
        "mode {} in the URL: the recording was started in mode {}; use that",
        mode.name(),
        started.name()
    );
    Err(ApiError::new(Code::InvalidParameter, detail))
}

/// What the API calls the reason why nothing was started that `body` asks for.
pub(crate) fn start_error(error: StartError, body: &Value, ids: &Ids) -> ApiError {
    use capstan_recording::handle::StartError as Inner;
    let code = match &error {
        StartError::Full { .. } | StartError::AppFull { .. } | StartError::Space(_) => {
            Code::Overloaded
        }
        StartError::Used { .. } => Code::AlreadyStarted,
        StartError::Conflict { .. } => Code::TaskConflict,
        StartError::Av1(_)
        | StartError::Layout(_)
        | StartError::Storage(_)
        | StartError::Encoder(_)
        | StartError::Recording(Inner::Setting(_) | Inner::Composite(_)) => Code::InvalidParameter,
        StartError::Outbox(_) | StartError::Recording(Inner::Io { .. } | Inner::Outbox(_)) => {
            Code::NotAllocated
        }
        StartError::Aborted => Code::ShuttingDown,
    };
    let detail = match &error {
        StartError::Storage(error) => refused::storage(error, body, refused::STORAGE),
        StartError::Layout(error) => refused::layout(error, body, TRANSCODING),
        other => other.to_string(),
    };
    ApiError::new(code, detail).about(ids)
}
