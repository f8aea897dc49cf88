//! `update`'s `clientRequest`: other subscriptions, fresh credentials.

use capstan_archive::settings::Subscription;

use super::now::Now;
use super::storage::Credentials;
use super::subscription;
use crate::agora::read::{BadField, Object};

/// What `update` changes.
#[derive(Debug, PartialEq)]
pub(crate) struct UpdateRequest {
    /// The subscription from now on.
    pub(crate) subscription: Option<Subscription>,
    /// Keys to use from now on.
    pub(crate) credentials: Option<Credentials>,
}

impl UpdateRequest {
    /// Reads `clientRequest` for a recording that has this subscription.
    pub(crate) fn read(
        request: Object<'_>,
        current: &Subscription,
        now: Now,
    ) -> Result<Self, BadField> {
        for key in ["webRecordingConfig", "rtmpPublishConfig"] {
            if request.has(key) {
                let what = "is only for web pages, which this server doesn't record; leave it out";
                return Err(request.refuse(key, what));
            }
        }
        let subscription = request.optional_object("streamSubscribe", |subscribe| {
            subscription::read_update(subscribe, current)
        })?;
        let credentials = request
            .optional_object("storageConfig", |config| Credentials::read(config, now))?
            .filter(|Credentials(fields)| !fields.is_empty());
        if subscription.is_none() && credentials.is_none() && !request.is_sketch() {
            let what =
                "is missing, and so are new keys in storageConfig: there is nothing to update";
            return Err(request.refuse("streamSubscribe", what));
        }
        Ok(Self { subscription, credentials })
    }
}
