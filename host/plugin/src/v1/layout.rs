//! The layout port by a component: one instance for one recording, replaced after a fault.

use std::sync::Arc;

use capstan_media::scene::{LayoutInput, Scene};
use capstan_recording::layout::{Layout, LayoutError};

use super::bindings::exports::capstan::plugin::arranger;
use super::convert;
use crate::fault::{Broke, cut};
use crate::plugin::{ConfigureError, Plugin, WorldCalls};
use crate::sandbox::Guest;

/// A recording's layout. Asking it blocks for at most the plugin's time budget.
pub struct ComponentLayout {
    plugin: Arc<Plugin>,
    config: Arc<str>,
    live: Option<Live>,
}

struct Live {
    guest: Guest,
    calls: arranger::Guest,
}

impl ComponentLayout {
    /// A layout by `plugin`, which is of the world `layout`. The instance is made at the first call.
    pub(crate) fn new(plugin: Arc<Plugin>, config: Arc<str>) -> Self {
        Self { plugin, config, live: None }
    }

    fn start(&self) -> Result<Live, LayoutError> {
        let configured = self.plugin.configured(&self.config).map_err(|error| match error {
            ConfigureError::Broke(broke) => LayoutError::Fault(self.plugin.fault(broke)),
            ConfigureError::BadConfig(mistakes) => self.refused(mistakes.to_string()),
        })?;
        let mut guest = configured.guest;
        let WorldCalls::Layout(calls) = self.plugin.world() else {
            return Err(self.refused("it is no layout".into()));
        };
        let calls = guest
            .load(|store, instance| calls.load(store, instance))
            .map_err(|error| self.plugin.fault(Broke::from_call(&error, None)))?;
        Ok(Live { guest, calls })
    }

    fn refused(&self, reason: String) -> LayoutError {
        LayoutError::Refused { layout: self.plugin.name().to_owned(), reason }
    }
}

impl Layout for ComponentLayout {
    fn arrange(&mut self, input: &LayoutInput) -> Result<Scene, LayoutError> {
        if self.plugin.wait().is_some() {
            return Err(LayoutError::Benched { layout: self.plugin.name().to_owned() });
        }
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.start()?,
        };
        let question = convert::input(input);
        let answer = live
            .guest
            .call("arrange", |store| live.calls.call_arrange(store, &question))
            .and_then(|answer| match answer {
                Ok(scene) => convert::scene(&scene).map(Ok),
                Err(reason) => Ok(Err(reason)),
            });
        // Only an instance that kept its contract is asked again.
        match answer {
            Ok(answer) => {
                self.live = Some(live);
                self.plugin.well();
                answer.map_err(|reason| self.refused(cut(&reason, 500)))
            }
            Err(broke) => Err(self.plugin.fault(broke).into()),
        }
    }
}
