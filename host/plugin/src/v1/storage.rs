//! The storage port by a component: a fresh instance for each attempt of each upload.

use std::sync::Arc;

use capstan_outbox::ports::{BoxFuture, Storage, Stored, Upload, UploadError, UploadProgress};

use super::job::Job;
use crate::fault::{Broke, cut};
use crate::grants::{Grants, Reach};
use crate::http::Sender;
use crate::plugin::{ConfigureError, Plugin};

/// One bucket behind one plugin.
pub(crate) struct ComponentStorage {
    plugin: Arc<Plugin>,
    config: Arc<str>,
    sender: Arc<Sender>,
    grants: Grants,
}

impl ComponentStorage {
    /// Checks the configuration in a throw-away instance: that blocks for at most the plugin's time
    /// budget.
    pub(crate) fn open(
        plugin: Arc<Plugin>,
        config: &str,
        sender: Arc<Sender>,
        grants: Grants,
    ) -> Result<Self, UploadError> {
        let rejected = |code: &str, reason: String| UploadError::Rejected {
            storage: plugin.name().to_owned(),
            code: code.to_owned(),
            reason,
        };
        if plugin.wait().is_none() {
            let configured = plugin.configured(config).map_err(|error| match error {
                ConfigureError::BadConfig(mistakes) => {
                    UploadError::BadConfig { storage: plugin.name().to_owned(), mistakes }
                }
                ConfigureError::Broke(broke) => plugin.fault(broke).into(),
            })?;
            let reach = Reach::new(&configured.endpoints, grants.clone())
                .map_err(|what| plugin.fault(Broke::bad_answer(what)))?;
            if let Some(denial) = reach.ungranted() {
                plugin.denied(&denial);
                return Err(rejected("not-granted", denial.to_string()));
            }
        }
        Ok(Self { plugin, config: config.into(), sender, grants })
    }

    fn job<'a>(&'a self, upload: &'a Upload) -> Job<'a> {
        let Self { plugin, config, sender, grants } = self;
        Job { plugin, config, sender, grants, upload }
    }
}

impl Storage for ComponentStorage {
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>> {
        Box::pin(async move {
            let (stored, late) = self.job(upload).put(progress).await?;
            if let Some(note) = &stored.note {
                let (plugin, key, note) = (self.plugin.name(), &upload.key, cut(note, 500));
                tracing::warn!(plugin, key, note, "stored, but");
            }
            Ok(Stored { url: cut(&stored.url, 4096), late })
        })
    }

    fn abandon<'a>(
        &'a self,
        upload: &'a Upload,
        progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<(), UploadError>> {
        Box::pin(async move { self.job(upload).undo(progress).await })
    }
}
