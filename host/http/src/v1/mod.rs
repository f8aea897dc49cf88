//! Capstan's own interface: find recordings again, look into one, replay its events, give new keys to its
//! files, see the plugins.
//!
//! A caller sees the recordings of the apps that its key opens, and of no others: another's recording
//! is answered as one that isn't there.

mod common;
mod list;
mod plugins;
mod storage;
mod view;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use capstan_outbox::Record;
use capstan_outbox::ports::Notice;
use serde::{Deserialize, Serialize};

use self::common::{TAG, common, find};
use self::list::{Filter, Page};
use self::plugins::Plugins;
use self::view::{Details, Event, Summary};
use crate::agora::Owner;
use crate::context::Context;
use crate::openapi::{Operation, Reply, Routes, described};
use crate::problem::Problem;
use capstan_recorder::Found;

/// Entries of one answer unless the query says otherwise, and at most.
const LIMIT: usize = 100;
const MOST: usize = 1_000;

/// The routes.
pub(crate) fn routes() -> Routes {
    let list = Operation::new("Find recordings, the latest first", TAG)
        .query::<ListQuery>()
        .reply(Reply::of::<Listed>(200, "A page of recordings"))
        .reply(Reply::problem(400, "The query can't be taken"));
    let one =
        Operation::new("Look into a recording, running or ended", TAG)
            .reply(Reply::of::<Details>(200, "All that is known of it"));
    let events = Operation::new("Replay a recording's events", TAG)
        .query::<EventsQuery>()
        .reply(Reply::of::<Told>(200, "Events in their order"))
        .reply(Reply::problem(400, "The query can't be taken"));
    let missing = || Reply::problem(404, "No such recording of this key's apps");
    let plugins = Operation::new("The plugins of this server", "Server")
        .reply(Reply::of::<Plugins>(200, "What was loaded and what was refused"));
    Routes::default()
        .get("/api/v1/recordings", common(list), recordings)
        .get("/api/v1/recordings/{sid}", common(one.reply(missing())), recording)
        .get("/api/v1/recordings/{sid}/events", common(events.reply(missing())), replay)
        .and(storage::routes())
        .get("/api/v1/plugins", common(plugins), plugin_list)
}

described! {
    /// Which recordings are asked for.
    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ListQuery {
        /// Only of this app.
        app: Option<String> as "app",
        /// Only of this room.
        room: Option<String> as "room",
        /// Only in this state: starting, recording, stopping, uploading, done or failed.
        state: Option<String> as "state",
        /// Only those that began at this time or later, in Unix milliseconds.
        since: Option<i64> as "since",
        /// The most entries, 1 to 1000.
        limit: Option<usize> as "limit",
        /// `next` of the page before.
        after: Option<String> as "after",
    }
}

described! {
    /// A page of recordings.
    #[derive(Debug, Serialize)]
    struct Listed {
        /// The recordings, the latest first.
        recordings: Vec<Summary> as "recordings",
        /// What to give as `after` for the next page; absent on the last one.
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String> as "next",
    }
}

async fn recordings(
    State(context): State<Context>,
    owner: Owner,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Listed>, Problem> {
    let Query(query) = query.map_err(|error| Problem::query(error.body_text()))?;
    let state = query.state.as_deref().map(view::state).transpose()?;
    if let Some(app) = query.app.as_ref().filter(|app| !owner.apps.contains(app)) {
        let app: String = app.chars().take(64).collect();
        return Err(Problem::query(format!("app {app:?} is not an app of this key")));
    }
    let filter = Filter {
        apps: &query.app.map_or(owner.apps, |app| vec![app]),
        room: query.room.as_deref(),
        state,
        since: query.since,
        after: query.after.as_deref().map(list::cursor).transpose()?,
    };
    let limit = limit(query.limit)?;
    let summaries = context.outbox.records().into_iter().map(|record| summary(&context, &record));
    let Page { recordings, next } = list::page(summaries, &filter, limit);
    Ok(Json(Listed { recordings, next }))
}

async fn recording(
    State(context): State<Context>,
    owner: Owner,
    Path(sid): Path<String>,
) -> Result<Json<Details>, Problem> {
    let record = find(&context, &owner, &sid)?;
    let uploads = context.outbox.uploads(Some(&sid));
    let live = match context.recorder.find(&sid) {
        Found::Live(session) => Some(session),
        Found::Ending(_) | Found::Over(_) | Found::Unknown => None,
    };
    let report = match (&live, record.report.clone()) {
        (_, Some(report)) => report,
        // What runs is read from its timeline, on the disk.
        (Some(session), None) => {
            let session = session.clone();
            tokio::task::spawn_blocking(move || session.report())
                .await
                .map_err(|error| Problem::internal(error.to_string()))?
        }
        (None, None) => capstan_archive::report::Report::default(),
    };
    let summary = summary(&context, &record);
    let status = live.map(|session| session.status());
    Ok(Json(Details::of(summary, record, uploads, report, status.as_ref())))
}

described! {
    /// Which events are asked for.
    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct EventsQuery {
        /// Only events with a larger sequence number than this.
        after: Option<u64> as "after",
        /// The most entries, 1 to 1000.
        limit: Option<usize> as "limit",
    }
}

described! {
    /// Events in their order.
    #[derive(Debug, Serialize)]
    struct Told {
        /// The events, delivered or not.
        events: Vec<Event> as "events",
        /// Whether there are later ones already.
        more: bool as "more",
    }
}

async fn replay(
    State(context): State<Context>,
    owner: Owner,
    Path(sid): Path<String>,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Json<Told>, Problem> {
    let Query(query) = query.map_err(|error| Problem::query(error.body_text()))?;
    let limit = limit(query.limit)?;
    find(&context, &owner, &sid)?;
    let outbox = context.outbox.clone();
    let read = move || outbox.history(&sid, query.after, limit + 1);
    let failed = |error: String| Problem::internal(error);
    let mut notices: Vec<Notice> = tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))?;
    let more = notices.len() > limit;
    notices.truncate(limit);
    Ok(Json(Told { events: notices.into_iter().map(Event::from).collect(), more }))
}

async fn plugin_list(State(context): State<Context>, _: Owner) -> Json<Plugins> {
    Json(Plugins::of(&context.plugins))
}

fn summary(context: &Context, record: &Record) -> Summary {
    let status = match context.recorder.find(&record.sid) {
        Found::Live(session) => Some(session.status()),
        Found::Ending(_) | Found::Over(_) | Found::Unknown => None,
    };
    Summary::of(record, status.as_ref(), &context.base_url())
}

fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(LIMIT),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::query(format!("limit is {limit}; it must be 1 to {MOST}"))),
    }
}
