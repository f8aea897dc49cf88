//! Places for connections: when all are taken, whoever has been silent for longest has to go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// All places of the server.
pub(super) struct Places {
    most: usize,
    taken: Mutex<Taken>,
    /// Somebody left or fell silent.
    changed: Notify,
}

#[derive(Default)]
struct Taken {
    /// Connections by number.
    by_number: BTreeMap<u64, State>,
    /// The silent ones, in the order in which they fell silent.
    silent: BTreeMap<u64, u64>,
    /// The next number, of a connection or of a silence.
    next: u64,
}

struct State {
    wanted: CancellationToken,
    /// Its key among the silent ones; none while a request of it is being answered.
    silence: Option<u64>,
}

/// One connection's place, free again when it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    wanted: CancellationToken,
}

/// While it lives, its connection isn't silent.
pub(super) struct Busy(Arc<Place>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), taken: Mutex::default(), changed: Notify::new() }
    }

    /// A place for one more connection, another's if need be. Waits while everybody is being answered.
    pub(super) async fn enter(self: &Arc<Self>) -> Arc<Place> {
        loop {
            let changed = self.changed.notified();
            if let Some(place) = self.try_enter() {
                return place;
            }
            changed.await;
        }
    }

    /// Sends away whoever has been silent for longest, if anybody is.
    pub(super) fn make_room(&self) -> bool {
        self.taken().send_away()
    }

    fn try_enter(self: &Arc<Self>) -> Option<Arc<Place>> {
        let mut taken = self.taken();
        if taken.by_number.len() >= self.most && !taken.send_away() {
            return None;
        }
        let number = taken.number();
        let wanted = CancellationToken::new();
        taken.by_number.insert(number, State { wanted: wanted.clone(), silence: None });
        taken.falls_silent(number);
        metrics::gauge!("capstan_http_connections").set(taken.by_number.len() as f64);
        drop(taken);
        Some(Arc::new(Place { places: Arc::clone(self), number, wanted }))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    const fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn falls_silent(&mut self, number: u64) {
        let silence = self.number();
        if let Some(state) = self.by_number.get_mut(&number) {
            state.silence = Some(silence);
            self.silent.insert(silence, number);
        }
    }

    fn send_away(&mut self) -> bool {
        let Some((_, number)) = self.silent.pop_first() else { return false };
        if let Some(state) = self.by_number.remove(&number) {
            state.wanted.cancel();
        }
        metrics::counter!("capstan_http_connections_sent_away_total").increment(1);
        true
    }
}

impl Place {
    /// Until somebody else needs the place and nothing is under way here.
    pub(super) async fn wanted(&self) {
        self.wanted.cancelled().await;
    }

    /// Holds the place while a request is answered.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        let mut taken = self.places.taken();
        if let Some(silence) =
            taken.by_number.get_mut(&self.number).and_then(|state| state.silence.take())
        {
            taken.silent.remove(&silence);
        }
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Place { places, number, .. } = &*self.0;
        places.taken().falls_silent(*number);
        places.changed.notify_one();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(silence) = taken.by_number.remove(&self.number).and_then(|state| state.silence)
        {
            taken.silent.remove(&silence);
        }
        metrics::gauge!("capstan_http_connections").set(taken.by_number.len() as f64);
        drop(taken);
        self.places.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_silent_longest_goes_and_who_is_answered_stays() {
        let places = Arc::new(Places::new(3));
        let (first, second, third) =
            (places.enter().await, places.enter().await, places.enter().await);
        let answered = first.busy();
        let fourth = places.enter().await;
        assert!(second.wanted.is_cancelled() && !first.wanted.is_cancelled());
        drop(answered);
        let _fifth = places.enter().await;
        assert!(third.wanted.is_cancelled() && !fourth.wanted.is_cancelled());
        let _sixth = places.enter().await;
        assert!(fourth.wanted.is_cancelled() && !first.wanted.is_cancelled());
        drop((second, third, fourth));
        assert_eq!(places.taken().by_number.len(), 3);
    }

    #[tokio::test]
    async fn while_all_are_answered_others_wait() {
        let places = Arc::new(Places::new(1));
        let only = places.enter().await;
        let busy = only.busy();
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.enter().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && !places.make_room());
        drop(busy);
        waiting.await.unwrap();
        assert!(only.wanted.is_cancelled());
    }
}
