//! `capstan plugin list`: what was found, and what was refused and why.

use std::sync::Arc;

use capstan_plugin::{PluginHost, PluginInfo, Want};
use serde::Serialize;
use serde_json::json;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::plugins;

/// Prints the plugins, for eyes or as JSON.
///
/// # Errors
/// Nothing can be loaded at all.
pub(super) fn run(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let host = plugins::load(config, Arc::new(SystemClock::start()))?;
    let missing = plugins::missing(config, &host);
    let plugins = host.list();
    if as_json {
        let plugins: Vec<Line> = plugins.into_iter().map(|info| Line::of(&host, info)).collect();
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
        if let Some(wants) = wants(&host, &plugin.name) {
            println!("{:<9} wants {wants}", "");
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
    /// Absent if only a recording's configuration says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    wants: Option<Vec<Want>>,
}

impl Line {
    fn of(host: &PluginHost, info: PluginInfo) -> Self {
        Self { wants: host.wants(&info.name).ok(), state: "loaded", info }
    }
}

/// What a plugin wants to reach, each with whether it may; `None` for nothing.
fn wants(host: &PluginHost, name: &str) -> Option<String> {
    match host.wants(name) {
        Ok(wants) if wants.is_empty() => None,
        Ok(wants) => {
            let shown = |want: &Want| {
                let granted = if want.granted { "granted" } else { "NOT GRANTED" };
                format!("{} ({granted})", want.endpoint)
            };
            Some(wants.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Err(_) => Some("hosts that each recording's configuration names".into()),
    }
}
