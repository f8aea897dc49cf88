//! The recording API's methods as the OpenAPI document shows them.

use capstan_archive::settings::Subscription;
use capstan_media::time::RoomTime;
use serde_json::{Value, json};

use super::answers::Answer;
use super::error::Refusal;
use super::read::{BadField, Object};
use super::sketch::draw;
use super::wire::{
    AcquireRequest, LayoutRequest, Mode, Now, StartRequest, UpdateRequest, read_stop,
};
use crate::gateway::GatewayError;
use crate::openapi::{Content, Described, Operation, Reply};

const TAG: &str = "Recording (as Agora Cloud Recording)";
/// Times of requests don't change what is read.
pub(super) const NEVER: Now = Now(RoomTime::from_millis(0));

/// `acquire`.
pub(super) fn acquire() -> Operation {
    let body = Content::json(|| request(&draw(AcquireRequest::read)));
    answers(Operation::new("Give out a resource id, valid for 5 minutes", TAG).body(body))
}

/// `start`.
pub(super) fn start() -> Operation {
    let body = Content::json(|| {
        let of = |mode| request(&draw(|object| StartRequest::read(object, mode, NEVER)));
        json!({ "anyOf": [
            titled("In mode mix", of(Mode::Mix)),
            titled("In mode individual", of(Mode::Individual)),
        ] })
    });
    let operation = Operation::new("Start the recording of a resource id", TAG).body(body);
    let again = Reply::of::<Refusal>(201, "Started before: code 7, with the recording's sid");
    answers(on(operation).reply(again))
}

/// `query`.
pub(super) fn query() -> Operation {
    answers(on(Operation::new("Tell how a recording is doing", TAG)))
}

/// `updateLayout`.
pub(super) fn update_layout() -> Operation {
    let body = Content::json(|| request(&draw(LayoutRequest::read)));
    answers(on(Operation::new("Replace all layout settings", TAG).body(body)))
}

/// `update`.
pub(super) fn update() -> Operation {
    let body = Content::json(|| {
        let current = Subscription::default();
        request(&draw(|object| UpdateRequest::read(object, &current, NEVER)))
    });
    let summary = "Change whose streams are recorded, or the storage's keys";
    answers(on(Operation::new(summary, TAG).body(body)))
}

/// `stop`.
pub(super) fn stop() -> Operation {
    let body = Content::json(|| request(&draw(read_stop)));
    let operation = Operation::new("End a recording and wait for its uploads", TAG).body(body);
    let words = "Nobody sent anything (435), or not everything is uploaded (50)";
    answers(on(operation).reply(Reply::of::<Refusal>(206, words)))
}

fn on(operation: Operation) -> Operation {
    operation.choice("mode", &Mode::NAMES)
}

/// The answers that every method may give.
fn answers(operation: Operation) -> Operation {
    operation
        .reply(Reply::of::<Answer>(200, "Done"))
        .reply(Reply::of::<Refusal>(400, "A field, an id or the state doesn't fit; see code"))
        .reply(Reply::of::<GatewayError>(401, "No app has these credentials"))
        .reply(Reply::json(
            404,
            "No such recording, or no such path",
            || json!({ "anyOf": [Refusal::schema(), GatewayError::schema()] }),
        ))
        .reply(Reply::of::<GatewayError>(429, "Too many requests of this method within a second"))
        .reply(Reply::of::<Refusal>(500, "The server failed or is shutting down"))
}

/// A whole body around the schema of a `clientRequest`.
fn request(client_request: &Value) -> Value {
    let mut body = draw(|root| -> Result<(), BadField> {
        root.required_text("cname")?;
        root.required_text("uid")?;
        root.object("clientRequest", |_: Object<'_>| Ok(()))
    });
    if let Some(place) = body.pointer_mut("/properties/clientRequest") {
        place.clone_from(client_request);
    }
    body
}

fn titled(title: &str, mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("title".into(), title.into());
    }
    schema
}
