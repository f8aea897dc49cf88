//! From a file's bytes to a plugin that can be asked.
//!
//! The invariant: a plugin exists only after its component was validated, compiled, instantiated
//! once in a scratch instance, found to have the contract's functions, and described itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use capstan_media::time::RoomClock;
use capstan_recording::ports::Fault;
use wasmtime::component::{Component, InstancePre};

use crate::bench::{Bench, Verdict};
use crate::budget::Budgets;
use crate::classify::{Class, Refusal, World, classify};
use crate::engine::WatchedEngine;
use crate::fault::{Broke, cut};
use crate::metric;
use crate::sandbox::{Cell, Guest, Mould, linker};
use crate::v1::bindings::exports::capstan::plugin::{arranger, notifier, plugin, uploader};

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
    calls: plugin::GuestIndices,
    world: WorldCalls,
    mould: Mould,
    bench: Mutex<Bench>,
    // Guests are watched as long as anybody can call them.
    _engine: Arc<WatchedEngine>,
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
    BadConfig(String),
    /// It broke its contract.
    Broke(Broke),
}

/// The most endpoints of one configuration.
const MAX_ENDPOINTS: usize = 64;

/// Makes plugins; one for each host.
pub(crate) struct Loader {
    pub(crate) engine: Arc<WatchedEngine>,
    pub(crate) budgets: Budgets,
    pub(crate) clock: Arc<dyn RoomClock>,
}

impl Loader {
    /// Makes a plugin of a file's bytes, or says why not.
    pub(crate) fn load(&self, bytes: &[u8], origin: Origin) -> Result<Plugin, Refusal> {
        // Parsers and the compiler are fed by strangers: whatever they do must stay here.
        let loaded = catch_unwind(AssertUnwindSafe(|| self.try_load(bytes, origin)));
        loaded.unwrap_or_else(|_| {
            Err(Refusal::Compile { reason: "the compiler gave up in an unforeseen way".into() })
        })
    }

    fn try_load(&self, bytes: &[u8], origin: Origin) -> Result<Plugin, Refusal> {
        let class = classify(bytes)?;
        let component = Component::from_binary(self.engine.engine(), bytes)
            .map_err(|error| Refusal::Compile { reason: cut(&format!("{error:#}"), 300) })?;
        let misfit = |error: wasmtime::Error| Refusal::Misfit {
            world: class.world,
            reason: cut(&format!("{error:#}"), 300),
        };
        let pre = linker(self.engine.engine())
            .and_then(|linker| linker.instantiate_pre(&component))
            .map_err(misfit)?;
        let calls = plugin::GuestIndices::new(&pre).map_err(misfit)?;
        let world = WorldCalls::find(class.world, &pre).map_err(misfit)?;
        let name = match &origin {
            Origin::File(path) => path.file_stem().unwrap_or_default().to_string_lossy(),
            Origin::Bundled(name) => (*name).into(),
        };
        let mould = Mould {
            plugin: name.as_ref().into(),
            pre,
            budget: self.budgets.of(class.world, &name),
            clock: self.clock.clone(),
        };
        let start = |broke: Broke| Refusal::Start(broke.of(&name));
        let mut scratch = mould.cast().map_err(start)?;
        scratch.load(|store, instance| world.typecheck(store, instance)).map_err(misfit)?;
        let guest = scratch.load(|store, at| calls.load(store, at)).map_err(misfit)?;
        let manifest =
            scratch.call("describe", |store| guest.call_describe(store)).map_err(start)?;
        check_manifest(&manifest).map_err(|what| Refusal::BadManifest { what })?;
        let mould = Mould {
            plugin: manifest.name.as_str().into(),
            budget: self.budgets.of(class.world, &manifest.name),
            ..mould
        };
        let (bench, size) = (Mutex::default(), bytes.len());
        let _engine = self.engine.clone();
        Ok(Plugin { manifest, class, origin, size, calls, world, mould, bench, _engine })
    }
}

impl WorldCalls {
    fn find(world: World, pre: &InstancePre<Cell>) -> wasmtime::Result<Self> {
        Ok(match world {
            World::Layout => Self::Layout(arranger::GuestIndices::new(pre)?),
            World::Storage => Self::Storage(uploader::GuestIndices::new(pre)?),
            World::Callback => Self::Callback(notifier::GuestIndices::new(pre)?),
        })
    }

    fn typecheck(
        &self,
        store: &mut wasmtime::Store<Cell>,
        instance: &wasmtime::component::Instance,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Layout(calls) => calls.load(store, instance).map(drop),
            Self::Storage(calls) => calls.load(store, instance).map(drop),
            Self::Callback(calls) => calls.load(store, instance).map(drop),
        }
    }
}

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
            Err(errors) => Err(ConfigureError::BadConfig(complaints(&errors))),
        }
    }

    /// How long it still sits out; `None` if it may be asked.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.bench().wait(self.mould.clock.now())
    }

    /// Counts a good answer.
    pub(crate) fn well(&self) {
        self.bench().well();
    }

    /// Counts, logs and names a fault.
    pub(crate) fn fault(&self, broke: Broke) -> Fault {
        let fault = broke.of(self.name());
        metric::fault(self.name(), fault.kind);
        tracing::warn!(plugin = self.name(), kind = %fault.kind, detail = fault.detail, "plugin faulted");
        let verdict = self.bench().fault(self.mould.clock.now());
        if let Verdict::Benched(back_off) = verdict {
            metric::benched(self.name());
            tracing::error!(
                plugin = self.name(),
                ?back_off,
                "plugin benched after repeated faults"
            );
        }
        fault
    }

    fn bench(&self) -> std::sync::MutexGuard<'_, Bench> {
        self.bench.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn complaints(errors: &[plugin::ConfigError]) -> String {
    let lines = errors.iter().take(8).map(|error| {
        let pointer = if error.pointer.is_empty() { "configuration" } else { &error.pointer };
        format!("{}: {}", cut(pointer, 100), cut(&error.message, 200))
    });
    let said = lines.collect::<Vec<_>>().join("; ");
    if said.is_empty() { "refused without a word".into() } else { said }
}

fn check_manifest(manifest: &plugin::Manifest) -> Result<(), String> {
    let name = &manifest.name;
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !starts || name.len() > 64 || !name.bytes().all(rest) {
        return Err(format!("name {:?} is not 1 to 64 of a-z, 0-9 and -", cut(name, 64)));
    }
    if manifest.version.is_empty() || manifest.version.len() > 64 {
        return Err("version has not 1 to 64 characters".into());
    }
    if manifest.summary.chars().count() > 200 {
        return Err("summary has over 200 characters".into());
    }
    if manifest.config_schema.len() > 64 << 10 {
        return Err("config-schema has over 64 KiB".into());
    }
    match serde_json::from_str::<serde_json::Value>(&manifest.config_schema) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err("config-schema is no JSON object".into()),
        Err(error) => Err(format!("config-schema is no JSON: {error}")),
    }
}
