//! One upload as a machine: what happened goes in, what to do next comes out.
//!
//! Flow: digests of a run of the file, then its request (`PUT`; or create, parts in parallel, digest
//! of the parts' digests, complete). Answers are compared with the digests. Where the vendor's tag
//! says nothing, and after a lost answer to the end of a multipart upload, `HEAD` asks what is there.
//!
//! A request that failed for now is repeated a few times, signed anew; then the job fails, and the
//! host begins another attempt with what `save` gave.

mod answers;
mod calls;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::answer::failed;
use crate::config::Config;
use crate::io::{Moment, Segment};
use crate::part::{Part, parts};
use crate::saved::Begun;
use crate::uploader::{
    Action, Algorithm, DigestRequest, Event, Failure, FailureKind, Job, Outcome, Step, Stored, Work,
};
use calls::Call;

/// Tries of one request before the job fails.
const MAX_TRIES: u32 = 4;
/// The pause before the second try; it doubles from try to try.
const FIRST_PAUSE_MS: u32 = 500;
/// The longest pause that a job sits out; for more the host should wait without it.
const MAX_PAUSE_MS: u32 = 30_000;

/// One job.
pub struct Upload {
    config: Rc<Config>,
    job: Job,
    multipart: bool,
    /// As the parts were cut when the upload began.
    part_size: u64,
    /// One, or those of a multipart upload.
    parts: Vec<Part>,
    upload_id: Option<String>,
    /// The tag that the object must have: its MD5, or that of its parts' MD5s with their number.
    tag: Option<String>,
    /// Why it is unknown whether the object is there, while `HEAD` asks.
    doubt: Option<Failure>,
    /// The vendor's clock less ours in milliseconds, once the vendor complained about ours.
    skew_ms: i64,
    next_id: u32,
    under_way: BTreeMap<u32, Task>,
}

/// What an action is for.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Task {
    /// The digest of a part.
    Digest(usize, Algorithm),
    /// The digest of the parts' digests.
    Tag,
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

impl Upload {
    /// Takes a job, and goes on from what an earlier attempt saved if that can be read.
    #[must_use]
    pub fn open(config: Rc<Config>, job: Job, saved: Option<&[u8]>) -> Self {
        let multipart = job.size >= config.multipart_threshold;
        let begun = saved.filter(|_| multipart).and_then(|saved| Begun::read(saved, job.size));
        let (upload_id, part_size, parts) = match begun {
            Some(begun) => (Some(begun.upload_id), begun.part_size, begun.parts),
            None if multipart => (None, config.part_size, parts(job.size, config.part_size)),
            None => (None, job.size, vec![Part::new(0, job.size)]),
        };
        Self {
            config,
            job,
            multipart,
            part_size,
            parts,
            upload_id,
            tag: None,
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
        let Some(upload_id) = self.upload_id.clone() else { return Vec::new() };
        let begun = Begun { upload_id, part_size: self.part_size, parts: self.parts.clone() };
        begun.save(self.job.size)
    }

    /// Gives up: what the vendor holds of a multipart upload is dropped.
    pub fn abort(&mut self, at: Moment) -> Step {
        self.under_way.clear();
        if self.upload_id.is_none() {
            return Step::Done(
                self.stored(None, Some("nothing was begun, nothing is left behind")),
            );
        }
        let mut turn = Turn { at, actions: Vec::new() };
        self.send(&mut turn, Call::Abort, 1);
        Step::Act(turn.actions)
    }

    fn take(&mut self, turn: &mut Turn, task: Task, outcome: Outcome) -> Progress {
        match (task, outcome) {
            (Task::Digest(number, algorithm), Outcome::Digest(digest)) => {
                self.digested(turn, number, algorithm, &digest)
            }
            (Task::Tag, Outcome::Digest(digest)) => {
                self.tag = Some(format!("{}-{}", hex::encode(digest), self.parts.len()));
                self.send(turn, Call::Complete, 1);
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
                let message = format!("the file can't be read: {words}");
                Err(failed(FailureKind::Rejected, message.chars().take(500).collect::<String>()))
            }
            _ => Err(failed(FailureKind::Rejected, "the host mixed up the outcomes of actions")),
        }
    }

    fn digested(
        &mut self,
        turn: &mut Turn,
        number: usize,
        algorithm: Algorithm,
        digest: &[u8],
    ) -> Progress {
        let Some(part) = self.parts.get_mut(number) else { return Ok(None) };
        if algorithm == Algorithm::Md5 {
            part.md5 = digest.try_into().ok();
        } else {
            part.sha256 = digest.try_into().ok();
        }
        if part.missing(&self.config).contains(&algorithm) {
            let message = format!("the host's digest has {} bytes", digest.len());
            return Err(failed(FailureKind::Rejected, message));
        }
        if part.missing(&self.config).is_empty() {
            self.send(turn, if self.multipart { Call::Part(number) } else { Call::Put }, 1);
        }
        Ok(None)
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
        if self.multipart && self.upload_id.is_none() {
            if idle {
                self.send(turn, Call::Create, 1);
            }
            return;
        }
        let under_way = |part: &&Part| part.started && part.etag.is_none();
        let free = self.config.parallel.saturating_sub(self.parts.iter().filter(under_way).count());
        let waits = |(_, part): &(usize, &Part)| !part.started && part.etag.is_none();
        let next: Vec<usize> =
            self.parts.iter().enumerate().filter(waits).take(free).map(|(n, _)| n).collect();
        for number in next {
            self.start_part(turn, number);
        }
        if self.multipart && idle && self.parts.iter().all(|part| part.etag.is_some()) {
            let digests = self.parts.iter().filter_map(|part| part.md5).flatten().collect();
            let of = vec![Segment::Bytes(digests)];
            let request = DigestRequest { algorithm: Algorithm::Md5, of };
            self.begin(turn, Task::Tag, Work::Digest(request));
        }
    }

    fn start_part(&mut self, turn: &mut Turn, number: usize) {
        let Some(part) = self.parts.get_mut(number) else { return };
        part.started = true;
        let range = part.range;
        for algorithm in part.missing(&self.config) {
            let request = DigestRequest { algorithm, of: vec![Segment::File(range)] };
            self.begin(turn, Task::Digest(number, algorithm), Work::Digest(request));
        }
    }

    fn send(&mut self, turn: &mut Turn, call: Call, tries: u32) {
        let now_ms = turn.at.now_ms.saturating_add_signed(self.skew_ms);
        let request = self.request(call).sign(&self.config, now_ms);
        self.begin(turn, Task::Send(call, tries), Work::Send(request));
    }

    fn begin(&mut self, turn: &mut Turn, task: Task, work: Work) {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        self.under_way.insert(id, task);
        turn.actions.push(Action { id, work });
    }

    fn stored(&self, etag: Option<&str>, note: Option<&str>) -> Stored {
        Stored {
            url: self.config.place.url(&self.job.key),
            etag: etag.map(Into::into),
            note: note.map(Into::into),
        }
    }
}
