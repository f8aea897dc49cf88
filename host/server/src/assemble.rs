//! The composition root: from a checked configuration to a running server, and back down.
//!
//! Order matters in both directions: nothing listens before everything behind it stands, and at the
//! end recordings are cut and handed over before the outbox stops.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use capstan_http::{Context, KeyError, Limits, Parts, Rates, Resources};
use capstan_ingest::{Ingest, IngestConfig};
use capstan_media::time::RoomClock;
use capstan_outbox::Outbox;
use capstan_outbox::ports::StorageTarget;
use capstan_outbox::{EventSettings, OutboxError, OutboxPorts, OutboxSettings};
use capstan_plugin::PluginHost;
use capstan_recorder::clocks::watch;
use capstan_recorder::images::{self, ImagesError};
use capstan_recorder::janitor::Janitor;
use capstan_recorder::{Gallery, Recorder};
use capstan_recording::maker::Renderer;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::commands::warnings;
use crate::files;
use crate::fonts::{self, FontsError};
use crate::plugins::{self, PluginLayouts, PluginsError};
use capstan_config::{BACKUP, Config};
use capstan_recorder::store::{AllStorages, NativeStore, StoreError};

/// How long the end waits for last segments, and again for uploads.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long open HTTP connections may take to end.
const HTTP_PATIENCE: Duration = Duration::from_secs(2);
/// How long a file waits for its own storage before it goes to the backup store.
const BEFORE_BACKUP: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often histograms forget what nobody asked for.
const UPKEEP: Duration = Duration::from_secs(5);

/// A running server.
pub struct Server {
    context: Context,
    stop: CancellationToken,
    http: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
}

/// Why a server doesn't start.
#[derive(Debug, Error)]
pub enum AssembleError {
    /// A folder can't be made.
    #[error("folder {path} can't be made: {source}; change recording.work_dir or state_dir")]
    Folder {
        /// Which.
        path: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The HTTP address can't be had.
    #[error("HTTP can't listen on {address}: {source}; change http.listen or CAPSTAN_HTTP__LISTEN")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// The media port can't be had.
    #[error("{source}; change [ingest] or CAPSTAN_INGEST__LISTEN")]
    Ingest {
        /// Why.
        source: capstan_ingest::StartError,
    },
    /// The key of resource ids can't be kept.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The own store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plugins can't be loaded at all.
    #[error(transparent)]
    Plugins(#[from] PluginsError),
    /// A configured picture can't be had.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// A configured font can't be had.
    #[error(transparent)]
    Fonts(#[from] FontsError),
    /// The process is ending.
    #[error("the start was interrupted")]
    Aborted,
    /// The outbox can't be opened.
    #[error("{0}; is another capstan running on the same recording.state_dir?")]
    Outbox(#[from] OutboxError),
}

impl Server {
    /// Starts everything.
    ///
    /// # Errors
    /// What can't be had; nothing runs then.
    pub async fn start(config: Config, clock: Arc<dyn RoomClock>) -> Result<Self, AssembleError> {
        let config = Arc::new(config);
        let recording = &config.recording;
        make_folder(&recording.work_dir)?;
        make_folder(&recording.state_dir)?;
        let metrics = metrics();
        let resources = Resources::open(&recording.state_dir)?;
        let store = Arc::new(NativeStore::open(&config.storage)?);
        let plugins = load_plugins(&config, &clock).await?;
        let images = images::load(&config.images)?;
        let typeface = fonts::load(&recording.fonts)?;
        let backup = NativeStore::backup(&config.backup)?;
        let backup_target =
            backup.is_some().then(|| StorageTarget { storage: BACKUP.into(), config: "{}".into() });
        let storages = Arc::new(AllStorages {
            native: Arc::clone(&store),
            backup: backup.map(Arc::new),
            plugins: Arc::<PluginHost>::clone(&plugins),
        });
        let outbox = Outbox::open(
            &recording.state_dir.join("capstan.redb"),
            outbox_settings(&config),
            Arc::clone(&clock),
        )?;
        for sid in outbox.recovered() {
            tracing::info!(sid, "going on with a recording that the last process left");
        }
        let address = config.http.listen;
        let listen = |source| AssembleError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let ingest = Ingest::start(ingest_config(&config), Arc::clone(&clock))
            .map_err(|source| AssembleError::Ingest { source })?;
        let gallery = Arc::new(Gallery::new(images, typeface, plugins::fetcher(&config)?));
        let recorder = Arc::new(Recorder::new(capstan_recorder::Parts {
            clock: Arc::clone(&clock),
            ingest: ingest.clone(),
            layouts: Arc::new(PluginLayouts(Arc::clone(&plugins))),
            gallery: Arc::clone(&gallery),
            storages: Arc::<AllStorages>::clone(&storages),
            outbox: outbox.clone(),
            limits: recording.clone(),
        }));
        let looking = plugins::keep_looking(Arc::clone(&config), Arc::clone(&plugins));
        let callbacks = Arc::<PluginHost>::clone(&plugins);
        let maker = Arc::new(Renderer::new(gallery));
        let ports = OutboxPorts { storages, callbacks, backup: backup_target, maker };
        let context = Context::new(Parts {
            config,
            clock,
            ingest,
            recorder,
            outbox,
            store,
            plugins,
            metrics,
            address,
            work: TaskTracker::new(),
            rates: Rates::default(),
            resources,
        });
        let mut server = Self::run(context, listener, ports);
        server.background.push(tokio::spawn(looking));
        Ok(server)
    }

    fn run(context: Context, listener: TcpListener, ports: OutboxPorts) -> Self {
        let stop = CancellationToken::new();
        let limits = Limits {
            connections: files::connections(&context.config, files::raise_limit()),
            silence: Duration::from_secs_f64(context.config.http.idle_seconds),
        };
        let serving = capstan_http::serve(listener, context.clone(), limits, stop.clone());
        let http = tokio::spawn(serving);
        let outbox = context.outbox.clone();
        let numbers = context.metrics.clone();
        let background = vec![
            tokio::spawn(async move { outbox.run(ports).await }),
            tokio::spawn(janitor(&context).run()),
            tokio::spawn(watch(Arc::clone(&context.recorder), Arc::clone(&context.clock))),
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(UPKEEP);
                loop {
                    ticks.tick().await;
                    numbers.run_upkeep();
                }
            }),
        ];
        Self { context, stop, http, background }
    }

    /// How others reach this server, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.context.base_url()
    }

    /// The bound HTTP address.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.context.address
    }

