//! Child processes that never outlive their test.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running child, killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a command with its output going to `log`.
    pub fn start(name: &str, command: &mut Command, log: PathBuf) -> Self {
        let file = std::fs::File::create(&log).unwrap();
        let errors = file.try_clone().unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} doesn't start: {error}"));
        Self { child, name: name.to_owned() }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, as an operator would, and waits.
    pub fn terminate(&mut self, within: Duration) {
        let status = Command::new("kill").arg(self.pid().to_string()).status().unwrap();
        assert!(status.success(), "{} is not there to be ended", self.name);
        self.wait(within);
    }

    /// Waits until it ends by itself and answers whether it succeeded.
    pub fn wait(&mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(Instant::now() < until, "{} is still running after {within:?}", self.name);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The `capstan` binary that this build made.
#[must_use]
pub fn capstan() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let folder = this.parent().and_then(|deps| deps.parent()).unwrap();
    let binary = folder.join("capstan");
    assert!(binary.exists(), "{} is missing: run `make build` first", binary.display());
    binary
}

/// Waits until `probe` answers something, or panics naming what was awaited.
pub fn eventually<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + within;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < until, "{what} didn't happen within {within:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
