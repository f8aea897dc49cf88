//! How a phone is held while it films: its sensor's picture stays as large as it is, and each frame says by how
//! much it is to be turned.

use std::time::Duration;

use capstan_media::turn::Turn;

/// Turns, and from when on each holds, counted from the first picture.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Grip {
    turns: Vec<(Duration, Turn)>,
}

impl Grip {
    /// Another turn from a moment on.
    #[must_use]
    pub fn then(mut self, from: Duration, turn: Turn) -> Self {
        self.turns.push((from, turn));
        self.turns.sort_by_key(|(from, _)| *from);
        self
    }

    /// The turn that holds so long after the first picture.
    #[must_use]
    pub fn at(&self, since: Duration) -> Turn {
        let begun = self.turns.iter().rev().find(|(from, _)| *from <= since);
        begun.map_or(Turn::None, |(_, turn)| *turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_holds_until_the_next() {
        let seconds = Duration::from_secs;
        let grip = Grip::default().then(seconds(5), Turn::Half).then(seconds(2), Turn::Quarter);
        let seen = [0, 2, 4, 5, 9].map(|second| grip.at(seconds(second)));
        assert_eq!(seen, [Turn::None, Turn::Quarter, Turn::Quarter, Turn::Half, Turn::Half]);
    }
}
