//! The real server in a folder of its own, on free loopback ports.

use std::ffi::OsStr;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::api::Api;
use crate::disk::Disk;
use crate::process::{Running, capstan, eventually};
use crate::root;

/// A server under test. Its folder goes when it goes.
#[derive(Debug)]
pub struct Server {
    folder: tempfile::TempDir,
    http: u16,
    /// What is logged; the server's own choice if empty.
    log: &'static str,
    disk: Option<Disk>,
    /// How many files it may have open; as many as this process if none.
    files: Option<u64>,
    running: Option<Running>,
}

/// What a test changes about the server.
#[derive(Debug, Default, Clone)]
pub struct Setup {
    /// TOML appended to the configuration, for sections that it has not yet.
    pub sections: String,
    /// Lines for the section `[recording]`.
    pub recording: String,
    /// Lines for the app, `[apps.callback]` included.
    pub app: String,
}

/// The app that every test server has; key and secret are the same word.
pub const APP: &str = "school";
/// The folder on which a small disk is mounted.
const SMALL: &str = "small";

impl Server {
    /// Writes a configuration, starts the server and waits until it is ready.
    #[must_use]
    pub fn start(setup: &Setup) -> Self {
        Self::start_logging(setup, "")
    }

    /// The same with another choice of what is logged.
    #[must_use]
    pub fn start_logging(setup: &Setup, log: &'static str) -> Self {
        Self::start_with(setup, log, None, None)
    }

    /// The same with work and state on a disk of so many bytes that nothing else lies on.
    #[must_use]
    pub fn start_on_small_disk(setup: &Setup, bytes: u64) -> Self {
        Self::start_with(setup, "", Some(bytes), None)
    }

    /// The same with so many files that it may have open.
    #[must_use]
    pub fn start_with_files(setup: &Setup, files: u64) -> Self {
        Self::start_with(setup, "", None, Some(files))
    }

    fn start_with(setup: &Setup, log: &'static str, disk: Option<u64>, files: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let http = free_tcp_port();
        let udp = free_udp_port();
        let disk = disk.map(|bytes| {
            let small = folder.path().join(SMALL);
            std::fs::create_dir(&small).unwrap();
            Disk::mount(&small, bytes)
        });
        let (work, state) = match disk {
            Some(_) => (format!("{SMALL}/work"), format!("{SMALL}/state")),
            None => ("work".to_owned(), "state".to_owned()),
        };
        let plugins = root().join("plugins/built");
        assert!(plugins.exists(), "no plugins built: run `make plugins` first");
        let config = format!(
            "[http]\nlisten = \"127.0.0.1:{http}\"\ncors_origins = [\"*\"]\n\
             [ingest]\nlisten = \"127.0.0.1:{udp}\"\n\
             [recording]\nwork_dir = \"{work}\"\nstate_dir = \"{state}\"\nkeep_tapes = true\n{}\n\
             [storage]\nstore = \"./recordings\"\n{}\n\
             [[apps]]\nid = \"{APP}\"\nkey = \"{APP}\"\nsecret = \"{APP}\"\n\
             requests_per_second = 1000\n{}\n",
            setup.recording, setup.sections, setup.app,
        );
        let config = if config.contains("[plugins]") {
            config.replace("PLUGINS", &plugins.to_string_lossy())
        } else {
            format!("{config}\n[plugins]\nfolders = [\"{}\"]\n", plugins.display())
        };
        std::fs::write(folder.path().join("capstan.toml"), config).unwrap();
        let mut server = Self { folder, http, log, disk, files, running: None };
        server.run();
        server
    }

    /// Starts it (again) with the same configuration and folder.
    pub fn run(&mut self) {
        let mut command = match (&self.disk, self.files) {
            (Some(disk), _) => {
                let mut command = disk.command();
                command.arg(capstan());
                command
            }
            (None, Some(files)) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh"]);
                shell.arg(capstan());
                shell
            }
            (None, None) => Command::new(capstan()),
        };
        // What one server compiled serves those of all other tests.
        let cache = capstan().with_file_name("plugin-cache");
        command
            .args(["serve", "--config", "capstan.toml"])
            .env("CAPSTAN_PLUGINS__CACHE_DIR", cache)
            .current_dir(self.folder.path());
        if !self.log.is_empty() {
            command.env("CAPSTAN_LOG", self.log);
        }
        let log = self.folder.path().join("server.log");
        let old = std::fs::read_to_string(&log).unwrap_or_default();
        self.running = Some(Running::start("server", &mut command, log.clone()));
        std::fs::write(self.folder.path().join("server.log.before"), old).unwrap();
        let api = self.api();
        // The first server of all compiles every plugin.
        eventually("the server is ready", Duration::from_secs(90), || {
            assert!(self.running.as_mut().is_some_and(Running::is_running), "it ended at once");
            api.get("/readyz").ok().filter(|answer| answer.status == 200)
        });
    }

    /// A client of its API with the right credentials.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(self.http, APP, APP)
    }

    /// A client with other credentials.
    #[must_use]
    pub fn api_of(&self, key: &str, secret: &str) -> Api {
        Api::new(self.http, key, secret)
    }

    /// A client without credentials.
    #[must_use]
    pub fn anonymous(&self) -> Api {
        Api::anonymous(self.http)
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Where a publisher posts.
    #[must_use]
    pub fn whip_url(&self, room: &str, uid: u32) -> String {
        format!("{}/whip/{APP}/{room}/{uid}", self.url())
    }

    /// The folder with its configuration, work and recordings.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The small disk that work and state lie on.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        self.disk.as_ref().expect("the setup names a small disk")
    }

    /// Where finished recordings lie.
    #[must_use]
    pub fn recordings(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("running").pid()
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Kills it as a crash would.
    pub fn crash(&mut self) {
        self.running.take().expect("running").kill();
    }

    /// Ends it as an operator would.
    pub fn shut_down(&mut self) {
        self.running.take().expect("running").terminate(Duration::from_secs(60));
    }

    /// The value of a metric, summed over its labels' values that contain `label`.
    #[must_use]
    pub fn metric(&self, name: &str, label: &str) -> f64 {
        let text = self.api().get("/metrics").unwrap().text();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.filter(|line| line.split(['{', ' ']).next() == Some(name));
        series
            .filter(|line| line.contains(label))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// A real publisher as a child process: `capstan publish` with these further arguments. It is
    /// connected when this returns.
    #[must_use]
    pub fn publish(&self, room: &str, uid: u32, arguments: &[impl AsRef<OsStr>]) -> Running {
        let connections = || {
            let room = format!("\"room\":\"{APP}/{room}\"");
            let uid = format!("\"uid\":\"{uid}\"");
            let log = self.log();
            let of_it = |line: &&str| {
                line.contains("publisher connected") && line.contains(&room) && line.contains(&uid)
            };
            log.lines().filter(of_it).count()
        };
        let before = connections();
        let mut command = Command::new(capstan());
        command.args(["publish", "--url", &self.whip_url(room, uid)]).args(arguments);
        let log = self.folder.path().join(format!("publisher-{uid}.log"));
        let mut running = Running::start("publisher", &mut command, log.clone());
        eventually(&format!("publisher {uid} is connected"), Duration::from_secs(30), || {
            if !running.is_running() {
                panic!("publisher {uid}: {}", std::fs::read_to_string(&log).unwrap_or_default());
            }
            (connections() > before).then_some(())
        });
        running
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            eprintln!("--- the server's last words");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

fn free_tcp_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
