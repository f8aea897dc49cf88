//! A router that is built together with its description.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post, put};

use super::operation::Operation;
use crate::context::Context;

/// Routes and what they are.
#[derive(Default)]
pub(crate) struct Routes {
    routers: Vec<(String, MethodRouter<Context>)>,
    whole: Router<Context>,
    operations: Vec<Operation>,
}

impl Routes {
    /// Adds a route for GET.
    pub(crate) fn get<H, T>(self, path: &str, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Context>,
        T: 'static,
    {
        self.add("get", path, operation, get(handler))
    }

    /// Adds a route for POST.
    pub(crate) fn post<H, T>(self, path: &str, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Context>,
        T: 'static,
    {
        self.add("post", path, operation, post(handler))
    }

    /// Adds a route for PUT.
    pub(crate) fn put<H, T>(self, path: &str, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Context>,
        T: 'static,
    {
        self.add("put", path, operation, put(handler))
    }

    fn add(
        mut self,
        method: &'static str,
        path: &str,
        operation: Operation,
        router: MethodRouter<Context>,
    ) -> Self {
        self.routers.push((path.to_owned(), router));
        self.operations.push(operation.at(method, path));
        self
    }

    /// Adds a router whose routes are described by `operations`.
    pub(crate) fn merge(mut self, router: Router<Context>, operations: Vec<Operation>) -> Self {
        self.whole = self.whole.merge(router);
        self.operations.extend(operations);
        self
    }

    /// Adds other routes.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.routers.extend(other.routers);
        self.merge(other.whole, other.operations)
    }

    /// What is served.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The routes, and the descriptions apart.
    pub(crate) fn split(self) -> (Router<Context>, Vec<Operation>) {
        let Self { routers, whole, operations } = self;
        let add = |router: Router<Context>, (path, methods): (String, MethodRouter<Context>)| {
            router.route(&path, methods)
        };
        (routers.into_iter().fold(whole, add), operations)
    }

    /// The routes without one path.
    pub(crate) fn into_router_without(mut self, path: &str) -> Router<Context> {
        self.routers.retain(|(other, _)| other != path);
        self.split().0
    }
}
