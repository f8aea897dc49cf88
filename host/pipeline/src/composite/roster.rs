//! When somebody should be told who is there.
//!
//! Changes of who has which picture or sound are told at once; who speaks, at most once a period.

use capstan_media::scene::Participant;

/// Remembers what was told last.
#[derive(Debug, Default)]
pub(super) struct RosterWatch {
    told: Option<(Vec<Participant>, u64)>,
}

impl RosterWatch {
    /// Answers `now` if it is to be told at `tick`.
    pub(super) fn changed(
        &mut self,
        now: Vec<Participant>,
        tick: u64,
        period: u64,
    ) -> Option<Vec<Participant>> {
        if let Some((before, told)) = &self.told {
            let same = |same: fn(&Participant, &Participant) -> bool| {
                before.len() == now.len() && before.iter().zip(&now).all(|(a, b)| same(a, b))
            };
            let speech_is_due = tick >= told + period;
            if same(is_like) && (same(speaks_like) || !speech_is_due) {
                return None;
            }
        }
        self.told = Some((now.clone(), tick));
        Some(now)
    }
}

fn is_like(a: &Participant, b: &Participant) -> bool {
    a.uid == b.uid
        && a.joined == b.joined
        && a.camera == b.camera
        && a.screen == b.screen
        && a.has_audio == b.has_audio
}

const fn speaks_like(a: &Participant, b: &Participant) -> bool {
    a.speaking == b.speaking
}

#[cfg(test)]
mod tests {
    use capstan_media::time::RoomTime;
    use capstan_media::track::Uid;

    use super::*;

    #[test]
    fn speech_is_told_once_a_period_and_joins_at_once() {
        let person = |number, speaking| Participant {
            uid: Uid::new(number).unwrap(),
            joined: RoomTime::from_millis(0),
            camera: None,
            screen: None,
            has_audio: true,
            speaking,
            level: if speaking { 20 } else { 100 },
        };
        let mut watch = RosterWatch::default();
        let mut told = |people: Vec<Participant>, tick| watch.changed(people, tick, 3).is_some();
        assert!(told(vec![], 0), "the first time always");
        assert!(!told(vec![], 1));
        assert!(told(vec![person(1, false)], 2));
        assert!(!told(vec![person(1, true)], 3), "too soon for speech only");
        assert!(!told(vec![person(1, true)], 4));
        assert!(told(vec![person(1, true)], 5));
        assert!(told(vec![person(1, false), person(2, false)], 6));
        assert!(told(vec![person(2, false)], 7));
        assert!(!told(vec![Participant { level: 3, ..person(2, false) }], 90));
    }
}
