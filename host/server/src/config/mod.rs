//! The operator's configuration, checked: what the rest of the process may rely on.
//!
//! Everything is parsed and checked here once, before anything listens; later code meets only
//! values that are in range and secrets that are resolved.

mod check;
mod env;
mod error;
mod schema;
mod secret;
mod vendors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

pub use self::error::ConfigError;
pub use self::schema::{
    Api, AppEntry, AudioChoice, Av1Admission, Backup, CallbackEntry, Events, File, Http, ImageUrls,
    Individual, Ingest, KeyEntry, Layouts, Plugins, Profile, Recording, Storage, TranscodeAudio,
    Uploads, VendorEntry, VideoChoice,
};
pub use self::secret::Secret;
pub use self::vendors::{BadRegion, Vendor, Vendors};

/// The name under which the process's own store is a storage.
pub const STORE: &str = "store";
/// The name under which the backup store is a storage.
pub const BACKUP: &str = "backup";

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    pub http: Http,
    /// The recording API.
    pub api: Api,
    /// What is told to operators' servers, and what is remembered.
    pub events: Events,
    /// How others reach it, without a slash at the end; `None` follows the listening address.
    pub public_url: Option<String>,
    /// The media port.
    pub ingest: Ingest,
    /// How rooms are recorded.
    pub recording: Recording,
    /// Plugins.
    pub plugins: Plugins,
    /// Pictures that scenes may show: files by name.
    pub images: BTreeMap<String, PathBuf>,
    /// Where pictures of requests may be fetched.
    pub image_urls: ImageUrls,
    /// Storage; its vendors are checked in `vendors`.
    pub storage: Storage,
    /// Who takes recordings by request.
    pub vendors: Vendors,
    /// How uploads are tried.
    pub uploads: Uploads,
    /// Where goes what its own storage doesn't take.
    pub backup: Backup,
    /// Who may publish and record; at least one.
    pub apps: Vec<App>,
    /// Whether the built-in demo app stands in for missing `[[apps]]`.
    pub demo_app: bool,
}

/// One customer of this server.
#[derive(Debug, Clone)]
pub struct App {
    /// The `{appid}` of the API and the first part of WHIP addresses.
    pub id: String,
    /// Pairs of key and secret that the API takes; at least one.
    pub keys: Vec<Credential>,
    /// Bearer token that publishers must show.
    pub whip_token: Option<Secret>,
    /// Whether only clients on this machine may use the app.
    pub loopback_only: bool,
    /// Web origins whose pages may publish and play; `None` for those of `[http]`.
    pub allowed_origins: Option<Vec<String>>,
    /// Requests a second of each method of the API.
    pub requests_per_second: u32,
    /// Recordings at one time.
    pub max_recordings: usize,
    /// Whether nothing new can be recorded.
    pub disabled: bool,
    /// Where recordings go when the request names no vendor: a vendor's number or name, or [`STORE`].
    pub storage: String,
    /// Whom to tell what happens.
    pub callback: Option<Callback>,
}

/// A user name of the API and its password.
#[derive(Debug, Clone)]
pub struct Credential {
    /// User name.
    pub key: String,
    /// Password.
    pub secret: Secret,
}

impl App {
    /// The web origins whose pages may publish to it and play from it.
    #[must_use]
    pub fn origins<'a>(&'a self, http: &'a Http) -> &'a [String] {
        self.allowed_origins.as_deref().unwrap_or(&http.cors_origins)
    }
}

/// Where an app's events go.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The callback plugin's name.
    pub plugin: String,
    /// Where events are posted.
    pub url: Url,
    /// What they are signed with.
    pub secret: Option<Secret>,
    /// More for the plugin.
    pub config: toml::Table,
}

impl Config {
    /// Reads `path`, or the defaults without one, and puts the environment over it.
    ///
    /// # Errors
    /// The first thing found wrong, with its place and what to change.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match path {
            Some(path) => read(path)?,
            None => toml::Table::new(),
        };
        env::overlay(&mut table, environment)?;
        let file = schema::File::deserialize(table)
            .map_err(|error| ConfigError::at("configuration", error::explain(error.message())))?;
        check::check(file)
    }

    /// The app of that id.
    #[must_use]
    pub fn app(&self, id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.id == id)
    }
}

/// Parses the file against the schema first, so that errors carry their line.
fn read(path: &Path) -> Result<toml::Table, ConfigError> {
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::at(&place, format!("can't be read: {error}; examples/capstan.toml is a start"))
    })?;
    let _checked: schema::File =
        toml::from_str(&text).map_err(|error| ConfigError::in_file(path, &text, &error))?;
    toml::from_str(&text).map_err(|error| ConfigError::in_file(path, &text, &error))
}

#[cfg(test)]
mod tests;
