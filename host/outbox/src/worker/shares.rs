//! Who may have another of the places that are shared: uploads and deliveries at one time.
//!
//! Whatever hangs holds its place for as long as anybody waits for an answer. So no app may hold most of
//! the places, and whoever holds none gets one beyond them: those who are slow make nobody else wait.

use std::collections::HashMap;
use std::hash::Hash;

/// How many places there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// In all, but for the first ones of whoever has none.
    pub(super) most: usize,
    /// At one end: a bucket, a receiver.
    pub(super) of_end: usize,
}

/// The places that are taken. An *end* is where something goes: a bucket, a receiver.
#[derive(Debug)]
pub(super) struct Shares<'a, End> {
    places: Places,
    taken: usize,
    of_app: HashMap<&'a str, usize>,
    of_end: HashMap<End, usize>,
}

impl<'a, End: Eq + Hash> Shares<'a, End> {
    pub(super) fn new(places: Places) -> Self {
        Self { places, taken: 0, of_app: HashMap::new(), of_end: HashMap::new() }
    }

    /// A place is taken.
    pub(super) fn take(&mut self, app: &'a str, end: End) {
        self.taken += 1;
        *self.of_app.entry(app).or_default() += 1;
        *self.of_end.entry(end).or_default() += 1;
    }

    /// Takes a place if this app may have another at this end.
    pub(super) fn may_take(&mut self, app: &'a str, end: End) -> bool {
        let may = self.may(app, &end);
        if may {
            self.take(app, end);
        }
        may
    }

    fn may(&self, app: &str, end: &End) -> bool {
        let of_app = self.of_app.get(app).copied().unwrap_or(0);
        let of_end = self.of_end.get(end).copied().unwrap_or(0);
        let Places { most, of_end: most_of_end } = self.places;
        if of_end >= most_of_end {
            return false;
        }
        // One app leaves a quarter of the places to the others.
        let of_all = self.taken < most && of_app < most.div_ceil(4) * 3;
        // The first of an app always, the first at an end while its app has no more than all should.
        let first = of_app == 0 || (of_end == 0 && of_app < most && self.taken < 2 * most);
        of_all || first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places = Places { most: 16, of_end: 8 };

    #[test]
    fn one_apps_slow_end_leaves_places_to_others() {
        let mut shares = Shares::new(PLACES);
        let taken = |shares: &mut Shares<'_, u32>, app, end| {
            (0..100).filter(|_| shares.may_take(app, end)).count()
        };
        assert_eq!(taken(&mut shares, "slow", 1), 8, "no more at one end");
        assert_eq!(taken(&mut shares, "slow", 2), 4, "no more of one app");
        assert_eq!(taken(&mut shares, "other", 3), 4, "the rest");
        assert_eq!(taken(&mut shares, "late", 4), 1, "everybody has one");
        assert_eq!(taken(&mut shares, "later", 5), 1);
    }

    #[test]
    fn each_end_of_an_app_has_a_place_within_bounds() {
        let mut shares = Shares::new(PLACES);
        let ends = (0..1_000).filter(|end| shares.may_take("many", *end)).count();
        assert_eq!(ends, 16, "an app with a thousand buckets that hang");
        assert!(shares.may_take("other", 5_000));
        let apps: Vec<String> = (0..100).map(|app| format!("app{app}")).collect();
        let mut shares = Shares::new(PLACES);
        let first = apps.iter().filter(|app| shares.may_take(app, 0_usize)).count();
        assert_eq!(first, 8, "what all of them use has its own bound");
    }
}
