//! What a plugin may use: time, memory, bytes to the host, log lines.
//!
//! The invariant: every number has a default, and every default can be changed for all plugins of a
//! world or for one plugin by its name.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::classify::World;

/// What one instance of a plugin may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Processor time of one call.
    pub call: Duration,
    /// Linear memory of an instance, all of its memories together, in bytes.
    pub memory: usize,
    /// Linear memory of all instances together beyond 2 MiB of each, in bytes.
    pub pool: usize,
    /// Bytes that one call may hand to the host.
    pub answer: usize,
    /// Log lines in one second.
    pub log_lines: u32,
    /// Elements of one of its tables.
    pub table: usize,
    /// Core instances, memories and tables that it may be made of, of each so many.
    pub parts: usize,
    /// What all instances of a storage or a callback together may compute on average, in percent of
    /// one core; over it they wait. A layout is asked so seldom that its calls' time bounds it.
    pub share: u32,
}

/// What one log line may have, in bytes; the rest is cut.
pub(crate) const MAX_LOG_LINE: usize = 4 << 10;

/// A call's time on the wall may be this many times its budget: a busy machine isn't the plugin's
/// fault, but nobody waits for ever.
pub(crate) const PATIENCE: u32 = 20;

const LAYOUT: Budget = Budget {
    call: Duration::from_millis(20),
    memory: 32 << 20,
    pool: 1 << 30,
    answer: 4 << 20,
    log_lines: 100,
    table: 100_000,
    // A component of Rust or C has three core instances; those of JavaScript and Python about ten.
    parts: 64,
    share: 50,
};
const STORAGE: Budget = Budget { call: Duration::from_millis(100), memory: 64 << 20, ..LAYOUT };

/// Some of a [`Budget`]'s numbers, as configuration gives them. What is absent stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetOverride {
    /// Processor time of one call, in milliseconds.
    pub call_ms: Option<u32>,
    /// Linear memory of an instance, in MiB.
    pub memory_mib: Option<u32>,
    /// Linear memory of all instances together beyond 2 MiB of each, in MiB.
    pub pool_mib: Option<u32>,
    /// Bytes that one call may hand to the host, in KiB.
    pub answer_kib: Option<u32>,
    /// Log lines in one second.
    pub log_lines: Option<u32>,
    /// Elements of one of its tables.
    pub table: Option<u32>,
    /// Core instances, memories and tables, of each so many.
    pub parts: Option<u32>,
    /// Computing of all instances of a storage or a callback, in percent of one core.
    pub share_percent: Option<u32>,
}

/// A number of a budget that makes no sense.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{value} is outside {least} to {most}")]
pub struct BadBudget {
    /// Which number.
    pub key: &'static str,
    /// What it was to be.
    pub value: u32,
    /// The least that it may be.
    pub least: u32,
    /// The most that it may be.
    pub most: u32,
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
    /// Exceptions, by the plugin's name, or for a whole world by the world's.
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
        let changes = [world.name(), name].map(|of| self.plugins.get(of));
        changes.into_iter().flatten().fold(budget, |budget, change| change.apply(budget))
    }
}

impl BudgetOverride {
    /// Whether a guest can work with these numbers, and the machine with the guest.
    ///
    /// # Errors
    /// The first number out of range.
    pub fn check(&self) -> Result<(), BadBudget> {
        let ranges = [
            ("call_ms", self.call_ms, 1, 60_000),
            ("memory_mib", self.memory_mib, 1, 4_096),
            ("pool_mib", self.pool_mib, 1, 1 << 20),
            ("answer_kib", self.answer_kib, 1, 64 << 10),
            ("log_lines", self.log_lines, 0, 10_000),
            ("table", self.table, 1, 10_000_000),
            ("parts", self.parts, 1, 1_000),
            ("share_percent", self.share_percent, 1, 1_600),
        ];
        for (key, value, least, most) in ranges {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                return Err(BadBudget { key, value, least, most });
            }
        }
        Ok(())
    }

    /// `budget` with this one's numbers in place of its own.
    #[must_use]
    pub fn apply(&self, budget: Budget) -> Budget {
        let number = |count: Option<u32>, unit: usize, or: usize| {
            count.map_or(or, |n| usize::try_from(n).unwrap_or(usize::MAX).saturating_mul(unit))
        };
        Budget {
            call: self.call_ms.map_or(budget.call, |ms| Duration::from_millis(ms.into())),
            memory: number(self.memory_mib, 1 << 20, budget.memory),
            pool: number(self.pool_mib, 1 << 20, budget.pool),
            answer: number(self.answer_kib, 1 << 10, budget.answer),
            log_lines: self.log_lines.unwrap_or(budget.log_lines),
            table: number(self.table, 1, budget.table),
            parts: number(self.parts, 1, budget.parts),
            share: self.share_percent.unwrap_or(budget.share),
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

    #[test]
    fn a_world_is_changed_before_its_plugins() {
        let plugins = BTreeMap::from([
            (
                "layout".into(),
                BudgetOverride { call_ms: Some(5), table: Some(9), ..<_>::default() },
            ),
            ("slow".into(), BudgetOverride { call_ms: Some(50), ..<_>::default() }),
        ]);
        let budgets = Budgets { plugins, ..Budgets::default() };
        let slow = budgets.of(World::Layout, "slow");
        assert_eq!((slow.call, slow.table), (Duration::from_millis(50), 9));
        assert_eq!(budgets.of(World::Layout, "other").call, Duration::from_millis(5));
        assert_eq!(budgets.of(World::Callback, "other"), STORAGE);
    }

    #[test]
    fn numbers_that_make_no_sense_are_named() {
        assert_eq!(BudgetOverride::default().check(), Ok(()));
        let none = BudgetOverride { call_ms: Some(0), ..<_>::default() };
        assert_eq!(none.check().unwrap_err().to_string(), "0 is outside 1 to 60000");
        let much = BudgetOverride { memory_mib: Some(5_000), ..<_>::default() };
        assert_eq!(much.check().unwrap_err().key, "memory_mib");
    }
}
