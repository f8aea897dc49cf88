//! What a plugin may use: time, memory, bytes to the host, log lines.
//!
//! The invariant: every number has a default, and every default can be changed for all plugins of a
//! world or for one plugin by its name.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::World;

/// The largest plugin file that is looked at, in bytes. Components of the heaviest guest language
/// (Python) have 18 MB.
pub(crate) const MAX_FILE: u64 = 64 << 20;

/// What one instance of a plugin may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Processor time of one call.
    pub call: Duration,
    /// Linear memory of an instance, all of its memories together, in bytes.
    pub memory: usize,
    /// Bytes that one call may hand to the host.
    pub answer: usize,
    /// Log lines in one second.
    pub log_lines: u32,
}

/// What one log line may have, in bytes; the rest is cut.
pub(crate) const MAX_LOG_LINE: usize = 4 << 10;

/// A call's time on the wall may be this many times its budget: a busy machine isn't the plugin's
/// fault, but nobody waits for ever.
pub(crate) const PATIENCE: u32 = 20;

const LAYOUT: Budget =
    Budget { call: Duration::from_millis(20), memory: 32 << 20, answer: 4 << 20, log_lines: 100 };
const STORAGE: Budget =
    Budget { call: Duration::from_millis(100), memory: 64 << 20, answer: 4 << 20, log_lines: 100 };

/// Some of a [`Budget`]'s numbers, as configuration gives them. What is absent stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetOverride {
    /// Processor time of one call, in milliseconds.
    pub call_ms: Option<u32>,
    /// Linear memory of an instance, in MiB.
    pub memory_mib: Option<u32>,
    /// Bytes that one call may hand to the host, in KiB.
    pub answer_kib: Option<u32>,
    /// Log lines in one second.
    pub log_lines: Option<u32>,
}

/// Every plugin's budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Layouts': 20 ms and 32 MiB by default.
    pub layout: Budget,
    /// Storages': 100 ms and 64 MiB by default.
    pub storage: Budget,
    /// Callbacks': 100 ms and 64 MiB by default.
    pub callback: Budget,
    /// Exceptions, by the plugin's name.
    pub plugins: BTreeMap<String, BudgetOverride>,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { layout: LAYOUT, storage: STORAGE, callback: STORAGE, plugins: BTreeMap::new() }
    }
}

impl Budgets {
    /// The budget of the plugin `name` of a world.
    #[must_use]
    pub fn of(&self, world: World, name: &str) -> Budget {
        let budget = match world {
            World::Layout => self.layout,
            World::Storage => self.storage,
            World::Callback => self.callback,
        };
        self.plugins.get(name).map_or(budget, |change| change.apply(budget))
    }
}

impl BudgetOverride {
    /// `budget` with this one's numbers in place of its own.
    #[must_use]
    pub fn apply(&self, budget: Budget) -> Budget {
        let bytes = |count: Option<u32>, unit: usize, or: usize| {
            count.map_or(or, |n| usize::try_from(n).unwrap_or(usize::MAX).saturating_mul(unit))
        };
        Budget {
            call: self.call_ms.map_or(budget.call, |ms| Duration::from_millis(ms.into())),
            memory: bytes(self.memory_mib, 1 << 20, budget.memory),
            answer: bytes(self.answer_kib, 1 << 10, budget.answer),
            log_lines: self.log_lines.unwrap_or(budget.log_lines),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plugin_can_be_given_more() {
        let more = BudgetOverride { memory_mib: Some(128), ..BudgetOverride::default() };
        let plugins = BTreeMap::from([("big".to_owned(), more)]);
        let budgets = Budgets { plugins, ..Budgets::default() };
        assert_eq!(budgets.of(World::Layout, "big"), Budget { memory: 128 << 20, ..LAYOUT });
        assert_eq!(budgets.of(World::Layout, "other"), LAYOUT);
        assert_eq!(budgets.of(World::Storage, "other").call, Duration::from_millis(100));
    }
}
