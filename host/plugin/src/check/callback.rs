//! A callback plugin's trial: every kind of event against a server that answers by a script, or fails.

use std::sync::Arc;

use super::faults::{Allowed, scenes};
use super::probe::{self, Seen, leaks};
use super::report::CheckReport;
use super::script::Script;
use crate::fault::{Broke, cut};
use crate::grants::Reach;
use crate::plugin::{Plugin, WorldCalls};
use crate::v1::bindings::capstan::plugin::io::{Response, TransportFailure};
use crate::v1::bindings::exports::capstan::plugin::notifier::{
    Failure, Guest, Notice, Outcome, Step,
};

const MOST_REQUESTS: usize = 16;

/// Kinds and details: what Capstan sends, and what a later one may.
const NOTICES: &[(&str, &str)] = &[
    ("recorder_started", r#"{"status":0}"#),
    ("cloud_recording_file_infos", r#"{"fileList":"a/b.m3u8"}"#),
    ("uploading_progress", r#"{"progress":500}"#),
    ("uploaded", r#"{"status":0,"fileList":[{"fileName":"a/b.m3u8","isPlayable":true}]}"#),
    ("cloud_recording_error", r#"{"module":1,"errorCode":32,"errorMsg":"no \"x\""}"#),
    ("session_exit", r#"{"exitStatus":0}"#),
    ("of_tomorrow", r#"{"new":{"nested":[1,2.5,null,"ü\n"]}}"#),
    ("nothing_to_say", "{}"),
];

/// How a delivery ended.
enum End {
    Done,
    Ignored,
    Failed(Failure),
}

/// What was seen of a delivery.
struct Run {
    end: End,
    steps: String,
    requests: usize,
    micros: Vec<u64>,
    memory: usize,
}

struct Trial<'a> {
    plugin: &'a Arc<Plugin>,
    config: &'a str,
    reach: &'a Reach,
    secrets: &'a [String],
}

/// Tries a callback plugin.
pub(super) fn check(
    plugin: &Arc<Plugin>,
    config: &str,
    reach: &Reach,
    script: Option<&Script>,
    secrets: &[String],
    report: &mut CheckReport,
) {
    let trial = Trial { plugin, config, reach, secrets };
    let script = script.cloned().unwrap_or_default();
    let mut well = |seen: &Seen| Ok(script.answer(seen));
    let mut micros = Vec::new();
    let mut wanted = None;
    for (kind, details) in NOTICES {
        let what = format!("event {kind} is delivered or ignored");
        let (first, again) = (
            trial.run(&notice(kind, details, 0), &mut well),
            trial.run(&notice(kind, details, 0), &mut well),
        );
        match (first, again) {
            (Ok(run), Ok(again)) => {
                let same = run.steps == again.steps;
                if !same {
                    report.fail("the same clock and chance give the same steps", *kind);
                }
                report.memory = report.memory.max(run.memory);
                micros.extend_from_slice(&run.micros);
                match run.end {
                    End::Done if run.requests == 0 => report.fail(&what, "done without a request"),
                    End::Done => {
                        wanted = wanted.or(Some((*kind, *details)));
                        report.pass(&what, format!("{} requests", run.requests));
                    }
                    End::Ignored => report.pass(&what, "ignored"),
                    End::Failed(failure) => {
                        report.fail(&what, format!("it failed: {}", cut(&failure.message, 200)));
                    }
                }
            }
            (Err(wrong), _) | (_, Err(wrong)) => report.fail(&what, wrong),
        }
    }
    report.timed("next", micros);
    match wanted {
        Some((kind, details)) => trial.in_trouble(&notice(kind, details, 3), report),
        None => report.warn("some event is delivered", "none was, so no trouble was tried"),
    }
}

impl Trial<'_> {
    fn in_trouble(&self, notice: &Notice, report: &mut CheckReport) {
        for scene in scenes() {
            let played = self.run(notice, &mut |_| scene.trouble.play());
            let broken = played.and_then(|run| match (run.end, scene.allowed) {
                (_, Allowed::Any) => Ok(()),
                (End::Done, _) => Err("it says that the server took the event".into()),
                (End::Ignored, _) => Err("it ignores an event that it delivered before".into()),
                (End::Failed(_), Allowed::Failure) => Ok(()),
                (End::Failed(failure), Allowed::Retriable) if failure.retriable => Ok(()),
                (End::Failed(failure), Allowed::Retriable) => {
                    Err(format!("nobody would try again: {}", cut(&failure.message, 200)))
                }
            });
            report.note(&scene.name, broken.err());
        }
    }

    /// Delivers one event; an error says how the contract was broken.
    fn run(
        &self,
        notice: &Notice,
        server: &mut dyn FnMut(&Seen) -> Result<Response, TransportFailure>,
    ) -> Result<Run, String> {
        let WorldCalls::Callback(calls) = self.plugin.world() else {
            return Err("it is no callback".into());
        };
        let mut guest = probe::instance(self.plugin, self.config)?.guest;
        let calls: Guest = guest
            .load(|store, instance| calls.load(store, instance))
            .map_err(|error| Broke::from_call(&error, None).detail)?;
        let words =
            |broke: Broke| format!("it broke the contract ({}): {}", broke.kind, broke.detail);
        let delivery = guest
            .call("delivery", |store| calls.delivery().call_constructor(store, notice))
            .map_err(words)?;
        let (mut last, mut steps, mut micros) = (None, String::new(), Vec::new());
        for requests in 0..=MOST_REQUESTS {
            let at = probe::moment(u64::try_from(requests).unwrap_or(0), 0);
            let start = self.plugin.clock().now();
            let outcome = last.take();
            let step = guest.call("next", |store| {
                calls.delivery().call_next(store, delivery, at, outcome.as_ref())
            });
            let took = self.plugin.clock().now().since(start).as_micros();
            micros.push(u64::try_from(took).unwrap_or(u64::MAX));
            let step = step.map_err(words)?;
            steps.push_str(&format!("{step:?}\n"));
            let end = match step {
                Step::Send(request) => {
                    let seen = Seen::look(request, None, self.reach)?;
                    last = Some(match server(&seen) {
                        Ok(response) => Outcome::Response(response),
                        Err(failure) => Outcome::NoResponse(failure),
                    });
                    continue;
                }
                Step::Done => End::Done,
                Step::Ignored => End::Ignored,
                Step::Failed(failure) if leaks(&failure.message, self.secrets) => {
                    return Err("its words hold a secret of the configuration".into());
                }
                Step::Failed(failure) => End::Failed(failure),
            };
            return Ok(Run { end, steps, requests, micros, memory: guest.memory() });
        }
        Err(format!("over {MOST_REQUESTS} requests for one event"))
    }
}

fn notice(kind: &str, details: &str, attempt: u32) -> Notice {
    Notice {
        id: "check-7".into(),
        app: "demo".into(),
        room: "room ü".into(),
        recorder_uid: 4_294_967_295,
        sid: "0123456789abcdef0123456789abcdef".into(),
        sequence: 7,
        at_ms: probe::BEGIN_MS,
        kind: kind.into(),
        details: details.into(),
        attempt,
    }
}
