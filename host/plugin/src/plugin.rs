//! A plugin that can be asked, and what is held against it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use capstan_media::time::RoomClock;
use capstan_outbox::ports::{Fault, FaultKind, Mistake, Mistakes};

use crate::bench::Verdict;
use crate::cache::Key;
use crate::classify::Class;
use crate::engine::WatchedEngine;
use crate::fault::{Broke, cut};
use crate::folder::shown;
use crate::grants::Denial;
use crate::meter::Meter;
use crate::metric;
use crate::record::{Conduct, Record};
use crate::sandbox::{Guest, Mould};
use crate::v1::bindings::exports::capstan::plugin::{arranger, notifier, plugin, uploader};
use crate::v1::moment::host_failed;
use crate::workers::Workers;

/// Where a plugin is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A file in a plugin folder.
    File(PathBuf),
    /// Carried inside the program, under this name.
    Bundled(&'static str),
}

/// A plugin that can be asked.
pub(crate) struct Plugin {
    pub(crate) manifest: plugin::Manifest,
    pub(crate) class: Class,
    pub(crate) origin: Origin,
    pub(crate) size: usize,
    /// Which bytes it was made of.
    pub(crate) key: Key,
    pub(crate) calls: plugin::GuestIndices,
    pub(crate) world: WorldCalls,
    pub(crate) mould: Mould,
    pub(crate) record: Mutex<Record>,
    pub(crate) meter: Mutex<Meter>,
    pub(crate) workers: Arc<Workers>,
    // Guests are watched as long as anybody can call them.
    pub(crate) _engine: Arc<WatchedEngine>,
}

/// Where the functions of the plugin's world are.
pub(crate) enum WorldCalls {
    Layout(arranger::GuestIndices),
    Storage(uploader::GuestIndices),
    Callback(notifier::GuestIndices),
}

/// A fresh instance with its answer to `configure`.
pub(crate) struct Configured {
    pub(crate) guest: Guest,
    pub(crate) endpoints: Vec<plugin::Endpoint>,
}

/// Why there is no configured instance.
pub(crate) enum ConfigureError {
    /// The plugin says what is wrong with the configuration.
    BadConfig(Mistakes),
    /// It broke its contract.
    Broke(Broke),
}

/// The most endpoints of one configuration.
const MAX_ENDPOINTS: usize = 64;
/// The most mistakes of one configuration that are told.
const MAX_MISTAKES: usize = 8;

impl Plugin {
    /// The name that the plugin gave itself.
    pub(crate) fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The functions of its world.
    pub(crate) fn world(&self) -> &WorldCalls {
        &self.world
    }

    /// The clock of the host.
    pub(crate) fn clock(&self) -> &Arc<dyn RoomClock> {
        &self.mould.clock
    }

    /// Its file, or `bundled`.
    pub(crate) fn origin(&self) -> String {
        match &self.origin {
            Origin::File(path) => shown(path),
            Origin::Bundled(_) => "bundled".into(),
        }
    }

    /// Makes an instance and configures it.
    pub(crate) fn configured(&self, config: &str) -> Result<Configured, ConfigureError> {
        let mut guest = self.mould.cast().map_err(ConfigureError::Broke)?;
        let calls = guest
            .load(|store, instance| self.calls.load(store, instance))
            .map_err(|error| ConfigureError::Broke(Broke::from_call(&error, None)))?;
        let answer = guest
            .call("configure", |store| calls.call_configure(store, config))
            .map_err(ConfigureError::Broke)?;
        match answer {
            Ok(endpoints) if endpoints.len() > MAX_ENDPOINTS => {
                let many = format!("{} endpoints, at most {MAX_ENDPOINTS}", endpoints.len());
                Err(ConfigureError::Broke(Broke::bad_answer(many)))
            }
            Ok(endpoints) => Ok(Configured { guest, endpoints }),
            Err(errors) => Err(ConfigureError::BadConfig(mistakes(&errors))),
        }
    }

    /// Runs a call into one of its guests on a worker's thread, as soon as the plugin's share of the
    /// processor allows it.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Broke> {
        let wait = self.meter().wait(self.mould.budget.share, self.mould.clock.now());
        if !wait.is_zero() {
            metric::waited(self.name(), wait);
            tokio::time::sleep(wait).await;
        }
        let ran = self.workers.run(call).await;
        let (answer, used) = ran.ok_or_else(|| host_failed("the call panicked"))?;
        self.meter().spend(used);
        Ok(answer)
    }

    /// How long it still sits out; `None` if it may be asked.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.record().wait(self.mould.clock.now())
    }

    /// Counts a good answer.
    pub(crate) fn well(&self) {
        self.record().well();
    }

    /// Counts, logs and names a fault.
    pub(crate) fn fault(&self, broke: Broke) -> Fault {
        metric::fault(self.name(), broke.kind);
        tracing::warn!(plugin = self.name(), kind = %broke.kind, detail = broke.detail, "plugin faulted");
        let verdict = self.record().fault(&broke, self.mould.clock.now());
        if let Verdict::Benched(back_off) = verdict {
            metric::benched(self.name());
            tracing::error!(
                plugin = self.name(),
                ?back_off,
                "plugin benched after repeated faults"
            );
        }
        broke.of(self.name())
    }

    /// Counts and logs a request that the operator's grants don't cover. It isn't held against the
    /// plugin: its endpoints may just be new.
    pub(crate) fn denied(&self, denial: &Denial) {
        let broke = refused(denial);
        metric::fault(self.name(), broke.kind);
        tracing::warn!(plugin = self.name(), kind = %broke.kind, detail = broke.detail, "plugin wants what isn't granted");
        self.record().count(&broke, self.mould.clock.now());
    }

    /// What is known of its conduct.
    pub(crate) fn conduct(&self) -> Conduct {
        self.record().conduct(self.mould.clock.now())
    }

    fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fault of reaching for what wasn't asked for or granted.
pub(crate) fn refused(denial: &Denial) -> Broke {
    Broke { kind: FaultKind::Refused, detail: cut(&denial.to_string(), 300) }
}

fn mistakes(errors: &[plugin::ConfigError]) -> Mistakes {
    let mistakes = errors.iter().take(MAX_MISTAKES).map(|error| Mistake {
        pointer: cut(&error.pointer, 100),
        message: cut(&error.message, 200),
    });
    Mistakes(mistakes.collect())
}
