//! The host of all plugins: loads them, looks for new ones, lists them, and hands them out as a
//! recording's ports.
//!
//! The invariant: a broken file never keeps the others or the process from starting, nor does it
//! replace what was good before it; it is listed with its reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use capstan_media::time::RoomClock;
use capstan_outbox::ports::{
    Callback, Callbacks, DeliveryError, Storage, StorageTarget, Storages, UploadError,
};
use serde::Serialize;
use thiserror::Error;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::budget::Budgets;
use crate::cache::Cache;
use crate::classify::World;
use crate::compile::{Compiler, Standing};
use crate::engine::WatchedEngine;
use crate::folder::{self, RefusedFile};
use crate::grants::Grants;
use crate::http::{Limits, Sender, SenderError};
use crate::load::Loader;
use crate::metric;
use crate::plugin::{Origin, Plugin};
use crate::record::Conduct;
use crate::v1::callback::ComponentCallback;
use crate::v1::layout::ComponentLayout;
use crate::v1::storage::ComponentStorage;
use crate::view::{AppCallback, Bundled, View};
use crate::warm::warm;
use crate::watch::{Haste, Loaded, Watch};
use crate::workers::Workers;

/// What a host is made of.
pub struct Config {
    /// Folders whose `.wasm` files are plugins; of two with the same name the first is taken.
    pub folders: Vec<PathBuf>,
    /// Components carried inside the program, by file name. A file in a folder replaces one of the
    /// same plugin name.
    pub bundled: &'static [(&'static str, &'static [u8])],
    /// How files are compiled.
    pub compiler: Compiler,
    /// A folder for compiled code, made if it isn't there; without one every start compiles anew.
    pub cache: Option<PathBuf>,
    /// What plugins may use.
    pub budgets: Budgets,
    /// Where all of them may send requests.
    pub grants: Grants,
    /// Where single ones may as well, by the plugin's name.
    pub granted_to: BTreeMap<String, Grants>,
    /// Bounds of their requests.
    pub http: Limits,
    /// A PEM file of certificate authorities to trust beside the usual ones.
    pub extra_ca: Option<PathBuf>,
    /// The process's clock.
    pub clock: Arc<dyn RoomClock>,
    /// Layouts' configurations, JSON objects by the plugin's name; `{}` for the others.
    pub layouts: BTreeMap<String, String>,
    /// Each app's callback. An app that isn't here wants no events.
    pub callbacks: BTreeMap<String, ConfiguredPlugin>,
}

/// A plugin by its name, and its configuration.
#[derive(Clone)]
pub struct ConfiguredPlugin {
    /// The plugin's name.
    pub plugin: String,
    /// A JSON object. Secret.
    pub config: String,
}

