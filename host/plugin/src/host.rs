//! The host of all plugins: loads them, lists them, and hands them out as a recording's ports.
//!
//! The invariant: a broken file never keeps the others or the process from starting; it is listed
//! with its reason.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use capstan_media::time::RoomClock;
use capstan_recording::ports::{
    Callback, Callbacks, DeliveryError, Storage, StorageTarget, Storages, UploadError,
};
use serde::Serialize;
use thiserror::Error;

use crate::budget::Budgets;
use crate::classify::{Refusal, World};
use crate::engine::WatchedEngine;
use crate::folder::{self, RefusedFile};
use crate::grants::Grants;
use crate::http::{Limits, Sender, SenderError};
use crate::load::{Loader, Origin, Plugin};
use crate::v1::callback::ComponentCallback;
use crate::v1::layout::ComponentLayout;
use crate::v1::storage::ComponentStorage;

/// What a host is made of.
pub struct Config {
    /// Folders whose `.wasm` files are plugins; of two with the same name the first is taken.
    pub folders: Vec<PathBuf>,
    /// Components carried inside the program, by file name. A file in a folder replaces one of the
    /// same plugin name.
    pub bundled: &'static [(&'static str, &'static [u8])],
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

/// All plugins of one process.
pub struct PluginHost {
    plugins: BTreeMap<String, Arc<Plugin>>,
    refused: Vec<RefusedFile>,
    sender: Arc<Sender>,
    grants: Grants,
    granted_to: BTreeMap<String, Grants>,
    layouts: BTreeMap<String, String>,
    callbacks: BTreeMap<String, Result<Arc<ComponentCallback>, String>>,
}

impl PluginHost {
    /// Loads every plugin there is. Blocks while it compiles: tens of milliseconds for a plugin in
    /// Rust or C.
    ///
    /// # Errors
    /// Only what keeps all plugins from running; a broken file is in [`Self::refused`].
    pub fn load(config: Config) -> Result<Self, HostError> {
        let engine = WatchedEngine::start()
            .map_err(|error| HostError::Engine { reason: format!("{error:#}") })?;
        let sender = Arc::new(Sender::new(config.http, config.extra_ca.as_deref())?);
        let loader =
            Loader { engine: Arc::new(engine), budgets: config.budgets, clock: config.clock };
        let mut host = Self {
            plugins: BTreeMap::new(),
            refused: Vec::new(),
            sender,
            grants: config.grants,
            granted_to: config.granted_to,
            layouts: config.layouts,
            callbacks: BTreeMap::new(),
        };
        for folder in &config.folders {
            match folder::scan(folder) {
                Ok(files) => files.into_iter().for_each(|file| host.add_file(&loader, file)),
                Err(refused) => host.refuse(refused.file, refused.reason),
            }
        }
        for (name, bytes) in config.bundled {
            host.add_bundled(&loader, name, bytes);
        }
        for (app, configured) in config.callbacks {
            let callback = host.callback(&configured);
            if let Err(reason) = &callback {
                tracing::error!(app, reason, "callback of app can't be used");
            }
            host.callbacks.insert(app, callback.map(Arc::new));
        }
        Ok(host)
    }

    /// The loaded plugins, by name.
    #[must_use]
    pub fn list(&self) -> Vec<PluginInfo> {
        self.plugins.values().map(|plugin| info(plugin)).collect()
    }

    /// Files and folders that gave no plugin.
    #[must_use]
    pub fn refused(&self) -> &[RefusedFile] {
        &self.refused
    }

    /// Apps whose callback can't be used, each with what has to be changed.
    pub fn bad_callbacks(&self) -> impl Iterator<Item = (&str, &str)> {
        self.callbacks.iter().filter_map(|(app, callback)| {
            callback.as_ref().err().map(|reason| (app.as_str(), reason.as_str()))
        })
    }

    /// A layout for one recording.
    ///
    /// # Errors
    /// There is no layout plugin of this name.
    pub fn layout(&self, name: &str) -> Result<ComponentLayout, UnknownLayout> {
        let plugin = self.find(World::Layout, name).map_err(|known| {
            let name = name.to_owned();
            UnknownLayout { name, known }
        })?;
        let config = self.layouts.get(name).map_or("{}", String::as_str);
        Ok(ComponentLayout::new(plugin, config.into()))
    }

