//! The configuration file as it is written: one struct a section, unknown keys refused.
//!
//! Every key here stands in `examples/capstan.toml` with its default; a test sees to that.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use capstan_archive::settings::{Container, IndividualAudio, IndividualSettings, Mp4Limits};
use capstan_plugin::{BudgetOverride, CompileLimits};
use serde::Deserialize;

use crate::secret::Secret;

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// The HTTP server.
    pub http: Http,
    /// The recording API.
    pub api: Api,
    /// What is told to operators' servers.
    pub events: Events,
    /// The media port.
    pub ingest: Ingest,
    /// How rooms are recorded.
    pub recording: Recording,
    /// Where plugins are and what they may do.
    pub plugins: Plugins,
    /// Pictures that scenes may show: files by name.
    pub images: BTreeMap<String, PathBuf>,
    /// Where pictures that a request names by URL may be fetched.
    pub image_urls: ImageUrls,
    /// Where recordings go.
    pub storage: Storage,
    /// How uploads are tried.
    pub uploads: Uploads,
    /// Where goes what its own storage doesn't take.
    pub backup: Backup,
    /// Who may publish and record.
    pub apps: Vec<AppEntry>,
}

/// `[http]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and TCP port of the API, WHIP and playback.
    pub listen: SocketAddr,
    /// How others reach this server, for URLs that it prints; `http://<listen>` if absent.
    pub public_url: Option<String>,
    /// Web origins whose pages may publish and play; `*` admits every page.
    pub cors_origins: Vec<String>,
    /// Connections at one time; fewer if the system grants fewer files.
    pub max_connections: usize,
    /// Seconds that a connection may be silent before and between its requests.
    pub idle_seconds: f64,
}

/// `[api]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Api {
    /// Which documents' numbers errors have where they differ.
    pub profile: Profile,
}

/// The documents that the recording API follows where today's differ from those of 2020.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Profile {
    /// 1013 for a bad room name, 1028 for a bad `updateLayout`; screenshots 5 s apart or more.
    #[default]
    #[serde(rename = "2020")]
    Y2020,
    /// 401 for a bad room name, 2 for a bad `updateLayout`; screenshots 1 s apart or more.
    #[serde(rename = "today")]
    Today,
}

/// `[events]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Events {
    /// Seconds before an event that wasn't taken is sent again; it doubles each time.
    pub retry_first_seconds: f64,
    /// The longest pause between two attempts, in seconds.
    pub retry_longest_seconds: f64,
    /// Hours after which an event that nobody took is given up; 0 never gives up.
    pub give_up_hours: f64,
    /// Days for which an ended recording and its events can be asked for.
    pub history_days: u32,
    /// Ended recordings that can be asked for at most.
    pub history_recordings: usize,
    /// Events of one recording that can be asked for at most: the latest.
    pub history_events: u64,
}

/// `[ingest]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// Address and UDP port on which all publishers send.
    pub listen: SocketAddr,
    /// Address and TCP port for publishers whose network blocks UDP; none if absent.
    pub listen_tcp: Option<SocketAddr>,
    /// Addresses told to publishers; the listening address if empty.
    pub announce: Vec<IpAddr>,
    /// Publishers at one time in all rooms.
    pub max_publishers: usize,
    /// Seconds without a packet after which a publisher counts as gone.
    pub silence_seconds: f64,
}

/// `[recording]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recording {
    /// Tapes, timelines and unfinished output, one folder a recording.
    pub work_dir: PathBuf,
    /// What must survive a restart: owed uploads and events, the key of resource ids.
    pub state_dir: PathBuf,
    /// Length of a segment in seconds, 1 to 60.
    pub segment_seconds: u32,
    /// How long a picture waits for late packets before it is painted, in milliseconds.
    pub playout_delay_ms: u64,
    /// Whether tapes stay after everything is uploaded.
    pub keep_tapes: bool,
    /// Recordings at one time.
    pub max_recordings: usize,
    /// MiB that must be free on the disks of `work_dir` and `state_dir` for another recording to begin.
    pub min_free_mib: u64,
    /// The video encoder of requests that name none.
    pub video_encoder: VideoChoice,
    /// The audio encoder of requests that name none.
    pub audio_encoder: AudioChoice,
    /// What the segments of HLS recordings are.
    pub hls_container: Container,
    /// Seconds after which a recording's next MP4 file begins.
    pub mp4_max_seconds: u64,
    /// Bytes after which a recording's next MP4 file begins.
    pub mp4_max_bytes: u64,
    /// How mode individual records.
    pub individual: Individual,
    /// Who may be recorded as AV1.
    pub av1: Av1Admission,
    /// Which plugin serves which layout number.
    pub layouts: Layouts,
    /// Font files for names in pictures, the preferred one first; the built-in ones stand behind them.
    pub fonts: Vec<PathBuf>,
}

