//! What is done, before anything else, with recordings that were live when the last process died:
//! nothing is recorded any more, and what their tapes hold behind their last segments is owed.

use capstan_archive::facts::StopReason;
use capstan_archive::report::Report;
use capstan_media::time::RoomTime;

use crate::books::Books;
use crate::books::change::Change;
use crate::books::ledger::{End, OwedTail, Stage};
use crate::books::store::{OutboxError, Store};

/// What is said of a recording while its tail is being made.
const PENDING: &str = "the process died while it recorded; what its tapes hold behind the \
    last segment is being made into files";

/// Ends every recording that is still live in the books. Returns their sids.
pub(crate) fn end_interrupted(
    store: &Store,
    books: &mut Books,
    now: RoomTime,
    history: u64,
) -> Result<Vec<String>, OutboxError> {
    let live = books.ledgers.values().filter(|ledger| ledger.stage == Stage::Live);
    let live: Vec<_> = live.cloned().collect();
    let mut sids = Vec::new();
    for ledger in live {
        let sid = ledger.sid.clone();
        let mut change = Change::new(ledger);
        change.ledger.report = Some(Report::read(&change.ledger.folder));
        let failure = Some(PENDING.to_owned());
        change.ledger.ended =
            Some(End { at: now, reason: StopReason::Failed, failure, told: false });
        change.ledger.stage = Stage::Closing;
        change.ledger.tail = Some(OwedTail::default());
        store.commit(&change, history)?;
        change.apply_to(books);
        tracing::warn!(%sid, "a recording was left behind by the last process");
        sids.push(sid);
    }
    Ok(sids)
}

/// What the last process had under way got no answer that anybody heard.
pub(crate) fn doubt_playlists(books: &mut Books) {
    for owing in books.uploads.values().filter(|owing| owing.is_playlist) {
        let ledger = books.ledgers.get_mut(&owing.sid);
        if let Some(list) = ledger.and_then(|ledger| ledger.list_mut(&owing.key)) {
            list.unanswered = true;
        }
    }
}