    /// The bound media address.
    #[must_use]
    pub fn media_address(&self) -> SocketAddr {
        self.context.ingest.local_addr()
    }

    /// The parts, for a command that runs in the same process.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// What a user should know at the start.
    #[must_use]
    pub fn banner(&self) -> Vec<String> {
        let config = &self.context.config;
        let base = self.base_url();
        let mut lines = vec![
            format!("capstan {} is ready", env!("CARGO_PKG_VERSION")),
            format!("  publish   {base}/whip/{{app}}/{{room}}/{{uid}}"),
            format!("  record    {base}/v1/apps/{{app}}/cloud_recording/acquire"),
            format!("  metrics   {base}/metrics"),
            format!("  media     {}/udp", self.media_address()),
            format!("  files     {}", self.context.store.shown()),
        ];
        lines.extend(warnings(config).into_iter().map(|warning| format!("  warning   {warning}")));
        lines
    }

    /// Ends recordings, waits within bounds until what they made has left, then stops.
    pub async fn shut_down(self) {
        self.context.recorder.shut_down(PATIENCE).await;
        self.context.ingest.shutdown().await;
        self.stop.cancel();
        self.context.work.close();
        let mut http = self.http;
        if tokio::time::timeout(HTTP_PATIENCE, &mut http).await.is_err() {
            http.abort();
        }
        // What requests began; those that wait for uploads have waited long enough.
        let _ = tokio::time::timeout(HTTP_PATIENCE, self.context.work.wait()).await;
        for task in self.background {
            task.abort();
            // Only a cancellation comes back; what the task held is free after it.
            let _ = task.await;
        }
    }
}

fn janitor(context: &Context) -> Janitor {
    let recording = &context.config.recording;
    Janitor {
        recorder: Arc::clone(&context.recorder),
        outbox: context.outbox.clone(),
        store: Arc::clone(&context.store),
        clock: Arc::clone(&context.clock),
        work_dir: recording.work_dir.clone(),
        keep_tapes: recording.keep_tapes,
    }
}

/// Compiling takes some hundred milliseconds, off the async threads.
async fn load_plugins(
    config: &Arc<Config>,
    clock: &Arc<dyn RoomClock>,
) -> Result<Arc<PluginHost>, AssembleError> {
    let (config, clock) = (Arc::clone(config), Arc::clone(clock));
    let loading = tokio::task::spawn_blocking(move || {
        let host = plugins::load(&config, clock)?;
        for name in plugins::missing(&config, &host) {
            tracing::warn!(name, "a plugin that the configuration names isn't there");
        }
        Ok::<_, PluginsError>(host)
    });
    let host = loading.await.map_err(|_| AssembleError::Aborted)??;
    Ok(Arc::new(host))
}

fn outbox_settings(config: &Config) -> OutboxSettings {
    let uploads = &config.uploads;
    let given = uploads.give_up_seconds.map(Duration::from_secs);
    let events = &config.events;
    let give_up = Duration::from_secs_f64(events.give_up_hours * 3_600.0);
    OutboxSettings {
        concurrency: uploads.concurrency,
        retry_first: Duration::from_millis(uploads.retry_first_ms),
        retry_longest: Duration::from_secs(uploads.retry_longest_seconds),
        uploads_give_up_after: given.or(config.backup.url.as_ref().map(|_| BEFORE_BACKUP)),
        refused_give_up_after: uploads.keep_refused_days.map(|days| DAY * days),
        events: EventSettings {
            retry_first: Duration::from_secs_f64(events.retry_first_seconds),
            retry_longest: Duration::from_secs_f64(events.retry_longest_seconds),
            give_up_after: (!give_up.is_zero()).then_some(give_up),
        },
        remember: Duration::from_secs(u64::from(events.history_days) * 86_400),
        remember_most: events.history_recordings,
        history: events.history_events,
        ..OutboxSettings::default()
    }
}

fn make_folder(path: &Path) -> Result<(), AssembleError> {
    std::fs::create_dir_all(path)
        .map_err(|source| AssembleError::Folder { path: path.display().to_string(), source })
}

fn ingest_config(config: &Config) -> IngestConfig {
    let ingest = &config.ingest;
    IngestConfig {
        listen: ingest.listen,
        listen_tcp: ingest.listen_tcp,
        announce: ingest.announce.clone(),
        max_publishers: ingest.max_publishers,
        silence_timeout: Duration::from_secs_f64(ingest.silence_seconds),
        ..IngestConfig::default()
    }
}

/// The process's recorder of numbers: installed by the first server, shared by later ones.
fn metrics() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    let install = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // Another recorder is only there if a test brought its own: its numbers are then elsewhere.
        let _ = metrics::set_global_recorder(recorder);
        handle
    };
    HANDLE.get_or_init(install).clone()
}
