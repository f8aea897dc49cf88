//! Tests that record in real time share the machine by turns: more of them at once would starve each other.

use std::sync::{Condvar, Mutex, PoisonError};

/// How many run side by side: a recording costs a tenth of a core, its publishers and judges more.
const SHARES: usize = 2;

static FREE: Mutex<usize> = Mutex::new(SHARES);
static GIVEN_BACK: Condvar = Condvar::new();

/// Some of the machine, given back when dropped.
#[derive(Debug)]
pub struct Turn {
    shares: usize,
}

/// A turn beside others, for a test with a handful of publishers.
#[must_use]
pub fn real_time_turn() -> Turn {
    take(1)
}

/// A turn alone, for what fills two cores: a browser that encodes, what is measured, what uses processors up.
#[must_use]
pub fn whole_machine() -> Turn {
    take(SHARES)
}

fn take(shares: usize) -> Turn {
    let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let enough = GIVEN_BACK.wait_while(free, |free| *free < shares);
    *enough.unwrap_or_else(PoisonError::into_inner) -= shares;
    Turn { shares }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += self.shares;
        GIVEN_BACK.notify_all();
    }
}