    /// The plugin, or the names of all plugins of that world.
    fn find(&self, world: World, name: &str) -> Result<Arc<Plugin>, Vec<String>> {
        let of_world = |plugin: &&Arc<Plugin>| plugin.class.world == world;
        self.plugins.get(name).filter(of_world).cloned().ok_or_else(|| {
            self.plugins.values().filter(of_world).map(|plugin| plugin.name().to_owned()).collect()
        })
    }

    fn callback(&self, configured: &ConfiguredPlugin) -> Result<ComponentCallback, String> {
        let ConfiguredPlugin { plugin: name, config } = configured;
        let plugin = self.find(World::Callback, name).map_err(|known| {
            format!("no callback plugin is called {name}; there are: {}", known.join(", "))
        })?;
        ComponentCallback::open(plugin, config, self.sender.clone(), self.grants_of(name))
    }

    /// What everybody may reach, and what this plugin may.
    fn grants_of(&self, plugin: &str) -> Grants {
        match self.granted_to.get(plugin) {
            Some(own) => self.grants.and(own),
            None => self.grants.clone(),
        }
    }

    fn add_file(&mut self, loader: &Loader, file: PathBuf) {
        let loaded = folder::read(&file)
            .and_then(|bytes| loader.load(&bytes, Origin::File(file.clone())))
            .and_then(|plugin| self.add(plugin));
        if let Err(reason) = loaded {
            self.refuse(file, reason);
        }
    }

    fn add_bundled(&mut self, loader: &Loader, name: &'static str, bytes: &[u8]) {
        match loader.load(bytes, Origin::Bundled(name)).and_then(|plugin| self.add(plugin)) {
            Ok(()) => {}
            Err(Refusal::Duplicate { name, other }) => {
                tracing::info!(name, other, "a file replaces a bundled plugin");
            }
            Err(reason) => self.refuse(name.into(), reason),
        }
    }

    fn add(&mut self, plugin: Plugin) -> Result<(), Refusal> {
        if let Some(taken) = self.plugins.get(plugin.name()) {
            let name = plugin.name().to_owned();
            return Err(Refusal::Duplicate { name, other: origin(taken) });
        }
        tracing::info!(
            plugin = plugin.name(),
            version = plugin.manifest.version,
            world = plugin.class.world.name(),
            origin = origin(&plugin),
            "plugin loaded"
        );
        self.plugins.insert(plugin.name().to_owned(), Arc::new(plugin));
        Ok(())
    }

    fn refuse(&mut self, file: PathBuf, reason: Refusal) {
        tracing::warn!(file = %file.display(), %reason, "plugin refused");
        self.refused.push(RefusedFile { file, reason });
    }
}

impl Storages for PluginHost {
    fn open(&self, target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError> {
        let plugin =
            self.find(World::Storage, &target.storage).map_err(|known| UploadError::Rejected {
                storage: target.storage.clone(),
                code: "no-plugin".into(),
                reason: format!("no storage plugin is called so; there are: {}", known.join(", ")),
            })?;
        let (sender, grants) = (self.sender.clone(), self.grants_of(&target.storage));
        Ok(Arc::new(ComponentStorage::open(plugin, &target.config, sender, grants)?))
    }
}

impl Callbacks for PluginHost {
    fn open(&self, app: &str) -> Result<Option<Arc<dyn Callback>>, DeliveryError> {
        match self.callbacks.get(app) {
            None => Ok(None),
            Some(Ok(callback)) => Ok(Some(callback.clone())),
            Some(Err(reason)) => {
                Err(DeliveryError::Rejected { id: format!("of app {app}"), reason: reason.clone() })
            }
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
        origin: origin(plugin),
        size: plugin.size,
        config_schema: plugin.manifest.config_schema.clone(),
    }
}

fn origin(plugin: &Plugin) -> String {
    match &plugin.origin {
        Origin::File(path) => path.display().to_string(),
        Origin::Bundled(_) => "bundled".into(),
    }
}
