//! What handlers work with, and how others reach this server.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use capstan_config::Config;
use capstan_ingest::Ingest;
use capstan_media::time::RoomClock;
use capstan_outbox::{Outbox, Record};
use capstan_plugin::PluginHost;
use capstan_recorder::store::NativeStore;
use capstan_recorder::{Recorder, Session};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::rate::Rates;
use crate::resource::Resources;

/// What handlers work with. Clones are the same.
#[derive(Clone)]
pub struct Context(Arc<Parts>);

/// The parts of a [`Context`].
pub struct Parts {
    /// The checked configuration.
    pub config: Arc<Config>,
    /// The process's clock.
    pub clock: Arc<dyn RoomClock>,
    /// The publishers.
    pub ingest: Ingest,
    /// The recordings.
    pub recorder: Arc<Recorder>,
    /// What is still owed.
    pub outbox: Outbox,
    /// The own store, for playback after the end.
    pub store: Arc<NativeStore>,
    /// The plugins, to be listed.
    pub plugins: Arc<PluginHost>,
    /// The numbers.
    pub metrics: PrometheusHandle,
    /// The bound HTTP address.
    pub address: SocketAddr,
    /// What requests began and may outlive their connections.
    pub work: TaskTracker,
    /// How often each app has asked.
    pub rates: Rates,
    /// Makes and reads resource ids.
    pub resources: Resources,
}

impl Context {
    /// Shares the parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// How others reach this server, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        let own = || format!("http://{}", self.address);
        self.config.public_url.clone().unwrap_or_else(own)
    }

    /// The path of that address, without a slash at the end: empty unless a proxy lends one.
    #[must_use]
    pub fn base_path(&self) -> String {
        let url = self.config.public_url.as_deref().and_then(|url| Url::parse(url).ok());
        url.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }

    /// Where a recording can be watched.
    #[must_use]
    pub fn playback_url(&self, session: &Session) -> String {
        playback_url(&self.base_url(), session.sid(), &session.playlist_name())
    }
}

impl Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Where the first of a recording's files can be watched on the server of that base URL, once there is one.
pub(crate) fn played_at(base: &str, record: &Record) -> Option<String> {
    let name = record.files.first()?.key.rsplit('/').next()?;
    Some(playback_url(base, &record.sid, name))
}

/// Where a recording's playlist can be watched on the server of that base URL.
fn playback_url(base: &str, sid: &str, playlist: &str) -> String {
    let Ok(mut url) = Url::parse(base) else { return String::new() };
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["recordings", sid, playlist]);
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playback_urls_carry_any_room_name() {
        assert_eq!(
            playback_url("https://example.com/sub", "s1", "s1_a b?c#d%.m3u8"),
            "https://example.com/sub/recordings/s1/s1_a%20b%3Fc%23d%25.m3u8"
        );
    }
}
