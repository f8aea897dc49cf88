//! What every path of Capstan's own interface has in common.

use capstan_outbox::Record;

use crate::agora::Owner;
use crate::context::Context;
use crate::openapi::{Operation, Reply};
use crate::problem::Problem;

/// How the description files these paths.
pub(crate) const TAG: &str = "Recordings (Capstan's own)";

/// The answers that every path may give.
pub(crate) fn common(operation: Operation) -> Operation {
    operation
        .reply(Reply::problem(401, "No app has these credentials"))
        .reply(Reply::problem(429, "Too many requests within a second"))
        .reply(Reply::problem(500, "The server failed"))
}

/// The recording of that sid, if the caller may see it.
pub(crate) fn find(context: &Context, owner: &Owner, sid: &str) -> Result<Record, Problem> {
    let record = context.outbox.record(sid);
    record.filter(|record| owner.apps.contains(&record.room.app)).ok_or_else(|| {
        Problem::missing("no such recording of this key's apps is running or remembered")
    })
}
