//! What callbacks want to reach, and what of that the operator grants: for lists.

use serde::Serialize;

use crate::check;
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
    /// What the plugin `name` wants to reach by the configurations that are known: those of the apps whose
    /// callback it is. A layout wants nothing, and a storage is configured by each recording. Calls the
    /// plugin.
    ///
    /// # Errors
    /// There is no such plugin, or it doesn't take that configuration; in words.
    pub fn wants(&self, name: &str) -> Result<Vec<Want>, String> {
        let view = self.view();
        let plugin = view.plugins.get(name).ok_or("there is no such plugin")?;
        let mut wants = Vec::new();
        for config in self.configs_of(name) {
            let configured = plugin.configured(&config).map_err(|error| match error {
                ConfigureError::BadConfig(mistakes) => mistakes.to_string(),
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
