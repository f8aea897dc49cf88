//! What may leave now, within the worker's bounds.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use capstan_media::time::RoomTime;

use super::memory::{Job, Memory};
use super::shares::{Places, Shares};
use crate::books::Books;
use crate::books::ledger::Ledger;
use crate::books::owing::{Leftover, Owing};
use crate::keeper::Keeper;
use crate::ports::Notice;
use crate::settings::OutboxSettings;

/// Events that may be on their way at once, in all and to one app's receiver.
const EVENTS_AT_ONCE: Places = Places { most: 16, of_end: 8 };
/// Removals at once: nobody waits for them.
const REMOVALS_AT_ONCE: usize = 4;

/// What may leave now and isn't on its way.
pub(super) struct Due {
    pub(super) uploads: Vec<(Owing, Ledger)>,
    pub(super) leftovers: Vec<(Leftover, Ledger)>,
    pub(super) events: Vec<Notice>,
}

/// A recording for which files are to be made, if none of the kind are being made: that is work for the
/// disk or the processor.
pub(super) fn making_due(
    keeper: &Keeper,
    memory: &Memory,
    now: RoomTime,
    job: impl Fn(String) -> Job,
    has: impl Fn(&Ledger) -> bool,
) -> Option<(Job, Ledger)> {
    let kind = std::mem::discriminant(&job(String::new()));
    if memory.on_the_way.values().any(|job| std::mem::discriminant(job) == kind) {
        return None;
    }
    let books = keeper.books();
    let may = |ledger: &&Ledger| {
        let job = job(ledger.sid.clone());
        has(ledger) && memory.not_before.get(&job).is_none_or(|at| *at <= now)
    };
    let ledger = books.ledgers.values().find(may)?;
    Some((job(ledger.sid.clone()), ledger.clone()))
}

/// What may leave now and isn't on its way.
pub(super) fn due(
    keeper: &Keeper,
    settings: OutboxSettings,
    memory: &Memory,
    now: RoomTime,
) -> Due {
    let busy: HashSet<&Job> = memory.on_the_way.values().collect();
    let free = |job: &Job| {
        !busy.contains(job)
            && !memory.waits_for_files.contains(job)
            && memory.not_before.get(job).is_none_or(|at| *at <= now)
    };
    let books = keeper.books();
    let leftovers = books
        .leftovers
        .values()
        .filter(|rest| rest.due(&settings.look_back) <= now)
        .filter(|rest| free(&Job::Leftover { sid: rest.sid.clone(), order: rest.order }))
        .filter_map(|rest| Some((rest.clone(), books.ledgers.get(&rest.sid)?.clone())))
        .take(
            REMOVALS_AT_ONCE
                .saturating_sub(count(&busy, |job| matches!(job, Job::Leftover { .. }))),
        )
        .collect();
    let events = due_events(&books, &busy, free);
    let uploads = due_uploads(&books, settings, &busy, free);
    Due { uploads, leftovers, events }
}

fn count(busy: &HashSet<&Job>, of: impl Fn(&Job) -> bool) -> usize {
    busy.iter().filter(|job| of(job)).count()
}

/// The next event of each recording that owes any, within its app's share: an app has one receiver.
fn due_events(books: &Books, busy: &HashSet<&Job>, free: impl Fn(&Job) -> bool) -> Vec<Notice> {
    let mut shares = Shares::new(EVENTS_AT_ONCE);
    for job in busy {
        if let Job::Event { sid } = job
            && let Some(ledger) = books.ledgers.get(sid)
        {
            shares.take(&ledger.app, ledger.app.as_str());
        }
    }
    let due = books.first_events().filter(|notice| free(&Job::Event { sid: notice.sid.clone() }));
    due.filter(|notice| shares.may_take(&notice.app, notice.app.as_str())).cloned().collect()
}

/// Uploads in the order in which they were owed, a few at once to each bucket, within its app's share.
fn due_uploads(
    books: &Books,
    settings: OutboxSettings,
    busy: &HashSet<&Job>,
    free: impl Fn(&Job) -> bool,
) -> Vec<(Owing, Ledger)> {
    let places = Places { most: settings.most_uploads.max(1), of_end: settings.concurrency.max(1) };
    let mut shares = Shares::new(places);
    let mut buckets = HashMap::new();
    for job in busy {
        if let Job::Upload { sid, .. } = job
            && let Some(ledger) = books.ledgers.get(sid)
        {
            shares.take(&ledger.app, bucket_of(&mut buckets, ledger));
        }
    }
    let mut waiting: Vec<&Owing> = books
        .uploads
        .values()
        .filter(|owing| owing.parked.is_none())
        .filter(|owing| free(&Job::Upload { sid: owing.sid.clone(), key: owing.key.clone() }))
        .collect();
    // What the backup store has can wait for what nobody has.
    waiting.sort_by_key(|owing| (owing.in_backup(), owing.order));
    let mut due = Vec::new();
    for owing in waiting {
        let Some(ledger) = books.ledgers.get(&owing.sid) else { continue };
        if shares.may_take(&ledger.app, bucket_of(&mut buckets, ledger)) {
            due.push((owing.clone(), ledger.clone()));
        }
    }
    due
}

/// The bucket that a recording's files go to, whoever's keys open it.
fn bucket_of<'a>(known: &mut HashMap<&'a str, Rc<str>>, ledger: &'a Ledger) -> Rc<str> {
    let bucket = || ledger.target.bucket().into();
    Rc::clone(known.entry(ledger.sid.as_str()).or_insert_with(bucket))
}
