//! The store on a disk that fails: what it says afterwards is what memory says.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use capstan_archive::target::StorageTarget;
use capstan_media::track::RoomId;
use proptest::prelude::*;
use redb::{BackendError, StorageBackend};

use super::*;
use crate::books::ledger::Ledger;
use crate::books::owing::Owing;
use crate::event::Event;

/// Of so many accesses that write, one fails; none at 0.
#[derive(Debug, Default)]
struct Faults {
    one_in: AtomicU64,
    state: AtomicU64,
}

impl Faults {
    fn strike(&self) -> std::io::Result<()> {
        let one_in = self.one_in.load(Ordering::SeqCst);
        if one_in == 0 {
            return Ok(());
        }
        let next = |x: u64| x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let state = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |x| Some(next(x)));
        if (state.unwrap() >> 33).is_multiple_of(one_in) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

/// A file whose disk fails now and then, in the middle of a write too.
#[derive(Debug)]
struct Faulty {
    inner: reserve::Reserved,
    faults: Arc<Faults>,
}

impl StorageBackend for Faulty {
    fn len(&self) -> std::io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.faults.strike()?;
        self.inner.set_len(len)
    }

    /// Nothing is synced: no power is cut here.
    fn sync_data(&self) -> std::io::Result<()> {
        self.faults.strike()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        if let Err(error) = self.faults.strike() {
            self.inner.write(offset, &data[..data.len() / 2])?;
            return Err(error);
        }
        self.inner.write(offset, data)
    }

    fn close(&self) -> std::io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }
}

/// A store on such a disk, and what memory has.
struct Scene {
    store: Store,
    books: Books,
    faults: Arc<Faults>,
    folder: tempfile::TempDir,
    now: RoomTime,
    /// Recordings that were to be forgotten, which failed: what they told may be gone.
    half_forgotten: BTreeSet<String>,
}

impl Scene {
    fn new() -> Self {
        let (folder, faults) = (tempfile::tempdir().unwrap(), Arc::<Faults>::default());
        let given = Arc::clone(&faults);
        let opener = move |path: &Path| {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
            let kept = file.try_clone()?;
            let inner = reserve::Reserved::new(file)?;
            open_backend(Faulty { inner, faults: Arc::clone(&given) }, kept)
        };
        let store = Store::open_by(&folder.path().join("x.redb"), Box::new(opener)).unwrap();
        let now = RoomTime::from_millis(1_000_000);
        let (books, half_forgotten) = (Books::default(), BTreeSet::new());
        Self { store, books, faults, folder, now, half_forgotten }
    }

    fn change(&self, sid: &str) -> Change {
        let target = StorageTarget { storage: "store".into(), config: "{}".into() };
        let room = RoomId { app: "school".into(), name: "room".into() };
        let new = || Ledger::new(sid.into(), room, 1, target, Path::new("/x"), self.now);
        let mut change = Change::new(self.books.ledgers.get(sid).cloned().unwrap_or_else(new));
        change.tell(&Event::RecorderStarted, self.now);
        let key = format!("{}.m4s", change.ledger.next_order);
        change.ledger.next_order += 1;
        change.owe.push(Owing::new(sid.into(), key, "/x/y".into(), "video/mp4".into(), 7));
        change
    }

    fn commit(&mut self, change: Change) -> bool {
        self.now = self.now + AGAIN;
        let Self { store, books, now, .. } = self;
        let done = store.mend(*now, |sids| sids.iter().map(|sid| books.kept(sid)).collect());
        let done = done.and_then(|()| store.commit(&change, 1_000));
        if done.is_err() && change.forget {
            self.half_forgotten.insert(change.ledger.sid);
        } else if done.is_ok() {
            change.apply_to(books);
        }
        done.is_ok()
    }

    /// Disk and memory say the same, in this process and in the next.
    fn agree(&mut self) {
        self.faults.one_in.store(0, Ordering::SeqCst);
        self.now = self.now + AGAIN;
        let Self { store, books, now, .. } = self;
        store.mend(*now, |sids| sids.iter().map(|sid| books.kept(sid)).collect()).unwrap();
        store.health().unwrap();
        let memory = format!("{:?}", self.books);
        assert_eq!(format!("{:?}", self.store.load().unwrap()), memory);
        *self.store.opened.write().unwrap() = None;
        let next = Store::open(&self.folder.path().join("x.redb")).unwrap();
        assert_eq!(format!("{:?}", next.load().unwrap()), memory);
        let whole = |(sid, _): &(&String, &Ledger)| !self.half_forgotten.contains(*sid);
        for (sid, ledger) in self.books.ledgers.iter().filter(whole) {
            let told = next.history(sid, None, 10_000).unwrap();
            assert_eq!(told.len() as u64, ledger.next_sequence, "each event once");
        }
    }
}

#[test]
fn after_an_error_it_is_opened_again_and_goes_on() {
    let mut scene = Scene::new();
    assert!(scene.commit(scene.change("a")));
    scene.faults.one_in.store(1, Ordering::SeqCst);
    assert!(!scene.commit(scene.change("a")));
    let refused = scene.store.health().unwrap_err();
    assert!(refused.to_string().contains("no storage space"), "{refused}");
    for _ in 0..3 {
        assert!(!scene.commit(scene.change("b")), "as long as the disk refuses");
    }
    scene.faults.one_in.store(0, Ordering::SeqCst);
    assert!(scene.commit(scene.change("a")), "without a restart");
    scene.store.health().unwrap();
    assert_eq!(scene.books.ledgers["a"].next_sequence, 2);
    scene.agree();
}

#[test]
fn it_is_opened_again_once_a_second_at_most() {
    let mut scene = Scene::new();
    scene.faults.one_in.store(1, Ordering::SeqCst);
    assert!(!scene.commit(scene.change("a")));
    let soon = scene.now + AGAIN;
    let none = |_: &BTreeSet<String>| Vec::new();
    assert!(scene.store.mend(soon, none).is_err(), "the disk refuses still");
    scene.faults.one_in.store(0, Ordering::SeqCst);
    assert!(scene.store.mend(soon + AGAIN / 2, none).is_err(), "it was tried just before");
    scene.store.mend(soon + AGAIN, none).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn disk_and_memory_agree_after_any_faults(
        seed in any::<u64>(),
        steps in prop::collection::vec((0..3_usize, 0..5_u8, prop::option::of(2..40_u64)), 1..40),
    ) {
        let mut scene = Scene::new();
        scene.faults.state.store(seed, Ordering::SeqCst);
        for (sid, what, one_in) in steps {
            scene.faults.one_in.store(one_in.unwrap_or(0), Ordering::SeqCst);
            let sid = ["a", "b", "c"][sid];
            let mut change = scene.change(sid);
            let owed = scene.books.uploads_of(sid).next().map(|owing| owing.key.clone());
            match what {
                0 if scene.books.ledgers.contains_key(sid) => change.forget = true,
                1 | 2 => change.settle.extend(owed),
                3 => change.delivered.extend(scene.books.events_of(sid).next().map(|n| n.sequence)),
                _ => {}
            }
            scene.commit(change);
        }
        scene.agree();
    }
}
