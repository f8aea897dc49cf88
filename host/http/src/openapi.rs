//! The OpenAPI 3.1 document of everything that is served, made from the routes and their types.
//!
//! A route is added together with its description, so none can be served without being described.
//! What requests may hold is drawn by the readers that check them, what answers hold by the types that
//! are written.

pub(crate) mod described;
mod operation;
mod problem_document;
mod routes;
pub(crate) mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

pub(crate) use self::described::{Described, described, merged, object, property};
pub(crate) use self::operation::{Content, Operation, Reply};
pub(crate) use self::problem_document::{MEDIA_TYPE, ProblemDocument};
pub(crate) use self::routes::Routes;
use crate::context::Context;

/// Where the document is.
const PATH: &str = "/openapi.json";

const DESCRIPTION: &str = "Records rooms. The paths under /v1 are those of Agora Cloud Recording; a \
    client of it moves over by changing its base URL, and may put /na, /eu, /ap or /cn in front. The \
    paths under /api/v1 are Capstan's own.";

/// The routes with one more: the document that describes them all.
pub(crate) fn describe(routes: Routes) -> Router<Context> {
    let own = Operation::new("The description of this interface", "Server")
        .open()
        .reply(Reply::json(200, "An OpenAPI 3.1 document", || json!({ "type": "object" })));
    let routes = routes.get(PATH, own, || async {});
    let paths = Arc::new(paths(routes.operations()));
    let serve = move |State(context): State<Context>| {
        let paths = Arc::clone(&paths);
        async move { answer(&document(&paths, &context.base_url())) }
    };
    // The route of the description itself was only for its own entry.
    routes.into_router_without(PATH).route(PATH, get(serve))
}

fn answer(document: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

/// `paths` of the document.
pub(crate) fn paths(operations: &[Operation]) -> Map<String, Value> {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let (method, described) = operation.describe();
        let path = paths.entry(operation.path()).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(method, described);
        }
    }
    paths
}

fn document(paths: &Map<String, Value>, base_url: &str) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Capstan",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Self-hosted cloud recorder",
            "description": DESCRIPTION,
            "license": { "name": "Apache 2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": base_url }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Key and secret of an app.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An app's token for publishers, if it has one.",
                },
            },
        },
    })
}
