//! One job of a storage plugin's trial: the machine is told what happened until it ends.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::Vendor;
use crate::check::probe::{self, Seen};
use crate::digest::digest;
use crate::fault::{Broke, cut};
use crate::grants::Reach;
use crate::http::{SourceFile, pieces};
use crate::plugin::{Configured, Plugin, WorldCalls};
use crate::v1::bindings::exports::capstan::plugin::uploader::{
    Action, DigestRequest, Event, Failure, Job, Outcome, Step, Stored, Work,
};

/// Turns after which a job is called endless.
const MOST_TURNS: u64 = 400;
const MOST_AT_ONCE: usize = 16;
const MOST_SAVED: usize = 1 << 20;
const LONGEST_WAIT_MS: u64 = 3_600_000;

/// How a job is played.
pub(super) struct Play<'a> {
    /// Who answers.
    pub(super) vendor: &'a mut Vendor<'a>,
    /// State of an earlier attempt.
    pub(super) saved: Option<Vec<u8>>,
    /// Give up after so many turns.
    pub(super) abort_after: Option<u64>,
    /// The host can't read the file.
    pub(super) unreadable: bool,
}

impl<'a> Play<'a> {
    pub(super) fn new(vendor: &'a mut Vendor<'a>) -> Self {
        Self { vendor, saved: None, abort_after: None, unreadable: false }
    }
}

/// How a job ended.
pub(super) enum End {
    Done(Stored),
    Failed(Failure),
    /// The contract was broken.
    Broke(String),
}

/// What was seen of a job.
pub(super) struct Run {
    pub(super) end: End,
    /// Every step, for comparison.
    pub(super) steps: String,
    pub(super) requests: usize,
    pub(super) digests: usize,
    /// The last state that was saved.
    pub(super) saved: Vec<u8>,
    pub(super) memory: usize,
    /// How long each call of `next` took.
    pub(super) micros: Vec<u64>,
}

impl Run {
    pub(super) fn broken(what: &str) -> Self {
        let end = End::Broke(what.to_owned());
        let (steps, saved, micros) = (String::new(), Vec::new(), Vec::new());
        Self { end, steps, requests: 0, digests: 0, saved, memory: 0, micros }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(stored) => write!(f, "it was stored as {}", stored.url),
            Self::Failed(Failure { kind, message, .. }) => {
                write!(f, "it failed: {kind:?}: {}", cut(message, 200))
            }
            Self::Broke(what) => f.write_str(what),
        }
    }
}

/// Plays one job.
pub(super) fn run<'a>(
    plugin: &'a Arc<Plugin>,
    config: &str,
    reach: &'a Reach,
    file: &'a SourceFile,
    play: Play<'a>,
) -> Run {
    let mut run = Run::broken("");
    run.end = match Stage::open(plugin, config, reach, file, play) {
        Ok(Ok(mut stage)) => {
            let end = stage.play(&mut run).unwrap_or_else(End::Broke);
            run.memory = stage.configured.guest.memory();
            end
        }
        Ok(Err(failure)) => End::Failed(failure),
        Err(what) => End::Broke(what),
    };
    run
}

/// A machine and everything around it.
struct Stage<'a> {
    plugin: &'a Arc<Plugin>,
    configured: Configured,
    calls: crate::v1::bindings::exports::capstan::plugin::uploader::Guest,
    upload: wasmtime::component::ResourceAny,
    reach: &'a Reach,
    file: &'a SourceFile,
    play: Play<'a>,
    under_way: BTreeSet<u32>,
    events: VecDeque<Event>,
    waited_ms: u64,
}

impl<'a> Stage<'a> {
    fn open(
        plugin: &'a Arc<Plugin>,
        config: &str,
        reach: &'a Reach,
        file: &'a SourceFile,
        play: Play<'a>,
    ) -> Result<Result<Self, Failure>, String> {
        let WorldCalls::Storage(calls) = plugin.world() else {
            return Err("it is no storage".into());
        };
        let mut configured = probe::instance(plugin, config)?;
        let guest = &mut configured.guest;
        let calls = guest
            .load(|store, instance| calls.load(store, instance))
            .map_err(|error| Broke::from_call(&error, None).detail)?;
        let job = Job {
            id: "check-1".into(),
            key: "folder/Ünicode and spaces & more+~ 7.m3u8".into(),
            size: file.size,
            content_type: "application/vnd.apple.mpegurl".into(),
            tags: vec![("origin".into(), "check".into())],
        };
        let saved = play.saved.as_deref();
        let opened = guest
            .call("open", |store| calls.upload().call_open(store, &job, saved))
            .map_err(|broke| words("open", broke))?;
        Ok(opened.map(|upload| Self {
            plugin,
            configured,
            calls,
            upload,
            reach,
            file,
            play,
            under_way: BTreeSet::new(),
            events: VecDeque::new(),
            waited_ms: 0,
        }))
    }

