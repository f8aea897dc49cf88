//! A storage plugin's trial: one job after another against a vendor that answers by a script, or fails.

mod run;

use std::io::Write;
use std::sync::Arc;

use super::faults::{Allowed, Body, Trouble, scenes};
use super::probe::{Seen, leaks};
use super::report::CheckReport;
use super::script::Script;
use crate::grants::Reach;
use crate::http::SourceFile;
use crate::plugin::Plugin;
use crate::v1::bindings::capstan::plugin::io::{Response, TransportError, TransportFailure};
use crate::v1::bindings::exports::capstan::plugin::uploader::FailureKind;
use run::{End, Play, Run};

/// Files of the jobs: nothing, little, and enough for most vendors' uploads in parts.
const SIZES: [u64; 3] = [0, 1_000, 20 << 20];
const LITTLE: usize = 1;
/// Requests that get their own trouble, from the first on.
const TROUBLED: usize = 12;

/// What a trial of a storage needs.
struct Trial<'a> {
    plugin: &'a Arc<Plugin>,
    config: &'a str,
    reach: &'a Reach,
    script: Option<&'a Script>,
    secrets: &'a [String],
    files: Vec<SourceFile>,
    // Removes the files when the trial is over.
    _folder: Folder,
}

/// Tries a storage plugin.
pub(super) fn check(
    plugin: &Arc<Plugin>,
    config: &str,
    reach: &Reach,
    script: Option<&Script>,
    secrets: &[String],
    report: &mut CheckReport,
) {
    let (folder, files) = match files() {
        Ok(made) => made,
        Err(error) => return report.fail("the check has files to upload", error.to_string()),
    };
    let trial = Trial { plugin, config, reach, script, secrets, files, _folder: folder };
    trial.all_well(report);
    trial.same_again(report);
    trial.in_trouble(report);
    trial.goes_on(report);
    trial.gives_up(report);
    trial.strange_state(report);
}

