//! A small disk that a server under test has for itself, and that a test fills: a `tmpfs` in a mount
//! namespace of its own, which needs no root and goes with its holder.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{Running, eventually};

/// The name under which what fills the disk lies there.
const FILLER: &str = "filler";
/// Longer than any test; the holder of a test that was killed ends by itself.
const LIFETIME: &str = "1800";

/// A disk of its own, mounted for whoever is started by [`Disk::command`].
#[derive(Debug)]
pub struct Disk {
    holder: Running,
    at: PathBuf,
}

impl Disk {
    /// Makes a disk of so many bytes, mounted at this folder, which exists.
    #[must_use]
    pub fn mount(at: &Path, bytes: u64) -> Self {
        let at = at.canonicalize().unwrap();
        // Nobody but the holder sees the mount. Without root it is root of a user namespace.
        let script =
            "mount -t tmpfs -o size=$1 tmpfs \"$2\" && touch \"$2/mounted\" && exec sleep $3";
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.arg(bytes.to_string()).arg(&at).arg(LIFETIME);
        let log = at.with_extension("log");
        let mut holder = Running::start("the holder of a small disk", &mut command, log.clone());
        let there = PathBuf::from(format!("/proc/{}/root{}", holder.pid(), at.display()));
        eventually("the small disk is mounted", Duration::from_secs(20), || {
            if !holder.is_running() {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                panic!("no small disk: user and mount namespaces must be allowed here: {said}");
            }
            there.join("mounted").exists().then_some(())
        });
        Self { holder, at }
    }

    /// A command that sees the disk: the program and its arguments are to be added.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        let holder = self.holder.pid().to_string();
        command.args(["--target", &holder, "--user", "--preserve-credentials", "--mount"]);
        command.arg(format!("--wdns={}", self.at.parent().unwrap_or(Path::new("/")).display()));
        command
    }

    /// Where this process finds a file of the disk.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.pid(), self.at.display())).join(name)
    }

    /// Takes all the space that is left, to the last byte.
    pub fn fill(&self) {
        let mut filler = File::options().create(true).append(true).open(self.path(FILLER)).unwrap();
        for size in [1 << 20, 4_096, 1] {
            let block = vec![0x5A_u8; size];
            loop {
                match filler.write(&block) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => panic!("the small disk can't be filled: {error}"),
                }
            }
        }
    }

    /// Gives back what [`Disk::fill`] took.
    pub fn free(&self) {
        std::fs::remove_file(self.path(FILLER)).unwrap();
    }
}
