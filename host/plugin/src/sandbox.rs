//! One instance of one plugin, and how it is called.
//!
//! The invariant: every call runs under its plugin's budget, and after a fault the instance is dead:
//! whoever holds it throws it away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use capstan_media::time::{RoomClock, RoomTime};
use wasmtime::component::{HasSelf, Instance, InstancePre, Linker};
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};

use crate::budget::{Budget, PATIENCE};
use crate::cpu::thread_time;
use crate::engine::TICK;
use crate::fault::Broke;
use crate::guest_log::GuestLog;
use crate::metric;
use crate::v1::bindings::capstan::plugin::log;

/// What belongs to one instance on the host's side.
pub(crate) struct Cell {
    memory: Memory,
    log: GuestLog,
    clock: Arc<dyn RoomClock>,
    budget: Budget,
    began: Option<(Option<Duration>, RoomTime)>,
}

/// Counts linear memory, and remembers a refusal: what a guest does after one looks like any panic.
struct Memory {
    budget: Budget,
    used: usize,
    denied: Option<usize>,
    pool: Arc<Pool>,
}

/// Memory of all of a plugin's instances together, in bytes, without what each has for nothing.
#[derive(Default)]
pub(crate) struct Pool(AtomicUsize);

/// What an instance has for nothing: guests of Rust and C need no more, and of that they touch little.
const FREE: usize = 2 << 20;

impl Memory {
    /// What this instance takes from the pool if it has so much in all.
    const fn pooled(used: usize) -> usize {
        used.saturating_sub(FREE)
    }

    /// Takes from the pool what growing to `used` needs, if it has it.
    fn take(&self, used: usize) -> bool {
        let more = Self::pooled(used) - Self::pooled(self.used);
        let most = self.budget.pool;
        let add = |taken: usize| taken.checked_add(more).filter(|taken| *taken <= most);
        more == 0 || self.pool.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.pool.0.fetch_sub(Self::pooled(self.used), Ordering::Relaxed);
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.budget.memory || !self.take(used) {
            self.denied = Some(used);
            return Err(wasmtime::Error::msg("memory budget used up"));
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.budget.table)
    }

    fn instances(&self) -> usize {
        self.budget.parts
    }

    fn tables(&self) -> usize {
        self.budget.parts
    }

    fn memories(&self) -> usize {
        self.budget.parts
    }
}

impl log::Host for Cell {
    fn write(&mut self, level: log::Level, message: String) {
        self.log.write(level, &message);
    }
}

/// Everything that a plugin can import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Cell>> {
    let mut linker = Linker::new(engine);
    log::add_to_linker::<_, HasSelf<_>>(&mut linker, |cell| cell)?;
    Ok(linker)
}

/// What makes instances of one plugin.
pub(crate) struct Mould {
    /// Its name, for logs and metrics.
    pub(crate) plugin: Arc<str>,
    /// The linked component.
    pub(crate) pre: InstancePre<Cell>,
    /// What an instance may use.
    pub(crate) budget: Budget,
    /// What all of them have together.
    pub(crate) pool: Arc<Pool>,
    /// For the log's rate and the calls' times.
    pub(crate) clock: Arc<dyn RoomClock>,
}

/// A live instance.
pub(crate) struct Guest {
    store: Store<Cell>,
    instance: Instance,
    plugin: Arc<str>,
}

impl Mould {
    /// Makes an instance. Its start-up code runs under the budget of a call.
    pub(crate) fn cast(&self) -> Result<Guest, Broke> {
        let cell = Cell {
            memory: Memory { budget: self.budget, used: 0, denied: None, pool: self.pool.clone() },
            log: GuestLog::new(self.plugin.clone(), self.clock.clone(), self.budget.log_lines),
            clock: self.clock.clone(),
            budget: self.budget,
            began: None,
        };
        let mut store = Store::new(self.pre.engine(), cell);
        store.limiter(|cell| &mut cell.memory);
        store.set_hostcall_fuel(self.budget.answer);
        store.epoch_deadline_callback(|context| Ok(context.data().look()));
        let start = begin(&mut store);
        let instance = self.pre.instantiate(&mut store);
        metric::instance(&self.plugin, self.clock.now().since(start));
        let instance = instance.map_err(|error| broke(&store, &error))?;
        Ok(Guest { store, instance, plugin: self.plugin.clone() })
    }
}

impl Guest {
    /// Looks up an interface's functions; fails if they aren't those of the contract.
    pub(crate) fn load<T>(
        &mut self,
        load: impl FnOnce(&mut Store<Cell>, &Instance) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        load(&mut self.store, &self.instance)
    }

    /// The linear memory that it has grown to, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.store.data().memory.used
    }

    /// Calls into the guest under its budget. After an error the instance is dead.
    pub(crate) fn call<T>(
        &mut self,
        name: &'static str,
        call: impl FnOnce(&mut Store<Cell>) -> wasmtime::Result<T>,
    ) -> Result<T, Broke> {
        let start = begin(&mut self.store);
        let answer = call(&mut self.store);
        metric::call(&self.plugin, name, self.store.data().clock.now().since(start));
        answer.map_err(|error| broke(&self.store, &error))
    }
}

impl Cell {
    /// The look at a guest whose time may be up.
    fn look(&self) -> UpdateDeadline {
        let Some((began, start)) = self.began else { return UpdateDeadline::Interrupt };
        let waited = self.clock.now().since(start);
        // Where the system doesn't count a thread's time, the wall's has to do.
        let used = match (began, thread_time()) {
            (Some(began), Some(now)) => now.saturating_sub(began),
            _ => waited,
        };
        if used >= self.budget.call || waited >= self.budget.call.saturating_mul(PATIENCE) {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Continue(1)
        }
    }
}

fn begin(store: &mut Store<Cell>) -> RoomTime {
    let cell = store.data_mut();
    let start = cell.clock.now();
    cell.began = Some((thread_time(), start));
    let ticks = cell.budget.call.as_millis() / TICK.as_millis().max(1) + 1;
    store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX));
    start
}

fn broke(store: &Store<Cell>, error: &wasmtime::Error) -> Broke {
    Broke::from_call(error, store.data().memory.denied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budgets;
    use crate::classify::World;

    #[test]
    fn instances_share_a_pool_beyond_what_is_free() {
        let budget = Budget { pool: 10 << 20, ..Budgets::default().of(World::Storage, "p") };
        let pool = Arc::new(Pool::default());
        let memory = || Memory { budget, used: 0, denied: None, pool: pool.clone() };
        let grow = |memory: &mut Memory, to: usize| {
            memory.memory_growing(memory.used, to << 20, None).is_ok()
        };
        let (mut one, mut two) = (memory(), memory());
        assert!(grow(&mut one, 2) && grow(&mut two, 2), "free");
        assert!(grow(&mut one, 10) && !grow(&mut two, 5) && grow(&mut two, 4));
        assert!(two.denied.is_some());
        drop(one);
        assert!(grow(&mut two, 12) && !grow(&mut two, 13), "what was given back is there again");
        drop(two);
        assert_eq!(pool.0.load(Ordering::Relaxed), 0);
    }
}
