//! What the tests of several crates share: ports in memory, clocks that tests drive, an outbox.

#![expect(missing_docs, reason = "tests say what it is for")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use capstan_archive::listing;
use capstan_archive::mp4::{AssemblyError, assemble};
use capstan_archive::tail::Tail;
use capstan_media::time::{RoomClock, RoomTime};
use capstan_outbox::ports::{
    BoxFuture, Callback, Callbacks, Delivery, DeliveryError, Late, Maker, MakingError, Notice,
    Removal, Storage, StorageTarget, Storages, Stored, Upload, UploadError, UploadProgress,
    WantedMp4, WantedTail,
};
use capstan_outbox::{Outbox, OutboxPorts, OutboxSettings};

pub use self::samples::{DAWN, MP4, mix, settings};

#[path = "../../archive/src/testing.rs"]
mod samples;

/// A clock that runs by itself from [`DAWN`] on.
pub struct RunningClock(Instant);

impl RunningClock {
    #[expect(clippy::disallowed_methods, reason = "the edge of a test")]
    pub fn start() -> Arc<dyn RoomClock> {
        Arc::new(Self(Instant::now()))
    }
}

impl RoomClock for RunningClock {
    #[expect(clippy::disallowed_methods, reason = "the edge of a test")]
    fn now(&self) -> RoomTime {
        DAWN + Instant::now().duration_since(self.0)
    }
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct DrivenClock(AtomicI64);

impl DrivenClock {
    pub fn start() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(DAWN.as_micros())))
    }

    pub fn move_to(&self, now: RoomTime) {
        self.0.fetch_max(now.as_micros(), Ordering::SeqCst);
    }
}

impl RoomClock for DrivenClock {
    fn now(&self) -> RoomTime {
        RoomTime::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A bucket in memory, with the troubles that a test asks for.
#[derive(Default)]
pub struct Bucket {
    pub objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Attempts that fail for now before any succeeds.
    pub transient: AtomicUsize,
    /// Every attempt is refused.
    pub refuses: std::sync::atomic::AtomicBool,
    /// No attempt ever ends.
    pub hangs: std::sync::atomic::AtomicBool,
    /// Playlists that named what wasn't there.
    pub lies: Mutex<Vec<String>>,
    /// Keys of uploads that were given up, with what was saved of them.
    pub abandoned: Mutex<Vec<(String, Vec<u8>)>>,
    /// What attempts found saved by earlier ones.
    pub found_saved: Mutex<Vec<Vec<u8>>>,
}

impl Bucket {
    pub fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn text(&self, key: &str) -> String {
        let objects = self.objects.lock().unwrap();
        String::from_utf8(objects.get(key).unwrap().clone()).unwrap()
    }

    fn take(&self, upload: &Upload, progress: &dyn UploadProgress) -> Result<Stored, UploadError> {
        if let Some(saved) = &upload.saved {
            self.found_saved.lock().unwrap().push(saved.clone());
        }
        let key = upload.key.clone();
        if self.refuses.load(Ordering::SeqCst) {
            let (code, reason) = ("no-bucket".into(), "NoSuchBucket".into());
            return Err(UploadError::Rejected { storage: "memory".into(), code, reason });
        }
        let left = self
            .transient
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            progress.save(b"half of it".to_vec());
            return Err(UploadError::Transient { key, reason: "503".into(), retry_after_ms: None });
        }
        let bytes = std::fs::read(&upload.path).unwrap();
        assert_eq!(bytes.len() as u64, upload.size);
        let mut objects = self.objects.lock().unwrap();
        if let (true, Ok(text)) = (key.ends_with(".m3u8"), std::str::from_utf8(&bytes)) {
            let folder = key.rsplit_once('/').map_or(String::new(), |(f, _)| format!("{f}/"));
            let there = |name: &String| objects.contains_key(&format!("{folder}{name}"));
            if !listing::files(text).iter().all(there) {
                self.lies.lock().unwrap().push(text.to_owned());
            }
        }
        objects.insert(key.clone(), bytes);
        Ok(Stored { url: format!("memory:{key}"), late: Late::Nothing })
    }
}

struct Shelf(Arc<Bucket>);

/// Makes MP4 files as everybody does; renders nothing, since no renderer is known here.
pub struct Copier;

impl Maker for Copier {
    fn tail(&self, wanted: WantedTail<'_>) -> Result<Tail, MakingError> {
        Err(MakingError::ForGood { reason: format!("{} isn't known", wanted.folder.display()) })
    }

