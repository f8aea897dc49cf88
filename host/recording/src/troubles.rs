//! Which troubles a recording has at this moment, and which of them are to be told. Time is an argument.
//!
//! Whoever sees that something of a track is missing says so for as long as it sees it. A trouble is told
//! once it has lasted as long as its cause must, and is over when nobody has seen it for a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use capstan_media::time::RoomTime;
use capstan_media::track::TrackId;
use capstan_media::trouble::{Cause, Complaint};

/// What isn't seen for so long is over.
const OVER_AFTER: Duration = Duration::from_secs(3);
/// How often one trouble of one track is told of by an event; the timeline has every occurrence.
const EVENTS_EVERY: Duration = Duration::from_secs(60);
/// The most troubles that are followed: each cause of three tracks of many participants.
const MAX_FOLLOWED: usize = 1_024;
/// The most characters of a complaint's details.
const MAX_DETAIL: usize = 200;

/// The troubles of one recording.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    open: BTreeMap<Key, Open>,
    /// When an event last told of it.
    events: BTreeMap<Key, RoomTime>,
    told: u64,
}

type Key = (TrackId, Cause);

#[derive(Debug)]
struct Open {
    from: RoomTime,
    seen: RoomTime,
    detail: String,
    told: bool,
}

/// What is to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// A trouble has lasted long enough.
    Began {
        track: TrackId,
        cause: Cause,
        from: RoomTime,
        detail: String,
        /// Whether it deserves an event of its own.
        event: bool,
    },
    /// A trouble that was told is over.
    Ended { track: TrackId, cause: Cause, from: RoomTime, to: RoomTime },
}

impl Troubles {
    /// Something is missing of a track at `now`.
    pub(crate) fn see(&mut self, complaint: Complaint, now: RoomTime) {
        let Complaint { track, cause, since, detail } = complaint;
        let key = (track, cause);
        if let Some(open) = self.open.get_mut(&key) {
            open.from = open.from.min(since);
            open.seen = open.seen.max(now);
        } else if self.open.len() < MAX_FOLLOWED {
            let detail = detail.chars().filter(|c| !c.is_control()).take(MAX_DETAIL).collect();
            self.open.insert(key, Open { from: since.min(now), seen: now, detail, told: false });
        }
    }

    /// What is to be told by now.
    pub(crate) fn poll(&mut self, now: RoomTime) -> Vec<Told> {
        self.tell(|open| now.since(open.seen) >= OVER_AFTER, now)
    }

    /// Nothing is seen any more: what is to be told at the end.
    pub(crate) fn finish(&mut self, now: RoomTime) -> Vec<Told> {
        self.tell(|_| true, now)
    }

    /// Troubles told so far.
    pub(crate) const fn told(&self) -> u64 {
        self.told
    }

    fn tell(&mut self, over: impl Fn(&Open) -> bool, now: RoomTime) -> Vec<Told> {
        let mut told = Vec::new();
        for (&(track, cause), open) in &mut self.open {
            let lasted = open.seen.since(open.from);
            if !open.told && lasted >= cause.facts().patience {
                open.told = true;
                self.told += 1;
                let before = self.events.get(&(track, cause));
                let event = before.is_none_or(|before| now.since(*before) >= EVENTS_EVERY);
                if event {
                    self.events.insert((track, cause), now);
                }
                let (from, detail) = (open.from, open.detail.clone());
                told.push(Told::Began { track, cause, from, detail, event });
            }
            if open.told && over(open) {
                told.push(Told::Ended { track, cause, from: open.from, to: open.seen });
            }
        }
        self.open.retain(|_, open| !over(open));
        while self.events.len() > MAX_FOLLOWED {
            self.events.pop_first();
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use capstan_media::track::{TrackKind, Uid};

    use super::*;

    const fn ms(millis: i64) -> RoomTime {
        RoomTime::from_millis(millis)
    }

    fn camera() -> TrackId {
        TrackId { uid: Uid::new(7).unwrap(), kind: TrackKind::Camera }
    }

    fn complaint(cause: Cause, since: i64) -> Complaint {
        Complaint { track: camera(), cause, since: ms(since), detail: "why\n".into() }
    }

    /// Sees and polls each half second.
    fn play(cause: Cause, seen: impl Fn(i64) -> bool, until: i64) -> Vec<(i64, Told)> {
        let mut troubles = Troubles::default();
        let mut told = Vec::new();
        for now in (0..until).step_by(500) {
            if seen(now) {
                troubles.see(complaint(cause, now), ms(now));
            }
            told.extend(troubles.poll(ms(now)).into_iter().map(|one| (now, one)));
        }
        told.extend(troubles.finish(ms(until)).into_iter().map(|one| (until, one)));
        told
    }

    const fn began(cause: Cause, track: TrackId, from: i64, detail: String, event: bool) -> Told {
        Told::Began { track, cause, from: ms(from), detail, event }
    }

    #[test]
    fn what_lasts_is_told_once_with_its_span() {
        let cause = Cause::NoKeyFrame;
        let told = play(cause, |now| (1_000..12_000).contains(&now), 20_000);
        let began = began(cause, camera(), 1_000, "why".into(), true);
        let ended = Told::Ended { track: camera(), cause, from: ms(1_000), to: ms(11_500) };
        assert_eq!(told, [(6_000, began), (14_500, ended)]);
    }

    #[test]
    fn what_is_short_is_ordinary() {
        assert_eq!(play(Cause::NoKeyFrame, |now| now < 4_000, 20_000), []);
        let told = play(Cause::LeftOut, |now| now == 500, 1_000);
        let ended =
            Told::Ended { track: camera(), cause: Cause::LeftOut, from: ms(500), to: ms(500) };
        let began = began(Cause::LeftOut, camera(), 500, "why".into(), true);
        assert_eq!(told, [(500, began), (1_000, ended)], "the end closes it");
    }

    #[test]
    fn a_trouble_that_comes_again_and_again_has_an_event_a_minute() {
        // Ten seconds of each twenty.
        let told = play(Cause::PicturesLost, |now| now % 20_000 < 10_000, 120_000);
        let events: Vec<(i64, bool)> = told
            .iter()
            .filter_map(|(now, told)| match told {
                Told::Began { event, .. } => Some((*now / 20_000, *event)),
                Told::Ended { .. } => None,
            })
            .collect();
        let expected = [true, false, false, true, false, false];
        assert_eq!(events, (0..).zip(expected).collect::<Vec<_>>());
        assert_eq!(told.len(), 12, "each has its span");
    }
}
