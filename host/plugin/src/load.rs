//! From a file's bytes to a plugin that can be asked.
//!
//! The invariant: a plugin exists only after its component was validated and compiled elsewhere,
//! instantiated once in a scratch instance, found to have the contract's functions, and described
//! itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use capstan_media::time::RoomClock;
use wasmtime::component::{Component, InstancePre};

use crate::artefact::Artefact;
use crate::budget::Budgets;
use crate::cache::{Cache, Key};
use crate::classify::{Class, Refusal, World};
use crate::compile::{Compiler, Standing};
use crate::engine::WatchedEngine;
use crate::fault::{Broke, cut};
use crate::metric;
use crate::plugin::{Origin, Plugin, WorldCalls};
use crate::sandbox::{Cell, Mould, linker};
use crate::v1::bindings::exports::capstan::plugin::{arranger, notifier, plugin, uploader};
use crate::workers::Workers;

/// Makes plugins; one for each host.
pub(crate) struct Loader {
    pub(crate) engine: Arc<WatchedEngine>,
    pub(crate) compiler: Compiler,
    pub(crate) cache: Option<Cache>,
    pub(crate) workers: Arc<Workers>,
    pub(crate) budgets: Budgets,
    pub(crate) clock: Arc<dyn RoomClock>,
}

impl Loader {
    /// The key of a file's bytes: equal for equal bytes.
    pub(crate) fn key(&self, bytes: &[u8]) -> Key {
        Key::of(self.engine.engine(), &self.compiler.limits, bytes)
    }

    /// Makes a plugin of a file's bytes, or says why not. Blocks: about a millisecond if its code is
    /// cached, as long as it takes to compile it otherwise.
    pub(crate) fn load(
        &self,
        bytes: &[u8],
        origin: Origin,
        standing: Standing,
    ) -> Result<Plugin, Refusal> {
        let start = self.clock.now();
        // Code of strangers is linked and called: whatever that does must stay here.
        let loaded = catch_unwind(AssertUnwindSafe(|| self.try_load(bytes, origin, standing)));
        let loaded = loaded.unwrap_or_else(|_| {
            Err(Refusal::Compile { reason: "loading it failed in an unforeseen way".into() })
        });
        let outcome = if loaded.is_ok() { "loaded" } else { "refused" };
        metric::load(outcome, self.clock.now().since(start));
        loaded
    }

    fn try_load(
        &self,
        bytes: &[u8],
        origin: Origin,
        standing: Standing,
    ) -> Result<Plugin, Refusal> {
        let key = self.key(bytes);
        let (class, component) = self.compiled(&key, bytes, standing)?;
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
            Origin::File(path) => cut(&path.file_stem().unwrap_or_default().to_string_lossy(), 64),
            Origin::Bundled(name) => (*name).into(),
        };
        let mould = Mould {
            plugin: name.as_str().into(),
            pre,
            budget: self.budgets.of(class.world, &name),
            pool: Arc::default(),
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
        Ok(Plugin {
            manifest,
            class,
            origin,
            size: bytes.len(),
            key,
            calls,
            world,
            mould,
            record: Mutex::default(),
            meter: Mutex::default(),
            workers: self.workers.clone(),
            _engine: self.engine.clone(),
        })
    }

    /// The code from the cache, or else from the compiler.
    fn compiled(
        &self,
        key: &Key,
        bytes: &[u8],
        standing: Standing,
    ) -> Result<(Class, Component), Refusal> {
        let engine = self.engine.engine();
        let ready = |artefact: &Artefact| {
            artefact.component(engine).map(|component| (artefact.class().clone(), component))
        };
        let cached = self.cache.as_ref().and_then(|cache| cache.get(key));
        match cached.as_ref().map(|cached| cached.as_ref().map(ready)) {
            Some(Ok(Ok(compiled))) => {
                metric::code("cached");
                return Ok(compiled);
            }
            Some(Ok(Err(error))) => tracing::warn!(%error, "cached code isn't used"),
            Some(Err(refusal)) => return Err(refusal.clone()),
            None => {}
        }
        let artefact = self.compile(key, bytes, standing)?;
        ready(&artefact)
            .map_err(|error| Refusal::Compile { reason: cut(&format!("{error:#}"), 300) })
    }

    /// Compiles what the cache hasn't.
    pub(crate) fn warm(&self, bytes: &[u8], standing: Standing) {
        let key = self.key(bytes);
        if self.cache.as_ref().is_some_and(|cache| !cache.has(&key)) {
            // Whoever loads it is told.
            let _told_later = self.compile(&key, bytes, standing);
        }
    }

    /// Compiles, and keeps in the cache what came of it.
    fn compile(&self, key: &Key, bytes: &[u8], standing: Standing) -> Result<Artefact, Refusal> {
        metric::code("compiled");
        let compiled = self.compiler.compile(bytes, standing);
        match (&compiled, &self.cache) {
            (Ok(artefact), Some(cache)) => cache.put(key, artefact),
            // What costs the compiler all that it may take does so once, not at every start.
            (Err(refusal @ Refusal::Limit { .. }), Some(cache)) => cache.put_refusal(key, refusal),
            _ => {}
        }
        compiled
    }

    /// The largest file that is looked at, in bytes.
    pub(crate) fn largest(&self) -> u64 {
        u64::from(self.compiler.limits.file_mib) << 20
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

fn check_manifest(manifest: &plugin::Manifest) -> Result<(), String> {
    let name = &manifest.name;
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !starts || name.len() > 64 || !name.bytes().all(rest) {
        return Err(format!("name {:?} is not 1 to 64 of a-z, 0-9 and -", cut(name, 64)));
    }
    let version = &manifest.version;
    if !(1..=64).contains(&version.len()) || !version.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("version has not 1 to 64 visible ASCII characters".into());
    }
    if manifest.summary.chars().count() > 200 || manifest.summary.chars().any(char::is_control) {
        return Err("summary has over 200 characters, or control characters".into());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_cant_forge_lines_or_colours() {
        let fine = plugin::Manifest {
            name: "a-1".into(),
            version: "1.0.0".into(),
            summary: "fine".into(),
            config_schema: "{}".into(),
        };
        assert_eq!(check_manifest(&fine), Ok(()));
        let bad = |change: fn(&mut plugin::Manifest)| {
            let mut manifest = fine.clone();
            change(&mut manifest);
            check_manifest(&manifest).unwrap_err()
        };
        for name in ["", "../up", "a/b", "A", "1a", "a\nb"] {
            let manifest = plugin::Manifest { name: name.into(), ..fine.clone() };
            assert!(check_manifest(&manifest).is_err(), "{name:?}");
        }
        assert!(bad(|it| it.version = "1\u{1b}[2J".into()).contains("version"));
        assert!(bad(|it| it.summary = "a\nERROR".into()).contains("summary"));
        assert!(bad(|it| it.config_schema = "[1".into()).contains("JSON"));
        assert!(bad(|it| it.config_schema = "[".repeat(60_000)).contains("JSON"));
    }
}
