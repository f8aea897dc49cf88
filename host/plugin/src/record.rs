//! What is known of one plugin's conduct: its calls, its faults, and whether it sits out.
//!
//! Pure: the time is an argument.

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_media::time::RoomTime;
use capstan_outbox::ports::FaultKind;
use serde::Serialize;

use crate::bench::{Bench, Verdict};
use crate::fault::Broke;

/// One plugin's record since it was loaded.
#[derive(Debug, Default)]
pub(crate) struct Record {
    bench: Bench,
    good: u64,
    faults: BTreeMap<&'static str, u64>,
    benched: u64,
    last: Option<LastFault>,
}

/// The newest fault of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastFault {
    /// Its class.
    pub kind: FaultKind,
    /// What happened.
    pub detail: String,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// What a record says, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conduct {
    /// Whether it may be asked now.
    pub state: PluginState,
    /// Jobs and questions that it answered as the contract wants it, since it was loaded.
    pub good: u64,
    /// Faults since it was loaded, by their class; a class that never happened isn't there.
    pub faults: BTreeMap<&'static str, u64>,
    /// How often it was benched since it was loaded.
    pub benched: u64,
    /// The newest fault.
    pub last_fault: Option<LastFault>,
}

/// Whether a plugin is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum PluginState {
    /// It is asked.
    Ready,
    /// It sits out after repeated faults.
    Benched {
        /// For so many more milliseconds.
        for_ms: u64,
    },
}

impl Record {
    /// How long the plugin must still wait; `None` if it may be asked.
    pub(crate) fn wait(&self, now: RoomTime) -> Option<Duration> {
        self.bench.wait(now)
    }

    /// It answered well.
    pub(crate) fn well(&mut self) {
        self.good = self.good.saturating_add(1);
        self.bench.well();
    }

    /// It broke the contract.
    pub(crate) fn fault(&mut self, broke: &Broke, now: RoomTime) -> Verdict {
        self.count(broke, now);
        let verdict = self.bench.fault(now);
        if let Verdict::Benched(_) = verdict {
            self.benched = self.benched.saturating_add(1);
        }
        verdict
    }

    /// Counts a fault that isn't held against it: the operator may just not have granted a host.
    pub(crate) fn count(&mut self, broke: &Broke, now: RoomTime) {
        let count = self.faults.entry(kind_name(broke.kind)).or_default();
        *count = count.saturating_add(1);
        let Broke { kind, detail } = broke.clone();
        self.last = Some(LastFault { kind, detail, at_ms: now.as_millis() });
    }

    /// What it says now.
    pub(crate) fn conduct(&self, now: RoomTime) -> Conduct {
        let state = self.wait(now).map_or(PluginState::Ready, |wait| PluginState::Benched {
            for_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
        Conduct {
            state,
            good: self.good,
            faults: self.faults.clone(),
            benched: self.benched,
            last_fault: self.last.clone(),
        }
    }
}

/// The class as metrics name it.
const fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Trapped => "trapped",
        FaultKind::OutOfTime => "out_of_time",
        FaultKind::OutOfMemory => "out_of_memory",
        FaultKind::BadAnswer => "bad_answer",
        FaultKind::Refused => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_by_class_and_benches() {
        let (mut record, now) = (Record::default(), RoomTime::from_millis(5_000));
        let bad = Broke::bad_answer("no");
        record.well();
        record.count(&Broke { kind: FaultKind::Refused, detail: "there".into() }, now);
        assert_eq!(record.conduct(now).state, PluginState::Ready);
        for _ in 0..4 {
            record.fault(&bad, now);
        }
        let conduct = record.conduct(now);
        let names = [(FaultKind::BadAnswer, 4), (FaultKind::Refused, 1)];
        let names = names.map(|(kind, count)| (kind.to_string(), count));
        let counted = conduct.faults.iter().map(|(&kind, &count)| (kind.to_owned(), count));
        assert_eq!(counted.collect::<Vec<_>>(), names);
        assert!(matches!(conduct.state, PluginState::Benched { for_ms } if for_ms > 0));
        assert_eq!((conduct.good, conduct.benched), (1, 2));
        let last = LastFault { kind: FaultKind::BadAnswer, detail: "no".into(), at_ms: 5_000 };
        assert_eq!(conduct.last_fault, Some(last));
    }
}
