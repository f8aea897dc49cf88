//! The plugins of this process: where they are looked for, and as which ports they serve.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use capstan_archive::settings::LayoutChoice;
use capstan_config::{Callback, Config, Plugins, STORE};
use capstan_media::time::RoomClock;
use capstan_plugin::{
    BadGrant, Budgets, CheckInput, CheckReport, Compiler, ConfiguredPlugin, Fetcher, Grant, Grants,
    HostError, HttpLimits, PluginHost, SenderError,
};
use capstan_recorder::Layouts;
use capstan_recording::layout::{Layout, LayoutError};
use serde_json::{Map, Value};
use thiserror::Error;

/// Components carried inside the program.
#[cfg(feature = "bundled-plugins")]
const BUNDLED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));
#[cfg(not(feature = "bundled-plugins"))]
const BUNDLED: &[(&str, &[u8])] = &[];

/// Where `make plugins` puts what it builds.
const BUILT: &str = "plugins/built";

/// Why there are no plugins.
#[derive(Debug, Error)]
pub enum PluginsError {
    /// A grant is malformed.
    #[error("plugins.allow: {0}")]
    Grant(#[from] BadGrant),
    /// Requests can't be sent.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// The host doesn't start.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Loads every plugin of the configuration's folders. Blocks while it compiles.
///
/// # Errors
/// Only what keeps all plugins from running; single files are refused inside.
pub fn load(config: &Config, clock: Arc<dyn RoomClock>) -> Result<PluginHost, PluginsError> {
    let plugins = &config.plugins;
    let grants = grants(&plugins.allow, &plugins.allow_private)?;
    let json = |table: &toml::Table| match serde_json::to_value(table) {
        Ok(value) => value.to_string(),
        Err(_) => "{}".into(),
    };
    let layouts = plugins.config.iter().map(|(name, table)| (name.clone(), json(table)));
    let callbacks = config.apps.iter().filter_map(|app| {
        app.callback.as_ref().map(|callback| (app.id.clone(), configured(callback)))
    });
    Ok(PluginHost::load(capstan_plugin::Config {
        folders: folders(plugins.folders.as_deref()),
        bundled: BUNDLED,
        compiler: Compiler {
            program: plugins.compile_with.clone().unwrap_or_else(this_program),
            limits: plugins.compiler,
        },
        cache: cache_folder(config),
        budgets: Budgets { plugins: plugins.budgets.clone(), ..Budgets::default() },
        grants,
        granted_to: granted_to(config),
        http: HttpLimits::default(),
        extra_ca: plugins.extra_ca.clone(),
        clock,
        layouts: layouts.collect(),
        callbacks: callbacks.collect(),
    })?)
}

/// What single plugins may reach because the configuration says whom they serve: the vendors' public
/// hosts, and the addresses of callbacks.
fn granted_to(config: &Config) -> BTreeMap<String, Grants> {
    let mut granted: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    for (_, vendor) in config.vendors.iter() {
        granted.entry(vendor.plugin.clone()).or_default().extend(vendor.hosts.iter().cloned());
    }
    for callback in config.apps.iter().filter_map(|app| app.callback.as_ref()) {
        let host = callback.url.host_str().and_then(|host| host.parse().ok());
        granted.entry(callback.plugin.clone()).or_default().extend(host);
    }
    granted.into_iter().map(|(plugin, grants)| (plugin, Grants::from(grants))).collect()
}

/// The program that runs now, even if another file has taken its place since.
fn this_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.to_owned() } else { std::env::current_exe().unwrap_or_default() }
}

/// Where compiled code is kept. A command that only looks makes no state folder of its own.
fn cache_folder(config: &Config) -> Option<PathBuf> {
    let state = &config.recording.state_dir;
    let beside = || state.is_dir().then(|| state.join("plugin-cache"));
    config.plugins.cache_dir.clone().or_else(beside)
}

/// Looks for new, changed and removed plugins for as long as the process lives.
pub(crate) async fn keep_looking(config: Arc<Config>, host: Arc<PluginHost>) {
    let every = Duration::from_secs(config.plugins.reload_seconds.into());
    loop {
        tokio::time::sleep(every).await;
        let host = Arc::clone(&host);
        // Its own thread: a look may compile. It fails only when the process ends.
        if tokio::task::spawn_blocking(move || host.reload()).await.is_err() {
            return;
        }
    }
}

/// What fetches the pictures that requests name by URL.
///
/// # Errors
/// A grant is malformed, or TLS can't be set up.
pub fn fetcher(config: &Config) -> Result<Fetcher, PluginsError> {
    let urls = &config.image_urls;
    let grants = grants(&urls.allow, &urls.allow_private)?;
    Ok(Fetcher::new(grants, HttpLimits::default(), config.plugins.extra_ca.as_deref())?)
}

