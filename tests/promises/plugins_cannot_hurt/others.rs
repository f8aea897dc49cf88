//! What other programs take of the machine meanwhile, moment by moment: trouble while they take much of
//! it isn't laid to the guests.

use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::watched::{Watched, wall};

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(250);
/// Others who take less than so much of all processors leave enough: one of two, of which four small
/// recordings and their publishers need a quarter.
const QUIET: f64 = 0.5;
/// What others did so many seconds before counts: the sound is played out late, and pictures are dropped
/// half a second after the composite fell behind.
const BEFORE: f64 = 2.0;
/// What they did so many seconds after counts too, since looks are coarse.
const AFTER: f64 = 0.5;
/// Programs that stand back so far don't keep others waiting. The tests that compile do.
const STANDS_BACK: i64 = 10;

/// Looks at the machine on a thread of its own.
pub(super) struct Others {
    stop: mpsc::Sender<()>,
    looks: JoinHandle<Vec<Look>>,
}

/// What others took of all processors until a moment.
#[derive(Debug)]
struct Look {
    at: f64,
    share: f64,
}

/// All looks.
#[derive(Debug)]
pub(super) struct Shares(Vec<Look>);

impl Others {
    /// Begins to watch all who don't take part.
    pub(super) fn watch(four: &Watched<'_>) -> Self {
        let (pids, began) = (four.pids(), four.began());
        let (stop, stopped) = mpsc::channel();
        let looks = std::thread::spawn(move || {
            let (mut before, mut looks) = (Usage::now(&pids), Vec::new());
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
                let now = Usage::now(&pids);
                looks.push(Look { at: wall() - began, share: now.share_since(&before) });
                before = now;
            }
            looks
        });
        Self { stop, looks }
    }

    /// Ends it.
    pub(super) fn end(self) -> Shares {
        drop(self.stop);
        Shares(self.looks.join().unwrap())
    }
}

impl Shares {
    /// Whether others left enough of the machine when something happened.
    pub(super) fn quiet(&self, at: f64) -> bool {
        self.mean(at - BEFORE, at + AFTER) < QUIET
    }

    /// Others' share between two moments; all of the machine if nobody looked.
    pub(super) fn mean(&self, from: f64, to: f64) -> f64 {
        let within = self.0.iter().filter(|look| (from..=to).contains(&look.at));
        let shares: Vec<f64> = within.map(|look| look.share).collect();
        if shares.is_empty() { 1.0 } else { shares.iter().sum::<f64>() / shares.len() as f64 }
    }

    /// How much of the time between two moments was quiet.
    pub(super) fn judged(&self, from: f64, to: f64) -> f64 {
        let within = self.0.iter().filter(|look| (from..=to).contains(&look.at));
        let quiet: Vec<bool> = within.map(|look| self.quiet(look.at)).collect();
        quiet.iter().filter(|quiet| **quiet).count() as f64 / quiet.len().max(1) as f64
    }
}

/// Ticks of processor time since the machine began.
struct Usage {
    busy: u64,
    all: u64,
    /// Of those who take part, their children, and those who stand back.
    excused: BTreeMap<u32, u64>,
}

impl Usage {
    fn now(pids: &[u32]) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let numbers = stat.lines().next().unwrap().split_whitespace().skip(1).take(8);
        let numbers: Vec<u64> = numbers.map(|number| number.parse().unwrap()).collect();
        let all: u64 = numbers.iter().sum();
        let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, excused_ticks(pid, pids)?))
        });
        Self { busy: all - numbers[3] - numbers[4], all, excused: processes.collect() }
    }

    fn share_since(&self, before: &Self) -> f64 {
        let excused: u64 = self
            .excused
            .iter()
            .map(|(pid, now)| now.saturating_sub(before.excused.get(pid).copied().unwrap_or(0)))
            .sum();
        let busy = (self.busy - before.busy).saturating_sub(excused);
        busy as f64 / (self.all - before.all).max(1) as f64
    }
}

/// A process's ticks if it isn't one of the others. `None` for those, and for one that has just ended.
fn excused_ticks(pid: u32, pids: &[u32]) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name: state, parent, ..., the ticks of user and system, ..., how nice it is.
    let fields: Vec<i64> = stat
        .rsplit(')')
        .next()?
        .split_whitespace()
        .skip(1)
        .map(|it| it.parse().unwrap_or(0))
        .collect();
    let (parent, nice) = (u32::try_from(fields[0]).ok()?, fields[15]);
    let takes_part = pids.contains(&pid) || pids.contains(&parent);
    (takes_part || nice >= STANDS_BACK).then(|| u64::try_from(fields[10] + fields[11]).unwrap())
}
