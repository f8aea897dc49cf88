//! `capstan plugin list`: what was found, and what was refused and why.

use std::sync::Arc;

use capstan_plugin::{PluginHost, PluginInfo, Want, World};
use serde::Serialize;
use serde_json::json;

use crate::clock::SystemClock;
use crate::plugins;
use capstan_config::Config;

/// Prints the plugins, for eyes or as JSON.
///
/// # Errors
/// Nothing can be loaded at all.
pub(super) fn run(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let host = plugins::load(config, Arc::new(SystemClock::start()))?;
    let missing = plugins::missing(config, &host);
    let plugins = host.list();
    if as_json {
        let line = |info| Line::of(config, &host, info);
        let plugins: Vec<Line> = plugins.into_iter().map(line).collect();
        let refused: Vec<_> = host
            .refused()
            .iter()
            .map(|refused| json!({"file": refused.file, "reason": refused.reason.to_string()}))
            .collect();
        let list = json!({"plugins": plugins, "refused": refused, "missing": missing});
        println!("{list:#}");
        return Ok(());
    }
    for plugin in &plugins {
        println!(
            "{:<9} {:<20} {:<8} {:>7} KiB  {}",
            plugin.world.name(),
            plugin.name,
            plugin.version,
            plugin.size.div_ceil(1_024),
            plugin.summary
        );
        println!("{:<9} {}", "", plugin.origin);
        for reach in reaches(config, &host, plugin) {
            println!("{:<9} {reach}", "");
        }
    }
    for (key, hosts) in
        [("allow", &config.plugins.allow), ("allow_private", &config.plugins.allow_private)]
    {
        if !hosts.is_empty() {
            println!("Every plugin may reach, if it asks: {} ([plugins] {key})", hosts.join(", "));
        }
    }
    for refused in host.refused() {
        println!("REFUSED   {}: {}", refused.file.display(), refused.reason);
    }
    for (app, reason) in host.bad_callbacks() {
        println!("BROKEN    callback of app {app}: {reason}");
    }
    for name in &missing {
        println!(
            "MISSING   {name}: the configuration names it; `make plugins` builds the shipped ones"
        );
    }
    if plugins.is_empty() {
        println!("No plugin was found. Build them with `make plugins`, or name [plugins] folders.");
    }
    Ok(())
}

/// A plugin as JSON.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    info: PluginInfo,
    state: &'static str,
    /// The vendors that a storage serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vendors: Vec<Served>,
    /// What a callback wants to reach for its apps; absent if it doesn't take their configurations.
    #[serde(skip_serializing_if = "Option::is_none")]
    wants: Option<Vec<Want>>,
}

/// A vendor that a storage serves.
#[derive(Serialize)]
struct Served {
    vendor: String,
    name: String,
    /// What the storage may reach for it, as grants are written.
    may_reach: Vec<String>,
}

impl Line {
    fn of(config: &Config, host: &PluginHost, info: PluginInfo) -> Self {
        let callback = info.world == World::Callback;
        Self {
            vendors: served(config, &info.name),
            wants: callback.then(|| host.wants(&info.name).ok()).flatten(),
            state: "loaded",
            info,
        }
    }
}

fn served(config: &Config, plugin: &str) -> Vec<Served> {
    let vendors = config.vendors.iter().filter(|(_, vendor)| vendor.plugin == plugin);
    let served = vendors.map(|(key, vendor)| Served {
        vendor: key.to_owned(),
        name: vendor.name.clone(),
        may_reach: vendor.hosts.iter().map(ToString::to_string).collect(),
    });
    served.collect()
}

/// What a plugin is used for and may reach for that; nothing for a layout.
fn reaches(config: &Config, host: &PluginHost, plugin: &PluginInfo) -> Vec<String> {
    match plugin.world {
        World::Layout => Vec::new(),
        World::Storage => {
            let served = served(config, &plugin.name);
            if served.is_empty() {
                return vec!["serves no vendor yet: name it in [storage.vendors]".into()];
            }
            served.iter().map(Served::shown).collect()
        }
        World::Callback => match host.wants(&plugin.name) {
            Ok(wants) if wants.is_empty() => vec!["no app names it as its callback".into()],
            Ok(wants) => wants.iter().map(shown).collect(),
            Err(reason) => vec![format!("doesn't take an app's configuration: {reason}")],
        },
    }
}

impl Served {
    fn shown(&self) -> String {
        let Self { vendor, name, may_reach } = self;
        let name = if name == vendor { String::new() } else { format!(" ({name})") };
        let hosts = match &may_reach[..] {
            [] => "no host but those that [plugins] allow grants".into(),
            hosts if hosts.iter().any(|host| host == "*") => "every public host".into(),
            hosts => hosts.join(", "),
        };
        format!("serves vendor {vendor}{name}; may reach {hosts}")
    }
}

fn shown(Want { endpoint, granted }: &Want) -> String {
    match granted {
        true => format!("calls {endpoint} (granted)"),
        false => format!("wants to call {endpoint}: NOT GRANTED, see [plugins] allow"),
    }
}