impl Trial<'_> {
    fn run<'a>(&'a self, file: usize, play: Play<'a>) -> Run {
        match self.files.get(file) {
            Some(file) => run::run(self.plugin, self.config, self.reach, file, play),
            None => Run::broken("no such file"),
        }
    }

    fn well(&self, seen: &Seen) -> Response {
        self.script.cloned().unwrap_or_default().answer(seen)
    }

    /// A vendor that answers as the script says.
    fn all_well(&self, report: &mut CheckReport) {
        let mut times = Vec::new();
        for (file, size) in SIZES.iter().enumerate() {
            let run = self.run(file, Play::new(&mut |seen| Ok(self.well(seen))));
            report.memory = report.memory.max(run.memory);
            times.extend_from_slice(&run.micros);
            let what = format!("a file of {size} bytes is uploaded");
            let requests = run.requests;
            match self.orderly(&run) {
                Err(wrong) => report.fail(&what, wrong),
                Ok(()) => match (&run.end, self.script) {
                    (End::Done(stored), _) => {
                        report.pass(&what, format!("{requests} requests, {}", stored.url));
                    }
                    (end, Some(_)) => report.fail(&what, format!("by the script, but {end}")),
                    (end, None) => report.warn(
                        &what,
                        format!("{end}; a script says what the vendor answers: see --script"),
                    ),
                },
            }
        }
        report.timed("next", times);
    }

    fn same_again(&self, report: &mut CheckReport) {
        let once = || self.run(LITTLE, Play::new(&mut |seen| Ok(self.well(seen)))).steps;
        let differs = (once() != once()).then(|| "another run took other steps".to_owned());
        report.note("the same clock and chance give the same steps", differs);
    }

    fn in_trouble(&self, report: &mut CheckReport) {
        for scene in scenes() {
            let run = self.run(LITTLE, Play::new(&mut |_| scene.trouble.play()));
            report.note(&scene.name, self.judge(&run, scene.allowed).err());
        }
        let mut well = |seen: &Seen| Ok(self.well(seen));
        let run = self.run(LITTLE, Play { unreadable: true, ..Play::new(&mut well) });
        let allowed = if run.digests > 0 { Allowed::Failure } else { Allowed::Any };
        report.note("the file can't be read", self.judge(&run, allowed).err());
    }

    /// Trouble once, at one request after the other; then a fresh instance goes on from what was saved.
    fn goes_on(&self, report: &mut CheckReport) {
        let big = SIZES.len() - 1;
        let whole = self.run(big, Play::new(&mut |seen| Ok(self.well(seen))));
        let expects_done = matches!(whole.end, End::Done(_));
        let lost = Trouble::Silence(TransportError::Closed, true);
        for trouble in [Trouble::Answer(503, Body::Xml), lost] {
            for at in 0..whole.requests.min(TROUBLED) {
                let mut number = 0;
                let mut once = |seen: &Seen| {
                    number += 1;
                    if number == at + 1 { trouble.play() } else { Ok(self.well(seen)) }
                };
                let first = self.run(big, Play::new(&mut once));
                if let Err(wrong) = self.orderly(&first) {
                    let what = format!("trouble at request {}: {trouble:?}", at + 1);
                    return report.fail(&what, wrong);
                }
                let mut well = |seen: &Seen| Ok(self.well(seen));
                let again = match first.end {
                    End::Failed(_) => {
                        self.run(big, Play { saved: Some(first.saved), ..Play::new(&mut well) })
                    }
                    _ => first,
                };
                let ended = self.orderly(&again);
                let ended = ended.and_then(|()| match &again.end {
                    End::Done(_) => Ok(()),
                    _ if !expects_done => Ok(()),
                    end => Err(format!("{end}, though all was well the second time")),
                });
                if let Err(wrong) = ended {
                    let what = format!("after trouble at request {} the job goes on", at + 1);
                    return report.fail(&what, wrong);
                }
            }
        }
        let tried = whole.requests.min(TROUBLED);
        report.pass("after trouble at any request the job goes on", format!("{tried} requests"));
    }

    fn gives_up(&self, report: &mut CheckReport) {
        let big = SIZES.len() - 1;
        for after in 0..4 {
            let mut well = |seen: &Seen| Ok(self.well(seen));
            let run = self.run(big, Play { abort_after: Some(after), ..Play::new(&mut well) });
            if let Err(wrong) = self.orderly(&run) {
                return report.fail(&format!("abort after {after} turns comes to an end"), wrong);
            }
        }
        report.pass("abort comes to an end", "");
    }

    fn strange_state(&self, report: &mut CheckReport) {
        let strange: [&[u8]; 3] = [b"\xff\xfe\x00", b"{}", b"null"];
        let broken = strange.into_iter().find_map(|saved| {
            let mut well = |seen: &Seen| Ok(self.well(seen));
            let run =
                self.run(LITTLE, Play { saved: Some(saved.to_vec()), ..Play::new(&mut well) });
            self.orderly(&run).err()
        });
        report.note("state that can't be read starts anew", broken);
    }

    fn judge(&self, run: &Run, allowed: Allowed) -> Result<(), String> {
        self.orderly(run)?;
        match (&run.end, allowed) {
            (_, Allowed::Any) => Ok(()),
            (End::Done(_), _) => Err("it says that the object is stored".into()),
            (_, Allowed::Failure) => Ok(()),
            (End::Failed(failure), Allowed::Retriable) => match failure.kind {
                FailureKind::Throttled(_)
                | FailureKind::Transient
                | FailureKind::Integrity
                | FailureKind::UploadGone => Ok(()),
                _ => Err(format!("{}: nobody would try again", run.end)),
            },
            (end, Allowed::Retriable) => Err(end.to_string()),
        }
    }

    /// Whether the run kept the contract, whatever came of it.
    fn orderly(&self, run: &Run) -> Result<(), String> {
        let said = match &run.end {
            End::Broke(wrong) => return Err(wrong.clone()),
            End::Failed(failure) => {
                let whole = [&failure.vendor_code, &failure.request_id];
                let mut said = failure.message.clone();
                said.extend(whole.into_iter().flatten().map(String::as_str));
                said
            }
            End::Done(stored) => format!("{}{:?}{:?}", stored.url, stored.etag, stored.note),
        };
        if leaks(&said, self.secrets) {
            return Err("its words hold a secret of the configuration".into());
        }
        if leaks(&String::from_utf8_lossy(&run.saved), self.secrets) {
            return Err("the state that it saves holds a secret of the configuration".into());
        }
        Ok(())
    }
}

/// A folder of the trial's own, removed with what is in it.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to whoever tidies the system's temporary files.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn files() -> std::io::Result<(Folder, Vec<SourceFile>)> {
    let name = format!("capstan-check-{}-{:016x}", std::process::id(), chance()?);
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir(&folder.0)?;
    let mut files = Vec::new();
    for size in SIZES {
        let path = folder.0.join(size.to_string());
        let mut file = std::fs::File::create(&path)?;
        let line: Vec<u8> = (0..=u8::MAX).cycle().take(64 << 10).collect();
        let mut left = usize::try_from(size).unwrap_or(0);
        while left > 0 {
            let piece = line.get(..left.min(line.len())).unwrap_or(&line);
            file.write_all(piece)?;
            left -= piece.len();
        }
        files.push(SourceFile { path, size });
    }
    Ok((folder, files))
}

fn chance() -> std::io::Result<u64> {
    getrandom::u64().map_err(|error| std::io::Error::other(error.to_string()))
}

/// What the vendor of one run does.
type Vendor<'a> = dyn FnMut(&Seen) -> Result<Response, TransportFailure> + 'a;
