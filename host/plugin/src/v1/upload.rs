//! One upload as its component sees it: the guest's machine, called from worker threads.

use std::sync::Arc;

use capstan_outbox::ports::Upload;
use wasmtime::component::ResourceAny;

use super::bindings::exports::capstan::plugin::uploader as wit;
use super::moment::moment;
use crate::fault::Broke;
use crate::grants::{Grants, Reach};
use crate::plugin::{ConfigureError, Plugin, WorldCalls};
use crate::sandbox::Guest;

/// The most bytes of saved state.
const MAX_SAVED: usize = 1 << 20;

/// A machine that waits for its next event.
pub(crate) struct Machine {
    plugin: Arc<Plugin>,
    guest: Guest,
    calls: wit::Guest,
    upload: ResourceAny,
}

/// Why there is no machine.
pub(crate) enum OpenError {
    /// The configuration isn't right.
    BadConfig(String),
    /// The plugin says that the job can't be done.
    Failed(wit::Failure),
    /// It broke its contract.
    Broke(Broke),
}

impl From<Broke> for OpenError {
    fn from(broke: Broke) -> Self {
        Self::Broke(broke)
    }
}

impl From<ConfigureError> for OpenError {
    fn from(error: ConfigureError) -> Self {
        match error {
            ConfigureError::BadConfig(mistakes) => Self::BadConfig(mistakes.to_string()),
            ConfigureError::Broke(broke) => Self::Broke(broke),
        }
    }
}

/// What one turn of the machine gives.
pub(crate) struct Turn {
    /// What comes next.
    pub(crate) step: wit::Step,
    /// What is needed to go on later; empty for nothing.
    pub(crate) saved: Vec<u8>,
}

impl Machine {
    /// Makes an instance, configures it and gives it the job. Blocks.
    pub(crate) fn open(
        plugin: Arc<Plugin>,
        config: &str,
        grants: &Grants,
        upload: &Upload,
    ) -> Result<(Self, Reach), OpenError> {
        let WorldCalls::Storage(calls) = plugin.world() else {
            return Err(OpenError::BadConfig(format!("{} is no storage", plugin.name())));
        };
        let configured = plugin.configured(config)?;
        let reach = Reach::new(&configured.endpoints, grants.clone()).map_err(Broke::bad_answer)?;
        let mut guest = configured.guest;
        let calls = guest
            .load(|store, instance| calls.load(store, instance))
            .map_err(|error| Broke::from_call(&error, None))?;
        let job = wit::Job {
            id: upload.id.clone(),
            key: upload.key.clone(),
            size: upload.size,
            content_type: upload.content_type.clone(),
            tags: Vec::new(),
        };
        let saved = upload.saved.as_deref().filter(|saved| !saved.is_empty());
        let opened = guest.call("open", |store| calls.upload().call_open(store, &job, saved))?;
        let upload = opened.map_err(OpenError::Failed)?;
        Ok((Self { plugin, guest, calls, upload }, reach))
    }

    /// Tells what ended and asks what comes next. Blocks.
    pub(crate) fn turn(&mut self, events: &[wit::Event]) -> Result<Turn, Broke> {
        let at = moment(self.plugin.clock().wall())?;
        let (calls, upload) = (&self.calls, self.upload);
        let step =
            self.guest.call("next", |store| calls.upload().call_next(store, upload, at, events))?;
        let saved = match &step {
            wit::Step::Act(_) | wit::Step::Failed(_) => {
                self.guest.call("save", |store| calls.upload().call_save(store, upload))?
            }
            wit::Step::Done(_) => Vec::new(),
        };
        if saved.len() > MAX_SAVED {
            return Err(Broke::bad_answer(format!("{} bytes of state to save", saved.len())));
        }
        Ok(Turn { step, saved })
    }

    /// Tells the machine to undo what it began. Blocks.
    pub(crate) fn abort(&mut self) -> Result<Turn, Broke> {
        let at = moment(self.plugin.clock().wall())?;
        let (calls, upload) = (&self.calls, self.upload);
        let step =
            self.guest.call("abort", |store| calls.upload().call_abort(store, upload, at))?;
        Ok(Turn { step, saved: Vec::new() })
    }
}
