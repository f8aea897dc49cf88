//! `capstan plugin list`: what was found, and what was refused and why.

use std::sync::Arc;

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
    if as_json {
        let refused: Vec<_> = host
            .refused()
            .iter()
            .map(|refused| json!({"file": refused.file, "reason": refused.reason.to_string()}))
            .collect();
        let list = json!({"plugins": host.list(), "refused": refused, "missing": missing});
        println!("{list:#}");
        return Ok(());
    }
    for plugin in host.list() {
        println!(
            "{:<9} {:<20} {:<8} {:>7} KiB  {}",
            plugin.world.name(),
            plugin.name,
            plugin.version,
            plugin.size.div_ceil(1_024),
            plugin.summary
        );
        println!("{:<9} {}", "", plugin.origin);
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
    if host.list().is_empty() {
        println!("No plugin was found. Build them with `make plugins`, or name [plugins] folders.");
    }
    Ok(())
}
