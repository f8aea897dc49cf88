//! Filters and pages of recordings.
//!
//! A page ends at a recording's beginning and sid, so that recordings that begin or are forgotten
//! between two pages make nobody miss another.

use capstan_recording::status::Phase;

use super::view::Summary;
use crate::problem::Problem;

/// Which recordings are wanted.
pub(super) struct Filter<'a> {
    pub(super) apps: &'a [String],
    pub(super) room: Option<&'a str>,
    pub(super) state: Option<Phase>,
    /// Unix milliseconds.
    pub(super) since: Option<i64>,
    /// Where the page before ended.
    pub(super) after: Option<(i64, String)>,
}

/// Some recordings, and where the next page begins.
pub(super) struct Page {
    pub(super) recordings: Vec<Summary>,
    pub(super) next: Option<String>,
}

impl Filter<'_> {
    fn wants(&self, recording: &Summary) -> bool {
        self.apps.contains(&recording.app)
            && self.room.is_none_or(|room| room == recording.room)
            && self.state.is_none_or(|state| state == recording.state)
            && self.since.is_none_or(|since| recording.started_at >= since)
            && self
                .after
                .as_ref()
                .is_none_or(|(at, sid)| (recording.started_at, &recording.sid) < (*at, sid))
    }
}

/// The latest `limit` of those that are wanted.
pub(super) fn page(
    recordings: impl Iterator<Item = Summary>,
    filter: &Filter<'_>,
    limit: usize,
) -> Page {
    let mut wanted: Vec<Summary> = recordings.filter(|recording| filter.wants(recording)).collect();
    wanted.sort_by(|a, b| (b.started_at, &b.sid).cmp(&(a.started_at, &a.sid)));
    let more = wanted.len() > limit;
    wanted.truncate(limit);
    let next = wanted.last().filter(|_| more);
    let next = next.map(|last| format!("{}-{}", last.started_at, last.sid));
    Page { recordings: wanted, next }
}

/// Reads where the page before ended.
pub(super) fn cursor(text: &str) -> Result<(i64, String), Problem> {
    let parts = text.split_once('-');
    let parts = parts.and_then(|(at, sid)| Some((at.parse().ok()?, sid.to_owned())));
    parts.ok_or_else(|| Problem::query("after must be the next of the page before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(app: &str, room: &str, started_at: i64, sid: &str, state: Phase) -> Summary {
        Summary {
            app: app.into(),
            room: room.into(),
            started_at,
            sid: sid.into(),
            state,
            recorder_uid: 1,
            mode: "mix".into(),
            ended_at: None,
            stopped: None,
            failure: None,
            complete: None,
            playback_url: None,
        }
    }

    fn all() -> Vec<Summary> {
        vec![
            recording("a", "r", 1, "s1", Phase::Done),
            recording("a", "q", 3, "s3", Phase::Recording),
            recording("b", "r", 4, "s4", Phase::Recording),
            recording("a", "r", 3, "s2", Phase::Failed),
        ]
    }

    fn sids(filter: &Filter<'_>, limit: usize) -> (Vec<String>, Option<String>) {
        let Page { recordings, next } = page(all().into_iter(), filter, limit);
        (recordings.into_iter().map(|recording| recording.sid).collect(), next)
    }

    #[test]
    fn pages_go_back_in_time_and_miss_nothing() {
        let apps = ["a".to_owned()];
        let filter = |after| Filter { apps: &apps, room: None, state: None, since: None, after };
        let (first, next) = sids(&filter(None), 2);
        assert_eq!(first, ["s3", "s2"]);
        let after = cursor(&next.unwrap()).unwrap();
        assert_eq!(sids(&filter(Some(after)), 2), (vec!["s1".to_owned()], None));
        assert!(cursor("x").is_err() && cursor("").is_err());
    }

    #[test]
    fn filters_hold_together() {
        let apps = ["a".to_owned(), "b".to_owned()];
        let none = Filter { apps: &apps, room: None, state: None, since: None, after: None };
        assert_eq!(sids(&none, 9).0.len(), 4);
        assert_eq!(sids(&Filter { room: Some("r"), since: Some(2), ..none }, 9).0, ["s4", "s2"]);
        let none = Filter { apps: &apps, room: None, state: None, since: None, after: None };
        assert_eq!(sids(&Filter { state: Some(Phase::Recording), ..none }, 9).0, ["s4", "s3"]);
    }
}
