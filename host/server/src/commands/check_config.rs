//! `capstan check-config`: what is wrong with a configuration, or what it means.

use std::sync::Arc;

use anyhow::bail;

use crate::clock::SystemClock;
use crate::commands::config_args::ConfigArgs;
use crate::{fonts, plugins};
use capstan_config::{App, Config};
use capstan_recorder::images;
use capstan_recorder::store::NativeStore;

/// Prints what a configuration means.
///
/// # Errors
/// The first thing wrong with it.
pub(super) fn run(args: &ConfigArgs) -> anyhow::Result<()> {
    let config = args.load()?;
    let store = NativeStore::open(&config.storage)?;
    let plugins = plugins::load(&config, Arc::new(SystemClock::start()))?;
    images::load(&config.images)?;
    fonts::load(&config.recording.fonts)?;
    println!("HTTP       {}", config.http.listen);
    println!("media      {}/udp", config.ingest.listen);
    println!("recordings go to {}", store.shown());
    if let Some(backup) = NativeStore::backup(&config.backup)? {
        println!("what its vendor doesn't take goes to {}", backup.shown());
    }
    for app in &config.apps {
        println!("app        {}", describe(app));
    }
    let missing = plugins::missing(&config, &plugins);
    for name in &missing {
        println!("MISSING    plugin {name}");
    }
    if !missing.is_empty() {
        bail!("plugins are missing: see `capstan plugin list`, build them with `make plugins`");
    }
    println!("The configuration is fine.");
    Ok(())
}

fn describe(app: &App) -> String {
    let keys: Vec<&str> = app.keys.iter().map(|pair| pair.key.as_str()).collect();
    let mut text = format!("{}, key {}", app.id, keys.join(", "));
    if app.disabled {
        text.push_str(", switched off");
    }
    if app.loopback_only {
        text.push_str(", clients on this machine only");
    }
    if app.whip_token.is_none() {
        text.push_str(", no token to publish");
    }
    match &app.callback {
        Some(callback) => text.push_str(&format!(", events to {}", callback.url)),
        None => text.push_str(", no events"),
    }
    text
}

/// Whether anything in a configuration is worth a warning at the start.
pub(crate) fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    if config.demo_app {
        warnings.push(
            "app demo with key and secret demo is open to every client on this machine; write \
             [[apps]] for anything else"
                .to_owned(),
        );
    }
    for app in config.apps.iter().filter(|app| !app.loopback_only) {
        let id = &app.id;
        if app.whip_token.is_none() && !config.http.listen.ip().is_loopback() {
            warnings.push(format!("app {id} has no whip_token: whoever reaches it may publish"));
        }
        if app.keys.iter().any(|pair| ["demo", "change-me"].contains(&pair.secret.reveal())) {
            warnings.push(format!("app {id} has an example's secret; change it"));
        }
    }
    warnings
}
