//! Compiles files of strangers in a process of its own, which can be killed.
//!
//! The invariant: no parser and no compiler of this process ever sees a plugin's bytes. The other
//! process gets them on its standard input and answers sealed code or a refusal on its standard
//! output; it may write no file, and whatever becomes of it, this process goes on.

mod limits;

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::Deserialize;

use crate::artefact::{self, Artefact, Verdict};
use crate::budget::BadBudget;
use crate::classify::{Refusal, classify};
use crate::engine::compiling_engine;
use crate::fault::cut;

/// The argument by which a program knows that it is to be the compiler; three numbers follow it: MiB of
/// memory, seconds of processor time, and how nice it is to be.
pub const COMPILE_COMMAND: &str = "compile-plugin";

/// The most bytes of compiled code: the largest guests (Python) have 33 MB.
const MAX_CODE: u64 = 256 << 20;
/// What a process ends with that panicked.
const PANICKED: i32 = 101;
/// How often the compiler is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// What compiling one file may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompileLimits {
    /// The largest file that is looked at, in MiB. Guests in Python have 18 MiB.
    pub file_mib: u32,
    /// Address space of the compiler's process, in MiB.
    pub memory_mib: u32,
    /// Its processor time, in seconds. A guest in Python takes 20.
    pub cpu_seconds: u32,
    /// Its time on the wall, in seconds.
    pub wall_seconds: u32,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { file_mib: 32, memory_mib: 1024, cpu_seconds: 60, wall_seconds: 240 }
    }
}

impl CompileLimits {
    /// Whether anything can be compiled within these limits.
    ///
    /// # Errors
    /// The first number out of range.
    pub fn check(&self) -> Result<(), BadBudget> {
        let ranges = [
            ("file_mib", self.file_mib, 1, 1_024),
            ("memory_mib", self.memory_mib, 64, 65_536),
            ("cpu_seconds", self.cpu_seconds, 1, 3_600),
            ("wall_seconds", self.wall_seconds, 1, 36_000),
        ];
        for (key, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(BadBudget { key, value, least, most });
            }
        }
        Ok(())
    }
}

/// How much a compilation stands back behind everything else that the machine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not at all: nothing else happens before it is done.
    First,
    /// As far as it goes well: recordings are under way.
    Back,
}

impl Standing {
    /// What the system calls it: 0 is like everybody, 19 the most.
    const fn nice(self) -> i32 {
        match self {
            Self::First => 0,
            Self::Back => 10,
        }
    }
}

/// How to start the compiler's process.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// A program that calls [`compile_plugin`] when its first argument is [`COMPILE_COMMAND`].
    pub program: PathBuf,
    /// What it may take.
    pub limits: CompileLimits,
}

/// The compiler's side: limits this process, reads a file from standard input, and writes sealed code
/// or a refusal to standard output.
///
/// # Errors
/// The limits can't be set, or one of the two pipes is broken.
pub fn compile_plugin(limits: &CompileLimits, nice: i32) -> io::Result<()> {
    limits::apply(limits, nice)?;
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let sealed = match try_compile(&bytes) {
        Ok((class, code)) => artefact::seal(&Verdict::Compiled(class), &code),
        Err(refusal) => artefact::seal(&Verdict::Refused(refusal), &[]),
    };
    let mut out = io::stdout().lock();
    out.write_all(&sealed)?;
    out.flush()
}

fn try_compile(bytes: &[u8]) -> Result<(crate::classify::Class, Vec<u8>), Refusal> {
    let words =
        |error: wasmtime::Error| Refusal::Compile { reason: cut(&format!("{error:#}"), 300) };
    let class = classify(bytes)?;
    let code = compiling_engine().and_then(|engine| engine.precompile_component(bytes));
    Ok((class, code.map_err(words)?))
}

impl Compiler {
    /// Compiles a file's bytes. Blocks until the compiler's process has ended.
    pub(crate) fn compile(&self, bytes: &[u8], standing: Standing) -> Result<Artefact, Refusal> {
        let lost = |error: io::Error| Refusal::NoCompiler { reason: error.to_string() };
        let mut child = self.command(standing).spawn().map_err(lost)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(lost(io::ErrorKind::BrokenPipe.into()));
        };
        let (status, sealed) = std::thread::scope(|scope| {
            scope.spawn(move || feed(stdin, bytes));
            let read = scope.spawn(move || drain(stdout));
            let status = self.wait(&mut child);
            if status.is_err() {
                // Its pipes must end for this to go on.
                let _gone_already = child.kill();
            }
            (status, read.join().unwrap_or_default())
        });
        let too_much = sealed.len() as u64 == MAX_CODE;
        match artefact::unseal(sealed) {
            Ok(verdict) => verdict,
            Err(_) if too_much => {
                Err(Refusal::Limit { reason: format!("its code has over {} MiB", MAX_CODE >> 20) })
            }
            Err(_) => Err(self.words(status.map_err(lost)?)),
        }
    }

    fn command(&self, standing: Standing) -> Command {
        let CompileLimits { memory_mib, cpu_seconds, .. } = self.limits;
        let mut command = Command::new(&self.program);
        command
            .arg(COMPILE_COMMAND)
            .args([memory_mib.to_string(), cpu_seconds.to_string()])
            .arg(standing.nice().to_string())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    /// Waits for the process, or kills it when its time is up. `None` means killed.
    fn wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let most = Duration::from_secs(self.limits.wall_seconds.into());
        let looks = most.as_millis() / LOOK.as_millis().max(1);
        // Nobody ever sends: it is a way to sleep.
        let (_quiet, pause) = mpsc::channel::<()>();
        for _ in 0..looks {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            let _slept = pause.recv_timeout(LOOK);
        }
        child.kill()?;
        child.wait()?;
        Ok(None)
    }

    /// Why there is no answer.
    fn words(&self, status: Option<ExitStatus>) -> Refusal {
        let CompileLimits { memory_mib, cpu_seconds, wall_seconds, .. } = self.limits;
        let Some(status) = status else {
            return Refusal::Slow { seconds: wall_seconds };
        };
        let limit = |reason| Refusal::Limit { reason };
        match (status.signal(), status.code()) {
            (Some(libc::SIGXCPU), _) => limit(format!("it took over {cpu_seconds} s of computing")),
            (Some(libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS), _) => {
                limit(format!("it took over {memory_mib} MiB of memory, or all of the stack"))
            }
            (Some(signal), _) => Refusal::NoCompiler {
                reason: format!("it was ended by signal {signal}; does the machine lack memory?"),
            },
            (None, Some(PANICKED)) => {
                Refusal::Compile { reason: "the compiler gave up in an unforeseen way".into() }
            }
            (None, _) => Refusal::NoCompiler { reason: format!("it ended with {status}") },
        }
    }
}

/// A compiler that ends early reads no more: that it does is told by its end.
fn feed(mut stdin: ChildStdin, bytes: &[u8]) {
    let _told_by_its_end = stdin.write_all(bytes);
}

fn drain(stdout: ChildStdout) -> Vec<u8> {
    let mut sealed = Vec::new();
    // What is cut short has no seal.
    let _told_by_the_seal = stdout.take(MAX_CODE).read_to_end(&mut sealed);
    sealed
}