    fn mp4(&self, wanted: &WantedMp4) -> Result<u64, MakingError> {
        assemble(&wanted.init, &wanted.segments, &wanted.path).map_err(|error| match error {
            AssemblyError::Io { .. } => MakingError::ForNow { reason: error.to_string() },
            AssemblyError::Segments(_) => MakingError::ForGood { reason: error.to_string() },
        })
    }
}

/// The recordings' own storage, and the backup store.
struct Shelves {
    own: Arc<Bucket>,
    backup: Arc<Bucket>,
}

fn backup_target() -> StorageTarget {
    StorageTarget { storage: "backup".into(), config: "{}".into() }
}

impl Storages for Shelves {
    fn open(&self, target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError> {
        if *target == backup_target() {
            return Ok(Arc::new(Shelf(Arc::clone(&self.backup))));
        }
        assert_eq!(target.config, "{\"secret\":\"s3cr3t\"}");
        Ok(Arc::new(Shelf(Arc::clone(&self.own))))
    }
}

impl Storage for Shelf {
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>> {
        Box::pin(async move {
            if self.0.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            self.0.take(upload, progress)
        })
    }

    fn abandon<'a>(
        &'a self,
        upload: &'a Upload,
        _progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<(), UploadError>> {
        let saved = upload.saved.clone().unwrap_or_default();
        self.0.abandoned.lock().unwrap().push((upload.key.clone(), saved));
        Box::pin(std::future::ready(Ok(())))
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Removal, UploadError>> {
        self.0.objects.lock().unwrap().remove(key);
        Box::pin(std::future::ready(Ok(Removal::Removed)))
    }
}

/// A server that takes events.
#[derive(Default)]
pub struct Listener {
    pub heard: Mutex<Vec<Notice>>,
    /// Deliveries that fail before any succeeds.
    pub deaf: AtomicUsize,
}

impl Listener {
    pub fn heard(&self) -> Vec<Notice> {
        self.heard.lock().unwrap().clone()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.heard().into_iter().map(|notice| notice.kind).collect()
    }

    pub fn details(&self, kind: &str) -> serde_json::Value {
        let heard = self.heard();
        heard.iter().find(|notice| notice.kind == kind).unwrap().details.clone()
    }
}

struct Line(Arc<Listener>);

impl Callbacks for Line {
    fn open(&self, app: &str) -> Result<Option<Arc<dyn Callback>>, DeliveryError> {
        assert_eq!(app, "demo");
        Ok(Some(Arc::new(Self(Arc::clone(&self.0)))))
    }
}

impl Callback for Line {
    fn deliver<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<Delivery, DeliveryError>> {
        Box::pin(async move {
            let deaf = &self.0.deaf;
            let left = deaf.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if left.is_ok() {
                let (id, reason) = (notice.id.clone(), "500".into());
                return Err(DeliveryError::Transient { id, reason });
            }
            self.0.heard.lock().unwrap().push(notice.clone());
            Ok(Delivery::Delivered)
        })
    }
}

/// A folder, an outbox in it, a bucket and a listener.
pub struct World {
    pub folder: tempfile::TempDir,
    pub bucket: Arc<Bucket>,
    pub listener: Arc<Listener>,
    /// The backup store, used if `has_backup`.
    pub backup: Arc<Bucket>,
    pub has_backup: bool,
    /// Makes files that are owed before they are there.
    pub maker: Arc<dyn Maker>,
}

impl Default for World {
    fn default() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            bucket: Arc::default(),
            listener: Arc::default(),
            backup: Arc::default(),
            has_backup: false,
            maker: Arc::new(Copier),
        }
    }
}

impl World {
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("state").join("capstan.redb")
    }

    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// An outbox that tries again at once.
    pub fn patience() -> OutboxSettings {
        OutboxSettings {
            retry_first: Duration::from_millis(1),
            retry_longest: Duration::from_millis(20),
            ..OutboxSettings::default()
        }
    }

    pub fn open(&self, clock: Arc<dyn RoomClock>) -> Outbox {
        self.open_as(Self::patience(), clock)
    }

    pub fn open_with(&self, settings: OutboxSettings) -> Outbox {
        self.open_as(settings, RunningClock::start())
    }

    pub fn open_as(&self, settings: OutboxSettings, clock: Arc<dyn RoomClock>) -> Outbox {
        // What an outbox before it still writes in the background ends soon.
        for _ in 0..1_000 {
            match Outbox::open(&self.database(), settings, Arc::clone(&clock)) {
                Err(error) if error.reason.contains("already open") => {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
                opened => return opened.unwrap(),
            }
        }
        panic!("the outbox before is still open");
    }

    /// Lets the outbox work; stops when the handle is aborted.
    pub fn run(&self, outbox: &Outbox) -> tokio::task::JoinHandle<()> {
        let (outbox, ports) = (outbox.clone(), self.ports());
        tokio::spawn(async move { outbox.run(ports).await })
    }

    /// Through what it works.
    pub fn ports(&self) -> OutboxPorts {
        OutboxPorts {
            storages: Arc::new(Shelves {
                own: Arc::clone(&self.bucket),
                backup: Arc::clone(&self.backup),
            }),
            callbacks: Arc::new(Line(Arc::clone(&self.listener))),
            backup: self.has_backup.then(backup_target),
            maker: Arc::clone(&self.maker),
        }
    }
}

/// Waits until something is so; a test that waits for what never comes fails.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited a minute in vain until {what}");
}
