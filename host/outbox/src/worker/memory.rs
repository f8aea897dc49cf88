//! What the worker remembers between attempts.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use capstan_media::time::RoomTime;
use tokio::task::Id;

use crate::keeper::Keeper;
use crate::retry::{BackOff, chance};
use crate::settings::OutboxSettings;
use crate::steps::Verdict;

/// How long a playlist waits for what is on disk but not owed yet: some syncs of a disk.
const SOON: Duration = Duration::from_millis(100);

/// Something that leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Job {
    Upload {
        sid: String,
        key: String,
    },
    Leftover {
        sid: String,
        order: u64,
    },
    Event {
        sid: String,
    },
    /// Makes a recording's next MP4 file.
    Assembly {
        sid: String,
    },
    /// Makes files of what an interrupted recording's tapes hold behind its last segments.
    Tail {
        sid: String,
    },
}

/// What the worker remembers between attempts; losing it costs a repetition.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) on_the_way: HashMap<Id, Job>,
    pub(super) not_before: HashMap<Job, RoomTime>,
    pub(super) failures: HashMap<Job, u32>,
    pub(super) waits_for_files: HashSet<Job>,
    pub(super) sent: HashMap<Job, u32>,
    pub(super) progress: HashMap<String, RoomTime>,
}

impl Memory {
    /// Notes how a job went.
    pub(super) fn note(
        &mut self,
        keeper: &Keeper,
        settings: OutboxSettings,
        job: Job,
        verdict: Verdict,
    ) {
        let now = keeper.now();
        match verdict {
            Verdict::Settled => {
                self.forget(&job);
                self.wake_playlists(&job);
            }
            Verdict::AtOnce => self.forget(&job),
            Verdict::WaitsForFiles { sent } => {
                self.forget(&job);
                self.sent.insert(job.clone(), sent);
                let Job::Upload { sid, .. } = &job else { return };
                // Files may have left while the playlist was on its way: wait only for later ones.
                if keeper.books().uploads_of(sid).any(|owing| !owing.is_playlist) {
                    self.waits_for_files.insert(job);
                } else {
                    // It names a segment that is about to be owed.
                    self.not_before.insert(job, now + SOON);
                }
            }
            Verdict::InBackup { asked } => {
                self.wake_playlists(&job);
                self.note(keeper, settings, job, Verdict::Again { asked });
            }
            Verdict::Again { asked } => {
                let back_off = match &job {
                    Job::Event { .. } => settings.events.back_off(),
                    Job::Upload { .. }
                    | Job::Leftover { .. }
                    | Job::Assembly { .. }
                    | Job::Tail { .. } => {
                        BackOff { first: settings.retry_first, longest: settings.retry_longest }
                    }
                };
                let failures = self.failures.entry(job.clone()).or_insert(0);
                *failures += 1;
                let pause = back_off.pause(*failures, asked, chance());
                self.not_before.insert(job, now + pause);
            }
        }
    }

    /// Forgets what held up files that are sent by other keys or elsewhere.
    pub(super) fn hurry(&mut self, sids: &[String]) {
        if sids.is_empty() {
            return;
        }
        let others = |job: &Job| match job {
            Job::Upload { sid, .. } | Job::Leftover { sid, .. } => !sids.contains(sid),
            Job::Event { .. } | Job::Assembly { .. } | Job::Tail { .. } => true,
        };
        self.not_before.retain(|job, _| others(job));
        self.failures.retain(|job, _| others(job));
        self.sent.retain(|job, _| others(job));
        self.waits_for_files.retain(others);
    }

    /// A file got somewhere: the playlists of its recording may say more.
    fn wake_playlists(&mut self, job: &Job) {
        if let Job::Upload { sid, .. } = job {
            self.waits_for_files
                .retain(|waits| !matches!(waits, Job::Upload { sid: of, .. } if of == sid));
        }
    }

    fn forget(&mut self, job: &Job) {
        self.not_before.remove(job);
        self.failures.remove(job);
        self.waits_for_files.remove(job);
    }
}
