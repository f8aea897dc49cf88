//! One upload as a machine: what happened goes in, what to do next comes out.
//!
//! Flow: digests of a run of the file, then its request (`Put`; or `Create`, parts in parallel, digests
//! of the whole, `Complete`). Answers are compared with the digests. Where an answer names none, and
//! after a lost answer to the end of an upload in parts, `Look` asks what is there.
//!
//! A request that failed for now is repeated a few times, signed anew; then the job fails, and the
//! host begins another attempt with what `save` gave.

mod answers;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::answer::failed;
use crate::io::Moment;
use crate::part::{Part, parts};
use crate::saved::Begun;
use crate::uploader::{
    Action, Algorithm, DigestRequest, Event, Failure, FailureKind, Job, Outcome, Step, Stored, Work,
};
use crate::vendor::{Call, Facts, Vendor};

/// Tries of one request before the job fails.
const MAX_TRIES: u32 = 4;
/// The pause before the second try; it doubles from try to try.
const FIRST_PAUSE_MS: u32 = 500;
/// The longest pause that a job sits out; for more the host should wait without it.
const MAX_PAUSE_MS: u32 = 30_000;

/// One job at one vendor.
pub struct Upload<V> {
    vendor: Rc<V>,
    facts: Facts,
    /// As the parts were cut when the upload began.
    part_size: u64,
    /// Why it is unknown whether the object is there, while `Look` asks.
    doubt: Option<Failure>,
    /// The vendor's clock less ours in milliseconds, once the vendor complained about ours.
    skew_ms: i64,
    next_id: u32,
    under_way: BTreeMap<u32, Task>,
}

/// What an action is for.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Task {
    /// A digest of a part.
    Digest(usize, Algorithm),
    /// A digest of the whole.
    Whole(Algorithm),
    /// A request; how often it was tried, this time included.
    Send(Call, u32),
    /// The pause before it is tried again.
    Pause(Call, u32),
}

/// One call of the machine: its moment, and the actions that it leads to.
struct Turn {
    at: Moment,
    actions: Vec<Action>,
}

/// What an event led to: nothing final, or the end.
type Progress = Result<Option<Stored>, Failure>;

impl<V: Vendor> Upload<V> {
    /// Takes a job, and goes on from what an earlier attempt saved if that can be read.
    #[must_use]
    pub fn open(vendor: Rc<V>, job: Job, saved: Option<&[u8]>) -> Self {
        let cut = vendor.cut();
        let multipart = job.size >= cut.threshold;
        let begun = saved.filter(|_| multipart).and_then(|saved| Begun::read(saved, job.size));
        let (upload_id, part_size, parts) = match begun {
            Some(begun) => (Some(begun.upload_id), begun.part_size, begun.parts),
            None if multipart => (None, cut.part_size, parts(job.size, cut.part_size)),
            None => (None, job.size, vec![Part::new(0, job.size)]),
        };
        Self {
            vendor,
            facts: Facts { job, multipart, upload_id, parts, whole: Vec::new() },
            part_size,
            doubt: None,
            skew_ms: 0,
            next_id: 0,
            under_way: BTreeMap::new(),
        }
    }

    /// Goes on with what happened since the last call.
    pub fn next(&mut self, at: Moment, events: Vec<Event>) -> Step {
        let mut turn = Turn { at, actions: Vec::new() };
        for event in events {
            let Some(task) = self.under_way.remove(&event.id) else { continue };
            match self.take(&mut turn, task, event.outcome) {
                Ok(None) => {}
                Ok(Some(stored)) => return Step::Done(stored),
                Err(failure) => return Step::Failed(failure),
            }
        }
        self.start_what_can_start(&mut turn);
        Step::Act(turn.actions)
    }

