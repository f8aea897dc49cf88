//! New keys, or another storage, for the files of a recording that haven't left, while it runs and after it
//! has ended.

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use capstan_outbox::RetargetError;
use serde_json::Value;

use super::common::{TAG, common, find};
use super::view::Uploads;
use crate::agora::{self, Owner, storage_change};
use crate::context::Context;
use crate::openapi::{Content, Operation, Reply, Routes};
use crate::problem::Problem;
use capstan_recorder::RefreshError;

/// The route.
pub(crate) fn routes() -> Routes {
    let words = "New keys or another storage for what hasn't left, tried at once";
    let operation = Operation::new(words, TAG)
        .body(Content::json(storage_change::schema))
        .reply(Reply::of::<Uploads>(200, "What is owed now"))
        .reply(Reply::problem(400, "The body can't be taken, or the storage refuses it"))
        .reply(Reply::problem(404, "No such recording of this key's apps"))
        .reply(Reply::problem(409, "The recording has ended and owes no file"));
    let (router, operations) = Routes::default()
        .put("/api/v1/recordings/{sid}/storage", common(operation), replace)
        .split();
    Routes::default().merge(router.layer(DefaultBodyLimit::max(agora::MAX_BODY)), operations)
}

/// A body that is JSON.
struct Sent(Value);

impl FromRequest<Context> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Problem> {
        agora::json(request, context).await.map(Self).map_err(Problem::body)
    }
}

async fn replace(
    State(context): State<Context>,
    owner: Owner,
    Path(sid): Path<String>,
    Sent(body): Sent,
) -> Result<Json<Uploads>, Problem> {
    let record = find(&context, &owner, &sid)?;
    if record.ended.is_some() && !record.owed.files() {
        return Err(nothing_owed(&sid));
    }
    let gone = || Problem::missing("the recording's app is no longer configured");
    let app = context.config.app(&record.room.app).ok_or_else(gone)?;
    let fresh =
        storage_change::read(&context, app, &record.prefix, &body).map_err(Problem::body)?;
    context.recorder.refresh(&sid, fresh).await.map_err(|error| match &error {
        RefreshError::Own => Problem::body(format!("/vendor is missing: {error}")),
        RefreshError::Refused(refused) => Problem::body(storage_change::refusal(refused, &body)),
        RefreshError::Outbox(RetargetError::NothingOwed { .. }) => nothing_owed(&sid),
        RefreshError::Outbox(RetargetError::Unknown { .. }) => Problem::missing(error.to_string()),
        RefreshError::Outbox(RetargetError::Outbox(_)) | RefreshError::Aborted => {
            Problem::internal(error.to_string())
        }
    })?;
    let record = find(&context, &owner, &sid)?;
    Ok(Json(Uploads::of(&record, context.outbox.uploads(Some(&sid)))))
}

fn nothing_owed(sid: &str) -> Problem {
    Problem::conflict(format!(
        "recording {sid} has ended and owes no file to any storage; uploads at \
         /api/v1/recordings/{sid} says what became of them"
    ))
}
