//! Files that leave by a real outbox through real plugins in the sandbox, in this process.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use capstan_archive::facts::FileFacts;
use capstan_archive::settings::TrackType;
use capstan_media::time::{RoomClock, RoomTime};
use capstan_media::track::RoomId;
use capstan_outbox::Outbox;
use capstan_outbox::outcome::Outcome;
use capstan_outbox::ports::{
    BoxFuture, Callback, Callbacks, Delivery, DeliveryError, Notice, StorageTarget, Storages,
};
use capstan_outbox::{OutboxPorts, OutboxSettings, OwedUpload, Shipment, ShippedFile};
use capstan_pipeline::composite::{Image, Typeface};
use capstan_plugin::{
    Budgets, CompileLimits, Compiler, Config, Grant, Grants, HttpLimits, PluginHost,
};
use capstan_recording::maker::Renderer;
use capstan_render::pictures::Pictures;
use serde_json::Value;

use crate::process::capstan;
use crate::root;

/// The shipped plugins in their sandbox; they reach 127.0.0.1 and nothing else.
#[must_use]
pub fn plugins() -> Arc<PluginHost> {
    let built = root().join("plugins/built");
    assert!(built.is_dir(), "{} is missing: run `make plugins`", built.display());
    let loopback: Grant = "127.0.0.1".parse().unwrap();
    let config = Config {
        folders: vec![built],
        bundled: &[],
        compiler: Compiler { program: capstan(), limits: CompileLimits::default() },
        cache: None,
        budgets: Budgets::default(),
        grants: Grants::from(vec![loopback.with_private(true)]),
        granted_to: BTreeMap::new(),
        // A store that hangs is given up soon.
        http: HttpLimits { longest: Duration::from_secs(5), ..HttpLimits::default() },
        extra_ca: None,
        clock: Arc::new(WallClock),
        layouts: BTreeMap::new(),
        callbacks: BTreeMap::new(),
    };
    Arc::new(PluginHost::load(config).unwrap())
}

/// The wall clock: signatures must be of now.
#[derive(Debug)]
pub struct WallClock;

impl RoomClock for WallClock {
    fn now(&self) -> RoomTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        RoomTime::from_micros(i64::try_from(since.as_micros()).unwrap())
    }
}

/// Keeps every event, in the order in which they came.
#[derive(Debug, Default, Clone)]
pub struct Ear(Arc<Mutex<Vec<Notice>>>);

impl Ear {
    /// What was told so far.
    #[must_use]
    pub fn heard(&self) -> Vec<Notice> {
        self.0.lock().unwrap().clone()
    }

    /// The facts of every event of a kind.
    #[must_use]
    pub fn details(&self, kind: &str) -> Vec<Value> {
        let of_kind = |notice: Notice| (notice.kind == kind).then_some(notice.details);
        self.heard().into_iter().filter_map(of_kind).collect()
    }

    /// The kinds, in order.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        self.heard().into_iter().map(|notice| notice.kind).collect()
    }
}

impl Callbacks for Ear {
    fn open(&self, _app: &str) -> Result<Option<Arc<dyn Callback>>, DeliveryError> {
        Ok(Some(Arc::new(self.clone())))
    }
}

impl Callback for Ear {
    fn deliver<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<Delivery, DeliveryError>> {
        self.0.lock().unwrap().push(notice.clone());
        Box::pin(std::future::ready(Ok(Delivery::Delivered)))
    }
}

/// An outbox that works, and its listener. A process that dies is this, dropped.
pub struct Dock {
    /// The outbox.
    pub outbox: Outbox,
    /// Who hears of everything.
    pub ear: Ear,
    runtime: tokio::runtime::Runtime,
}

/// Back-off so short that a test can wait for it.
#[must_use]
pub fn hasty() -> OutboxSettings {
    OutboxSettings {
        retry_first: Duration::from_millis(50),
        retry_longest: Duration::from_millis(400),
        ..OutboxSettings::default()
    }
}

impl Dock {
    /// Opens the outbox in a folder and lets it work.
    #[must_use]
    pub fn open(folder: &Path, settings: OutboxSettings, storages: Arc<dyn Storages>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let database = folder.join("outbox.redb");
        let outbox = Outbox::open(&database, settings, Arc::new(WallClock)).unwrap();
        let ear = Ear::default();
        let ports = OutboxPorts {
            storages,
            callbacks: Arc::new(ear.clone()),
            backup: None,
            maker: Arc::new(Renderer::new(Arc::new(NoPictures))),
        };
        let working = outbox.clone();
        runtime.spawn(async move { working.run(ports).await });
        Self { outbox, ear, runtime }
    }

    /// Owes files as one recording of this id.
    pub fn ship(&self, sid: &str, folder: &Path, target: &StorageTarget, files: Vec<ShippedFile>) {
        let (key, start) = (files[0].key.clone(), WallClock.now());
        self.outbox
            .ship(Shipment {
                sid: sid.into(),
                room: RoomId { app: "school".into(), name: "dock".into() },
                recorder_uid: 1,
                storage: target.clone(),
                folder: folder.to_owned(),
                files,
                listed: vec![FileFacts::mixed(key, TrackType::AudioAndVideo, start)],
            })
            .unwrap();
    }

    /// Waits until everything of this id has left or is parked, and every event is told.
    #[must_use]
    pub fn end_of(&self, sid: &str, within: Duration) -> Outcome {
        let until = Instant::now() + within;
        loop {
            let told = self.ear.heard().iter().any(|n| n.sid == sid && n.kind == "session_exit");
            if let Some(outcome) = self.outbox.outcome(sid).filter(|_| told) {
                return outcome;
            }
            let owed = || self.owed(sid);
            assert!(Instant::now() < until, "{sid} has not left in {within:?}: {:?}", owed());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What is still owed of this id.
    #[must_use]
    pub fn owed(&self, sid: &str) -> Vec<OwedUpload> {
        self.outbox.uploads(Some(sid))
    }

    /// Ends at once, as a process that dies would: what was under way is lost.
    pub fn die(self) {
        self.runtime.shutdown_timeout(Duration::from_secs(10));
    }
}

/// A file of `size` bytes that are unlike those of every other seed, to be uploaded as `key`: a
/// playlist by its name, or a piece of video.
#[must_use]
pub fn file(folder: &Path, key: &str, seed: u64, size: usize) -> (ShippedFile, Vec<u8>) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let bytes: Vec<u8> = (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect();
    let path = folder.join(format!("file-{seed}"));
    std::fs::write(&path, &bytes).unwrap();
    let kind = if key.ends_with(".m3u8") { "application/vnd.apple.mpegurl" } else { "video/mp4" };
    let (key, content_type) = (key.to_owned(), kind.to_owned());
    (ShippedFile { path, key, size: size as u64, content_type }, bytes)
}

/// A storage behind a plugin.
#[must_use]
pub fn target(plugin: &str, config: &Value) -> StorageTarget {
    StorageTarget { storage: plugin.into(), config: config.to_string() }
}

/// Nothing is recorded here, so nothing is rendered either.
struct NoPictures;

impl Pictures for NoPictures {
    fn of(&self, _folder: &Path) -> std::io::Result<BTreeMap<String, Image>> {
        Ok(BTreeMap::new())
    }

    fn typeface(&self) -> Typeface {
        Typeface::default()
    }
}