    /// What a later attempt needs; empty while there is nothing.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let Some(upload_id) = self.facts.upload_id.clone() else { return Vec::new() };
        let (part_size, parts) = (self.part_size, self.facts.parts.clone());
        Begun { upload_id, part_size, parts }.save(self.facts.job.size)
    }

    /// Gives up: what the vendor holds of an upload in parts is dropped.
    pub fn abort(&mut self, at: Moment) -> Step {
        self.under_way.clear();
        if self.facts.upload_id.is_none() {
            return Step::Done(
                self.stored(None, Some("nothing was begun, nothing is left behind")),
            );
        }
        if let Some(note) = self.vendor.left_behind() {
            return Step::Done(self.stored(None, Some(note)));
        }
        let mut turn = Turn { at, actions: Vec::new() };
        self.send(&mut turn, Call::Abort, 1);
        Step::Act(turn.actions)
    }

    fn take(&mut self, turn: &mut Turn, task: Task, outcome: Outcome) -> Progress {
        match (task, outcome) {
            (Task::Digest(number, algorithm), Outcome::Digest(digest)) => {
                check(algorithm, &digest)?;
                if let Some(part) = self.facts.parts.get_mut(number) {
                    part.digests.push((algorithm, digest));
                }
                self.measure_part(turn, number);
                Ok(None)
            }
            (Task::Whole(algorithm), Outcome::Digest(digest)) => {
                check(algorithm, &digest)?;
                self.facts.whole.push(digest);
                self.measure_whole(turn);
                Ok(None)
            }
            (Task::Send(call, tries), Outcome::Response(response)) => {
                self.answered(turn, call, tries, &response)
            }
            (Task::Send(call, tries), Outcome::NoResponse(failure)) => {
                self.unanswered(turn, call, tries, &failure)
            }
            (Task::Pause(call, tries), Outcome::Woke) => {
                self.send(turn, call, tries + 1);
                Ok(None)
            }
            (_, Outcome::Unreadable(words)) => {
                Err(failed(FailureKind::Rejected, format!("the file can't be read: {words}")))
            }
            _ => Err(failed(FailureKind::Rejected, "the host mixed up the outcomes of actions")),
        }
    }

    fn pause(
        &mut self,
        turn: &mut Turn,
        call: Call,
        tries: u32,
        wait_ms: u32,
        failure: Failure,
    ) -> Progress {
        if tries >= MAX_TRIES || wait_ms > MAX_PAUSE_MS {
            return Err(failure);
        }
        let step = FIRST_PAUSE_MS << (tries - 1).min(4);
        // Spread over half a step to one and a half, so that parts don't come back together.
        let chance = u32::try_from(turn.at.random.0 % u64::from(step)).unwrap_or(0);
        let wait = wait_ms.max(step / 2 + chance);
        self.begin(turn, Task::Pause(call, tries), Work::Wait(wait));
        Ok(None)
    }

    fn start_what_can_start(&mut self, turn: &mut Turn) {
        let idle = self.under_way.is_empty();
        if self.facts.multipart && self.facts.upload_id.is_none() {
            self.facts.upload_id = self.vendor.own_upload_id(&turn.at);
            if self.facts.upload_id.is_none() {
                if idle {
                    self.send(turn, Call::Create, 1);
                }
                return;
            }
        }
        let parts = &self.facts.parts;
        let busy = parts.iter().filter(|part| part.started && part.tag.is_none()).count();
        let free = self.vendor.cut().parallel.saturating_sub(busy);
        let waiting = parts.iter().enumerate().filter(|(_, part)| part.waits()).take(free);
        for number in waiting.map(|(number, _)| number).collect::<Vec<_>>() {
            if let Some(part) = self.facts.parts.get_mut(number) {
                part.started = true;
            }
            self.measure_part(turn, number);
        }
        if self.facts.multipart && idle && self.facts.parts.iter().all(|part| part.tag.is_some()) {
            self.measure_whole(turn);
        }
    }

    /// Asks for the next digest of a part, one at a time; after the last the part is sent.
    fn measure_part(&mut self, turn: &mut Turn, number: usize) {
        let Some(part) = self.facts.parts.get_mut(number) else { return };
        let wanted = self.vendor.digests(part.range, self.facts.multipart);
        match wanted.into_iter().nth(part.digests.len()) {
            Some(request) => self.digest(turn, Task::Digest(number, request.algorithm), request),
            None => {
                part.print = self.vendor.print(&part.digests);
                let call = if self.facts.multipart { Call::Part(number) } else { Call::Put };
                self.send(turn, call, 1);
            }
        }
    }

    /// Asks for the next digest of the whole; after the last the parts are joined.
    fn measure_whole(&mut self, turn: &mut Turn) {
        let wanted = self.vendor.whole_digests(&self.facts);
        match wanted.into_iter().nth(self.facts.whole.len()) {
            Some(request) => self.digest(turn, Task::Whole(request.algorithm), request),
            None => self.send(turn, Call::Complete, 1),
        }
    }

    fn digest(&mut self, turn: &mut Turn, task: Task, request: DigestRequest) {
        self.begin(turn, task, Work::Digest(request));
    }

    fn send(&mut self, turn: &mut Turn, call: Call, tries: u32) {
        let now_ms = turn.at.now_ms.saturating_add_signed(self.skew_ms);
        let at = Moment { now_ms, random: turn.at.random };
        let request = self.vendor.request(&self.facts, call, &at);
        self.begin(turn, Task::Send(call, tries), Work::Send(request));
    }

    fn begin(&mut self, turn: &mut Turn, task: Task, work: Work) {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        self.under_way.insert(id, task);
        turn.actions.push(Action { id, work });
    }

    fn stored(&self, etag: Option<String>, note: Option<&str>) -> Stored {
        Stored { url: self.vendor.url(&self.facts.job.key), etag, note: note.map(Into::into) }
    }
}

/// Whether the host's digest has the length of its algorithm.
fn check(algorithm: Algorithm, digest: &[u8]) -> Result<(), Failure> {
    let length = match algorithm {
        Algorithm::Sha256 => 32,
        Algorithm::Sha1 => 20,
        Algorithm::Md5 => 16,
        Algorithm::Crc32 | Algorithm::Crc32c => 4,
        Algorithm::Crc64Xz | Algorithm::Crc64Nvme => 8,
    };
    if digest.len() == length {
        return Ok(());
    }
    let message = format!("the host's digest has {} bytes, not {length}", digest.len());
    Err(failed(FailureKind::Rejected, message))
}