    fn play(&mut self, run: &mut Run) -> Result<End, String> {
        for turn in 0..MOST_TURNS {
            let step = if self.play.abort_after == Some(turn) {
                self.events.clear();
                self.under_way.clear();
                self.call(
                    "abort",
                    run,
                    |calls, store, upload, at| calls.upload().call_abort(store, upload, at),
                    turn,
                )?
            } else {
                let events = self.told(turn);
                self.call(
                    "next",
                    run,
                    |calls, store, upload, at| calls.upload().call_next(store, upload, at, &events),
                    turn,
                )?
            };
            run.steps.push_str(&format!("{step:?}\n"));
            match step {
                Step::Done(stored) => return Ok(End::Done(stored)),
                Step::Failed(failure) => {
                    run.saved = self.save()?;
                    return Ok(End::Failed(failure));
                }
                Step::Act(actions) => {
                    run.saved = self.save()?;
                    self.act(actions, run)?;
                }
            }
        }
        Err(format!("it comes to no end in {MOST_TURNS} turns"))
    }

    /// What is told at a turn: everything that ended, or at odd turns only the first of it.
    fn told(&mut self, turn: u64) -> Vec<Event> {
        let many =
            if turn.is_multiple_of(2) { self.events.len() } else { 1.min(self.events.len()) };
        let events: Vec<_> = self.events.drain(..many).collect();
        for event in &events {
            self.under_way.remove(&event.id);
        }
        events
    }

    fn call(
        &mut self,
        name: &'static str,
        run: &mut Run,
        call: impl FnOnce(
            &crate::v1::bindings::exports::capstan::plugin::uploader::Guest,
            &mut wasmtime::Store<crate::sandbox::Cell>,
            wasmtime::component::ResourceAny,
            crate::v1::bindings::capstan::plugin::io::Moment,
        ) -> wasmtime::Result<Step>,
        turn: u64,
    ) -> Result<Step, String> {
        let at = probe::moment(turn, self.waited_ms);
        let start = self.plugin.clock().now();
        let (calls, upload) = (&self.calls, self.upload);
        let step = self.configured.guest.call(name, |store| call(calls, store, upload, at));
        let took = self.plugin.clock().now().since(start).as_micros();
        run.micros.push(u64::try_from(took).unwrap_or(u64::MAX));
        step.map_err(|broke| words(name, broke))
    }

    fn save(&mut self) -> Result<Vec<u8>, String> {
        let (calls, upload) = (&self.calls, self.upload);
        let saved =
            self.configured.guest.call("save", |store| calls.upload().call_save(store, upload));
        let saved = saved.map_err(|broke| words("save", broke))?;
        if saved.len() > MOST_SAVED {
            return Err(format!("it saves {} bytes, at most {MOST_SAVED} are kept", saved.len()));
        }
        Ok(saved)
    }

    fn act(&mut self, actions: Vec<Action>, run: &mut Run) -> Result<(), String> {
        for Action { id, work } in actions {
            if !self.under_way.insert(id) {
                return Err(format!("action {id} is under way already"));
            }
            let outcome = self.perform(work, run)?;
            self.events.push_back(Event { id, outcome });
        }
        if self.under_way.len() > MOST_AT_ONCE {
            return Err(format!(
                "{} actions at once, at most {MOST_AT_ONCE}",
                self.under_way.len()
            ));
        }
        if self.events.is_empty() {
            return Err("it does nothing, and nothing is under way".into());
        }
        Ok(())
    }

    fn perform(&mut self, work: Work, run: &mut Run) -> Result<Outcome, String> {
        match work {
            Work::Wait(ms) => {
                self.waited_ms += u64::from(ms);
                if self.waited_ms > LONGEST_WAIT_MS {
                    return Err("it waits for over an hour".into());
                }
                Ok(Outcome::Woke)
            }
            Work::Digest(DigestRequest { algorithm, of }) => {
                run.digests += 1;
                let (pieces, _) = pieces(of, Some(self.file))?;
                if self.play.unreadable {
                    return Ok(Outcome::Unreadable("played by the check".into()));
                }
                let bytes = digest(algorithm, &pieces, self.file);
                bytes.map(Outcome::Digest).map_err(|error| error.to_string())
            }
            Work::Send(request) => {
                run.requests += 1;
                let seen = Seen::look(request, Some(self.file), self.reach)?;
                Ok(match (self.play.vendor)(&seen) {
                    Ok(response) => Outcome::Response(response),
                    Err(failure) => Outcome::NoResponse(failure),
                })
            }
        }
    }
}

fn words(call: &str, broke: Broke) -> String {
    format!("{call} broke the contract ({}): {}", broke.kind, broke.detail)
}
