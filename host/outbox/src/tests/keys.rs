//! Fresh keys for a storage, at the worst moment.

use capstan_archive::target::StorageTarget;
use tokio::sync::Semaphore;

use super::*;
use crate::ports::{
    BoxFuture, Callback, Callbacks, DeliveryError, Late, Storage, Storages, Stored, Upload,
    UploadError, UploadProgress,
};
use crate::testing::Copier;

/// A store that refuses whoever comes with old keys, once it is told to answer.
struct Door {
    asked: Semaphore,
    answer: Semaphore,
}

struct Entrance {
    door: Arc<Door>,
    old: bool,
}

struct Doors(Arc<Door>);

impl Storages for Doors {
    fn open(&self, target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError> {
        let old = target.config.contains("s3cr3t");
        Ok(Arc::new(Entrance { door: Arc::clone(&self.0), old }))
    }
}

impl Storage for Entrance {
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        _progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>> {
        Box::pin(async move {
            if !self.old {
                return Ok(Stored { url: upload.key.clone(), late: Late::Nothing });
            }
            self.door.asked.add_permits(1);
            self.door.answer.acquire().await.unwrap().forget();
            let (storage, code) = ("door".to_owned(), "expired-credentials".to_owned());
            let reason = "ExpiredToken: you sent s3cr3t".to_owned();
            Err(UploadError::Rejected { storage, code, reason })
        })
    }
}

struct Nobody;

impl Callbacks for Nobody {
    fn open(&self, _app: &str) -> Result<Option<Arc<dyn Callback>>, DeliveryError> {
        Ok(None)
    }
}

fn doors() -> (Arc<Door>, OutboxPorts) {
    let door = Arc::new(Door { asked: Semaphore::new(0), answer: Semaphore::new(0) });
    let storages = Arc::new(Doors(Arc::clone(&door)));
    (
        door,
        OutboxPorts {
            storages,
            callbacks: Arc::new(Nobody),
            backup: None,
            maker: Arc::new(Copier),
        },
    )
}

fn fresh() -> StorageTarget {
    StorageTarget { storage: "memory".into(), config: "{\"secret\":\"fresh\"}".into() }
}

fn errors(outbox: &Outbox) -> Vec<String> {
    let told = outbox.history("sid1", None, 100).unwrap();
    let errors = told.into_iter().filter(|notice| notice.kind == "cloud_recording_error");
    errors.map(|notice| notice.details["errorMsg"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_old_ones_that_comes_late_parks_nothing() {
    let world = World::default();
    let outbox = world.open(RunningClock::start());
    let (door, ports) = doors();
    let of_run = outbox.clone();
    let run = tokio::spawn(async move { of_run.run(ports).await });
    // The last files of a recording: nothing leaves after them that would set them free again.
    Files::begin(&world, &outbox, "sid1").cut(&outbox, true);
    let under_way = door.asked.acquire_many(2).await.unwrap();
    outbox.retarget("sid1", &fresh(), Place::Same).unwrap();
    door.answer.add_permits(100);
    drop(under_way);
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Uploaded);
    assert_eq!(errors(&outbox), [""; 0]);
    run.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_ones_met_is_told_and_tried_again_with_the_new() {
    let world = World::default();
    let outbox = world.open(RunningClock::start());
    let (door, ports) = doors();
    door.answer.add_permits(100);
    let of_run = outbox.clone();
    let run = tokio::spawn(async move { of_run.run(ports).await });
    Files::begin(&world, &outbox, "sid1").cut(&outbox, true);
    until("all is parked", || outbox.owed().parked == 3).await;
    let words = "storage door refused: expired-credentials: ExpiredToken: you sent (secret)";
    assert_eq!(errors(&outbox), [words]);
    // Keys that are as old: their refusal is told anew.
    let target = outbox.target("sid1").unwrap();
    outbox.retarget("sid1", &target, Place::Same).unwrap();
    until("it is told again", || errors(&outbox).len() == 2).await;
    outbox.retarget("sid1", &fresh(), Place::Same).unwrap();
    asked_to_stop(&outbox);
    assert_eq!(ended(&outbox).await.delivered, Delivered::Uploaded);
    assert_eq!(errors(&outbox), [words; 2]);
    run.abort();
}
