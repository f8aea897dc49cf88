//! Which packets of sound came. They are taken as they arrive, in any order, since the playout sorts them and has
//! more time for it than the WebRTC library; and a packet that was brought back from redundancy may still come.

use std::collections::BTreeSet;

/// Packets that are remembered: more than any network holds up.
const REMEMBERED: usize = 1_000;

/// Numbers of the newest packets.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    numbers: BTreeSet<u64>,
}

/// How a packet comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// The next one, or one that was missing.
    Next,
    /// Others before it are missing; they may still come.
    AfterMissing,
    /// It was here already, or is older than what is remembered.
    Again,
}

impl Heard {
    pub(crate) fn take(&mut self, number: u64) -> Turn {
        let newest = self.numbers.last().copied();
        if !self.numbers.insert(number) {
            return Turn::Again;
        }
        if self.numbers.len() > REMEMBERED && self.numbers.pop_first() == Some(number) {
            return Turn::Again;
        }
        match newest {
            Some(newest) if number > newest.saturating_add(1) => Turn::AfterMissing,
            _ => Turn::Next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_packet_is_heard_once_in_any_order() {
        let mut heard = Heard::default();
        let turns = [7, 8, 11, 9, 8, 12, 11].map(|number| heard.take(number));
        use Turn::{AfterMissing, Again, Next};
        assert_eq!(turns, [Next, Next, AfterMissing, Next, Again, Next, Again]);
        (13..3_000).for_each(|number| assert_eq!(heard.take(number), Next));
        assert_eq!(heard.take(10), Again, "too old to tell");
        assert_eq!(heard.numbers.len(), REMEMBERED);
    }
}