/// `[recording.layouts]`: the plugin behind each layout of the API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layouts {
    /// `mixedVideoLayout` 0.
    pub float: String,
    /// `mixedVideoLayout` 1.
    pub best_fit: String,
    /// `mixedVideoLayout` 2.
    pub vertical: String,
    /// `mixedVideoLayout` 3.
    pub custom: String,
}

/// Video encoders of the mixed output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoChoice {
    /// Every player plays it.
    H264,
    /// Smaller files for much more computing.
    Av1,
}

/// Audio encoders of the mixed output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AudioChoice {
    /// AAC-LC; every player plays it.
    Aac,
    /// Better sound at low rates.
    Opus,
}

/// Whether recordings may be encoded as AV1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Av1Admission {
    /// The machine is measured at the first request; what it can't keep up with is refused.
    Measure,
    /// Always.
    Allow,
    /// Never.
    Refuse,
}

/// `[plugins]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plugins {
    /// Folders searched for `.wasm` files; `None` searches `plugins/built` around the process.
    pub folders: Option<Vec<PathBuf>>,
    /// Public hosts that every storage and callback plugin may send to beside its own: `host`,
    /// `host:port`, `*.domain`, `*`.
    pub allow: Vec<String>,
    /// The same for hosts with loopback or private addresses.
    pub allow_private: Vec<String>,
    /// A PEM file of certificate authorities to trust beside the usual ones.
    pub extra_ca: Option<PathBuf>,
    /// Seconds between two looks for new, changed and removed files.
    pub reload_seconds: u32,
    /// Compiled code; `plugin-cache` in `recording.state_dir` if absent.
    pub cache_dir: Option<PathBuf>,
    /// The program that compiles; this one if absent. For a wrapper with stricter walls.
    pub compile_with: Option<PathBuf>,
    /// What compiling one file may take.
    pub compiler: CompileLimits,
    /// What plugins may use: by their names, or for all of a kind as `layout`, `storage`, `callback`.
    pub budgets: BTreeMap<String, BudgetOverride>,
    /// Configurations of layout plugins, by their names.
    pub config: BTreeMap<String, toml::Table>,
}

/// `[image_urls]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageUrls {
    /// Hosts: `host`, `host:port`, `*.domain`, `*`.
    pub allow: Vec<String>,
    /// The same for hosts with loopback or private addresses.
    pub allow_private: Vec<String>,
}

/// `[storage]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Where recordings go whose request names no vendor: a folder or an object store's URL.
    pub store: String,
    /// The store's options, as the `object_store` crate names them.
    pub options: BTreeMap<String, Secret>,
    /// Seconds for which players and caches may keep a playlist of the store; 0: they ask each time.
    pub playlist_max_age: u64,
    /// Vendor numbers or names of `storageConfig` and what serves them, over the shipped table.
    pub vendors: BTreeMap<String, VendorEntry>,
}

/// `[uploads]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// Uploads at one time to one bucket.
    pub concurrency: usize,
    /// The first pause after a failure, in milliseconds; it doubles with each further one.
    pub retry_first_ms: u64,
    /// The longest pause, in seconds.
    pub retry_longest_seconds: u64,
    /// Seconds after which a file that fails for now goes to the backup store, or is parked without
    /// one. If absent: 600 with a backup store, never without.
    pub give_up_seconds: Option<u64>,
    /// Days after which what a vendor refused is given up; never if absent.
    pub keep_refused_days: Option<u32>,
}

/// `[backup]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// A folder or an object store's URL; no backup store if absent.
    pub url: Option<String>,
    /// The store's options, as the `object_store` crate names them.
    pub options: BTreeMap<String, Secret>,
}

/// `[storage.vendors.<number or name>]`; what is absent stays as it is shipped.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VendorEntry {
    /// What people call it, and may write instead of the number.
    pub name: Option<String>,
    /// A storage plugin's name, or `store` for `[storage] store`.
    pub plugin: Option<String>,
    /// Names of regions by the API's numbers.
    pub regions: BTreeMap<String, String>,
    /// Public hosts that the plugin may reach, as in `[plugins] allow`.
    pub hosts: Option<Vec<String>>,
    /// Given to the plugin where the request is silent.
    pub config: toml::Table,
    /// The same for `secretKey`.
    pub secret_key: Option<Secret>,
    /// A file that holds it.
    pub secret_key_file: Option<PathBuf>,
    /// `false` takes the vendor out.
    pub enabled: Option<bool>,
}

