//! What Capstan's own interface shows of plugins. Folders of this machine aren't shown.

use std::collections::BTreeMap;

use capstan_plugin::{LastFault, PluginHost, PluginReport, PluginState};
use serde::Serialize;
use serde_json::Value;

use crate::openapi::described;

described! {
    /// The server's plugins.
    #[derive(Debug, Serialize)]
    pub(super) struct Plugins {
        /// What was loaded.
        plugins: Vec<Plugin> as "plugins",
        /// What couldn't be loaded.
        refused: Vec<Refused> as "refused",
    }
}

described! {
    /// A loaded plugin.
    #[derive(Debug, Serialize)]
    struct Plugin {
        /// Its name.
        name: String as "name",
        /// Its own version.
        version: String as "version",
        /// What it does.
        summary: String as "summary",
        /// layout, storage or callback.
        world: Value as "world",
        /// The contract that it was built against.
        contract: String as "contract",
        /// Bytes.
        size: usize as "size",
        /// The JSON Schema of its configuration.
        config_schema: Value as "configSchema",
        /// `ready`, or `benched` after repeated faults: then it isn't asked for a while.
        state: &'static str as "state",
        /// For how many milliseconds more it is benched.
        benched_for_ms: Option<u64> as "benchedForMs",
        /// Jobs and questions that it answered well since it was loaded.
        good: u64 as "good",
        /// Faults since it was loaded, by class: trapped, out_of_time, out_of_memory, bad_answer or
        /// refused. A class that never happened isn't there.
        faults: BTreeMap<&'static str, u64> as "faults",
        /// How often it was benched since it was loaded.
        benched: u64 as "benched",
        /// The newest fault.
        last_fault: Option<Fault> as "lastFault",
        /// Why its file's newest state isn't used: this is the one before.
        refused_update: Option<String> as "refusedUpdate",
    }
}

described! {
    /// A plugin's fault.
    #[derive(Debug, Serialize)]
    struct Fault {
        /// When, Unix milliseconds.
        at: i64 as "at",
        /// Its class.
        kind: String as "kind",
        /// What happened.
        detail: String as "detail",
    }
}

described! {
    /// A file that gave no plugin.
    #[derive(Debug, Serialize)]
    struct Refused {
        /// Its name.
        file: String as "file",
        /// Why.
        reason: String as "reason",
    }
}

impl Plugins {
    /// What a host has.
    pub(super) fn of(host: &PluginHost) -> Self {
        let plugins = host.report().into_iter().map(Plugin::of);
        let refused = host.refused();
        let refused = refused.iter().map(|refused| Refused {
            file: refused.file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            reason: refused.reason.to_string(),
        });
        Self { plugins: plugins.collect(), refused: refused.collect() }
    }
}

impl Plugin {
    fn of(report: PluginReport) -> Self {
        let PluginReport { info, conduct, refused_update } = report;
        let (state, benched_for_ms) = match conduct.state {
            PluginState::Ready => ("ready", None),
            PluginState::Benched { for_ms } => ("benched", Some(for_ms)),
        };
        Self {
            world: serde_json::to_value(info.world).unwrap_or_default(),
            config_schema: serde_json::from_str(&info.config_schema).unwrap_or_default(),
            name: info.name,
            version: info.version,
            summary: info.summary,
            contract: info.contract,
            size: info.size,
            state,
            benched_for_ms,
            good: conduct.good,
            faults: conduct.faults,
            benched: conduct.benched,
            last_fault: conduct.last_fault.map(Fault::from),
            refused_update,
        }
    }
}

impl From<LastFault> for Fault {
    fn from(LastFault { kind, detail, at_ms }: LastFault) -> Self {
        Self { at: at_ms, kind: kind.to_string(), detail }
    }
}
