//! The demo's processes: a server and publishers, each the same program as this one.
//!
//! They are processes of their own so that the server's computing time is nobody else's. None
//! outlives the demo.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::client::{APP, Client, KEY, SECRET};

/// How long a server or a publisher may take to be ready.
const READY: Duration = Duration::from_secs(30);
/// How often it is looked whether the server is.
const POLL: Duration = Duration::from_millis(100);
/// How long a process that was asked to end may take.
const FAREWELL: Duration = Duration::from_secs(15);
/// Lines of the server's log that a failure shows.
const TAIL: usize = 15;
/// Ticks a second in `/proc/<pid>/stat`: the same on every Linux architecture (USER_HZ).
const TICKS: f64 = 100.0;

/// A server process.
pub(super) struct ServerProcess {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Seconds of computing.
    pub(super) cpu: Option<f64>,
    /// The most memory at one time, in bytes.
    pub(super) memory: Option<u64>,
}

impl Usage {
    /// The computing since `before`; memory has no difference.
    pub(super) fn since(self, before: Self) -> Self {
        let cpu = self.cpu.zip(before.cpu).map(|(after, before)| after - before);
        Self { cpu, memory: self.memory }
    }
}

impl ServerProcess {
    /// Starts a server that puts recordings into `out`, and waits until it is ready.
    pub(super) async fn start(out: &Path) -> anyhow::Result<Self> {
        let address = free_address()?;
        let state = out.join(".demo");
        std::fs::create_dir_all(&state).context("the demo's state folder")?;
        let config = state.join("capstan.toml");
        std::fs::write(&config, configuration(address, out, &state)?)
            .context("the demo's configuration")?;
        let log = state.join("server.log");
        let mut command = program()?;
        command.arg("serve").arg("--config").arg(&config);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(File::create(&log).context("the server's log")?);
        let child = command.spawn().context("the server can't be started")?;
        let mut server = Self { child, address, log };
        server.ready().await?;
        Ok(server)
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let client = Client::new(self.address);
        let url = format!("http://{}/readyz", self.address);
        let ready = async {
            loop {
                if let Some(status) = self.child.try_wait()? {
                    bail!("the server ended at once ({status}):\n{}", self.log_tail());
                }
                if client.text(&url).await.is_ok() {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(READY, ready)
            .await
            .unwrap_or_else(|_| bail!("it isn't ready after {} s", READY.as_secs()))
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the server's log is.
    pub(super) fn log(&self) -> PathBuf {
        self.log.clone()
    }

    /// The last lines of the log.
    pub(super) fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default().join("\n")
    }

    /// What the server has used so far, as far as the system tells.
    pub(super) fn usage(&self) -> Usage {
        let Some(pid) = self.child.id() else { return Usage::default() };
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
        Usage {
            cpu: read("stat").as_deref().and_then(cpu_seconds),
            memory: read("status").as_deref().and_then(peak_memory),
        }
    }

    pub(super) async fn stop(self) {
        end(self.child).await;
    }
}

/// A publisher process that is connected.
pub(super) struct PublisherProcess {
    child: Child,
    /// Held open: a publisher that can't print would end.
    _output: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl PublisherProcess {
    /// Starts a publisher and waits until it is connected.
    pub(super) async fn start(url: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = program()?;
        command.args(["publish", "--url", url]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("can't be started")?;
        let output = child.stdout.take().context("its output can't be read")?;
        let mut output = BufReader::new(output).lines();
        match tokio::time::timeout(READY, output.next_line()).await {
            Ok(Ok(Some(_))) => Ok(Self { child, _output: output }),
            Ok(_) => {
                let output = child.wait_with_output().await?;
                bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
            }
            Err(_) => bail!("it isn't connected after {} s", READY.as_secs()),
        }
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    pub(super) async fn stop(self) {
        end(self.child).await;
    }
}

fn program() -> anyhow::Result<Command> {
    let path = std::env::current_exe().context("this program's own file")?;
    let mut command = Command::new(path);
    command.kill_on_drop(true);
    // The demo's own configuration holds; what a user set for another server must not reach in.
    for (name, _) in std::env::vars() {
        let kept = name == crate::log::VARIABLE || name.starts_with("CAPSTAN_PLUGINS__");
        if name.starts_with("CAPSTAN_") && !kept {
            command.env_remove(name);
        }
    }
    Ok(command)
}

/// Asks a process to end and makes it.
async fn end(mut child: Child) {
    if let Some(pid) = child.id() {
        let asked = Command::new("kill").args(["-TERM", &pid.to_string()]).status().await;
        if asked.is_ok_and(|status| status.success())
            && tokio::time::timeout(FAREWELL, child.wait()).await.is_ok()
        {
            return;
        }
    }
    // It is gone already if this fails.
    let _ = child.kill().await;
}

/// A loopback address that is free for TCP and for UDP.
fn free_address() -> anyhow::Result<SocketAddr> {
    for _ in 0..20 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free TCP port")?;
        let address = tcp.local_addr()?;
        if UdpSocket::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no port of this machine is free for both TCP and UDP")
}

fn configuration(address: SocketAddr, out: &Path, state: &Path) -> anyhow::Result<String> {
    let listen = address.to_string();
    let text = |path: &Path| path.display().to_string();
    let value = serde_json::json!({
        "http": { "listen": listen },
        "ingest": { "listen": listen },
        "recording": { "work_dir": text(&state.join("work")), "state_dir": text(state) },
        "storage": { "store": text(out) },
        "apps": [{ "id": APP, "key": KEY, "secret": SECRET, "loopback_only": true }],
    });
    toml::to_string(&value).context("the demo's configuration")
}

/// User and system time of `/proc/<pid>/stat` (proc(5)). The program's name may hold blanks and
/// brackets, so fields are counted from its end.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let (user, system) = (fields.next()?, fields.next()?);
    Some((user.parse::<f64>().ok()? + system.parse::<f64>().ok()?) / TICKS)
}

fn peak_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_as_the_system_writes_it() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds("nonsense"), None);
        assert_eq!(peak_memory("VmPeak:\t 9 kB\nVmHWM:\t  12 kB\n"), Some(12_288));
    }

    #[test]
    fn the_configuration_is_one_that_a_server_takes() {
        let address = free_address().unwrap();
        let text = configuration(address, Path::new("/tmp/a b"), Path::new("/tmp/c")).unwrap();
        let file: capstan_config::File = toml::from_str(&text).unwrap();
        assert_eq!(file.http.listen, address);
        assert_eq!(file.storage.store, "/tmp/a b");
    }
}
