//! What the host offers at one moment: plugins by name, refusals, callbacks by app.
//!
//! The invariant: a view never changes. After a reload there is a new one; whoever holds a plugin of
//! the old one keeps it until the end of the job.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::classify::{Refusal, World};
use crate::folder::{RefusedFile, shown};
use crate::plugin::{Origin, Plugin};
use crate::v1::callback::ComponentCallback;
use crate::watch::Watch;

/// An app's callback, or why it can't be used.
pub(crate) type AppCallback = Result<Arc<ComponentCallback>, String>;

/// One moment's plugins.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) plugins: BTreeMap<String, Arc<Plugin>>,
    pub(crate) refused: Vec<RefusedFile>,
    pub(crate) callbacks: BTreeMap<String, AppCallback>,
}

impl View {
    /// By precedence: files as their folders stand, then what is bundled. Without callbacks.
    pub(crate) fn of(watch: &Watch<Arc<Plugin>>, bundled: &[Bundled]) -> Self {
        let mut view = Self { refused: watch.refused(), ..Self::default() };
        for (file, plugin) in watch.good() {
            if let Err(reason) = view.add(plugin) {
                view.refused.push(RefusedFile { file: file.to_owned(), reason });
            }
        }
        for (name, loaded) in bundled {
            match loaded {
                // A file of the same name replaces it: that is no refusal.
                Ok(plugin) => drop(view.add(plugin)),
                Err(reason) => {
                    view.refused.push(RefusedFile { file: name.into(), reason: reason.clone() });
                }
            }
        }
        view
    }

    fn add(&mut self, plugin: &Arc<Plugin>) -> Result<(), Refusal> {
        if let Some(taken) = self.plugins.get(plugin.name()) {
            let name = plugin.name().to_owned();
            return Err(Refusal::Duplicate { name, other: taken.origin() });
        }
        self.plugins.insert(plugin.name().to_owned(), plugin.clone());
        Ok(())
    }

    /// The plugin, or the names of all plugins of that world.
    pub(crate) fn find(&self, world: World, name: &str) -> Result<Arc<Plugin>, Vec<String>> {
        let of_world = |plugin: &&Arc<Plugin>| plugin.class.world == world;
        self.plugins.get(name).filter(of_world).cloned().ok_or_else(|| {
            self.plugins.values().filter(of_world).map(|plugin| plugin.name().to_owned()).collect()
        })
    }

    /// Why the newest state of a plugin's file isn't used.
    pub(crate) fn refused_update(&self, plugin: &Plugin) -> Option<String> {
        let Origin::File(path) = &plugin.origin else { return None };
        let refused = self.refused.iter().find(|refused| refused.file == *path);
        refused.map(|refused| refused.reason.to_string())
    }

    /// Whether `name` is the very same plugin here and there.
    pub(crate) fn same(&self, other: &Self, name: &str) -> bool {
        match (self.plugins.get(name), other.plugins.get(name)) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        }
    }

    /// Says what is other than before.
    pub(crate) fn log_since(&self, before: &Self) {
        for plugin in self.plugins.values().filter(|plugin| !self.same(before, plugin.name())) {
            let replaced = before.plugins.get(plugin.name());
            tracing::info!(
                plugin = plugin.name(),
                version = plugin.manifest.version,
                world = plugin.class.world.name(),
                origin = plugin.origin(),
                replaces = replaced.map(|old| old.manifest.version.as_str()),
                "plugin loaded"
            );
        }
        for name in before.plugins.keys().filter(|name| !self.plugins.contains_key(*name)) {
            tracing::warn!(plugin = name, "plugin is gone; jobs that have begun keep it");
        }
        for refused in self.refused.iter().filter(|refused| !before.refused.contains(refused)) {
            let RefusedFile { file, reason } = refused;
            tracing::warn!(file = shown(file), %reason, "plugin refused");
        }
    }
}

/// A component carried inside the program, by its name there.
pub(crate) type Bundled = (&'static str, Result<Arc<Plugin>, Refusal>);
