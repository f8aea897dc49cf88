//! The one WebAssembly engine and its clock of epochs.
//!
//! The invariant: this is the only place that configures wasmtime, and the epoch advances every
//! [`TICK`] while the engine's [`Sandbox`] lives, so that no guest runs unwatched.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Engine, InstanceAllocationStrategy};

/// How often running guests are looked at. A call is stopped at most two ticks after its budget.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Native stack that a guest may use: well below the 2 MiB of the threads that call it.
const GUEST_STACK: usize = 512 << 10;

/// The engine with its ticker; dropping it ends the ticker's thread.
#[derive(Debug)]
pub(crate) struct WatchedEngine {
    engine: Engine,
    stop: Option<mpsc::Sender<()>>,
    ticker: Option<JoinHandle<()>>,
}

impl WatchedEngine {
    /// Starts the engine and its ticker.
    pub(crate) fn start() -> Result<Self, wasmtime::Error> {
        let engine = Engine::new(&config())?;
        let (stop, stopped) = mpsc::channel();
        let weak = engine.weak();
        let ticker = std::thread::Builder::new().name("plugin-epochs".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let Some(engine) = weak.upgrade() else { break };
                engine.increment_epoch();
            }
        })?;
        Ok(Self { engine, stop: Some(stop), ticker: Some(ticker) })
    }

    /// The engine itself.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// An engine of the same configuration that only compiles, on the calling thread alone: so the limits
/// of its process bound all that a compilation takes.
pub(crate) fn compiling_engine() -> Result<Engine, wasmtime::Error> {
    Engine::new(config().parallel_compilation(false))
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand)
        .wasm_component_model(true)
        .wasm_memory64(false)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(8));
    config
}

impl Drop for WatchedEngine {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(ticker) = self.ticker.take() {
            // It only counts; if it panicked there is nothing to save.
            drop(ticker.join());
        }
    }
}