/// Why there is no host.
#[derive(Debug, Error)]
pub enum HostError {
    /// The engine doesn't run on this machine.
    #[error("the WebAssembly engine doesn't start: {reason}")]
    Engine {
        /// Its words.
        reason: String,
    },
    /// Requests can't be sent.
    #[error(transparent)]
    Sender(#[from] SenderError),
}

/// There is no layout of this name.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("no layout plugin is called {name}; there are: {}", known.join(", "))]
pub struct UnknownLayout {
    /// What was asked for.
    pub name: String,
    /// What there is.
    pub known: Vec<String>,
}

/// One loaded plugin, for lists.
#[derive(Clone, Debug, Serialize)]
pub struct PluginInfo {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// One line for people.
    pub summary: String,
    /// What it is for.
    pub world: World,
    /// The version of the contract that it was built against.
    pub contract: String,
    /// Its file, or `bundled`.
    pub origin: String,
    /// Its size in bytes.
    pub size: usize,
    /// The JSON Schema of its configuration.
    pub config_schema: String,
}

/// One loaded plugin and its conduct.
#[derive(Clone, Debug, Serialize)]
pub struct PluginReport {
    /// What it is.
    #[serde(flatten)]
    pub info: PluginInfo,
    /// What it did.
    #[serde(flatten)]
    pub conduct: Conduct,
    /// Why its file's newest state isn't used: what is reported here is the one before.
    pub refused_update: Option<String>,
}

/// All plugins of one process.
pub struct PluginHost {
    pub(crate) loader: Loader,
    bundled: Vec<Bundled>,
    watch: Mutex<Watch<Arc<Plugin>>>,
    view: RwLock<Arc<View>>,
    sender: Arc<Sender>,
    grants: Grants,
    granted_to: BTreeMap<String, Grants>,
    layouts: BTreeMap<String, String>,
    callbacks: BTreeMap<String, ConfiguredPlugin>,
}

impl PluginHost {
    /// Loads every plugin there is. Blocks while it compiles: tens of milliseconds for a plugin in
    /// Rust or C whose code isn't cached.
    ///
    /// # Errors
    /// Only what keeps all plugins from running; a broken file is in [`Self::refused`].
    pub fn load(config: Config) -> Result<Self, HostError> {
        let engine = WatchedEngine::start()
            .map_err(|error| HostError::Engine { reason: format!("{error:#}") })?;
        let workers =
            Workers::start().map_err(|error| HostError::Engine { reason: error.to_string() })?;
        let sender = Arc::new(Sender::new(config.http, config.extra_ca.as_deref())?);
        let loader = Loader {
            engine: Arc::new(engine),
            compiler: config.compiler,
            cache: config.cache.as_deref().and_then(open_cache),
            workers: Arc::new(workers),
            budgets: config.budgets,
            clock: config.clock,
        };
        config.folders.iter().for_each(|folder| folder::warn_of_writers(folder));
        warm(&loader, &config.folders, config.bundled);
        let bundled = config.bundled.iter().map(|&(name, bytes)| {
            let loaded = loader.load(bytes, Origin::Bundled(name), Standing::First).map(Arc::new);
            (name, loaded)
        });
        let host = Self {
            bundled: bundled.collect(),
            loader,
            watch: Mutex::new(Watch::new(config.folders)),
            view: RwLock::default(),
            sender,
            grants: config.grants,
            granted_to: config.granted_to,
            layouts: config.layouts,
            callbacks: config.callbacks,
        };
        host.look(Haste::AtOnce);
        if let Some(cache) = &host.loader.cache {
            cache.tidy();
        }
        Ok(host)
    }

    /// Looks for new, changed and removed files. A file is taken when it was the same at two looks;
    /// jobs that have begun keep the plugin that they began with. Blocks while it compiles.
    pub fn reload(&self) {
        self.look(Haste::Settled);
    }

