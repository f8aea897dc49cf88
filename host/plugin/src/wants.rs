//! What plugins want to reach, and what of that the operator grants: for lists.

use serde::Serialize;
use serde_json::Value;

use crate::check;
use crate::classify::World;
use crate::grants::{Reach, Target, default_port};
use crate::host::PluginHost;
use crate::plugin::ConfigureError;
use crate::v1::bindings::exports::capstan::plugin::plugin::Endpoint;

/// A place that a plugin wants to reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Want {
    /// Scheme, host and perhaps port, or `*.` and a domain for the host.
    pub endpoint: String,
    /// Whether the operator grants it.
    pub granted: bool,
}

impl PluginHost {
    /// What the plugin `name` wants to reach: by the apps' configurations for a callback; for a storage,
    /// whose configuration comes with each recording, by the example in its schema. Calls the plugin.
    ///
    /// # Errors
    /// There is no such plugin, or it doesn't take that configuration; in words.
    pub fn wants(&self, name: &str) -> Result<Vec<Want>, String> {
        let view = self.view();
        let plugin = view.plugins.get(name).ok_or("there is no such plugin")?;
        let mut configs = match plugin.class.world {
            World::Layout => return Ok(Vec::new()),
            World::Storage => Vec::new(),
            World::Callback => self.configs_of(name),
        };
        if configs.is_empty() {
            let schema: Value =
                serde_json::from_str(&plugin.manifest.config_schema).unwrap_or_default();
            configs.push(check::example_of(&schema));
        }
        let mut wants = Vec::new();
        for config in configs {
            let configured = plugin.configured(&config).map_err(|error| match error {
                ConfigureError::BadConfig(reason) => reason,
                ConfigureError::Broke(broke) => broke.detail,
            })?;
            let reach = Reach::new(&configured.endpoints, self.grants_of(name))?;
            wants.extend(configured.endpoints.iter().map(|endpoint| Want {
                endpoint: check::shown(endpoint),
                granted: reach.check(&target(endpoint)).is_ok(),
            }));
        }
        wants.dedup();
        Ok(wants)
    }
}

/// A host for each pattern of hosts.
fn target(endpoint: &Endpoint) -> Target {
    let host = match endpoint.host.strip_prefix("*.") {
        Some(domain) => format!("any.{domain}"),
        None => endpoint.host.clone(),
    };
    let port = endpoint.port.unwrap_or(default_port(endpoint.scheme));
    Target { scheme: endpoint.scheme, host, port }
}
