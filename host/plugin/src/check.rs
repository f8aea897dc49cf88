//! Tries a plugin out as its author would: loads it as the host does, then plays every scene that the
//! contract promises to survive.
//!
//! The invariant: nothing leaves the machine. Vendors and servers are played by a script, in process,
//! with a clock and chance that are the same at each run.

mod callback;
mod example;
mod faults;
mod layout;
mod probe;
mod report;
mod script;
mod storage;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::classify::{World, names};
use crate::compile::Standing;
use crate::folder;
use crate::grants::{Grant, Grants, Reach};
use crate::host::PluginHost;
use crate::plugin::{Origin, Plugin};
use crate::v1::bindings::exports::capstan::plugin::plugin::{Endpoint, Scheme};

pub use report::{CallTime, CheckReport, Finding, Verdict};
pub use script::{BadScript, Script};

/// What a plugin is tried with.
#[derive(Clone, Debug, Default)]
pub struct CheckInput {
    /// Its configuration, a JSON object; made up from its schema if absent.
    pub config: Option<String>,
    /// A layout's options, a JSON object; `{}` if absent.
    pub options: Option<String>,
    /// What the vendor or the server answers when all is well.
    pub script: Option<Script>,
}

/// Tries a loaded plugin whose file has these bytes. Blocks for seconds.
fn check(plugin: &Arc<Plugin>, bytes: &[u8], input: &CheckInput) -> CheckReport {
    let mut report = CheckReport::of(plugin, bytes, imports(bytes));
    let schema: Value = serde_json::from_str(&plugin.manifest.config_schema).unwrap_or_default();
    let config = input.config.clone().unwrap_or_else(|| example::configuration(&schema));
    let endpoints = match probe::configure(plugin, &config) {
        Ok(endpoints) => endpoints,
        Err(reason) => {
            let hint = if input.config.is_some() {
                reason
            } else {
                format!(
                    "{reason}. That configuration was made up from the schema: give one, or put \
                     `examples` into the schema"
                )
            };
            report.fail("configure takes a configuration", hint);
            return report;
        }
    };
    report.pass("configure takes a configuration", "");
    report.wants = endpoints.iter().map(shown).collect();
    configurations(plugin, &config, &endpoints, &mut report);
    let secrets = example::secrets(&schema, &config);
    match (plugin.class.world, everything_asked(&endpoints)) {
        (World::Layout, _) => {
            let options = input.options.as_deref().unwrap_or("{}");
            layout::check(plugin, &config, options, &mut report);
        }
        (_, Err(reason)) => report.fail("the endpoints are hosts", reason),
        (World::Storage, Ok(reach)) => {
            let script = input.script.as_ref();
            storage::check(plugin, &config, &reach, script, &secrets, &mut report);
        }
        (World::Callback, Ok(reach)) => {
            let script = input.script.as_ref();
            callback::check(plugin, &config, &reach, script, &secrets, &mut report);
        }
    }
    report
}

/// What must hold of `configure` whatever the world.
fn configurations(
    plugin: &Arc<Plugin>,
    config: &str,
    endpoints: &[Endpoint],
    report: &mut CheckReport,
) {
    match probe::configure(plugin, config) {
        Ok(again) if format!("{again:?}") == format!("{endpoints:?}") => {
            report.pass("configure answers the same again", "");
        }
        Ok(_) => report.fail("configure answers the same again", "other endpoints than before"),
        Err(reason) => report.fail("configure answers the same again", reason),
    }
    let what = "configurations of strangers are refused, not fatal";
    let strange = ["", "null", "[]", "{", "{\"a\":{\"b\":[1,2,{\"c\":null}]}}", "\u{feff}{}"];
    let fatal = strange.into_iter().find_map(|strange| probe::survives(plugin, strange).err());
    report.note(what, fatal);
    if plugin.class.world == World::Layout && !endpoints.is_empty() {
        report.warn("a layout needs no host", "it asks for some; they are never granted");
    }
}

/// A reach that grants all that was asked for: the script answers for every host.
fn everything_asked(endpoints: &[Endpoint]) -> Result<Reach, String> {
    let grants = endpoints.iter().map(|endpoint| {
        let host = &endpoint.host;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        host.parse::<Grant>().map(|grant| grant.with_private(true)).map_err(|bad| bad.to_string())
    });
    let grants: Grants = grants.collect::<Result<Vec<_>, _>>()?.into();
    Reach::new(endpoints, grants)
}

/// An endpoint for people.
pub(crate) fn shown(endpoint: &Endpoint) -> String {
    let scheme = match endpoint.scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    let port = endpoint.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}", endpoint.host)
}

fn imports(bytes: &[u8]) -> Vec<String> {
    // The file was loaded: its names can be read.
    names(bytes).map(|names| names.imports).unwrap_or_default()
}

impl PluginHost {
    /// Loads one file as [`PluginHost::load`] does, and tries it out. Blocks for seconds.
    #[must_use]
    pub fn check(&self, file: &Path, input: &CheckInput) -> CheckReport {
        let most = u64::from(self.loader.compiler.limits.file_mib) << 20;
        let bytes = match folder::read(file, most) {
            Ok((bytes, _)) => bytes,
            Err(reason) => return CheckReport::refused(0, &reason),
        };
        let (start, origin) = (self.loader.clock.now(), Origin::File(file.to_owned()));
        let plugin = match self.loader.load(&bytes, origin, Standing::First) {
            Ok(plugin) => Arc::new(plugin),
            Err(reason) => return CheckReport::refused(bytes.len(), &reason),
        };
        let loading = self.loader.clock.now().since(start).as_micros();
        let mut report = check(&plugin, &bytes, input);
        report.timed("loading", vec![u64::try_from(loading).unwrap_or(u64::MAX)]);
        report
    }
}