/// `[[apps]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppEntry {
    /// The `{appid}` of the API and the first part of WHIP addresses.
    pub id: String,
    /// User name of the API.
    pub key: String,
    /// Password of the API.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// More pairs of key and secret, so that one can be replaced while another is in use.
    pub keys: Vec<KeyEntry>,
    /// Bearer token that publishers must show; none is asked if absent.
    pub whip_token: Option<Secret>,
    /// A file that holds it.
    pub whip_token_file: Option<PathBuf>,
    /// Whether only clients on this machine may use the app.
    pub loopback_only: bool,
    /// Web origins whose pages may publish to and play from the app; those of `[http]` if absent.
    pub allowed_origins: Option<Vec<String>>,
    /// Requests a second of each method of the API; more are refused with 429.
    pub requests_per_second: Option<u32>,
    /// Recordings at one time; only `[recording] max_recordings` limits them if absent.
    pub max_recordings: Option<usize>,
    /// Whether the app is switched off: nothing new can be recorded.
    pub disabled: bool,
    /// Where its recordings go when the request names no vendor: a vendor number of `[storage]`
    /// or `store`.
    pub storage: Option<String>,
    /// Whom to tell what happens.
    pub callback: Option<CallbackEntry>,
}

/// `[[apps.keys]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyEntry {
    /// User name of the API.
    pub key: String,
    /// Password of the API.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
}

/// `[apps.callback]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackEntry {
    /// The callback plugin's name.
    #[serde(default = "default_callback")]
    pub plugin: String,
    /// Where events are posted.
    pub url: String,
    /// What they are signed with.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// More for the plugin.
    #[serde(default)]
    pub config: toml::Table,
}

fn default_callback() -> String {
    "callback-agora".into()
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            cors_origins: vec!["*".into()],
            max_connections: 1_024,
            idle_seconds: 30.0,
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            retry_first_seconds: 0.5,
            retry_longest_seconds: 300.0,
            give_up_hours: 72.0,
            history_days: 7,
            history_recordings: 10_000,
            history_events: 10_000,
        }
    }
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            listen_tcp: None,
            announce: Vec::new(),
            max_publishers: 64,
            silence_seconds: 4.0,
        }
    }
}

impl Default for ImageUrls {
    fn default() -> Self {
        Self { allow: vec!["*".into()], allow_private: Vec::new() }
    }
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            folders: None,
            allow: Vec::new(),
            allow_private: Vec::new(),
            extra_ca: None,
            reload_seconds: 2,
            cache_dir: None,
            compile_with: None,
            compiler: CompileLimits::default(),
            budgets: BTreeMap::new(),
            config: BTreeMap::new(),
        }
    }
}

/// How participants are recorded one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Individual {
    /// The least length of a slice in seconds, 1 to 60.
    pub slice_seconds: u32,
    /// What slices are, where the encoding has a place in it.
    pub container: Container,
    /// Whether sound is encoded again.
    pub transcode_audio: TranscodeAudio,
}

/// What becomes of sound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TranscodeAudio {
    /// It stays as sent.
    #[default]
    None,
    /// It becomes AAC-LC.
    Aac,
}

impl Individual {
    /// What a recording is told.
    #[must_use]
    pub const fn settings(self) -> IndividualSettings {
        let audio = match self.transcode_audio {
            TranscodeAudio::None => IndividualAudio::AsSent,
            TranscodeAudio::Aac => IndividualAudio::Aac,
        };
        IndividualSettings { container: self.container, audio }
    }
}

impl Default for Individual {
    fn default() -> Self {
        let (container, transcode_audio) = (Container::Fmp4, TranscodeAudio::None);
        Self { slice_seconds: 15, container, transcode_audio }
    }
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            concurrency: 4,
            retry_first_ms: 500,
            retry_longest_seconds: 60,
            give_up_seconds: None,
            keep_refused_days: None,
        }
    }
}

impl Recording {
    /// What a recording is told of its MP4 files.
    #[must_use]
    pub const fn mp4_limits(&self) -> Mp4Limits {
        let longest = Duration::from_secs(self.mp4_max_seconds);
        Mp4Limits { longest, largest: self.mp4_max_bytes }
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            work_dir: "recordings/.work".into(),
            state_dir: "recordings/.state".into(),
            segment_seconds: 6,
            playout_delay_ms: 600,
            keep_tapes: false,
            max_recordings: 8,
            min_free_mib: 256,
            video_encoder: VideoChoice::H264,
            audio_encoder: AudioChoice::Aac,
            hls_container: Container::Fmp4,
            mp4_max_seconds: 2 * 60 * 60,
            mp4_max_bytes: 2_000_000_000,
            individual: Individual::default(),
            av1: Av1Admission::Measure,
            layouts: Layouts::default(),
            fonts: Vec::new(),
        }
    }
}

impl Default for Layouts {
    fn default() -> Self {
        Self {
            float: "layout-float".into(),
            best_fit: "layout-best-fit".into(),
            vertical: "layout-vertical".into(),
            custom: "layout-custom".into(),
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        let (options, vendors) = (BTreeMap::new(), BTreeMap::new());
        Self { store: "./recordings".into(), options, playlist_max_age: 0, vendors }
    }
}