/// The operator's grants: hosts, and hosts whose addresses may be private.
fn grants(allow: &[String], allow_private: &[String]) -> Result<Grants, BadGrant> {
    let mut grants = Vec::new();
    for (list, private) in [(allow_private, true), (allow, false)] {
        for grant in list {
            grants.push(grant.parse::<Grant>()?.with_private(private));
        }
    }
    Ok(Grants::from(grants))
}

/// Tries one plugin's file out under a configuration's budgets. Blocks for seconds.
///
/// # Errors
/// There can't be a host. Whatever is wrong with the file is in the report.
pub fn check(
    config: &Config,
    file: &Path,
    input: &CheckInput,
    clock: Arc<dyn RoomClock>,
) -> Result<CheckReport, PluginsError> {
    let nobody = Config {
        plugins: Plugins { folders: Some(Vec::new()), ..config.plugins.clone() },
        apps: Vec::new(),
        ..config.clone()
    };
    Ok(load(&nobody, clock)?.check(file, input))
}

/// Names that the configuration uses and no plugin has.
#[must_use]
pub fn missing(config: &Config, host: &PluginHost) -> Vec<String> {
    let there: Vec<String> = host.list().into_iter().map(|plugin| plugin.name).collect();
    let layouts = &config.recording.layouts;
    // A shipped vendor whose plugin isn't there is refused when somebody asks for it.
    let vendors = config.vendors.iter().filter(|(_, vendor)| vendor.of_operator);
    let vendors = vendors.map(|(_, vendor)| &vendor.plugin);
    let callbacks = config.apps.iter().filter_map(|app| app.callback.as_ref());
    let mut missing: Vec<String> =
        [&layouts.float, &layouts.best_fit, &layouts.vertical, &layouts.custom]
            .into_iter()
            .chain(vendors.filter(|name| *name != STORE))
            .chain(callbacks.map(|callback| &callback.plugin))
            .filter(|name| !there.contains(name))
            .cloned()
            .collect();
    missing.sort();
    missing.dedup();
    missing
}

/// A callback plugin with `url` and `secret` beside what the operator adds.
fn configured(callback: &Callback) -> ConfiguredPlugin {
    let mut config = match serde_json::to_value(&callback.config) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    config.insert("url".into(), callback.url.to_string().into());
    if let Some(secret) = &callback.secret {
        config.insert("secret".into(), secret.reveal().into());
    }
    let config = Value::Object(config).to_string();
    ConfiguredPlugin { plugin: callback.plugin.clone(), config }
}

/// The configured folders, or the first `plugins/built` around the process.
fn folders(configured: Option<&[PathBuf]>) -> Vec<PathBuf> {
    if let Some(folders) = configured {
        return folders.to_vec();
    }
    let program = std::env::current_exe().ok();
    let beside = program.iter().flat_map(|program| program.ancestors().skip(1));
    // Only a program that is run where it was built finds its repository this way.
    let repository =
        cfg!(debug_assertions).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    std::iter::once(PathBuf::new())
        .chain(beside.map(Path::to_owned))
        .chain(repository)
        .map(|place| place.join(BUILT))
        .find(|folder| folder.is_dir())
        .map(|folder| folder.canonicalize().unwrap_or(folder))
        .into_iter()
        .collect()
}

/// Layouts from plugins.
pub(crate) struct PluginLayouts(pub(crate) Arc<PluginHost>);

impl Layouts for PluginLayouts {
    fn open(&self, choice: &LayoutChoice) -> Result<Box<dyn Layout>, LayoutError> {
        match self.0.layout(&choice.name) {
            Ok(layout) => Ok(Box::new(layout)),
            Err(unknown) => Err(LayoutError::Refused {
                layout: choice.name.clone(),
                reason: format!("{unknown}; see `capstan plugin list`"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_gets_its_url_and_secret_in_its_configuration() {
        let callback = Callback {
            plugin: "callback-agora".into(),
            url: url::Url::parse("https://example.com/x").unwrap(),
            secret: Some(capstan_config::Secret::new("s".into())),
            config: toml::from_str("more = 1").unwrap(),
        };
        let config: BTreeMap<String, Value> =
            serde_json::from_str(&configured(&callback).config).unwrap();
        assert_eq!(config["url"], "https://example.com/x");
        assert_eq!((&config["secret"], &config["more"]), (&Value::from("s"), &Value::from(1)));
    }

    #[test]
    fn configured_folders_are_taken_as_they_are() {
        assert_eq!(folders(Some(&["/x".into()])), [PathBuf::from("/x")]);
    }
}
