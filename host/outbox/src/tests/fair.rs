//! Whoever is slow makes nobody else wait: the receiver of an app, the buckets of an app.

use std::sync::{Arc, Mutex};

use capstan_media::track::RoomId;

use super::*;
use crate::ports::{
    BoxFuture, Callback, Callbacks, Delivery, DeliveryError, Late, Notice, Storage, StorageTarget,
    Storages, Stored, Upload, UploadError, UploadProgress,
};
use crate::{OutboxPorts, OutboxSettings, Shipment, ShippedFile};

/// What arrived: keys of files, ids of recordings that told something. Whatever has `slow` in its app or
/// bucket never gets an answer.
#[derive(Clone, Default)]
struct Outside(Arc<Mutex<Vec<String>>>);

impl Outside {
    fn took(&self, what: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|one| *one == what).count()
    }
}

impl Callbacks for Outside {
    fn open(&self, _app: &str) -> Result<Option<Arc<dyn Callback>>, DeliveryError> {
        Ok(Some(Arc::new(self.clone())))
    }
}

impl Callback for Outside {
    fn deliver<'a>(&'a self, notice: &'a Notice) -> BoxFuture<'a, Result<Delivery, DeliveryError>> {
        Box::pin(async move {
            if notice.app.contains("slow") {
                std::future::pending::<()>().await;
            }
            self.0.lock().unwrap().push(notice.sid.clone());
            Ok(Delivery::Delivered)
        })
    }
}

struct Place(Outside, bool);

impl Storages for Outside {
    fn open(&self, target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError> {
        Ok(Arc::new(Place(self.clone(), target.config.contains("slow"))))
    }
}

impl Storage for Place {
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        _progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>> {
        Box::pin(async move {
            if self.1 {
                std::future::pending::<()>().await;
            }
            self.0.0.lock().unwrap().push(upload.key.clone());
            Ok(Stored { url: upload.key.clone(), late: Late::Nothing })
        })
    }
}

fn open(world: &World) -> (Outbox, Outside) {
    let path = world.folder.path().join("fair.redb");
    let outbox = Outbox::open(&path, OutboxSettings::default(), RunningClock::start()).unwrap();
    let outside = Outside::default();
    let ports = OutboxPorts {
        storages: Arc::new(outside.clone()),
        callbacks: Arc::new(outside.clone()),
        backup: None,
        maker: Arc::clone(&world.maker),
    };
    let working = outbox.clone();
    tokio::spawn(async move { working.run(ports).await });
    (outbox, outside)
}

fn ship(world: &World, outbox: &Outbox, app: &str, bucket: &str, files: usize) {
    let sid = format!("{app}-{bucket}");
    let path = world.folder.path().join("file");
    std::fs::write(&path, b"some").unwrap();
    let file = |number: usize| ShippedFile {
        path: path.clone(),
        key: format!("{sid}/{number}"),
        size: 4,
        content_type: "video/mp4".into(),
    };
    outbox
        .ship(Shipment {
            sid: sid.clone(),
            room: RoomId { app: app.into(), name: "room".into() },
            recorder_uid: 1,
            storage: StorageTarget {
                storage: "s3".into(),
                config: format!("{{\"bucket\":\"{bucket}\",\"accessKey\":\"{sid}\"}}"),
            },
            folder: world.folder.path().join(&sid),
            files: (0..files).map(file).collect(),
            listed: Vec::new(),
        })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_apps_slow_receiver_holds_up_no_other_apps_events() {
    let world = World::default();
    let (outbox, outside) = open(&world);
    let begin = |app: &str, sid: &str| {
        let mut settings = settings(sid);
        settings.room.app = app.into();
        outbox.begin(&settings, &world.work().join(sid)).unwrap();
    };
    // By their names all of them come first.
    (0..40).for_each(|number| begin("slow", &format!("a{number}")));
    (0..40).for_each(|number| begin("slow2", &format!("b{number}")));
    begin("quick", "z");
    until("both events are delivered", || outside.took("z") == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_apps_slow_buckets_hold_up_nobody_elses_uploads() {
    let world = World::default();
    let (outbox, outside) = open(&world);
    for bucket in 0..50 {
        ship(&world, &outbox, "a", &format!("slow{bucket}"), 8);
    }
    // Many keys of one bucket are one bucket.
    for app in 0..20 {
        ship(&world, &outbox, &format!("b{app}"), "slow-shared", 8);
    }
    ship(&world, &outbox, "quick", "good", 3);
    let all = || (0..3).all(|number| outside.took(&format!("quick-good/{number}")) == 1);
    until("another app's files arrive", all).await;
}