    fn look(&self, haste: Haste) {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = match haste {
            Haste::AtOnce => Standing::First,
            Haste::Settled => Standing::Back,
        };
        let changed = watch.look(haste, |path, before| self.load_file(path, before, standing));
        if !changed && haste == Haste::Settled {
            return;
        }
        let before = self.view();
        let mut view = View::of(&watch, &self.bundled);
        view.callbacks = self.open_callbacks(&view, &before);
        view.log_since(&before);
        metric::plugins(view.plugins.len(), view.refused.len());
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    fn load_file(
        &self,
        path: &Path,
        before: Option<&Arc<Plugin>>,
        standing: Standing,
    ) -> Loaded<Arc<Plugin>> {
        let (bytes, stamp) =
            folder::read(path, self.loader.largest()).map_err(|reason| (reason, None))?;
        if let Some(same) = before.filter(|plugin| plugin.key == self.loader.key(&bytes)) {
            return Ok((same.clone(), stamp));
        }
        match self.loader.load(&bytes, Origin::File(path.to_owned()), standing) {
            Ok(plugin) => Ok((Arc::new(plugin), stamp)),
            Err(reason) => Err((reason, Some(stamp))),
        }
    }

    /// Each app's callback. One that works isn't given up for a new version of its plugin that
    /// doesn't take its configuration.
    fn open_callbacks(&self, view: &View, before: &View) -> BTreeMap<String, AppCallback> {
        let open = |(app, configured): (&String, &ConfiguredPlugin)| {
            let name = &configured.plugin;
            let old = before.callbacks.get(app);
            if let Some(old) = old.filter(|_| view.same(before, name)) {
                return (app.clone(), old.clone());
            }
            let opened = self.open_callback(view, configured).map(Arc::new);
            if let Err(reason) = &opened {
                tracing::error!(app, reason, "callback of app can't be used");
                if let Some(Ok(old)) = old.filter(|_| view.plugins.contains_key(name)) {
                    return (app.clone(), Ok(old.clone()));
                }
            }
            (app.clone(), opened)
        };
        self.callbacks.iter().map(open).collect()
    }

    fn open_callback(
        &self,
        view: &View,
        configured: &ConfiguredPlugin,
    ) -> Result<ComponentCallback, String> {
        let ConfiguredPlugin { plugin: name, config } = configured;
        let plugin = view.find(World::Callback, name).map_err(|known| {
            format!("no callback plugin is called {name}; there are: {}", known.join(", "))
        })?;
        ComponentCallback::open(plugin, config, self.sender.clone(), self.grants_of(name))
    }

    /// The loaded plugins, by name.
    #[must_use]
    pub fn list(&self) -> Vec<PluginInfo> {
        self.view().plugins.values().map(|plugin| info(plugin)).collect()
    }

    /// The loaded plugins, by name, and what they did since they were loaded.
    #[must_use]
    pub fn report(&self) -> Vec<PluginReport> {
        let view = self.view();
        let report = |plugin: &Arc<Plugin>| PluginReport {
            info: info(plugin),
            conduct: plugin.conduct(),
            refused_update: view.refused_update(plugin),
        };
        view.plugins.values().map(report).collect()
    }

    /// Files and folders that give no plugin now.
    #[must_use]
    pub fn refused(&self) -> Vec<RefusedFile> {
        self.view().refused.clone()
    }

    /// Apps whose callback can't be used, each with what has to be changed.
    #[must_use]
    pub fn bad_callbacks(&self) -> Vec<(String, String)> {
        let view = self.view();
        let bad = view.callbacks.iter().filter_map(|(app, callback)| {
            callback.as_ref().err().map(|reason| (app.clone(), reason.clone()))
        });
        bad.collect()
    }

    /// A layout for one recording.
    ///
    /// # Errors
    /// There is no layout plugin of this name.
    pub fn layout(&self, name: &str) -> Result<ComponentLayout, UnknownLayout> {
        let plugin = self.view().find(World::Layout, name).map_err(|known| {
            let name = name.to_owned();
            UnknownLayout { name, known }
        })?;
        let config = self.layouts.get(name).map_or("{}", String::as_str);
        Ok(ComponentLayout::new(plugin, config.into()))
    }

    /// What everybody may reach, and what this plugin may.
    pub(crate) fn grants_of(&self, plugin: &str) -> Grants {
        match self.granted_to.get(plugin) {
            Some(own) => self.grants.and(own),
            None => self.grants.clone(),
        }
    }

    /// The configurations that apps give to a callback plugin.
    pub(crate) fn configs_of(&self, plugin: &str) -> Vec<String> {
        let of_plugin = self.callbacks.values().filter(|configured| configured.plugin == plugin);
        of_plugin.map(|configured| configured.config.clone()).collect()
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Storages for PluginHost {
    fn open(&self, target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError> {
        let plugin = self.view().find(World::Storage, &target.storage);
        let plugin = plugin.map_err(|known| UploadError::Rejected {
            storage: target.storage.clone(),
            code: "no-plugin".into(),
            reason: format!("no storage plugin is called so; there are: {}", known.join(", ")),
        })?;
        let (sender, grants) = (self.sender.clone(), self.grants_of(&target.storage));
        let open = || ComponentStorage::open(plugin, &target.config, sender, grants);
        Ok(Arc::new(aside(open)?))
    }
}

impl Callbacks for PluginHost {
    fn open(&self, app: &str) -> Result<Option<Arc<dyn Callback>>, DeliveryError> {
        match self.view().callbacks.get(app) {
            None => Ok(None),
            Some(Ok(callback)) => Ok(Some(callback.clone())),
            Some(Err(reason)) => {
                Err(DeliveryError::Rejected { id: format!("of app {app}"), reason: reason.clone() })
            }
        }
    }
}

/// Lets a guest compute on this thread. If the thread belongs to the async runtime, the tasks that wait
/// behind this one go on elsewhere meanwhile.
fn aside<T>(call: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(call),
        _ => call(),
    }
}

/// Without a cache everything works, only slower.
fn open_cache(folder: &Path) -> Option<Cache> {
    match Cache::open(folder) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!(%error, "every start compiles all plugins");
            None
        }
    }
}

fn info(plugin: &Plugin) -> PluginInfo {
    PluginInfo {
        name: plugin.name().to_owned(),
        version: plugin.manifest.version.clone(),
        summary: plugin.manifest.summary.clone(),
        world: plugin.class.world,
        contract: plugin.class.contract.clone(),
        origin: plugin.origin(),
        size: plugin.size,
        config_schema: plugin.manifest.config_schema.clone(),
    }
}
