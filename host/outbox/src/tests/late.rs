//! A store that carries out late what it never answered: the last playlist wins all the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::OutboxSettings;
use crate::ports::{
    BoxFuture, Holding, Late, Storage, StorageTarget, Storages, Stored, Upload, UploadError,
    UploadProgress,
};

/// A bucket whose first answer to a playlist is lost.
#[derive(Default)]
struct Sleepy {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What it will still carry out.
    late: Mutex<Option<(String, Vec<u8>)>>,
    answered: Mutex<bool>,
    /// Whether it can be read.
    readable: bool,
    playlists: Mutex<usize>,
}

impl Storages for Arc<Sleepy> {
    fn open(&self, _target: &StorageTarget) -> Result<Arc<dyn Storage>, UploadError> {
        Ok(Arc::new(Shelf(Self::clone(self))))
    }
}

struct Shelf(Arc<Sleepy>);

impl Storage for Shelf {
    fn put<'a>(
        &'a self,
        upload: &'a Upload,
        _progress: &'a dyn UploadProgress,
    ) -> BoxFuture<'a, Result<Stored, UploadError>> {
        Box::pin(async move {
            let (key, bytes) = (upload.key.clone(), std::fs::read(&upload.path).unwrap());
            let is_playlist = key.ends_with(".m3u8");
            if is_playlist && !std::mem::replace(&mut *self.0.answered.lock().unwrap(), true) {
                *self.0.late.lock().unwrap() = Some((key.clone(), bytes));
                let reason = "no answer".into();
                return Err(UploadError::Transient { key, reason, retry_after_ms: None });
            }
            *self.0.playlists.lock().unwrap() += usize::from(is_playlist);
            self.0.objects.lock().unwrap().insert(key.clone(), bytes);
            Ok(Stored { url: key, late: Late::Nothing })
        })
    }

    fn holds<'a>(&'a self, upload: &'a Upload) -> BoxFuture<'a, Result<Holding, UploadError>> {
        Box::pin(async move {
            if !self.0.readable {
                return Ok(Holding::Unknown);
            }
            let wanted = std::fs::read(&upload.path).unwrap();
            let same = self.0.objects.lock().unwrap().get(&upload.key) == Some(&wanted);
            Ok(if same { Holding::Same } else { Holding::Other })
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_playlist_that_comes_late_is_put_right() {
    for readable in [true, false] {
        let world = World::default();
        let path = world.folder.path().join("late.redb");
        let looks = [300, 600, 900].map(Duration::from_millis);
        let settings = OutboxSettings { look_back: looks, ..OutboxSettings::default() };
        let outbox = Outbox::open(&path, settings, RunningClock::start()).unwrap();
        let store = Arc::new(Sleepy { readable, ..Sleepy::default() });
        let mut ports = world.ports();
        ports.storages = Arc::new(Arc::clone(&store));
        let working = outbox.clone();
        tokio::spawn(async move { working.run(ports).await });
        let mut files = Files::begin(&world, &outbox, "sid1");
        files.cut(&outbox, false);
        until("it has an older one", || store.late.lock().unwrap().is_some()).await;
        files.cut(&outbox, true);
        asked_to_stop(&outbox);
        assert_eq!(ended(&outbox).await.delivered, Delivered::Uploaded);
        let there = || store.objects.lock().unwrap().get(PLAYLIST).cloned().unwrap_or_default();
        let whole = files.playlist.clone().into_bytes();
        assert!(there() == whole);
        let (key, older) = store.late.lock().unwrap().take().unwrap();
        assert!(older != whole);
        store.objects.lock().unwrap().insert(key, older);
        until("the last one is there again", || there() == whole).await;
        let clean = || outbox.keeper.books().leftovers.is_empty();
        until("nobody looks any more", clean).await;
        let put = *store.playlists.lock().unwrap();
        assert!(put <= if readable { 3 } else { 5 }, "{put} times");
    }
}
